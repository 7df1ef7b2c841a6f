# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, models
from odoo.tools import SQL

from ..tools import cipher
from ..tools.phone import spellings

#: What a person can be sought by.
PHONE, EMAIL, VIN = "phone", "email", "vin"


class RecallPersonMixin(models.AbstractModel):
    """Records that hold how a person is reached: found and erased on request."""

    _name = "recall.person.mixin"
    _description = "Records with a person's contact data"

    #: ``PHONE``, ``EMAIL``, ``VIN`` -> column that it is found by: a keyed digest or,
    #: for a name without ``_digest``, the value itself.
    _person_keys = {}
    #: Columns that are emptied; what else the record says stays.
    _personal_columns = ()

    @api.model
    def _find_person(self, kind, value):
        """Return the records that hold a person's contact data.

        :param str kind: ``PHONE``, ``EMAIL`` or ``VIN``
        :param str value: in normal form
        """
        column = self._person_keys.get(kind)
        if not column:
            return self.browse()
        values = [value]
        if column.endswith("_digest"):
            spelled = spellings(value) if kind == PHONE else [value]
            keys = cipher.KeyRing.from_environment()
            values = [digest for text in spelled for digest in keys.blinds(text)]
        # Archived ones as well.
        return self.with_context(active_test=False).search([(column, "in", values)])

    def _tell_person(self):
        """What of the person is in this record, masked."""
        shown = (self[name] for name in self._personal_columns if "_masked" in name)
        return ", ".join(filter(None, shown))

    def _why_person_kept(self):
        """Sentence that says why the data has to stay for now, or False."""
        return False

    def _forget_person(self):
        """Erase the contact data of these records; everything else stays."""
        self.flush_recordset()
        # Past ``write``: some of these records cannot be changed in any other way.
        self.env.cr.execute(
            SQL(
                "UPDATE %s SET %s WHERE id IN %s",
                SQL.identifier(self._table),
                SQL(", ").join(
                    SQL("%s = NULL", SQL.identifier(name))
                    for name in self._personal_columns
                ),
                tuple(self.ids),
            )
        )
        self.invalidate_recordset()
