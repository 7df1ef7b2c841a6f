# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models


class RecallPlanLine(models.Model):
    """One product line of a recall plan: what was built, when and how many."""

    _name = "recall.plan.line"
    _description = "Product line of a recall plan"
    _inherit = [
        "recall.plan.content.mixin",
        "recall.vin.range.mixin",
        "recall.hashed.mixin",
    ]
    _order = "plan_id, sequence, id"
    _hashed = ("plan_id", "brand", "series", "model")

    plan_id = fields.Many2one(
        "recall.plan", required=True, index=True, ondelete="cascade"
    )
    sequence = fields.Integer(default=10)
    brand = fields.Char(required=True)
    series = fields.Char(required=True)
    model = fields.Char()
    production_start = fields.Date()
    production_end = fields.Date()
    announced_count = fields.Integer(string="Announced vehicles")

    _production_order = models.Constraint(
        "CHECK(production_end >= production_start)",
        "The production period ends before it starts.",
    )

    @api.depends("brand", "series", "model")
    def _compute_display_name(self):
        for line in self:
            parts = (line.brand, line.series, line.model)
            line.display_name = " ".join(part for part in parts if part)
