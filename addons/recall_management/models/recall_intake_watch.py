# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, models


class RecallIntake(models.AbstractModel):
    _inherit = "recall.intake"

    @api.model
    def _take_in(self, enterprise, fetched, parsed):
        """Extension: the terminal notes what came, for M-MONITOR."""
        exchange = super()._take_in(enterprise, fetched, parsed)
        enterprise._note_records(exchange)
        return exchange
