# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models
from odoo.exceptions import ValidationError


class RecallFinding(models.Model):
    """The catalogue of what a check may find in a repair report.

    Interfaces answer the ``code``; people read ``name`` and ``advice`` in their own
    language. An error refuses a report, a warning only tells.
    """

    _name = "recall.finding"
    _description = "Finding of a check"
    _inherit = ["recall.kept.fields.mixin"]
    _order = "sequence, code"
    _rec_names_search = ["name", "code"]
    # What the product delivers.
    _kept_fields = {"code", "default_severity", "severity", "switchable"}

    code = fields.Char(required=True)
    name = fields.Char(required=True, translate=True)
    advice = fields.Char(translate=True, help="What to do about it.")
    member = fields.Char(help="Member of the message (annex A) that is concerned.")
    default_severity = fields.Selection(
        [("error", "Error"), ("warning", "Warning")],
        string="Severity as delivered",
        default="error",
        required=True,
    )
    own_severity = fields.Selection(
        [("error", "Error"), ("warning", "Warning")],
        string="Severity set here",
        help="Empty: as delivered. An error refuses a report, a warning only tells. "
        "The change is logged and concerns reports that are checked from now on.",
    )
    severity = fields.Selection(
        [("error", "Error"), ("warning", "Warning")],
        compute="_compute_severity",
        store=True,
        precompute=True,
    )
    switchable = fields.Boolean(
        string="May be switched off",
        help="Whether a producer may switch the rule off. Rules that tell which "
        "vehicle, plan and producer a report belongs to, or that keep a record from "
        "being counted twice, always apply: without them a report could not be matched "
        "at all, and the regulator would refuse it.",
    )
    sequence = fields.Integer(default=10)
    color = fields.Integer(compute="_compute_color", help="Red or yellow, as a tag.")

    _code_uniq = models.Constraint("UNIQUE(code)", "This finding exists already.")

    @api.depends("default_severity", "own_severity")
    def _compute_severity(self):
        for finding in self:
            finding.severity = finding.own_severity or finding.default_severity

    @api.depends("severity")
    def _compute_color(self):
        for finding in self:
            finding.color = 1 if finding.severity == "error" else 3

    @api.depends("name", "severity")
    @api.depends_context("show_severity", "lang")
    def _compute_display_name(self):
        super()._compute_display_name()
        if not self.env.context.get("show_severity"):
            return
        severities = dict(self._fields["severity"]._description_selection(self.env))
        for finding in self:
            severity = severities.get(finding.severity, "")
            finding.display_name = f"{finding.name} · {severity}"

    @api.constrains("own_severity")
    def _check_own_severity(self):
        for finding in self:
            if finding.own_severity and not finding.switchable:
                raise ValidationError(
                    self.env._(
                        "“%(name)s” always refuses or tells as delivered: without this "
                        "rule a report cannot be matched with a vehicle, or would be "
                        "counted twice.",
                        name=finding.name,
                    )
                )
