# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, models


class RecallCompletion(models.Model):
    _inherit = "recall.completion"

    @api.model
    def _close_vehicles(self, where):
        """Override of `recall_base` for what else a repair settles.

        Appointments end, and owners who were told count as reached.
        """
        closed = super()._close_vehicles(where)
        self.env["recall.appointment"]._settle(where)
        self.env["recall.notice"]._mark_repaired(where)
        return closed
