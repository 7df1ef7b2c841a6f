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
        """Figures of a period: ``period``, ``facts``, ``kinds``, ``statuses``,
        ``partners`` and ``svg``."""
        figures = UsageFigures(self.env, dialogue.date_from, dialogue.date_to)
        Workbook = self.env["recall.usage.workbook"]
        return {
            "period": Workbook._describe_period(figures),
            "facts": Workbook._get_facts(figures),
            "kinds": figures.sharing_kinds,
            "statuses": figures.sharing_statuses,
            "partners": figures.partners,
            "svg": self._draw(figures),
        }

    def _draw(self, figures):
        names = ("answered", "limited", "refused")
        days = {
            row["day"]: [row[name] for name in names] for row in figures.sharing_days
        }
        if not any(map(sum, days.values())):
            return ""
        svg = draw_days(days, names, self.env._("Requests by day"))
        return Markup(svg)  # noqa: S704 - drawn by us from numbers
