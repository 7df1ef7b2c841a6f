# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models
from odoo.fields import Domain

from odoo.addons.recall_base.tools import curve_svg

from ..tools import forecast
from .recall_plan_statistic import RUNNING

FIGURES = ("days_to_50", "days_to_80", "days_to_90")
RATES = ("forecast_rate", "forecast_low", "forecast_high", "usual_rate")


class RecallPlan(models.Model):
    """M-STAT: the figures of ``recall.plan.statistic`` where plans are shown.

    They are read from there, and searched there: nothing is computed on a screen.
    """

    _inherit = "recall.plan"

    statistic_ids = fields.One2many(
        "recall.plan.statistic",
        "plan_id",
        readonly=True,
        copy=False,
        groups="recall_management.group_viewer",
    )
    days_to_50 = fields.Integer(
        string="Days to 50%",
        compute="_compute_statistic",
        help="From publication until half of the vehicles were done.",
    )
    days_to_80 = fields.Integer(string="Days to 80%", compute="_compute_statistic")
    days_to_90 = fields.Integer(string="Days to 90%", compute="_compute_statistic")
    forecast_rate = fields.Float(
        string="Final rate expected",
        compute="_compute_statistic",
        help="Three years after publication, by a curve fitted to the weekly growth.",
    )
    forecast_low = fields.Float(
        string="Final rate, at least", compute="_compute_statistic"
    )
    forecast_high = fields.Float(
        string="Final rate, at most", compute="_compute_statistic"
    )
    usual_rate = fields.Float(
        string="Usual at this age",
        compute="_compute_statistic",
        help="Median of the rates that the plans had at the same age.",
    )
    is_behind = fields.Boolean(
        string="Behind",
        compute="_compute_statistic",
        search="_search_is_behind",
        help="Carried out for at least 60 days, and below three quarters of the rate "
        "that is usual at its age.",
    )
    progress_svg = fields.Html(
        string="Progress", compute="_compute_progress_svg", sanitize=False
    )

    @api.depends("statistic_ids")
    def _compute_statistic(self):
        # sudo: who reads a plan reads its figures.
        found = (
            self.env["recall.plan.statistic"]
            .sudo()
            .search([("plan_id", "in", self.ids)])
        )
        by_plan = found.grouped("plan_id")
        for plan in self:
            figures = by_plan.get(plan._origin, found.browse())
            for name in (*FIGURES, *RATES, "is_behind"):
                plan[name] = figures[name]

    def _search_is_behind(self, operator, value):
        if operator != "in":
            return NotImplemented
        # sudo: as above; the plans found are those that the account may see.
        behind = (
            self.env["recall.plan.statistic"].sudo()._search([("is_behind", "=", True)])
        )
        query = behind.subselect("plan_id")
        if set(value) == {True}:
            return Domain("id", "in", query)
        if set(value) == {False}:
            return Domain("id", "not in", query)
        return Domain(bool(value))

    def _statistic_start(self):
        """Day from which progress is counted: that of publication."""
        self.ensure_one()
        return self.announced or self.recall_start

    @api.depends("statistic_ids")
    def _compute_progress_svg(self):
        curves = self.env["recall.plan.statistic"]._read_curves(self._origin)
        for plan in self:
            curve = curves.get(plan._origin)
            plan.progress_svg = curve and plan._draw_progress(curve)

    def _draw_progress(self, curve):
        """Draw the curve and the expected one.

        :param curve: as of ``recall.plan.statistic._read_curves``
        :returns: SVG element as text
        """
        self.ensure_one()
        age = max(
            (
                self.env["recall.plan.statistic"]._last_day() - self._statistic_start()
            ).days,
            0,
        )
        fitted = self.state in RUNNING and forecast.forecast(
            forecast.weekly(curve, age)
        )
        horizon = max(age, min(age * 2, forecast.FINAL_DAY)) if fitted else age
        return curve_svg.draw(
            curve,
            until=max(horizon, curve[-1][0] if curve else 0),
            days=age,
            forecast=fitted or None,
            title=self.env._("Completion rate by days since publication"),
            axis=self.env._("Days since publication"),
        )
