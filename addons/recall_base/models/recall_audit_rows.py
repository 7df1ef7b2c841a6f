# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, models
from odoo.tools import SQL

#: Records whose hashes are one entry when a whole table is logged for the first time.
BATCH = 10_000
#: Records that are compared at a time: their hashes are sorted in memory.
COMPARED = 500_000
#: Of a trigger that joins the old and the new rows of a statement. A session keeps the
#: plan that it made first: were that for one row, a nested loop would compare each row
#: of later statements with all the others.
LINEAR = "SET enable_nestloop = off"
#: Differences that are told of one table; more say nothing new.
SHOWN = 100

_TABLE = """
CREATE TABLE IF NOT EXISTS recall_audit_rows (
    id bigserial PRIMARY KEY,
    made_at timestamptz NOT NULL DEFAULT now(),
    made_by text NOT NULL DEFAULT session_user,
    res_table text NOT NULL,
    columns text NOT NULL,
    low integer NOT NULL,
    high integer NOT NULL,
    ids integer[] NOT NULL,
    hashes bytea[] NOT NULL);
ALTER TABLE recall_audit_rows ALTER hashes SET STORAGE EXTERNAL;
CREATE INDEX IF NOT EXISTS recall_audit_rows_range_idx
    ON recall_audit_rows (res_table, high, low);
"""
# One entry a statement, whatever made it: the ORM, a bulk path, somebody at a prompt.
# Half of SHA-256, which is in PostgreSQL's core: 128 bits withstand a second preimage.
_HASH = "substr(sha256(convert_to(%s, 'UTF8')), 1, 16)"
# Half the time of a row's own text form. No value holds a unit separator, so that it is
# always clear which value belongs to which column.
_CONTENT = r"concat_ws(E'\x1f', {})"
_VALUE = r"coalesce({}::text, E'\x1e')"
_STORE = """
    INSERT INTO public.recall_audit_rows (res_table, columns, low, high, ids, hashes)
    SELECT TG_TABLE_NAME, '{columns}', min(id), max(id),
           array_agg(id), array_agg(hash)
      FROM ({query}) AS hashed HAVING count(*) > 0;
"""
# The table's owner could let a column be of a type whose casts it writes itself; they
# would run as the owner of the log. PostgreSQL's own types have ids below 16384.
_TYPES = """
    IF EXISTS (SELECT FROM pg_attribute
                WHERE attrelid = TG_RELID AND attname = ANY ('{{id,{columns}}}')
                  AND atttypid >= 16384) THEN
        RAISE EXCEPTION 'A column of % has a type of its own', TG_TABLE_NAME
              USING ERRCODE = 'insufficient_privilege';
    END IF;
"""
_FUNCTION = """
CREATE OR REPLACE FUNCTION {table}_log_{deed}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET datestyle = 'ISO, YMD' {linear} AS $$
BEGIN {types} {statement} RETURN NULL; END $$;
CREATE OR REPLACE TRIGGER {table}_log_{deed} AFTER {deed} ON {table} {tables}
FOR EACH STATEMENT EXECUTE FUNCTION {table}_log_{deed}()
"""
_DEEDS = {
    "insert": (
        "REFERENCING NEW TABLE AS fresh",
        "SELECT id, {fresh_hash} AS hash FROM fresh",
    ),
    "update": (
        "REFERENCING OLD TABLE AS stale NEW TABLE AS fresh",
        "SELECT fresh.id, {fresh_hash} AS hash FROM fresh JOIN stale USING (id)"
        " WHERE ROW({fresh}) IS DISTINCT FROM ROW({stale})",
    ),
    "delete": (
        "REFERENCING OLD TABLE AS stale",
        "SELECT id, NULL::bytea AS hash FROM stale",
    ),
}


