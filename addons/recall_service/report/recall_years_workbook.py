# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, models

from odoo.addons.recall_base.tools.workbook import make_workbook

from ..tools.open_data import to_csv


class RecallYearsWorkbook(models.AbstractModel):
    """S-REPORT: the figures of the public page by year, as files to calculate with.

    The words are those of the page, in the visitor's language; a number that is not
    known is empty.
    """

    _name = "recall.years.workbook"
    _description = "Files of the figures by year"

    @api.model
    def _make_csv(self):
        """The table of the years as CSV (RFC 4180), the newest year first."""
        columns = self._get_year_columns()
        return to_csv(
            [label for label, _key, _style in columns],
            [
                [row[key] for _label, key, _style in columns]
                for row in self._get_years()
            ],
        )

    @api.model
    def _make_xlsx(self):
        """Years, brands and parts as a workbook with charts."""
        Catalogue = self.env["recall.catalogue"]
        with make_workbook(self.env._("Recalls by year")) as writer:
            self._add_years(writer)
            brand, recalls, vehicles, rate = (
                (self.env._("Brand"), "name", writer.text),
                (self.env._("Recalls"), "recalls", writer.number),
                (self.env._("Vehicles"), "vehicles", writer.number),
                (self.env._("Rate"), "rate", writer.percent),
            )
            brands = [
                {
                    **dict(zip(("name", "recalls", "vehicles"), row, strict=False)),
                    "rate": row[4] / row[3] if row[3] else None,
                }
                for row in Catalogue._sum_brands()
            ]
            writer.add_charted(
                *(self.env._("Brands"), (brand, recalls, vehicles, rate), brands, 2),
                self.env._("Brands with the most vehicles in recalls"),
            )
            part = (self.env._("Part"), "name", writer.text)
            parts = [
                dict(zip(("name", "recalls", "vehicles"), row, strict=True))
                for row in Catalogue._sum_parts()
            ]
            writer.add_charted(
                *(self.env._("Parts"), (part, recalls, vehicles), parts, 1),
                self.env._("Parts that recalls repair most often"),
            )
        return writer.content

    def _add_years(self, writer):
        columns = [
            (label, key, getattr(writer, style))
            for label, key, style in self._get_year_columns()
        ]
        rows = self._get_years()
        sheet = writer.add_sheet(
            self.env._("Years"), widths=(10, *(16,) * (len(columns) - 2), 40)
        )
        writer.add_table(sheet, columns, rows)
        charts = (
            ((1, 5), self.env._("Recalls by year")),
            ((2, 6), self.env._("Vehicles by year")),
            ((4,), self.env._("Completion rate by year of publication")),
        )
        for number, (shown, title) in enumerate(charts if rows else ()):
            writer.add_chart(
                *(sheet, "column", 0, len(rows), 0, shown, columns, title),
                at=(1 + 18 * number, len(columns) + 1),
            )

    def _get_year_columns(self):
        """List of ``(label, key of the rows, style)``, as on the page."""
        return [
            (self.env._("Year"), "year", "year"),
            (self.env._("Recalls here"), "recalls", "number"),
            (self.env._("Vehicles here"), "vehicles", "number"),
            (self.env._("Repaired"), "done", "number"),
            (self.env._("Rate"), "rate", "percent"),
            (self.env._("Recalls published"), "published_recalls", "number"),
            (self.env._("Vehicles published"), "published_vehicles", "number"),
            (self.env._("Source"), "source", "text"),
        ]

    def _get_years(self):
        return [
            {
                **year._asdict(),
                "rate": year.rate,
                "published_vehicles": year.published_vehicles
                and round(year.published_vehicles * 10_000),
            }
            for year in reversed(self.env["recall.catalogue"]._sum_years())
            if year.recalls or year.source
        ]
