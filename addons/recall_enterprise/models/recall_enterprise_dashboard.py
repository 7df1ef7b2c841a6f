# SPDX-License-Identifier: LGPL-3.0-only
from datetime import timedelta

from odoo import fields, models
from odoo.tools import SQL, format_date, format_datetime

from odoo.addons.recall_base.tools import deadline

#: Days of the plot, and plans of the bars: the newest.
DAYS, PLANS = 30, 12

REPORTS = "recall_base.recall_completion_action"
LIMITS = "recall_enterprise.recall_completion_action_limit"


class RecallEnterpriseDashboard(models.AbstractModel):
    """The landing page of clerk, reviewer and administrator.

    Reports are counted where few are: what has not arrived (a partial index), the last
    30 days (an index on the time of confirmation), else by counters of plans and
    deliveries.
    """

    _name = "recall.enterprise.dashboard"
    _inherit = "recall.dashboard"
    _description = "Dashboard of the enterprise terminal"
    _roles = ("recall_enterprise.group_clerk",)

    def _get_producers(self):
        user = self.env.user
        if user.has_group("recall_enterprise.group_administrator"):
            return self.env["recall.producer"].search([])
        return user.recall_producer_ids.filtered("active")

    def _get_empty_sentence(self, producers):
        if not producers:
            return self.env._(
                "No producer is assigned to your account. An administrator does it "
                "under Settings, Users, or enters the first producer."
            )
        plans = self.env["recall.plan"]
        if not plans.search_count([("producer_id", "in", producers.ids)], limit=1):
            return self.env._(
                "No recall plan is here yet. Figures appear when an administrator has "
                "imported the first plan."
            )
        return ""

    # === Tiles === #

    def _prepare_tiles(self, producers, chosen):
        owed = _Sums(self.env["recall.completion"]._count_owed(producers))
        late, due = owed.late(), owed.due()
        arrived, waiting = self._count_deliveries(producers, owed)
        return [
            self._tile(
                "checked",
                self.env._("To confirm"),
                owed.all("checked"),
                self._open(REPORTS, chosen=chosen, search_default_checked=1),
                level="warning",
            ),
            self._tile(
                "sampled",
                self.env._("Sampled for review"),
                self._count_sampled(producers),
                self._open(REPORTS, chosen=chosen, search_default_sampled=1),
                level="warning",
            ),
            self._tile(
                "rejected",
                self.env._("Rejected"),
                owed.all("rejected"),
                self._open(REPORTS, chosen=chosen, search_default_rejected=1),
                hint=self.env._("wait for a correction"),
                level="warning",
            ),
            self._tile(
                "due",
                self.env._("Due by midnight"),
                due,
                self._open(LIMITS, chosen=chosen, search_default_due=1),
                level="warning",
            ),
            self._tile(
                "late",
                self.env._("Late: not there yet"),
                late,
                self._open(LIMITS, chosen=chosen, search_default_late=1),
                level="danger",
            ),
            self._tile(
                "delivered",
                self.env._("Delivered today"),
                arrived,
                self._deliveries_today(producers),
            ),
            self._tile(
                "waiting",
                self.env._("Wait for the regulator"),
                waiting,
                self._open(LIMITS, chosen=chosen, search_default_undelivered=1),
                hint=self.env._("confirmed, not delivered"),
            ),
        ]

    def _count_sampled(self, producers):
        return self.env["recall.completion"].search_count(
            [
                ("producer_id", "in", producers.ids),
                ("state", "=", "checked"),
                ("held_back", "=", "sample"),
            ]
        )

    def _count_deliveries(self, producers, owed):
        """Return the reports that arrived today, and those on their way."""
        [(arrived,)] = self.env["recall.delivery"]._read_group(
            self._today_domain(producers), [], ["arrived_count:sum"]
        )
        return arrived or 0, owed.all("confirmed") + owed.all("sent")

    def _today_domain(self, producers):
        """Deliveries that arrived today, by the clock of each producer."""
        now = fields.Datetime.now()
        return fields.Domain.OR(
            fields.Domain("producer_id", "in", group.ids)
            & fields.Domain(
                "arrived_at",
                ">=",
                deadline.day_start(deadline.local_date(now, zone), zone),
            )
            for zone, group in producers.grouped("timezone").items()
        )

    def _deliveries_today(self, producers):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Delivered today"),
            "res_model": "recall.delivery",
            "views": [(False, "list"), (False, "form")],
            "domain": list(self._today_domain(producers)),
        }

    # === Plots === #

    def _prepare_plots(self, producers, chosen):
        return [self._plot_rates(producers), self._plot_days(producers)]

    def _plot_rates(self, producers):
        plans = self.env["recall.plan"].search(
            [("producer_id", "in", producers.ids), ("vehicle_count", ">", 0)],
            limit=PLANS,
        )
        return self._plot(
            "rates",
            self.env._("Completion rate by plan"),
            "bars",
            [f"{plan.recall_number} {plan.brand}" for plan in plans],
            [
                (
                    self.env._("Completion rate"),
                    [round(plan.completion_rate * 100, 1) for plan in plans],
                )
            ],
            actions=[
                {
                    "type": "ir.actions.act_window",
                    "res_model": "recall.plan",
                    "res_id": plan.id,
                    "views": [(False, "form")],
                }
                for plan in plans
            ],
            unit="%",
            more=self._open("recall_base.recall_plan_action"),
        )

    def _plot_days(self, producers):
        confirmed, delivered = self._read_days(producers)
        today = max(
            deadline.local_date(fields.Datetime.now(), zone)
            for zone in producers.mapped("timezone")
        )
        days = [today - timedelta(days=back) for back in reversed(range(DAYS))]
        return self._plot(
            "days",
            self.env._("Confirmed and delivered, last 30 days"),
            "days",
            [format_date(self.env, day, date_format="MM-dd") for day in days],
            [
                (self.env._("Confirmed"), [confirmed.get(day, 0) for day in days]),
                (self.env._("Delivered"), [delivered.get(day, 0) for day in days]),
            ],
        )

    def _read_days(self, producers):
        """Reports confirmed and delivered, by day on the producer's clock."""
        since = fields.Datetime.now() - timedelta(days=DAYS + 1)
        queries = [
            SQL(
                """SELECT producer_id, confirmed_at AS time, 1 AS number
                     FROM recall_completion
                    WHERE producer_id IN %s AND confirmed_at >= %s""",
                tuple(producers.ids),
                since,
            ),
            SQL(
                """SELECT producer_id, arrived_at AS time, arrived_count AS number
                     FROM recall_delivery
                    WHERE producer_id IN %s AND arrived_at >= %s""",
                tuple(producers.ids),
                since,
            ),
        ]
        return [self._sum_by_day(query) for query in queries]

    def _sum_by_day(self, query):
        # By hour first: a conversion of the clock for each report costs more than all.
        self.env.cr.execute(
            SQL(
                """WITH hours AS (
                       SELECT producer_id, date_bin('15 minutes', time, '2000-01-01')
                              AS time, sum(number) AS number
                         FROM (%s) found GROUP BY 1, 2)
                SELECT (time AT TIME ZONE 'UTC' AT TIME ZONE timezone)::date,
                       sum(number)::int
                  FROM hours JOIN recall_producer producer
                       ON producer.id = hours.producer_id
                 GROUP BY 1""",
                query,
            )
        )
        return dict(self.env.cr.fetchall())

    # === Interfaces === #

    def _prepare_tables(self, producers, chosen):
        interfaces = (
            self.env["recall.interface"]
            .with_context(active_test=False)
            .search([("producer_id", "in", producers.ids)])
        )
        return [
            {
                "key": "interfaces",
                "title": self.env._("Data interfaces"),
                "columns": [
                    self.env._("Interface"),
                    self.env._("Open"),
                    self.env._("Last request"),
                ],
                "rows": [self._interface_row(interface) for interface in interfaces],
                "empty": self.env._("No interface is open."),
            }
        ]

    def _interface_row(self, interface):
        asked = interface._get_last_request()
        name = interface.display_name
        if len(self._get_producers()) > 1:
            name = f"{interface.producer_id.name}: {name}"
        return {
            "cells": [
                name,
                self.env._("Yes") if interface.active else self.env._("No"),
                format_datetime(self.env, asked) if asked else self.env._("None yet"),
            ],
            "action": {
                "type": "ir.actions.act_window",
                "res_model": "recall.interface",
                "res_id": interface.id,
                "views": [(False, "form")],
            },
        }

    def _prepare_checklist(self, producers):
        if not self.env.user.has_group("recall_enterprise.group_administrator"):
            return False
        return self._checklist(
            self.env["recall.enterprise.checklist"]._prepare_steps(producers)
        )


class _Sums:
    """Sums over producers of what ``_count_owed`` returns."""

    def __init__(self, counts):
        self._counts = counts

    def _sum(self, position, reason=None):
        return sum(
            numbers[position]
            for (_producer, why), numbers in self._counts.items()
            if reason in (None, why)
        )

    def due(self):
        return self._sum(0)

    def late(self):
        return self._sum(1)

    def all(self, reason):
        return self._sum(2, reason)
