# SPDX-License-Identifier: LGPL-3.0-only
from odoo import models
from odoo.exceptions import AccessError


class RecallKeptFieldsMixin(models.AbstractModel):
    """``recall.kept.fields.mixin``: fields that no role writes.

    ``readonly=True`` on a field only binds the form. A model with this mixin also
    refuses an import and a call over RPC, and shows the fields as read-only to every
    view. The system itself writes them, with ``sudo()``. Name either set, or both::

        class RecallRound(models.Model):
            _name = "recall.round"
            _inherit = ["recall.kept.fields.mixin"]

            _kept_fields = {"state", "done_at"}

    An extension of the model names only what it adds: the sets of all its classes
    count together.
    """

    _name = "recall.kept.fields.mixin"
    _description = "Fields that no role writes"

    #: Deny-list: the names of fields that nobody writes.
    _kept_fields = frozenset()
    #: Allow-list: where it names a field, nobody writes any field but the named ones.
    _written_fields = frozenset()

    def _has_field_access(self, field, operation):
        if operation == "write" and not self.env.su and self._keeps(field.name):
            return False
        return super()._has_field_access(field, operation)

    def _check_written(self, names):
        """Refuse fields that no role writes, before the system writes for an account.

        :param names: iterable of field names, such as the values of ``create``
        """
        kept = sorted(filter(self._keeps, names))
        if kept:
            raise AccessError(
                self.env._(
                    "These fields are not yours to write: %(fields)s.",
                    fields=", ".join(kept),
                )
            )

    def _keeps(self, name):
        written = self._collect("_written_fields")
        return name in self._collect("_kept_fields") or (
            bool(written) and name not in written
        )

    def _collect(self, attribute):
        return set().union(
            *(vars(parent).get(attribute, ()) for parent in type(self).mro())
        )
