# SPDX-License-Identifier: LGPL-3.0-only
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError

#: Days that are proposed, and the most a report holds.
DAYS, MOST_DAYS = 30, 731


class RecallUsageReport(models.TransientModel):
    """Dialogue that asks for the period of a usage report."""

    _name = "recall.usage.report"
    _description = "Usage report"

    date_from = fields.Date(
        string="From",
        required=True,
        default=lambda self: fields.Date.today() - timedelta(days=DAYS - 1),
    )
    date_to = fields.Date(
        string="To", required=True, default=lambda self: fields.Date.today()
    )

    @api.constrains("date_from", "date_to")
    def _check_period(self):
        for report in self:
            if not 0 <= (report.date_to - report.date_from).days < MOST_DAYS:
                raise ValidationError(
                    self.env._(
                        "The period ends after it begins, and has two years at most."
                    )
                )

    @api.depends("date_from", "date_to")
    def _compute_display_name(self):
        for report in self:
            report.display_name = f"{report.date_from} – {report.date_to}"

    def action_print(self):
        """Make the report as PDF."""
        self._note_export("pdf")
        report = self.env.ref("recall_service.recall_usage_report_pdf")
        return report.report_action(self, config=False)

    def action_workbook(self):
        """Make the workbook."""
        self.ensure_one()
        period = f"from={self.date_from}&to={self.date_to}"
        return {
            "type": "ir.actions.act_url",
            "url": f"/recall/usage.xlsx?{period}",
            "target": "download",
        }

    def _note_export(self, kind):
        """Log who took out which figures."""
        self.ensure_one()
        self.env["recall.audit.event"]._record(
            "report.export",
            self,
            kind=kind,
            first=str(self.date_from),
            last=str(self.date_to),
        )
