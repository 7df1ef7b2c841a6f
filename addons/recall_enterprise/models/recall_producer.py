# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models
from odoo.fields import Command

from odoo.addons.recall_base.models.recall_completion_check import Policy

#: Settings of the checks: each change is logged.


class RecallProducer(models.Model):
    _inherit = "recall.producer"
    _audit_ignored = {"warned_on", "archived_until"}

    auto_confirm = fields.Boolean(
        string="Confirm by rule",
        default=True,
        help="Confirm a report by itself when no check finds an error. "
        "Off: a reviewer confirms each one.",
    )
    sample_share = fields.Float(
        string="Sample for review (%)",
        digits=(5, 2),
        aggregator=None,
        help="Share of the reports that pass all checks and wait for a reviewer all "
        "the same. They are drawn at random when they pass; nobody can tell which.",
    )
    hold_warnings = fields.Boolean(
        string="Hold back reports with warnings",
        help="A report with a warning waits for a reviewer. Off: warnings only tell.",
    )
    burst_limit = fields.Integer(
        string="Repairs of a dealer a day",
        default=100,
        aggregator=None,
        help="A dealer that reports more repairs than this for the same day gets a "
        "warning. 0: they are not counted.",
    )
    unchecked_finding_ids = fields.Many2many(
        "recall.finding",
        "recall_producer_unchecked_rel",
        string="Rules switched off",
        domain=[("switchable", "=", True)],
    )
    applied_finding_ids = fields.Many2many(
        "recall.finding",
        string="Rules applied",
        compute="_compute_applied_finding_ids",
        inverse="_inverse_applied_finding_ids",
        domain=[("switchable", "=", True)],
        help="Rules about which vehicle, plan and producer a report belongs to always "
        "apply. The regulator applies all rules: what is switched off here may be "
        "refused there.",
    )
    interface_ids = fields.One2many(
        "recall.interface", "producer_id", groups="recall_enterprise.group_clerk"
    )

    _sample_share_range = models.Constraint(
        "CHECK(sample_share BETWEEN 0 AND 100)",
        "The sample is a share between 0 and 100 %.",
    )
    _burst_limit_range = models.Constraint(
        "CHECK(burst_limit >= 0)", "The number of repairs a day cannot be negative."
    )

    @api.depends("unchecked_finding_ids")
    def _compute_applied_finding_ids(self):
        switchable = self.env["recall.finding"].search([("switchable", "=", True)])
        for producer in self:
            producer.applied_finding_ids = switchable - producer.unchecked_finding_ids

    def _inverse_applied_finding_ids(self):
        switchable = self.env["recall.finding"].search([("switchable", "=", True)])
        for producer in self:
            off = switchable - producer.applied_finding_ids
            producer.unchecked_finding_ids = [Command.set(off.ids)]

    def _check_policy(self):
        """What the producer has settled about its checks."""
        self.ensure_one()
        # sudo: reports come through interfaces and from dealers, who see no settings.
        own = self.sudo()
        switched_off = own.unchecked_finding_ids.filtered("switchable")
        return Policy(
            switched_off=frozenset(switched_off.mapped("code")),
            burst_limit=own.burst_limit,
            heeds_reviewers=True,
        )
