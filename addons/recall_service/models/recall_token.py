# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models


class RecallToken(models.Model):
    _inherit = "recall.token"

    data_user_id = fields.Many2one(
        "recall.data.user", index="btree_not_null", ondelete="restrict", readonly=True
    )
