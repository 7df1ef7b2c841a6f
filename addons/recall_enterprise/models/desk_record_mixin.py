# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, models


class RecallDeskRecordMixin(models.AbstractModel):
    """Records that a dealer's account makes at the desk, for its own dealer only.

    The account says what ``_written_fields`` names. Its right is checked with its own
    rules; the record is then made by the system, which adds what follows from it.
    """

    _name = "recall.desk.record.mixin"
    _description = "Record of a dealer's desk"
    _inherit = ["recall.kept.fields.mixin"]

    @api.model_create_multi
    def create(self, vals_list):
        if self.env.su:
            return super().create(vals_list)
        self.check_access("create")
        dealer = self.env["recall.desk"]._get_own_dealer()
        for vals in vals_list:
            self._check_written(vals)
        prepared = [self._prepare_desk_record(vals, dealer) for vals in vals_list]
        # The account may create for its dealer, but not set who reports what.
        sudo = self.env["recall.desk"]._as_system(self)
        records = super(RecallDeskRecordMixin, sudo).create(prepared)
        return records.with_env(self.env)

    def _prepare_desk_record(self, vals, dealer):
        """Values to store for what an account of ``dealer`` wrote."""
        raise NotImplementedError
