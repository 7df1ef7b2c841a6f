# SPDX-License-Identifier: LGPL-3.0-only
from collections import Counter

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.recall_base.tools.notification import RELOAD, notify

from ..models.recall_quarantine_decision import STATES_FOR


class RecallQuarantineDecide(models.TransientModel):
    """Dialogue that asks why entries are released, returned, closed or opened again:
    one, or hundreds."""

    _name = "recall.quarantine.decide"
    _description = "Decide on quarantined records"

    purpose = fields.Selection(
        selection=lambda self: (
            self.env["recall.quarantine.reason"]
            ._fields["purpose"]
            ._description_selection(self.env)
        ),
        required=True,
    )
    entry_ids = fields.Many2many("recall.quarantine", string="Quarantined records")
    ready_count = fields.Integer(string="Records", compute="_compute_ready")
    skipped = fields.Char(string="Left as they are", compute="_compute_ready")
    blocked = fields.Char(string="Cannot be released", compute="_compute_ready")
    reason_id = fields.Many2one(
        "recall.quarantine.reason", domain="[('purpose', '=', purpose)]"
    )
    needs_note = fields.Boolean(related="reason_id.needs_note")
    note = fields.Char(
        string="In your words",
        size=300,
        help="The producer reads it with the reason. No owner's name or number.",
    )

    @api.depends("purpose", "entry_ids")
    def _compute_ready(self):
        for decision in self:
            entries = decision.entry_ids
            ready = decision._get_ready()
            decision.skipped = decision.purpose and entries._describe_states(
                decision.purpose
            )
            decision.blocked = False
            if decision.purpose == "release":
                blocked = ready.filtered(lambda entry: not entry.may_release)
                decision.blocked = decision._describe_blocked(blocked)
                ready -= blocked
            decision.ready_count = len(ready)

    def _get_ready(self):
        states = STATES_FOR.get(self.purpose, ())
        return self.entry_ids.filtered(lambda entry: entry.state in states)

    def _describe_blocked(self, blocked):
        """Say how many entries cannot be released, and for which findings."""
        counts = Counter()
        for entry in blocked:
            counts.update(entry._absolute_findings().mapped("name"))
        reasons = ", ".join(f"{name} ({n})" for name, n in counts.most_common(3))
        return blocked and f"{len(blocked)}: {reasons}"

    def action_apply(self):
        """Decide on the entries that are in a fitting state."""
        self.ensure_one()
        ready = self._get_ready()
        if not ready:
            raise UserError(
                self.env._("None of the chosen entries is in the state for this.")
            )
        deed = {
            "release": ready._release,
            "return": ready._return,
            "close": ready._close,
            "reopen": ready._reopen,
        }[self.purpose]
        done = len(deed(self.reason_id, self.note))
        left = len(self.entry_ids) - done
        if not done:
            raise UserError(
                self.env._(
                    "None of the records can be released: findings stand against them "
                    "that nobody may overrule. Return them to the producer."
                )
            )
        message = self.env._("%(count)s entries decided on.", count=done)
        if left:
            message = self.env._(
                "%(message)s %(left)s stay as they are.", message=message, left=left
            )
        return notify(message, kind="warning" if left else "success", then=RELOAD)
