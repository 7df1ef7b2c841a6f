# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models
from odoo.exceptions import UserError

#: State of the reports that a purpose is for.
STATES = {"reject": "checked", "withdraw": "confirmed"}


class RecallCompletionReview(models.TransientModel):
    """Dialogue that asks why reports are rejected or withdrawn: one, or hundreds."""

    _name = "recall.completion.review"
    _description = "Reject or withdraw reports"

    purpose = fields.Selection(
        selection=lambda self: (
            self.env["recall.review.reason"]
            ._fields["purpose"]
            ._description_selection(self.env)
        ),
        required=True,
    )
    completion_ids = fields.Many2many("recall.completion", string="Repair reports")
    ready_count = fields.Integer(string="Reports", compute="_compute_ready_count")
    skipped = fields.Char(string="Left as they are", compute="_compute_ready_count")
    reason_id = fields.Many2one(
        "recall.review.reason", domain="[('purpose', '=', purpose)]"
    )
    needs_note = fields.Boolean(related="reason_id.needs_note")
    note = fields.Char(
        string="In your words",
        help="The sender reads it with the reason. No owner's name or number.",
    )

    @api.depends("purpose", "completion_ids")
    def _compute_ready_count(self):
        for review in self:
            state = STATES.get(review.purpose)
            reports = review.completion_ids
            review.ready_count = sum(report.state == state for report in reports)
            review.skipped = reports._describe_skipped(state)

    def action_apply(self):
        """Reject or withdraw the reports that are in the fitting state."""
        self.ensure_one()
        reports = self.completion_ids
        skipped = reports._describe_skipped(STATES[self.purpose])
        ready = reports.filtered(lambda row: row.state == STATES[self.purpose])
        if not ready:
            raise UserError(
                self.env._("None of the chosen reports is in the state for this.")
            )
        if self.purpose == "reject":
            count = len(ready._reject(self.reason_id, self.note))
            done = self.env._("%(count)s reports rejected.", count=count)
        else:
            ready._withdraw(self.reason_id, self.note)
            done = self.env._("%(count)s reports withdrawn.", count=len(ready))
        return reports._notify(done, skipped)
