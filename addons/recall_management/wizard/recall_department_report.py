# SPDX-License-Identifier: LGPL-3.0-only
from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..models.recall_period_figures import PeriodFigures
from ..tools.provinces import PROVINCES

#: The most months a report holds.
MOST_MONTHS = 60
#: Months of a period, and whether it is the running one.
PERIODS = {
    "last_month": (1, False),
    "last_quarter": (3, False),
    "last_year": (12, False),
    "this_year": (12, True),
}


class RecallDepartmentReport(models.TransientModel):
    """S-REPORT: dialogue for the report of some months, as a department needs it."""

    _name = "recall.department.report"
    _description = "Department report"

    period = fields.Selection(
        [
            ("last_month", "Last month"),
            ("last_quarter", "Last quarter"),
            ("last_year", "Last year"),
            ("this_year", "This year"),
            ("other", "Other months"),
        ],
        required=True,
        default="last_quarter",
    )
    date_from = fields.Date(
        string="From month",
        compute="_compute_dates",
        precompute=True,
        store=True,
        readonly=False,
        required=True,
        help="The report holds whole months, from the first day of this one.",
    )
    date_to = fields.Date(
        string="To month",
        compute="_compute_dates",
        precompute=True,
        store=True,
        readonly=False,
        required=True,
        help="The report holds whole months, to the last day of this one.",
    )
    province = fields.Selection(
        [(province.code, province.name) for province in PROVINCES],
        help="Empty: all. Repairs are those of the dealers of the province; recalls "
        "are the same everywhere.",
    )
    producer_ids = fields.Many2many(
        "recall.producer", string="Producers", help="Empty: all."
    )

    @api.depends("period")
    def _compute_dates(self):
        today = fields.Date.context_today(self)
        for report in self:
            if report.period in PERIODS:
                months, running = PERIODS[report.period]
                begun = (today.month - 1) // months * months
                first = today.replace(month=begun + 1, day=1)
                if not running:
                    first -= relativedelta(months=months)
                report.date_from = first
                report.date_to = first + relativedelta(months=months, days=-1)
            else:
                report.date_from = report.date_from or today.replace(day=1)
                report.date_to = report.date_to or today

    @api.constrains("date_from", "date_to")
    def _check_period(self):
        for report in self:
            first, last = report._get_months()
            if not first < last < first + relativedelta(months=MOST_MONTHS):
                raise ValidationError(
                    self.env._(
                        "The period ends after it begins, and has five years at most."
                    )
                )

    @api.depends("date_from", "date_to")
    def _compute_display_name(self):
        for report in self:
            first, last = report._get_months()
            report.display_name = f"{first:%Y-%m} – {last:%Y-%m}"

    def _get_months(self):
        """First day of the first month, and last day of the last."""
        return (
            self.date_from.replace(day=1),
            self.date_to + relativedelta(day=31),
        )

    def _read_figures(self):
        """``PeriodFigures`` of what is chosen, with the account's own rights."""
        self.ensure_one()
        return PeriodFigures(
            self.env,
            *self._get_months(),
            self.province or None,
            self.producer_ids or None,
        )

    def action_print(self):
        """Make the report as PDF."""
        self._note_export("pdf")
        report = self.env.ref("recall_management.recall_department_report_pdf")
        return report.report_action(self, config=False)

    def action_workbook(self):
        """Make the workbook."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "url": f"/recall/department/{self.id}.xlsx",
            "target": "download",
        }

    def _note_export(self, kind):
        """Log who took out which figures."""
        first, last = self._get_months()
        self.env["recall.audit.event"]._record(
            "report.export",
            self,
            kind=kind,
            first=str(first),
            last=str(last),
            province=self.province or "",
            producers=self.producer_ids.ids,
        )
