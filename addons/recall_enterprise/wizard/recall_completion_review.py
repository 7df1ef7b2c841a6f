# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models
from odoo.exceptions import UserError

#: States of the reports that a purpose is for.
STATES = {"reject": ("checked",), "withdraw": ("confirmed", "rejected")}


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
    rejected_count = fields.Integer(
        string="Of these rejected", compute="_compute_ready_count"
    )
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
            states = STATES.get(review.purpose, ())
            reports = review.completion_ids
            ready = reports.filtered(lambda row, states=states: row.state in states)
            review.ready_count = len(ready)
            review.rejected_count = sum(report.state == "rejected" for report in ready)
            review.skipped = reports._describe_skipped(*states)

    def action_apply(self):
        """Reject or withdraw the reports that are in a fitting state."""
        self.ensure_one()
        reports = self.completion_ids
        skipped = reports._describe_skipped(*STATES[self.purpose])
        ready = reports.filtered(lambda row: row.state in STATES[self.purpose])
        if not ready:
            raise UserError(
                self.env._("None of the chosen reports is in the state for this.")
            )
        if self.purpose == "reject":
            count = len(ready._reject(self.reason_id, self.note))
            done = self.env._("%(count)s reports rejected.", count=count)
        else:
            withdrawn = ready._withdraw(self.reason_id, self.note)
            done = self.env._("%(count)s reports withdrawn.", count=len(withdrawn))
            twins = self._describe_twins(len(ready - withdrawn))
            skipped = ", ".join(filter(None, (skipped, twins)))
        return reports._notify(done, skipped)

    def _describe_twins(self, count):
        """Say how many stay rejected because another report stands under their key."""
        return count and self.env._(
            "%(count)s stay rejected and are not owed, as another report stands under "
            "the same VIN and repair record number",
            count=count,
        )
