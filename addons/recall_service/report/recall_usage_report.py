# SPDX-License-Identifier: LGPL-3.0-only
from markupsafe import Markup

from odoo import api, models

from odoo.addons.recall_base.tools.messages import STATUS_TEXT

from ..tools.columns_svg import draw_days
from .usage_figures import UsageFigures


class RecallUsageReport(models.AbstractModel):
    """S-REPORT: the usage on a page or two, for departments."""

    _name = "report.recall_service.recall_usage_report"
    _description = "Usage report"

    @api.model
    def _get_report_values(self, docids, data=None):
        dialogues = self.env["recall.usage.report"].browse(docids)
        dialogues.check_access("read")
        return {
            "doc_ids": docids,
            "doc_model": "recall.usage.report",
            "docs": dialogues,
            "reports": {item.id: self._prepare(item) for item in dialogues},
            "status_text": STATUS_TEXT,
        }

    def _prepare(self, dialogue):
        """Figures of a period: ``period``, ``facts``, ``answers``, ``languages``,
        ``hours``, ``hour_label``, ``kinds``, ``statuses``, ``partners``, and the plots
        ``lookup_svg`` and ``svg``."""
        figures = UsageFigures(self.env, dialogue.date_from, dialogue.date_to)
        Workbook = self.env["recall.usage.workbook"]
        return {
            "period": Workbook._describe_period(figures),
            "facts": Workbook._get_facts(figures),
            "answers": figures.lookup_answers,
            "languages": figures.lookup_languages,
            "hours": [row for row in figures.hours if row["search"] or row["share"]],
            "hour_label": self.env._("Hour (%(zone)s)", zone=figures.zone),
            "kinds": figures.sharing_kinds,
            "statuses": figures.sharing_statuses,
            "partners": figures.partners,
            "lookup_svg": self._draw(
                [
                    (row["day"], (row["lookups"] - row["open"], row["open"]))
                    for row in figures.lookup_days
                ],
                ("other", "open"),
                self.env._("Look-ups by day"),
            ),
            "svg": self._draw(
                [
                    (row["day"], (row["answered"], row["limited"], row["refused"]))
                    for row in figures.sharing_days
                ],
                ("answered", "limited", "refused"),
                self.env._("Requests by day"),
            ),
        }

    def _draw(self, days, names, title):
        if not any(sum(counts) for _day, counts in days):
            return ""
        svg = draw_days(dict(days), names, title)
        return Markup(svg)  # noqa: S704 - drawn by us from numbers
