# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models
from odoo.tools import format_date

from odoo.addons.recall_base.tools.workbook import make_workbook

from ..models.recall_statistic_figures import (
    PlanFigures,
    plans_domain,
    reports_domain,
)

#: Plans, dealers … of a sheet at most.
ROWS = 5000


class RecallStatisticWorkbook(models.AbstractModel):
    """M-STAT: the figures as an XLSX workbook with charts, in the user's language.

    What others wrote (names, brands) is text in every cell: never a formula, never a
    link.
    """

    _name = "recall.statistic.workbook"
    _description = "Workbook of the statistics"

    @api.model
    def _make(self, **filters):
        """Make the workbook.

        :param filters: of ``plans_domain``
        :returns: bytes of an XLSX file
        """
        figures = PlanFigures(self.env, plans_domain(**filters))
        with make_workbook(self.env._("Progress of recalls")) as writer:
            self._add_overview(writer, figures, filters)
            self._add_plans(writer, filters)
            self._add_rates(writer, figures)
            self._add_provinces(writer, figures.provinces())
            self._add_dealers(writer, figures.dealers(ROWS))
            self._add_months(writer, figures.months())
            self._add_ages(writer, figures.ages())
            self._add_lateness(writer, figures.rates("producer_id"))
        return writer.content

    # === Sheets === #

    def _add_overview(self, writer, figures, filters):
        totals = figures.totals
        today = fields.Date.context_today(self)
        sheet = writer.add_sheet(
            self.env._("Overview"), widths=(34, 18, 18, 18, 18, 40)
        )
        sheet.write(0, 0, self.env._("Progress of recalls"), writer.title)
        sheet.write(
            1, 0, self.env._("Data of %(day)s", day=format_date(self.env, today))
        )
        sheet.write(2, 0, self._describe(filters))
        facts = [
            (self.env._("Recall plans"), totals["plans"], writer.number),
            (self.env._("Vehicles in scope"), totals["vehicles"], writer.number),
            (
                self.env._("To be done (less exported, scrapped, stolen)"),
                totals["countable"],
                writer.number,
            ),
            (self.env._("Vehicles done"), totals["done"], writer.number),
            (self.env._("Completion rate"), totals["rate"], writer.percent),
            (self.env._("Plans behind"), totals["behind"], writer.number),
            (self.env._("Reported late"), totals["late_share"], writer.percent),
            (
                self.env._("Days to 50%, median"),
                totals["days_to_50"],
                writer.number,
            ),
        ]
        for row, (label, value, style) in enumerate(facts, 4):
            sheet.write(row, 0, label, writer.text)
            sheet.write(row, 1, value, style)
        self._add_years(writer, sheet, figures.years(), len(facts) + 6)

    def _add_years(self, writer, sheet, years, top):
        columns = [
            (self.env._("Year"), "year", writer.year),
            (self.env._("Plans here"), "plans", writer.number),
            (self.env._("Plans as published"), "published_plans", writer.number),
            (self.env._("Vehicles here (10,000)"), "vehicles", writer.decimal),
            (
                self.env._("Vehicles as published (10,000)"),
                "published_vehicles",
                writer.decimal,
            ),
            (self.env._("Source"), "source", writer.text),
        ]
        writer.add_table(sheet, columns, years, top=top)
        if years:
            writer.add_chart(
                sheet,
                "column",
                top,
                len(years),
                0,
                (3, 4),
                columns,
                self.env._("Vehicles by year of publication (10,000)"),
                at=(2, 7),
            )

    def _describe(self, filters):
        chosen = [
            *(filters.get("producers") or self.env["recall.producer"]).mapped("name"),
            *(str(filters[key]) for key in ("brand", "year") if filters.get(key)),
        ]
        return ", ".join(chosen) or self.env._("All published plans")

    def _add_plans(self, writer, filters):
        rows = self.env["recall.rate.report"].search(
            reports_domain(**filters),
            order="completion_rate, id",
            limit=ROWS,
        )
        columns = [
            (self.env._("Recall number"), "number", writer.text),
            (self.env._("Producer"), "producer", writer.text),
            (self.env._("Brand"), "brand", writer.text),
            (self.env._("Series"), "series", writer.text),
            (self.env._("Published"), "published", writer.date),
            (self.env._("In scope"), "vehicle_count", writer.number),
            (self.env._("To be done"), "countable", writer.number),
            (self.env._("Done"), "done_count", writer.number),
            (self.env._("Completion rate"), "completion_rate", writer.percent),
            (self.env._("Usual at this age"), "usual_rate", writer.percent),
            (self.env._("Behind"), "behind", writer.text),
            (self.env._("Days to 50%"), "days_to_50", writer.number),
            (self.env._("Days to 80%"), "days_to_80", writer.number),
            (self.env._("Days to 90%"), "days_to_90", writer.number),
            (self.env._("Final rate expected"), "forecast_rate", writer.percent),
            (self.env._("Final rate, at least"), "forecast_low", writer.percent),
            (self.env._("Final rate, at most"), "forecast_high", writer.percent),
        ]
        sheet = writer.add_sheet(
            self.env._("Plans"), widths=(16, 34, 16, 22, 12, *(12,) * 12)
        )
        values = [self._prepare_plan(row) for row in rows]
        writer.add_table(sheet, columns, values)

    def _prepare_plan(self, row):
        empty_if_zero = (
            *("usual_rate", "days_to_50", "days_to_80", "days_to_90"),
            *("forecast_rate", "forecast_low", "forecast_high"),
        )
        counts = ("vehicle_count", "countable", "done_count", "completion_rate")
        return {
            "number": row.plan_id.recall_number,
            # sudo: the name of the producer of a plan that the account may see.
            "producer": row.plan_id.sudo().producer_id.name,
            "brand": row.brand,
            "series": row.series,
            "published": row.published,
            "behind": self.env._("Yes") if row.is_behind else "",
            **{name: row[name] for name in counts},
            **{name: row[name] or None for name in empty_if_zero},
        }

    def _add_rates(self, writer, figures):
        sheets = {
            "producer_id": (self.env._("Producers"), self.env._("Producer")),
            "brand": (self.env._("Brands"), self.env._("Brand")),
            "series": (self.env._("Series of vehicles"), self.env._("Series")),
        }
        for group, (name, label) in sheets.items():
            rows = sorted(
                figures.rates(group),
                key=lambda row: (-(row["rate"] or 0), row["name"]),
            )
            columns = [
                (label, "name", writer.text),
                (self.env._("Plans"), "plans", writer.number),
                (self.env._("In scope"), "vehicles", writer.number),
                (self.env._("To be done"), "countable", writer.number),
                (self.env._("Done"), "done", writer.number),
                (self.env._("Completion rate"), "rate", writer.percent),
                (self.env._("Behind"), "behind", writer.number),
            ]
            writer.add_charted(name, columns, rows, 5, self.env._("Completion rate"))

    def _add_provinces(self, writer, rows):
        columns = [
            (self.env._("Province of the dealer"), "name", writer.text),
            (self.env._("Dealers"), "dealers", writer.number),
            (self.env._("Repairs"), "repairs", writer.number),
            (self.env._("Points of the rate"), "points", writer.percent),
            (self.env._("Reported late"), "late", writer.number),
            (self.env._("Share reported late"), "late_share", writer.percent),
        ]
        rows = sorted(rows, key=lambda row: -row["repairs"])
        writer.add_charted(
            self.env._("Provinces"), columns, rows, 2, self.env._("Repairs")
        )

    def _add_dealers(self, writer, rows):
        columns = [
            (self.env._("Dealer"), "name", writer.text),
            (self.env._("Repairs"), "repairs", writer.number),
            (self.env._("Points of the rate"), "points", writer.percent),
            (self.env._("Reported late"), "late", writer.number),
            (self.env._("Share reported late"), "late_share", writer.percent),
        ]
        rows = [
            {**row, "name": row["name"] or self.env._("Not in the filing")}
            for row in rows
        ]
        writer.add_charted(
            self.env._("Dealers"), columns, rows, 1, self.env._("Repairs")
        )

    def _add_months(self, writer, rows):
        columns = [
            (self.env._("Month"), "month", writer.month),
            (self.env._("Repairs"), "repairs", writer.number),
            (self.env._("Points of the rate"), "points", writer.percent),
            (self.env._("Rate at the end"), "rate", writer.percent),
            (self.env._("Reported late"), "late", writer.number),
            (self.env._("Share reported late"), "late_share", writer.percent),
        ]
        sheet = writer.add_sheet(self.env._("Months"), widths=(14, *(16,) * 5))
        writer.add_table(sheet, columns, rows)
        if rows:
            title = self.env._("Completion rate at the end of the month")
            writer.add_chart(
                sheet, "line", 0, len(rows), 0, (3,), columns, title, at=(1, 7)
            )
            title = self.env._("Repairs by month")
            writer.add_chart(
                sheet, "column", 0, len(rows), 0, (1,), columns, title, at=(20, 7)
            )

    def _add_ages(self, writer, rows):
        columns = [
            (self.env._("Age of the vehicle, years"), "name", writer.text),
            (self.env._("Repairs"), "repairs", writer.number),
            (self.env._("Points of the rate"), "points", writer.percent),
        ]
        rows = [
            {
                **row,
                "name": self.env._("Unknown")
                if row["age"] is None
                else str(row["age"]),
            }
            for row in rows
        ]
        writer.add_charted(
            *(self.env._("Ages"), columns, rows, 1),
            self.env._("Age of the vehicle at the repair"),
            bars=len(rows),
        )

    def _add_lateness(self, writer, rows):
        rows = sorted(
            (row for row in rows if row["repairs"]),
            key=lambda row: (-row["late_share"], row["name"]),
        )
        columns = [
            (self.env._("Producer"), "name", writer.text),
            (self.env._("Repairs"), "repairs", writer.number),
            (self.env._("Reported late"), "late", writer.number),
            (self.env._("Share reported late"), "late_share", writer.percent),
        ]
        writer.add_charted(
            *(self.env._("Lateness"), columns, rows, 3),
            self.env._("Share reported late"),
        )
