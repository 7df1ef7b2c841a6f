# SPDX-License-Identifier: LGPL-3.0-only
import time

from odoo import api, models
from odoo.tools import SQL

from ..tools import merkle_tree, verify_log

# Key of the advisory lock that keeps two sealers apart ("recall" in ASCII).
SEALER_LOCK = 0x726563616C6C
#: Entries that are sealed at a time: a second's work.
BATCH = 20_000
#: Seconds in which the scheduled action gathers entries: so often it runs at most.
PAUSE = 1.0
#: System parameter that names the hash of a log that is begun.
HASH_PARAMETER = "recall_base.log_hash"

# Not models: nobody opens them, and at a hundred million rows each byte counts.
_TABLES = """
CREATE TABLE IF NOT EXISTS recall_audit_pending (
    id bigserial PRIMARY KEY,
    kind "char" NOT NULL,
    entry_id bigint NOT NULL,
    since timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (entry_id, kind));
CREATE TABLE IF NOT EXISTS recall_audit_seal (
    sequence bigint PRIMARY KEY,
    kind "char" NOT NULL,
    entry_id bigint NOT NULL,
    leaf bytea NOT NULL,
    chain bytea NOT NULL,
    sealed_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (entry_id, kind));
CREATE TABLE IF NOT EXISTS recall_audit_node (
    level smallint,
    position bigint,
    hash bytea NOT NULL,
    PRIMARY KEY (level, position));
"""
# What is new waits for the sealer; what is sealed waits no more. By triggers: whatever
# way an entry comes, none is forgotten. They act as the owner of the tables, so that
# the application's role needs no right but to insert. So they call nothing by its bare
# name but what is PostgreSQL's: elsewhere that role makes functions that fit better.
_FUNCTIONS = """
CREATE OR REPLACE FUNCTION recall_audit_pend() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO public.recall_audit_pending (kind, entry_id)
    SELECT TG_ARGV[0]::"char", id FROM fresh ORDER BY id;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION recall_audit_settle() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM public.recall_audit_pending pending USING fresh
     WHERE (pending.entry_id, pending.kind) = (fresh.entry_id, fresh.kind);
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION recall_audit_refuse() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The operation log is only added to (%)', TG_TABLE_NAME
          USING ERRCODE = 'restrict_violation';
END $$;
"""
# Since when the sealer is behind: the oldest entry came, and nothing was sealed since.
_BEHIND = """
CREATE OR REPLACE FUNCTION recall_audit_behind_since() RETURNS timestamptz
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT greatest(since, (SELECT sealed_at FROM public.recall_audit_seal
                             ORDER BY sequence DESC LIMIT 1))
      FROM public.recall_audit_pending ORDER BY id LIMIT 1
$$;
"""
_SETTLE = """
CREATE OR REPLACE TRIGGER recall_audit_settle AFTER INSERT ON recall_audit_seal
REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION recall_audit_settle()
"""


