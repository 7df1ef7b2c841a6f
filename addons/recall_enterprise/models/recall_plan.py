# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models


class RecallPlan(models.Model):
    _inherit = "recall.plan"

    dealer_part_ids = fields.One2many(
        "recall.plan.dealer",
        "plan_id",
        string="Parts at dealers",
        groups="recall_enterprise.group_clerk",
    )
