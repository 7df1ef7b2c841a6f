# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.recall_base.tools.notification import RELOAD, notify

from ..models.recall_objection_decision import STATES_FOR


class RecallObjectionDecide(models.TransientModel):
    """Dialogue that asks why objections are accepted or refused: one, or many."""

    _name = "recall.objection.decide"
    _description = "Decide on objections"

    purpose = fields.Selection(
        selection=lambda self: (
            self.env["recall.objection.reason"]
            ._fields["purpose"]
            ._description_selection(self.env)
        ),
        required=True,
    )
    objection_ids = fields.Many2many("recall.objection", string="Objections")
    ready_count = fields.Integer(
        string="Objections to decide on", compute="_compute_ready_count"
    )
    left_count = fields.Integer(
        string="Left as they are", compute="_compute_ready_count"
    )
    reason_id = fields.Many2one(
        "recall.objection.reason", domain="[('purpose', '=', purpose)]"
    )
    needs_note = fields.Boolean(related="reason_id.needs_note")
    note = fields.Char(
        string="In your words",
        size=300,
        help="The visitor reads it with the reason. No name and no number of a person.",
    )

    @api.depends("purpose", "objection_ids")
    def _compute_ready_count(self):
        for decision in self:
            states = STATES_FOR.get(decision.purpose, ())
            ready = decision.objection_ids.filtered_domain([("state", "in", states)])
            decision.ready_count = len(ready)
            decision.left_count = len(decision.objection_ids) - len(ready)

    def action_apply(self):
        """Decide on the objections that are in a fitting state."""
        self.ensure_one()
        done = self.objection_ids._decide(self.purpose, self.reason_id, self.note)
        if not done:
            raise UserError(
                self.env._(
                    "None of these objections waits for this answer. Reload the list: "
                    "somebody else may have decided, or the vehicle is done."
                )
            )
        message = self.env._("%(count)s objections decided on.", count=len(done))
        left = len(self.objection_ids - done)
        if left:
            message = self.env._(
                "%(message)s %(left)s stay as they are.", message=message, left=left
            )
        return notify(message, kind="warning" if left else "success", then=RELOAD)
