# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, models
from odoo.fields import Domain

from ..tools.provinces import PROVINCES
from .recall_statistic_figures import province_names
from .recall_statistics_dashboard import percent

#: Bars of a plot: the lowest rates, or the worst.
BARS = 12
#: Shades of the tiles, beside that of none.
SHADES = 4
AGES = "recall_management.recall_age_report_action"


class RecallStatisticsDashboard(models.AbstractModel):
    """M-STAT: the plots of the page, and the provinces as tiles."""

    _inherit = "recall.statistics.dashboard"

    def _prepare_plots(self, producers, chosen):
        figures = self._read(producers)
        months = figures.months()
        by_producer = figures.rates("producer_id")
        return [
            self._plot_tiles(figures.provinces(), producers),
            self._plot_rate_of_months(months),
            self._plot_repairs_of_months(months, producers),
            self._plot_plans(producers),
            *([] if chosen else [self._plot_producers(by_producer, producers)]),
            self._plot_group(figures.rates("brand"), "brand", producers),
            self._plot_group(figures.rates("series"), "series", producers),
            self._plot_ages(figures.ages(), producers),
            self._plot_late(by_producer, producers),
            self._plot_years(figures.years()),
        ]

    # === Provinces === #

    def _plot_tiles(self, rows, producers):
        """The provinces as a grid of tiles, never as a map with borders."""
        found = {row["code"]: row for row in rows}
        names = province_names(self.env)
        highest = max((row["points"] or 0 for row in rows if row["code"]), default=0)
        tiles = [
            self._province_tile(
                province, names[province.code], found.get(province.code), highest
            )
            for province in PROVINCES
        ]
        for tile in tiles:
            tile["action"] = self._repairs(
                producers, Domain("province", "=", tile["key"])
            )
        unknown = found.get(None)
        return self._plot(
            "provinces",
            self.env._("Repairs by province of the dealer"),
            "tiles",
            [],
            [],
            tiles=tiles,
            columns=[
                self.env._("Province"),
                self.env._("Repairs"),
                self.env._("Points of the rate"),
                self.env._("Reported late"),
            ],
            unknown=unknown
            and {
                "name": unknown["name"],
                "cells": self._province_cells(unknown),
            },
            note=self.env._(
                "Points: repairs per vehicle to be done; those of all provinces add up "
                "to the completion rate. Where the owners of the vehicles still open "
                "live is not known."
            ),
        )

    def _province_tile(self, province, name, row, highest):
        row = row or {"repairs": 0, "points": 0, "late_share": None}
        points = row["points"] or 0
        shade = 0
        if points and highest:
            shade = min(int(points / highest * SHADES) + 1, SHADES)
        return {
            "key": province.code,
            "row": province.row + 1,
            "column": province.column + 1,
            # A Chinese name fits the tile.
            "short": name if len(name) <= 3 else province.short,
            "name": name,
            "rate": percent(points),
            "count": row["repairs"],
            "shade": shade,
            "cells": self._province_cells(row),
        }

    def _province_cells(self, row):
        return [row["repairs"], percent(row["points"]), percent(row["late_share"])]

    # === Rates === #

    def _plot_rate_of_months(self, months):
        return self._plot(
            "months_rate",
            self.env._("Completion rate at the end of the month"),
            "days",
            [_month(row) for row in months],
            [
                (
                    self.env._("Completion rate"),
                    [_percent(row["rate"]) for row in months],
                )
            ],
            unit="%",
        )

    def _plot_repairs_of_months(self, months, producers):
        return self._plot(
            "months",
            self.env._("Repairs by month"),
            "days",
            [_month(row) for row in months],
            [
                (self.env._("Repairs"), [row["repairs"] for row in months]),
                (self.env._("Reported late"), [row["late"] for row in months]),
            ],
            actions=[
                self._repairs(producers, Domain("month", "=", str(row["month"])))
                for row in months
            ],
            more=self._repairs(producers),
        )

    def _plot_plans(self, producers):
        plans = self.env["recall.rate.report"].search(
            self._reports_domain(producers)
            & Domain("state", "!=", "finished")
            & Domain("countable", ">", 0),
            order="completion_rate, id",
            limit=BARS,
        )
        return self._plot(
            "plans",
            self.env._("Plans with the lowest rates, not finished"),
            "bars",
            [f"{row.plan_id.recall_number} {row.brand}" for row in plans],
            [
                (
                    self.env._("Completion rate"),
                    [_percent(row.completion_rate) for row in plans],
                ),
                (
                    self.env._("Usual at this age"),
                    [_percent(row.usual_rate) for row in plans],
                ),
            ],
            actions=[row.action_open_plan() for row in plans],
            unit="%",
            more=self._rate_list(producers),
        )

    def _plot_producers(self, rates, producers):
        rates = [row for row in rates if row["countable"]][:BARS]
        return self._plot(
            "producers",
            self.env._("Producers with the lowest rates"),
            "bars",
            [row["name"] for row in rates],
            [(self.env._("Completion rate"), [_percent(row["rate"]) for row in rates])],
            actions=[
                self._rate_list(producers, Domain("producer_id", "=", row["key"]))
                for row in rates
            ],
            unit="%",
            more=self._rate_list(producers),
        )

    def _plot_group(self, rates, group, producers):
        titles = {
            "brand": self.env._("Brands with the lowest rates"),
            "series": self.env._("Series with the lowest rates"),
        }
        rates = [row for row in rates if row["countable"]][:BARS]
        return self._plot(
            group,
            titles[group],
            "bars",
            [row["name"] for row in rates],
            [(self.env._("Completion rate"), [_percent(row["rate"]) for row in rates])],
            actions=[
                self._rate_list(producers, Domain(group, "=", row["key"]))
                for row in rates
            ],
            unit="%",
            more=self._rate_list(producers),
        )

    # === Repairs === #

    def _plot_ages(self, ages, producers):
        return self._plot(
            "ages",
            self.env._("Age of the vehicle at the repair"),
            "bars",
            [
                self.env._("Unknown") if row["age"] is None else str(row["age"])
                for row in ages
            ],
            [
                (self.env._("Repairs"), [row["repairs"] for row in ages]),
            ],
            more=self._report(AGES, producers),
        )

    def _plot_late(self, rates, producers):
        worst = [row for row in rates if row["repairs"]]
        worst.sort(key=lambda row: (-row["late_share"], row["name"]))
        worst = worst[:BARS]
        return self._plot(
            "late",
            self.env._("Reported late, by producer"),
            "bars",
            [row["name"] for row in worst],
            [
                (
                    self.env._("Share reported late"),
                    [_percent(row["late_share"]) for row in worst],
                )
            ],
            actions=[
                self._repairs(producers, Domain("producer_id", "=", row["key"]))
                for row in worst
            ],
            unit="%",
            more=self._repairs(producers, Domain("late", ">", 0)),
        )

    @api.model
    def _plot_years(self, years):
        return self._plot(
            "years",
            self.env._("Vehicles by year of publication (10,000)"),
            "bars",
            [str(row["year"]) for row in years],
            [
                (self.env._("Here"), [round(row["vehicles"], 2) for row in years]),
                (
                    self.env._("Published"),
                    [row["published_vehicles"] or 0 for row in years],
                ),
            ],
        )


def _month(row):
    return f"{row['month']:%Y-%m}"


def _percent(share):
    return round((share or 0) * 100, 1)
