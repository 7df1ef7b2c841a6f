# SPDX-License-Identifier: LGPL-3.0-only
from markupsafe import Markup

from odoo import api, fields, models

from ..models.recall_statistic_figures import PlanFigures
from ..models.recall_statistics_dashboard import percent

#: Dealers of the table: those with the most repairs.
DEALERS = 15


class RecallStageReport(models.AbstractModel):
    """M-STAT: the stage report of a plan, one page or two for press and departments."""

    _name = "report.recall_management.recall_stage_report"
    _description = "Stage report of a recall plan"

    @api.model
    def _get_report_values(self, docids, data=None):
        plans = self.env["recall.plan"].browse(docids)
        plans.check_access("read")
        curves = self.env["recall.plan.statistic"]._read_curves(plans)
        return {
            "doc_ids": docids,
            "doc_model": "recall.plan",
            "docs": plans,
            "today": fields.Date.context_today(self),
            "reports": {plan.id: self._prepare(plan, curves[plan]) for plan in plans},
            "percent": percent,
        }

    def _prepare(self, plan, curve):
        """Figures of a plan: ``totals``, ``months``, ``provinces``, ``dealers``,
        and ``svg``."""
        figures = PlanFigures(self.env, [("id", "=", plan.id)])
        return {
            "totals": figures.totals,
            "months": figures.months(),
            "provinces": sorted(figures.provinces(), key=lambda row: -row["repairs"]),
            "dealers": figures.dealers(DEALERS),
            # Drawn by us; what others wrote is escaped in it.
            "svg": Markup(plan._draw_progress(curve)) if curve else "",  # noqa: S704
        }
