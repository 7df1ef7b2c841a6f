# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models


class RecallQuarantine(models.Model):
    """What the screen tells of an entry: both versions, and what to do."""

    _inherit = "recall.quarantine"

    comparison = fields.Html(compute="_compute_comparison", sanitize=False)
    has_standing = fields.Boolean(compute="_compute_comparison")
    may_release = fields.Boolean(
        string="May be released",
        compute="_compute_advice",
        help="No finding stands against it that nobody may overrule.",
    )
    advice = fields.Char(string="What to do", compute="_compute_advice")

    @api.depends("record", "standing", "phone_masked")
    @api.depends_context("lang")
    def _compute_comparison(self):
        for entry in self:
            entry.has_standing = bool(entry.standing)
            entry.comparison = self.env["ir.qweb"]._render(
                "recall_management.recall_quarantine_comparison",
                {"rows": entry._compare(), "standing": entry.standing},
            )

    def _compare(self):
        """Rows of the comparison: label, what stood, what came, whether they differ."""
        self.ensure_one()
        came = {**(self.record or {}), "telNum": self.phone_masked}
        stood = self.standing or {}
        labels = {
            "recallNum": self.env._("Recall number"),
            "vehicleVin": self.env._("VIN"),
            "repairNum": self.env._("Repair record number"),
            "recallTime": self.env._("Repair date"),
            "dealerName": self.env._("Dealer as reported"),
            "telNum": self.env._("Contact phone"),
            "recordVersion": self.env._("Version"),
            "collectTime": self.env._("Synchronised at"),
        }
        key = ("recallNum", "vehicleVin", "repairNum")
        rows = []
        for name, label in labels.items():
            old = came.get(name) if stood and name in key else stood.get(name)
            differs = (
                name in ("recallTime", "dealerName") and old != came.get(name)
            ) or (name == "telNum" and stood.get("otherPhone"))
            rows.append(
                {
                    "label": label,
                    "old": "" if old is None else old,
                    "new": "" if came.get(name) is None else came[name],
                    "differs": bool(stood and differs),
                }
            )
        return rows

    @api.depends("state", "finding_ids")
    @api.depends_context("lang")
    def _compute_advice(self):
        for entry in self:
            absolute = entry._absolute_findings()
            entry.may_release = entry.state in ("open", "returned") and not absolute
            entry.advice = entry._explain_state(absolute)

    def _explain_state(self, absolute):
        if self.state == "returned":
            return self.env._(
                "Waits for the producer. It is settled by itself when the record comes "
                "corrected."
            )
        if self.state != "open":
            return ""
        if absolute.mapped("code") == ["version_outdated"]:
            return self.env._(
                "A newer version of the record stands and counts: nothing is lost. "
                "Close the entry, unless the producer says otherwise."
            )
        if absolute:
            return self.env._(
                "The record cannot count as it is: %(findings)s. Return it to the "
                "producer. When plan, scope, dealer or legacy VIN are put right here, "
                "it is checked again by itself.",
                findings=", ".join(absolute.mapped("name")),
            )
        return self.env._(
            "If the repair is proved all the same, release it with your reason: then "
            "it counts. Otherwise return it to the producer."
        )