class RecallAuditSeal(models.AbstractModel):
    """Sealing of the operation log: numbers, hash chain and Merkle tree.

    The log has two kinds of entries: events (``recall.audit.event``), and the hashes of
    business rows (``recall.audit.rows``). Both are inserted in the transaction they
    describe. One sealer numbers them later, in the order in which they came: chaining
    at once would make concurrent transactions conflict. A seal is a row of its own, so
    that no entry is ever updated. ``tools/verify_log.py`` describes the hashes.
    """

    _name = "recall.audit.seal"
    _description = "Sealing of the operation log"

    def init(self):
        super().init()
        self._make_tables()

    @api.model
    def _make_tables(self):
        """Make tables, functions and triggers; again and again the same.

        Where the log belongs to a role of its own they stay as they are:
        ``deploy/postgresql/log_owner.sql`` says how such a log is updated.
        """
        if self._is_guarded("recall_audit_seal"):
            return
        self.env.cr.execute(_TABLES)
        self.env.cr.execute(_FUNCTIONS)
        self.env.cr.execute(_BEHIND)
        self.env.cr.execute(_SETTLE)
        for table in ("recall_audit_seal", "recall_audit_node"):
            self._refuse_changes(table)

    @api.model
    def _is_guarded(self, table):
        """Whether a table exists and belongs to a role of its own."""
        self.env.cr.execute(
            SQL(
                """SELECT EXISTS (SELECT FROM pg_tables WHERE tablename = %s
                                  AND schemaname = current_schema
                                  AND NOT pg_has_role(tableowner, 'USAGE'))""",
                table,
            )
        )
        return self.env.cr.fetchone()[0]

    @api.model
    def _forbid_changes(self, table):
        """Make the trigger that refuses whatever is not an insertion."""
        self._make_tables()
        self._refuse_changes(table)

    def _refuse_changes(self, table):
        self.env.cr.execute(
            SQL(
                """CREATE OR REPLACE TRIGGER recall_audit_refuse
                   BEFORE UPDATE OR DELETE OR TRUNCATE ON %s
                   FOR EACH STATEMENT EXECUTE FUNCTION recall_audit_refuse()""",
                SQL.identifier(table),
            )
        )

    @api.model
    def _await_seals(self, table, kind):
        """Make the trigger by which entries of a table wait for the sealer.

        :param str kind: letter that names the table in a seal
        """
        self._make_tables()
        self.env.cr.execute(
            SQL(
                """CREATE OR REPLACE TRIGGER recall_audit_pend AFTER INSERT ON %s
                   REFERENCING NEW TABLE AS fresh
                   FOR EACH STATEMENT EXECUTE FUNCTION recall_audit_pend(%s)""",
                SQL.identifier(table),
                kind,
            )
        )

    # === The sealer === #

    @api.model
    def _cron_seal(self):
        """Seal what was committed since the last time, and sign a checkpoint if due."""
        if self.env.context.get("cron_id"):
            time.sleep(PAUSE)
        self.env.cr.execute(SQL("SELECT pg_try_advisory_xact_lock(%s)", SEALER_LOCK))
        if not self.env.cr.fetchone()[0]:
            return
        sealed = self._seal_pending()
        self.env["recall.audit.checkpoint"]._sign()
        if sealed == BATCH:
            self.env["ir.cron"]._commit_progress(sealed, remaining=1)

    def _seal_pending(self):
        """Seal the oldest entries; returns their number."""
        entries = self._read_pending()
        if not entries:
            return 0
        log_hash = self._get_hash()
        old, chain = self._get_last()
        seals = []
        for sequence, (kind, entry_id, entry) in enumerate(entries, old + 1):
            leaf = log_hash.leaf(entry)
            chain = log_hash.chain(chain, leaf)
            seals.append((sequence, kind, entry_id, _bytea(leaf), _bytea(chain)))
        columns = ("sequence", "kind", "entry_id", "leaf", "chain")
        self.env["recall.staging"]._copy("recall_audit_seal", columns, seals)
        tree = self._get_tree(log_hash)
        for node in tree.grow(old, old + len(seals)):
            self._keep_node(*node)
        return len(seals)

    def _keep_node(self, level, position, node):
        self.env.cr.execute(
            SQL(
                "INSERT INTO recall_audit_node VALUES (%s, %s, %s)",
                level,
                position,
                node,
            )
        )

    def _read_pending(self):
        """Return ``(kind, id, entry)`` of what waits, in the order in which it came."""
        self.env["recall.audit.event"].flush_model()
        self.env.cr.execute(
            SQL(
                "SELECT kind, entry_id FROM recall_audit_pending ORDER BY id LIMIT %s",
                BATCH,
            )
        )
        waiting = self.env.cr.fetchall()
        found = {}
        for kind in {kind for kind, _id in waiting}:
            ids = [entry_id for other, entry_id in waiting if other == kind]
            found |= {
                (kind, entry_id): entry
                for entry_id, entry in self._read_entries(kind, ids).items()
            }
        return [(*key, found[key]) for key in waiting if key in found]

    @api.model
    def _read_entries(self, kind, ids):
        """Entries by their ids, as they are sealed; none of a kind that is unknown."""
        names = {"e": "recall.audit.event", "r": "recall.audit.rows"}
        return dict(self.env[names[kind]]._read_entries(ids)) if kind in names else {}

    # === The sealed log === #

    @api.model
    def _get_last(self):
        """Return number and chain hash of the last sealed entry."""
        self.env.cr.execute(
            """SELECT sequence, chain FROM recall_audit_seal
                ORDER BY sequence DESC LIMIT 1"""
        )
        size, chain = self.env.cr.fetchone() or (0, verify_log.EMPTY_CHAIN)
        return size, bytes(chain)

    @api.model
    def _get_hash(self):
        """The hash of the log.

        :raises verify_log.LogError: when its name was altered to an unknown one
        """
        return verify_log.LogHash(self._get_hash_name())

    @api.model
    def _get_hash_name(self):
        """Name of the hash: the parameter's at the beginning, never another one."""
        last = self.env["recall.audit.checkpoint"].search([], limit=1)
        # sudo: parameters are the administrator's; everybody's events are sealed.
        parameters = self.env["ir.config_parameter"].sudo()
        return last.algorithm or parameters.get_param(HASH_PARAMETER) or "sm3"

    @api.model
    def _get_tree(self, log_hash=None):
        """Merkle tree of the sealed entries (``tools/merkle_tree.py``)."""
        return merkle_tree.MerkleTree((log_hash or self._get_hash()).node, self._read)

    def _read(self, level, first, count):
        if level:
            query = SQL(
                """SELECT hash FROM recall_audit_node WHERE level = %s
                      AND position >= %s AND position < %s ORDER BY position""",
                level,
                first,
                first + count,
            )
        else:
            query = SQL(
                """SELECT leaf FROM recall_audit_seal
                    WHERE sequence > %s AND sequence <= %s ORDER BY sequence""",
                first,
                first + count,
            )
        self.env.cr.execute(query)
        return [bytes(row[0]) for row in self.env.cr.fetchall()]

    @api.model
    def _read_sealed(self, first, last):
        """Yield ``(sequence, chain hash, entry)`` of sealed entries in their order.

        The entry is None where it is gone. At most ``BATCH`` are read at a time.
        """
        for start in range(first, last + 1, BATCH):
            self.env.cr.execute(
                SQL(
                    """SELECT sequence, kind, entry_id, chain FROM recall_audit_seal
                        WHERE sequence >= %s AND sequence <= %s ORDER BY sequence""",
                    start,
                    min(start + BATCH - 1, last),
                )
            )
            seals = self.env.cr.fetchall()
            found = {
                kind: self._read_entries(
                    kind,
                    [entry_id for _n, other, entry_id, _c in seals if other == kind],
                )
                for kind in {seal[1] for seal in seals}
            }
            for sequence, kind, entry_id, chain in seals:
                yield sequence, bytes(chain), found[kind].get(entry_id)


def _bytea(data):
    return f"\\x{data.hex()}"
