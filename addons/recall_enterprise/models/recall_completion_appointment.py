# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, models


class RecallCompletion(models.Model):
    _inherit = "recall.completion"

    @api.model
    def _close_vehicles(self, where):
        """Override of `recall_base` to end the appointments of repaired vehicles."""
        closed = super()._close_vehicles(where)
        self.env["recall.appointment"]._settle(where)
        return closed
