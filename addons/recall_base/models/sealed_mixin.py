# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ..tools import cipher

#: Contact data: sealed anew under a key of the same year only, so that the destruction
#: of a year's keys erases what came in in it.
YEAR = "year"
#: Secrets that live on: always moved to the newest key.
LASTING = "lasting"
#: Gone by itself soon: counted, never sealed anew.
PASSING = "passing"


class RecallSealedMixin(models.AbstractModel):
    """Records with sealed columns: one place that says which, and how they are bound.

    A job (``recall.reseal``) moves what is sealed under an older key to a newer one and
    counts what is left under each.
    """

    _name = "recall.sealed.mixin"
    _description = "Records with sealed columns"

    #: Sealed column -> ``YEAR``, ``LASTING`` or ``PASSING``.
    _sealed = {}
    #: Records that are sealed anew between two commits.
    _reseal_batch = 1000

    def _get_seal_context(self, column):
        """What the sealed text of a column is bound to in this record."""
        raise NotImplementedError

    def _prepare_digests(self, keys, column, text):
        """Keyed digests of a sealed text: dict of the columns they are kept in."""
        return {}

    def _after_reseal(self):
        """Extension: what else has copies of the digests follows."""

    def _check_personal_reader(self, refusal):
        """Let only readers of personal data see what is sealed in these records.

        :param str refusal: what others are told
        """
        self.check_access("read")
        if not self.env.user.has_group("recall_base.group_personal_data"):
            raise AccessError(refusal)

    def _open_kept(self, read):
        """Return what is opened, or None where its key was destroyed.

        :param read: function that opens it
        """
        try:
            return read()
        except cipher.SealError as error:
            if error.code == "key":
                return None
            raise

    def _open_for_reader(self, read):
        """Return what a person asked to see, or a sentence that says it is erased.

        :param read: function that opens it
        :raises UserError: it was altered, or its key cannot be read
        """
        try:
            found = self._open_kept(read)
        except cipher.SealError as error:
            raise UserError(
                self.env._(
                    "It cannot be opened: it was altered outside the application. Tell "
                    "the administrator."
                )
            ) from error
        if found is None:
            return self.env._(
                "Erased: the key of the year in which it came in was destroyed."
            )
        return found

    # === Sealing anew === #

    @api.model
    def _stale_kids(self, keys, kind):
        """Ids of the keys whose values move to another one."""
        if kind == LASTING:
            return [kid for kid in keys.seal_keys if kid != keys.sealing_kid()]
        if kind == YEAR:
            return [kid for kid in keys.seal_keys if keys.successor(kid) != kid]
        return []

    @api.model
    def _find_stale(self, keys, last, redigest):
        """Return the next records that have something to seal anew.

        :param int last: id of the last record of the batch before
        :param bool redigest: whether digests under an older key are to be replaced
        """
        conditions = self._get_stale_conditions(keys, redigest)
        if not conditions:
            return self.browse()
        self.flush_model()
        self.env.cr.execute(
            SQL(
                "SELECT id FROM %s WHERE id > %s AND (%s) ORDER BY id LIMIT %s",
                SQL.identifier(self._table),
                last,
                SQL(" OR ").join(conditions),
                self._reseal_batch,
            )
        )
        return self.browse(row[0] for row in self.env.cr.fetchall())

    @api.model
    def _get_stale_conditions(self, keys, redigest):
        """Conditions (SQL) any of which says that a record has something to do."""
        conditions = []
        for column, kind in self._sealed.items():
            name = SQL.identifier(column)
            if redigest and kind == YEAR:
                conditions.append(SQL("%s IS NOT NULL", name))
            elif stale := self._stale_kids(keys, kind):
                conditions.append(SQL("split_part(%s, '|', 2) = ANY(%s)", name, stale))
        return conditions

    def _reseal(self, keys):
        """Seal these records anew where they are under an older key.

        What another transaction changes meanwhile is left as that made it.

        :param keys: ``tools.cipher.KeyRing``
        :returns: number of values that were moved or got a new digest
        """
        moved = 0
        for column, kind in self._sealed.items():
            stale = set(self._stale_kids(keys, kind))
            rows = [row for one in self if (row := one._resealed(keys, column, stale))]
            if rows:
                moved += self._store_resealed(column, rows)
        if moved:
            self.invalidate_recordset()
            self._after_reseal()
        return moved

    def _resealed(self, keys, column, stale):
        """The row that replaces the sealed text of a column, or None for no change."""
        old = self[column]
        kid = cipher.kid_of(old)
        if kid not in keys.seal_keys or self._sealed[column] == PASSING:
            return None
        context = self._get_seal_context(column)
        try:
            text = keys.open(old, context)
        except cipher.SealError:
            return None
        new = old
        if kid in stale:
            is_lasting = self._sealed[column] == LASTING
            target = None if is_lasting else keys.successor(kid)
            new = keys.seal(text, context, target)
        digests = self._prepare_digests(keys, column, text)
        if new == old and all(self[name] == digests[name] for name in digests):
            return None
        return {"id": self.id, "old": old, column: new, **digests}

    @api.model
    def _store_resealed(self, column, rows):
        names = [name for name in rows[0] if name not in ("id", "old")]
        values = SQL(", ").join(
            SQL("(%s)", SQL(", ").join(SQL("%s", row[key]) for key in rows[0]))
            for row in rows
        )
        self.env.cr.execute(
            SQL(
                """UPDATE %(table)s stored SET %(changes)s
                     FROM (VALUES %(values)s) AS fresh (id, old, %(names)s)
                    WHERE stored.id = fresh.id AND stored.%(column)s = fresh.old""",
                table=SQL.identifier(self._table),
                changes=SQL(", ").join(
                    SQL("%(name)s = fresh.%(name)s", name=SQL.identifier(name))
                    for name in names
                ),
                values=values,
                names=SQL(", ").join(map(SQL.identifier, names)),
                column=SQL.identifier(column),
            )
        )
        return self.env.cr.rowcount

    @api.model
    def _count_kids(self):
        """Count the values under each key, by a scan: dict kid -> number."""
        counts = {}
        self.flush_model()
        for column in self._sealed:
            self.env.cr.execute(
                SQL(
                    """SELECT split_part(%(name)s, '|', 2), count(*) FROM %(table)s
                        WHERE %(name)s IS NOT NULL GROUP BY 1""",
                    name=SQL.identifier(column),
                    table=SQL.identifier(self._table),
                )
            )
            for kid, count in self.env.cr.fetchall():
                counts[kid] = counts.get(kid, 0) + count
        return counts
