# SPDX-License-Identifier: LGPL-3.0-only
from datetime import timedelta

from odoo import fields, models
from odoo.tools import format_date

from odoo.addons.recall_base.tools import deadline


class RecallEnterprise(models.Model):
    """Figures of the daily counters on the screens of the terminals (M-MONITOR)."""

    _inherit = "recall.enterprise"

    day_ids = fields.One2many("recall.availability.day", "enterprise_id", readonly=True)
    availability_month = fields.Float(
        string="Availability, 30 days (%)",
        compute="_compute_availability",
        compute_sudo=True,
        digits=(5, 2),
        help="Share of the observed time that the terminal answered.",
    )
    availability_year = fields.Float(
        string="Availability, 365 days (%)",
        compute="_compute_availability",
        compute_sudo=True,
        digits=(5, 2),
        help="Clause 9.1 wants 97 % or more: at most 3 % of the year down.",
    )
    observed = fields.Boolean(compute="_compute_availability", compute_sudo=True)
    records_today = fields.Integer(compute="_compute_records_today", compute_sudo=True)
    response_ms = fields.Integer(
        string="Response time (ms)", compute="_compute_response_ms"
    )
    availability_plot = fields.Json(compute="_compute_plots", compute_sudo=True)
    response_plot = fields.Json(compute="_compute_plots", compute_sudo=True)
    incident_ids = fields.One2many("recall.incident", "enterprise_id", readonly=True)
    incident_count = fields.Integer(
        string="Open incidents", compute="_compute_incident_count", compute_sudo=True
    )

    def _compute_availability(self):
        Day = self.env["recall.availability.day"]
        month, year = (Day._get_availability(self, days) for days in (30, 365))
        for enterprise in self:
            origin = enterprise._origin
            enterprise.observed = origin in year
            enterprise.availability_month = month.get(origin, 0)
            enterprise.availability_year = year.get(origin, 0)

    def _compute_records_today(self):
        now = fields.Datetime.now()
        today = {
            zone: deadline.local_date(now, zone)
            for zone in set(self.mapped("producer_id.timezone"))
        }
        groups = self.env["recall.availability.day"]._read_group(
            [("enterprise_id", "in", self.ids), ("day", "in", list(today.values()))],
            ["enterprise_id", "day:day"],
            ["records:sum"],
        )
        counts = {
            (enterprise, fields.Date.to_date(day)): count
            for enterprise, day, count in groups
        }
        for enterprise in self:
            day = today.get(enterprise.producer_id.timezone)
            enterprise.records_today = counts.get((enterprise._origin, day), 0)

    def _compute_response_ms(self):
        for enterprise in self:
            enterprise.response_ms = round(enterprise.response_seconds * 1000)

    def _compute_plots(self):
        """Plots of the last 30 days, for the form only."""
        since = fields.Date.today() - timedelta(days=30)
        for enterprise in self:
            days = self.env["recall.availability.day"].search(
                [("enterprise_id", "in", enterprise.ids), ("day", ">", since)],
                order="day",
            )
            title = self.env._("Availability")
            enterprise.availability_plot = self._prepare_plot(
                title,
                days.filtered("observed"),
                {title: "availability"},
                unit="%",
            )
            enterprise.response_plot = self._prepare_plot(
                self.env._("Response time"),
                days.filtered("requests"),
                {
                    self.env._("Average"): "seconds_avg",
                    self.env._("Slowest"): "seconds_max",
                },
                unit="s",
            )

    def _prepare_plot(self, title, days, columns, unit):
        """A plot of daily figures; ``columns`` is a dict name -> field of the day."""
        return self.env["recall.dashboard"]._plot(
            next(iter(columns.values())),
            title,
            "days",
            [format_date(self.env, day.day) for day in days],
            [(name, days.mapped(field)) for name, field in columns.items()],
            unit=unit,
        )

    def _compute_incident_count(self):
        groups = self.env["recall.incident"]._read_group(
            [("enterprise_id", "in", self.ids), ("closed_at", "=", False)],
            ["enterprise_id"],
            ["__count"],
        )
        counts = dict(groups)
        for enterprise in self:
            enterprise.incident_count = counts.get(enterprise._origin, 0)

    def action_open_incidents(self):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "recall_management.recall_incident_action"
        )
        return {**action, "domain": [("enterprise_id", "in", self.ids)], "context": {}}

    def action_open_availability(self):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "recall_management.recall_availability_day_action"
        )
        return {
            **action,
            "domain": [("enterprise_id", "in", self.ids)],
            "context": {"graph_mode": "line"},
        }