class RecallAuditRows(models.AbstractModel):
    """Hashes of business rows in the operation log.

    Each statement that adds, changes or deletes rows of a model with
    ``recall.hashed.mixin`` leaves one entry with the ids and the hashes of their new
    content. So the log knows of each row what it said last, and a row that says
    something else was changed past the application.
    """

    _name = "recall.audit.rows"
    _description = "Hashes of business rows"

    def init(self):
        super().init()
        self._make_table()

    @api.model
    def _make_table(self):
        Seal = self.env["recall.audit.seal"]
        if not Seal._is_guarded("recall_audit_rows"):
            self.env.cr.execute(_TABLE)
            Seal._await_seals("recall_audit_rows", "r")
            Seal._forbid_changes("recall_audit_rows")

    @api.model
    def _watch(self, table, columns):
        """Make the triggers of a business table, and log what is in it already."""
        self._make_table()
        if self.env["recall.audit.seal"]._is_guarded("recall_audit_rows"):
            return
        names = {
            side: ", ".join(f"{side}.{column}" for column in columns)
            for side in ("fresh", "stale")
        }
        for deed, (tables, query) in _DEEDS.items():
            query = query.format(fresh_hash=_HASH % content_of(columns), **names)
            statement = _STORE.format(columns=",".join(columns), query=query)
            # Names of models and of their fields; a function takes no parameters.
            self.env.cr.execute(  # pylint: disable=sql-injection
                _FUNCTION.format(
                    table=table,
                    deed=deed,
                    tables=tables,
                    types=_TYPES.format(columns=",".join(columns)),
                    statement=statement,
                    linear=LINEAR,
                )
            )
        self._log_present(table, columns)

    def _log_present(self, table, columns):
        """Log the rows of a table that was never logged with these columns."""
        self.env.cr.execute(
            SQL(
                """SELECT EXISTS (SELECT FROM recall_audit_rows
                                   WHERE res_table = %s AND columns = %s)""",
                table,
                ",".join(columns),
            )
        )
        if self.env.cr.fetchone()[0]:
            return
        self.env.cr.execute(
            SQL(
                """INSERT INTO recall_audit_rows
                          (res_table, columns, low, high, ids, hashes)
                   SELECT %s, %s, min(id), max(id), array_agg(id), array_agg(hash)
                     FROM (SELECT id, %s AS hash FROM %s fresh) hashed
                    GROUP BY id / %s ORDER BY id / %s""",
                table,
                ",".join(columns),
                _hash_of(columns),
                SQL.identifier(table),
                BATCH,
                BATCH,
            )
        )

    @api.model
    def _read_entries(self, ids):
        """Yield ``(id, entry)``, as they are sealed and exported.

        ``hashes`` are 32 digits a record, in the order of ``ids``; "-" for one that is
        gone.
        """
        self.env.cr.execute(
            SQL(
                """SELECT id, to_char(made_at AT TIME ZONE 'UTC',
                                      'YYYY-MM-DD HH24:MI:SS.US'),
                          made_by, res_table, columns, array_to_string(ids, ','),
                          array_to_string(ARRAY(
                              SELECT encode(hash, 'hex') FROM unnest(hashes) hash),
                              ',', '-')
                     FROM recall_audit_rows WHERE id = ANY(%s)""",
                ids,
            )
        )
        names = ("id", "time", "made_by", "table", "columns", "ids", "hashes")
        for row in self.env.cr.fetchall():
            entry = {name: str(value) for name, value in zip(names, row, strict=True)}
            yield row[0], {"kind": "rows", **entry}

    # === Comparing === #

    @api.model
    def _get_tables(self):
        """Tables whose rows are hashed, and the columns: dict of tuples."""
        hashed = self.env.registry.descendants(["recall.hashed.mixin"], "_inherit")
        return {
            self.env[name]._table: self.env[name]._hashed
            for name in sorted(hashed)
            if self.env[name]._hashed and not self.env[name]._abstract
        }

    @api.model
    def _get_ranges(self):
        """List of ``(table, first id, last id)`` that cover all there is and was."""
        ranges = []
        for table in self._get_tables():
            self.env.cr.execute(
                SQL(
                    """SELECT greatest((SELECT max(id) FROM %s),
                              (SELECT max(high) FROM recall_audit_rows
                                WHERE res_table = %s))""",
                    SQL.identifier(table),
                    table,
                )
            )
            last = self.env.cr.fetchone()[0] or 0
            ranges += [
                (table, first, min(first + COMPARED - 1, last))
                for first in range(1, last + 1, COMPARED)
            ]
        return ranges

    @api.model
    def _compare(self, table, first, last):
        """Compare the rows of a range of ids with what was logged last of each.

        :returns: list of at most ``SHOWN`` ``(id, kind)``: "changed", "missing" or
            "inserted", all past the application
        """
        columns = self._get_tables()[table]
        self.env.flush_all()
        self.env.cr.execute("SET LOCAL datestyle = 'ISO, YMD'")
        self.env.cr.execute(
            SQL(
                """WITH logged AS (
                       SELECT DISTINCT ON (item.id) item.id, item.hash, entry.columns
                         FROM recall_audit_rows entry,
                              unnest(entry.ids, entry.hashes) item(id, hash)
                        WHERE entry.res_table = %(table)s AND entry.high >= %(first)s
                          AND entry.low <= %(last)s
                          AND item.id BETWEEN %(first)s AND %(last)s
                        ORDER BY item.id, entry.id DESC)
                   SELECT coalesce(logged.id, fresh.id),
                          CASE WHEN fresh.id IS NULL THEN 'missing'
                               WHEN logged.hash IS NULL THEN 'inserted'
                               ELSE 'changed' END
                     FROM logged
                     FULL JOIN (SELECT * FROM %(name)s
                                 WHERE id BETWEEN %(first)s AND %(last)s) fresh
                       ON fresh.id = logged.id
                    WHERE (fresh.id IS NOT NULL OR logged.hash IS NOT NULL)
                      AND CASE WHEN fresh.id IS NOT NULL AND logged.hash IS NOT NULL
                                    AND logged.columns = %(columns)s
                               THEN logged.hash != %(hash)s ELSE TRUE END
                    ORDER BY 1 LIMIT %(shown)s""",
                table=table,
                first=first,
                last=last,
                name=SQL.identifier(table),
                columns=",".join(columns),
                hash=_hash_of(columns),
                shown=SHOWN,
            )
        )
        return self.env.cr.fetchall()


def content_of(columns):
    """SQL text of what the hash of a row ``fresh`` covers."""
    return _CONTENT.format(
        ", ".join(_VALUE.format(f"fresh.{column}") for column in columns)
    )


def _hash_of(columns):
    # Names of a model's own fields.
    return SQL(_HASH % content_of(columns))  # pylint: disable=sql-injection
