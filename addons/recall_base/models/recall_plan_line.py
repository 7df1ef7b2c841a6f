# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .recall_vehicle import REMOVED


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

    def unlink(self):
        """Let go of the vehicles that left the scope; others keep their line."""
        self.env["recall.vehicle"]._leave_lines(self)
        return super().unlink()

    @api.ondelete(at_uninstall=False)
    def _unlink_without_vehicles(self):
        if kept := self._filter_with_vehicles():
            raise UserError(
                self.env._(
                    "Vehicles in scope are of the product line %(line)s: it cannot be "
                    "deleted. Take these vehicles out of scope first.",
                    line=kept[0].display_name,
                )
            )

    def _filter_in_use(self):
        """Hook: those of these lines that no filing may delete."""
        return self._filter_with_vehicles()

    def _filter_with_vehicles(self):
        """Those of these lines that vehicles in scope are of."""
        # By the plan, whose index there is: one of lines would take a GB.
        return self.filtered(
            lambda line: self.env.execute_query(
                SQL(
                    """SELECT EXISTS (
                           SELECT FROM recall_vehicle
                            WHERE plan_id = %s AND line_id = %s AND state != %s)""",
                    line.plan_id.id,
                    line.id,
                    REMOVED,
                )
            )[0][0]
        )
