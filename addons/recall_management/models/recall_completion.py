# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models


class RecallCompletion(models.Model):
    _inherit = "recall.completion"

    exchange_id = fields.Many2one(
        "recall.exchange",
        string="Received with",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="The exchange that brought the present version.",
    )
