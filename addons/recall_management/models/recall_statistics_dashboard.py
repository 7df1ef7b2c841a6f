# SPDX-License-Identifier: LGPL-3.0-only
from urllib.parse import urlencode

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import format_date

from .recall_statistic_figures import PlanFigures, plans_domain, reports_domain

#: Rows of a table; all of them are in the list behind it.
ROWS = 10
RATES = "recall_management.recall_rate_report_action"
REPAIRS = "recall_management.recall_repair_report_action"
WORKBOOK = "/recall/statistics.xlsx"


class RecallStatisticsDashboard(models.AbstractModel):
    """M-STAT: the page that says how recalls progress.

    Filters choose plans: by producer, brand and year of publication. All figures on
    the page are of these plans, and all come from the aggregates.
    """

    _name = "recall.statistics.dashboard"
    _inherit = "recall.dashboard"
    _description = "Dashboard of the statistics"
    _roles = ("recall_management.group_viewer", "recall_management.group_producer")

    @api.model
    @api.readonly
    def get_figures(self, producer_id=None, filters=None):
        """Override of ``recall.dashboard``: with filters, buttons and the provinces.

        :param dict filters: ``brand`` and ``year``, both text
        """
        page = self.with_context(
            recall_filters=self._parse_filters(filters), recall_page={}
        )
        figures = super(RecallStatisticsDashboard, page).get_figures(producer_id)
        return {
            **figures,
            "filters": page._prepare_filters(figures["producer_id"]),
            "buttons": page._prepare_buttons(figures["producer_id"]),
        }

    @api.model
    def _parse_filters(self, filters):
        """Read what a client sends; whatever else it is, it filters nothing."""
        filters = filters if isinstance(filters, dict) else {}
        brand, year = filters.get("brand"), str(filters.get("year") or "")
        return {
            "brand": brand if isinstance(brand, str) else "",
            "year": int(year) if len(year) == 4 and year.isdecimal() else False,
        }

    def _get_producers(self):
        return self.env["recall.producer"].search([])

    def _domain(self, producers):
        """Domain of the plans that the filters choose."""
        return plans_domain(**self._get_filters(producers))

    def _reports_domain(self, producers):
        """The same plans in the report models."""
        return reports_domain(**self._get_filters(producers))

    def _get_filters(self, producers):
        # No producer chosen: their plans too whose producer is archived.
        chosen = None if producers == self._get_producers() else producers
        return {"producers": chosen, **self.env.context["recall_filters"]}

    def _get_empty_sentence(self, producers):
        if self.env["recall.plan"].search_count(self._domain(producers), limit=1):
            return ""
        if any(self.env.context["recall_filters"].values()):
            return self.env._("No published plan matches these filters.")
        return self.env._(
            "No published plan yet. Figures appear when plans are published and their "
            "producers' terminals have sent the first repair reports."
        )

    # === Filters === #

    def _prepare_filters(self, producer_id):
        """List of dicts ``key``, ``label``, ``value``, ``options`` (value, name)."""
        chosen = self.env.context["recall_filters"]
        domain = plans_domain(
            producers=self.env["recall.producer"].browse(producer_id) or None
        )
        Plan = self.env["recall.plan"]
        brands = {brand for [brand] in Plan._read_group(domain, ["brand"])}
        years = {
            (announced or start).year
            for announced, start in Plan._read_group(
                domain, ["announced:year", "recall_start:year"]
            )
        }
        return [
            {
                "key": "brand",
                "label": self.env._("Brand"),
                "value": chosen["brand"],
                "options": [
                    [name, name] for name in sorted(brands | _some(chosen["brand"]))
                ],
            },
            {
                "key": "year",
                "label": self.env._("Published in"),
                "value": str(chosen["year"] or ""),
                "options": [
                    [str(year), str(year)]
                    for year in sorted(years | _some(chosen["year"]), reverse=True)
                ],
            },
        ]

    def _prepare_buttons(self, producer_id):
        chosen = {"producer": producer_id, **self.env.context["recall_filters"]}
        query = urlencode({key: value for key, value in chosen.items() if value})
        return [
            {
                "key": "workbook",
                "label": self.env._("Workbook"),
                "action": {
                    "type": "ir.actions.act_url",
                    "url": f"{WORKBOOK}?{query}",
                    "target": "self",
                },
            }
        ]

    # === Tiles === #

    def _read(self, producers):
        """``PlanFigures`` of the plans that the filters choose; read once a page."""
        page = self.env.context["recall_page"]
        if "figures" not in page:
            page["figures"] = PlanFigures(self.env, self._domain(producers))
        return page["figures"]

    def _prepare_tiles(self, producers, chosen):
        totals = self._read(producers).totals
        plans = self._plan_list(producers, self.env._("Recall plans"))
        behind = self._plan_list(
            producers, self.env._("Plans behind"), Domain("is_behind", "=", True)
        )
        last = totals["last_day"]
        return [
            self._tile(
                "rate", self.env._("Completion rate"), percent(totals["rate"]), plans
            ),
            self._tile("plans", self.env._("Recall plans"), totals["plans"], plans),
            self._tile(
                "vehicles",
                self.env._("Vehicles in scope"),
                totals["vehicles"],
                plans,
            ),
            self._tile(
                "done",
                self.env._("Vehicles done"),
                totals["done"],
                self._repairs(producers),
                hint=(
                    last
                    and self.env._(
                        "last repair %(day)s", day=format_date(self.env, last)
                    )
                )
                or "",
            ),
            self._tile(
                "behind",
                self.env._("Plans behind"),
                totals["behind"],
                behind,
                hint=self.env._("below 3/4 of the usual rate"),
                level="danger",
            ),
            self._tile(
                "late",
                self.env._("Reported late"),
                percent(totals["late_share"]),
                self._repairs(producers, Domain("late", ">", 0)),
                hint=self.env._("after 24:00 of the next day"),
            ),
            self._tile(
                "days_to_50",
                self.env._("Days to 50%"),
                round(totals["days_to_50"]) if totals["days_to_50"] else "–",
                self._rate_list(producers),
                hint=self.env._("median of the plans that got there"),
            ),
        ]

    def _plan_list(self, producers, name, more=Domain.TRUE):
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": "recall.plan",
            "views": [(False, "list"), (False, "form")],
            "domain": list(self._domain(producers) & more),
        }

    def _report(self, xml_id, producers, more=Domain.TRUE):
        """The action of a report, of the plans that the filters choose."""
        action = self.env["ir.actions.act_window"]._for_xml_id(xml_id)
        domain = self._reports_domain(producers) & more
        return {**action, "domain": list(domain), "context": {}}

    def _repairs(self, producers, more=Domain.TRUE):
        return self._report(REPAIRS, producers, more)

    def _rate_list(self, producers, more=Domain.TRUE):
        action = self._report(RATES, producers, more)
        return {
            **action,
            "views": [(False, "list"), (False, "pivot"), (False, "graph")],
        }

    # === Tables === #

    def _prepare_tables(self, producers, chosen):
        figures = self._read(producers)
        return [
            self._table_behind(producers),
            self._table_producers(figures.rates("producer_id"), producers),
            self._table_years(figures.years()),
        ]

    def _table_behind(self, producers):
        behind = self.env["recall.rate.report"].search(
            self._reports_domain(producers) & Domain("is_behind", "=", True),
            order="completion_rate, id",
            limit=ROWS,
        )
        return {
            "key": "behind",
            "title": self.env._("Plans behind, the lowest rates"),
            "columns": [
                self.env._("Plan"),
                self.env._("Rate"),
                self.env._("Usual at this age"),
                self.env._("Final rate expected"),
            ],
            "rows": [
                {
                    "cells": [
                        row.plan_id.display_name,
                        percent(row.completion_rate),
                        percent(row.usual_rate),
                        spread(row.forecast_low, row.forecast_high),
                    ],
                    "action": row.action_open_plan(),
                }
                for row in behind
            ],
            "empty": self.env._("No plan is behind the usual rate of its age."),
        }

    def _table_producers(self, rates, producers):
        """The ranking of the producers: the highest rates."""
        best = sorted(rates, key=lambda row: (-(row["rate"] or 0), row["name"]))
        return {
            "key": "producers",
            "title": self.env._("Producers with the highest rates"),
            "columns": [
                self.env._("Producer"),
                self.env._("Rate"),
                self.env._("Plans"),
                self.env._("Behind"),
                self.env._("Reported late"),
            ],
            "rows": [
                {
                    "cells": [
                        row["name"],
                        percent(row["rate"]),
                        row["plans"],
                        row["behind"],
                        percent(row["late_share"]),
                    ],
                    "action": self._rate_list(
                        producers, Domain("producer_id", "=", row["key"])
                    ),
                }
                for row in best[:ROWS]
            ],
            "empty": self.env._("Nothing to show yet."),
        }

    def _table_years(self, years):
        return {
            "key": "years",
            "title": self.env._("Years: here and as published"),
            "columns": [
                self.env._("Year"),
                self.env._("Plans here"),
                self.env._("Published"),
                self.env._("Vehicles here (10,000)"),
                self.env._("Published (10,000)"),
            ],
            "rows": [
                {
                    "cells": [
                        str(row["year"]),
                        row["plans"],
                        row["published_plans"] or "–",
                        round(row["vehicles"], 2),
                        row["published_vehicles"] or "–",
                    ],
                    "action": False,
                }
                for row in reversed(years[-ROWS:])
            ],
            "empty": self.env._("Nothing to show yet."),
        }


def percent(share):
    """A share as text; a dash where there is none."""
    return "–" if share is None else f"{share * 100:.1f}%"


def spread(low, high):
    """A range of shares as text; a dash where there is none."""
    return f"{low * 100:.0f}–{high * 100:.0f}%" if high else "–"


def _some(value):
    return {value} if value else set()
