# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models


class RecallPlanStep(models.TransientModel):
    """Dialogue that moves a plan to a state which needs a reason."""

    _name = "recall.plan.step"
    _description = "Step of a recall plan"

    plan_id = fields.Many2one("recall.plan", required=True, readonly=True)
    target = fields.Selection(
        [
            ("published", "Published"),
            ("running", "Running"),
            ("finished", "Finished"),
            ("withdrawn", "Withdrawn"),
        ],
        required=True,
        readonly=True,
    )
    reason = fields.Char(required=True)

    def action_confirm(self):
        """Take the step, for the reason given."""
        self.ensure_one()
        self.plan_id._step(self.target, self.reason)
        return {"type": "ir.actions.act_window_close"}
