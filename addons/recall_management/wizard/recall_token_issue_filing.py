# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models


class RecallTokenIssue(models.TransientModel):
    _inherit = "recall.token.issue"

    filing_system_id = fields.Many2one("recall.filing.system")

    def _prepare_token_vals(self):
        """Override to issue tokens for filing systems too."""
        vals = super()._prepare_token_vals()
        return {**vals, "filing_system_id": self.filing_system_id.id}

    def _get_owner_name(self):
        """Override to name the filing system that the token is for."""
        return self.filing_system_id.name or super()._get_owner_name()
