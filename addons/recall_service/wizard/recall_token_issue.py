# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models


class RecallTokenIssue(models.TransientModel):
    _inherit = "recall.token.issue"

    data_user_id = fields.Many2one("recall.data.user")

    def _prepare_token_vals(self):
        return {**super()._prepare_token_vals(), "data_user_id": self.data_user_id.id}
