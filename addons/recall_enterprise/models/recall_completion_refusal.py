# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models


class RecallCompletion(models.Model):
    _inherit = "recall.completion"

    refusal_ids = fields.One2many(
        "recall.refusal",
        "completion_id",
        string="Refused by the regulator",
        readonly=True,
        groups="recall_enterprise.group_clerk",
    )
