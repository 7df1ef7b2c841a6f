# SPDX-License-Identifier: LGPL-3.0-only
from typing import NamedTuple

from odoo import api, models
from odoo.tools import SQL

from .recall_catalogue import COUNTABLE, DAY
from .recall_lookup import PUBLIC_STATES

#: Rows of the tables of brands and parts.
TOP = 10


class Year(NamedTuple):
    """The recalls of a year: those here, and what was published of all of them."""

    year: int
    recalls: int
    vehicles: int
    countable: int
    done: int
    published_recalls: int | None
    published_vehicles: float | None
    source: str | None

    @property
    def rate(self):
        return self.done / self.countable if self.countable else None


class RecallCatalogue(models.AbstractModel):
    """S-REPORT: sums over the published recalls, from the counters of the plans."""

    _inherit = "recall.catalogue"

    @api.model
    def _sum_years(self):
        """Recalls by year of publication beside the published figures.

        No year between the first and the last is left out.

        :rtype: list[Year]
        """
        rows = self._read(
            SQL(
                """WITH own AS (
                       SELECT extract(year FROM %(day)s)::int AS year,
                              count(*) AS recalls, sum(vehicle_count) AS vehicles,
                              sum(%(countable)s) AS countable, sum(done_count) AS done
                         FROM recall_plan plan WHERE state IN %(states)s GROUP BY 1),
                     known AS (
                       SELECT year FROM own UNION
                       SELECT year FROM recall_yearly_figure)
                SELECT year, coalesce(own.recalls, 0), coalesce(own.vehicles, 0),
                       coalesce(countable, 0), coalesce(done, 0),
                       nullif(told.recalls, 0), nullif(told.vehicles, 0)::float8,
                       told.source
                  FROM generate_series((SELECT min(year) FROM known),
                                       (SELECT max(year) FROM known)) year
                  LEFT JOIN own USING (year)
                  LEFT JOIN recall_yearly_figure told USING (year)
                 ORDER BY year""",
                day=DAY,
                countable=COUNTABLE,
                states=PUBLIC_STATES,
            )
        )
        return [Year(*row) for row in rows]

    @api.model
    def _sum_brands(self):
        """Brands by vehicles in scope: ``(brand, recalls, vehicles, countable, done)``.

        A recall counts for the brand it was filed under.
        """
        return self._read(
            SQL(
                """SELECT brand, count(*), sum(vehicle_count), sum(%s), sum(done_count)
                     FROM recall_plan plan WHERE state IN %s
                    GROUP BY 1 ORDER BY 3 DESC, 1 LIMIT %s""",
                COUNTABLE,
                PUBLIC_STATES,
                TOP,
            )
        )

    @api.model
    def _sum_parts(self):
        """Parts that recalls repair, by name: ``(part, recalls, vehicles)``."""
        return self._read(
            SQL(
                """SELECT name, count(*), sum(vehicle_count)
                     FROM recall_plan plan
                     JOIN (SELECT DISTINCT plan_id, name FROM recall_plan_part
                            WHERE name != '') part ON part.plan_id = plan.id
                    WHERE state IN %s
                    GROUP BY 1 ORDER BY 2 DESC, 3 DESC, 1 LIMIT %s""",
                PUBLIC_STATES,
                TOP,
            )
        )
