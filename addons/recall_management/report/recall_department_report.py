# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models
from odoo.tools import format_date

from ..models.recall_statistic_figures import province_names
from ..models.recall_statistics_dashboard import percent

#: Rows of a printed table; the workbook has all.
ROWS = 20


class RecallDepartmentReport(models.AbstractModel):
    """S-REPORT: the figures of some months on a few pages, for departments.

    What the report says is laid out here once, for paper and for the workbook.
    """

    _name = "report.recall_management.recall_department_report"
    _description = "Department report"

    @api.model
    def _get_report_values(self, docids, data=None):
        dialogues = self.env["recall.department.report"].browse(docids)
        dialogues.check_access("read")
        return {
            "doc_ids": docids,
            "doc_model": "recall.department.report",
            "docs": dialogues,
            "reports": {item.id: self._prepare(item) for item in dialogues},
            "rows": ROWS,
            "show": self._show,
            "tell_more": self._tell_more,
        }

    def _prepare(self, dialogue):
        """What the report of a dialogue says.

        :returns: dict of ``subject``; ``facts``, a list of ``(label, value, style)``;
            ``sections``, a list of dicts ``title``, ``columns`` (``(label, key,
            style)``), ``rows`` and ``charted``, the number of the column to be drawn
        """
        figures = dialogue._read_figures()
        return {
            "subject": self._describe(dialogue),
            "facts": self._get_facts(figures.period),
            "sections": [
                *self._get_groups(figures),
                self._get_repairs(
                    self.env._("By province of the dealer"),
                    (self.env._("Province"), "name", "text"),
                    figures.period_provinces(),
                ),
                self._get_repairs(
                    self.env._("By month of the repair"),
                    (self.env._("Month"), "name", "month"),
                    figures.period_months(),
                ),
                *self._get_plans(figures.plans),
            ],
        }

    def _describe(self, dialogue):
        first, last = dialogue._get_months()
        chosen = [
            self.env._(
                "%(first)s to %(last)s",
                first=format_date(self.env, first),
                last=format_date(self.env, last),
            ),
            province_names(self.env).get(dialogue.province),
            *dialogue.producer_ids.mapped("name"),
            self.env._(
                "data of %(day)s",
                day=format_date(self.env, fields.Date.context_today(self)),
            ),
        ]
        return " · ".join(filter(None, chosen))

    def _get_facts(self, period):
        return [
            (self.env._("Recalls announced"), period["announced"], "number"),
            (self.env._("Vehicles in them"), period["announced_vehicles"], "number"),
            (self.env._("Recalls finished"), period["finished"], "number"),
            (self.env._("Vehicles repaired"), period["repairs"], "number"),
            (self.env._("Of these reported late"), period["late_share"], "percent"),
            (self.env._("Recalls running at the end"), period["running"], "number"),
            (self.env._("Vehicles to be done in them"), period["countable"], "number"),
            (self.env._("Done"), period["done"], "number"),
            (self.env._("Completion rate"), period["rate"], "percent"),
            (self.env._("Still open"), period["open"], "number"),
            (self.env._("Owner unreachable"), period["unreachable"], "number"),
            (self.env._("Recalls behind"), period["behind"], "number"),
        ]

    def _get_groups(self, figures):
        kinds = self._get_kinds()
        by_kind = [
            {**row, "name": kinds[row["name"]]} for row in figures.groups("kind")
        ]
        groups = (
            (self.env._("By producer"), self.env._("Producer"), "producer"),
            (self.env._("By brand"), self.env._("Brand"), "brand"),
        )
        yield from (
            self._get_group(title, (label, "name", "text"), figures.groups(name))
            for title, label, name in groups
        )
        yield self._get_group(
            self.env._("By kind of recall"),
            (self.env._("Kind of recall"), "name", "text"),
            by_kind,
        )
        yield self._get_group(
            self.env._("By year of publication"),
            (self.env._("Year"), "name", "year"),
            sorted(figures.groups("year"), key=lambda row: row["name"]),
        )

    def _get_kinds(self):
        """Names of what the first and the last letter of a recall number say."""
        defects = {"S": self.env._("Safety"), "E": self.env._("Emission")}
        kinds = {
            "V": self.env._("voluntary"),
            "I": self.env._("influenced by investigation"),
            "O": self.env._("ordered"),
        }
        return {
            first + last: f"{defect}, {kind}"
            for first, defect in defects.items()
            for last, kind in kinds.items()
        }

    def _get_group(self, title, name, rows):
        columns = [
            name,
            (self.env._("Announced"), "announced", "number"),
            (self.env._("Running"), "running", "number"),
            (self.env._("To be done"), "countable", "number"),
            (self.env._("Done"), "done", "number"),
            (self.env._("Rate"), "rate", "percent"),
            (self.env._("Still open"), "open", "number"),
            (self.env._("Repaired"), "repairs", "number"),
            (self.env._("Reported late"), "late_share", "percent"),
        ]
        return {"title": title, "columns": columns, "rows": rows, "charted": 6}

    def _get_repairs(self, title, name, rows):
        columns = [
            name,
            (self.env._("Repaired"), "repairs", "number"),
            (self.env._("Reported late"), "late", "number"),
            (self.env._("Share reported late"), "late_share", "percent"),
        ]
        return {"title": title, "columns": columns, "rows": rows, "charted": 1}

    def _get_plans(self, plans):
        columns = [
            (self.env._("Recall number"), "name", "text"),
            (self.env._("Producer"), "producer", "text"),
            (self.env._("Brand"), "brand", "text"),
            (self.env._("Series"), "series", "text"),
            (self.env._("Published"), "published", "date"),
            (self.env._("To be done"), "countable", "number"),
            (self.env._("Rate"), "rate", "percent"),
            (self.env._("Still open"), "open", "number"),
        ]
        chosen = (
            (
                self.env._("Recalls announced in the period"),
                [row for row in plans if row["announced"]],
            ),
            (
                self.env._("Recalls behind"),
                [row for row in plans if row["running"] and row["behind"]],
            ),
        )
        return [
            {"title": title, "columns": columns, "rows": rows, "charted": 7}
            for title, rows in chosen
        ]

    def _show(self, value, style):
        """A value as text."""
        if value is None:
            return "–"
        shown = {
            "number": lambda: f"{value:,}",
            "percent": lambda: percent(value),
            "date": lambda: format_date(self.env, value),
            "month": lambda: f"{value:%Y-%m}",
        }
        return shown[style]() if style in shown else str(value)

    def _tell_more(self, rows):
        return self.env._(
            "The first %(shown)s of %(number)s; the workbook has all.",
            shown=ROWS,
            number=len(rows),
        )
