# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models


class RecallPlanPart(models.Model):
    """A part that the repair measure of a plan uses."""

    _name = "recall.plan.part"
    _description = "Part of a recall plan"
    _inherit = ["recall.plan.content.mixin", "recall.hashed.mixin"]
    _order = "plan_id, number"
    _hashed = ("plan_id", "number", "name")

    plan_id = fields.Many2one(
        "recall.plan", required=True, index=True, ondelete="cascade"
    )
    number = fields.Char(string="Part number", required=True)
    name = fields.Char(string="Part name")

    _number_uniq = models.Constraint(
        "UNIQUE(plan_id, number)", "The plan has this part number already."
    )

    @api.depends("number", "name")
    def _compute_display_name(self):
        for part in self:
            part.display_name = f"{part.number} {part.name or ''}".strip()
