# SPDX-License-Identifier: LGPL-3.0-only
from collections import defaultdict
from functools import cached_property
from statistics import median

from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.provinces import CODES

#: What is summed up over plans.
SUMS = ("vehicles", "countable", "done", "behind", "repairs", "late")


def plans_domain(*, producers=None, brand=None, year=None):
    """Domain of the published plans that filters choose.

    :param producers: ``recall.producer`` records; None for all
    :param int year: of the publication
    """
    domain = Domain("state", "not in", ("filed", "withdrawn"))
    domain &= _named(producers, brand)
    if year:
        domain &= _within("announced", year) | (
            Domain("announced", "=", False) & _within("recall_start", year)
        )
    return domain


def reports_domain(*, producers=None, brand=None, year=None):
    """The same plans in the report models, which hold published plans only."""
    domain = _named(producers, brand)
    return domain & _within("published", year) if year else domain


def _named(producers, brand):
    domain = Domain.TRUE
    if producers is not None:
        domain &= Domain("producer_id", "in", producers.ids)
    if brand:
        domain &= Domain("brand", "=", brand)
    return domain


def _within(field, year):
    return Domain(field, ">=", f"{year}-01-01") & Domain(field, "<=", f"{year}-12-31")


def ratio(part, whole):
    """``part / whole``; None where there is nothing to divide by."""
    return float(part) / float(whole) if whole else None


class PlanFigures:
    """M-STAT: reads the aggregates of some plans, for dashboard, workbook and report.

    The rate of a plan, producer, brand or series is done / (in scope - exported -
    scrapped - stolen). The register knows the owners' places for no vehicle, so that
    of a dealer, province, month or age only the repairs are known: their *points* are
    the repairs per vehicle to be done, and those of all provinces add up to the rate.

    Nothing here reads vehicles or reports.

    :param domain: of ``recall.plan``; the account's record rules are added
    """

    def __init__(self, env, domain):
        self.env = env
        env["recall.plan"].flush_model()
        # A sub-query of the plans' ids, with parentheses.
        self._plans = env["recall.plan"]._search(domain).subselect()

    # === Figures of plans === #

    @cached_property
    def _rows(self):
        """One dict a plan."""
        return self.env.execute_query_dict(
            SQL(
                """WITH counted AS (
                       SELECT plan_id, sum(repairs) AS repairs, sum(late) AS late,
                              max(day) AS last_day
                         FROM recall_statistic_day
                        WHERE plan_id IN %(plans)s AND repairs > 0 GROUP BY 1)
                SELECT plan.producer_id, plan.brand, plan.series,
                       plan.vehicle_count AS vehicles,
                       vehicle_count - exported_count - scrapped_count
                       - stolen_count AS countable, done_count AS done,
                       coalesce(announced, recall_start) AS published,
                       coalesce(counted.repairs, 0)::int AS repairs,
                       coalesce(counted.late, 0)::int AS late, counted.last_day,
                       coalesce(figures.is_behind, false)::int AS behind,
                       figures.days_to_50
                  FROM recall_plan plan
                  LEFT JOIN counted ON counted.plan_id = plan.id
                  LEFT JOIN recall_plan_statistic figures ON figures.plan_id = plan.id
                 WHERE plan.id IN %(plans)s""",
                plans=self._plans,
            )
        )

    @cached_property
    def totals(self):
        """Dict of ``plans``, ``vehicles``, ``countable``, ``done``, ``rate``,
        ``behind``, ``repairs``, ``late``, ``late_share``, ``days_to_50`` (the median)
        and ``last_day``, that of the newest repair."""
        days = [row["days_to_50"] for row in self._rows if row["days_to_50"]]
        return {
            **_sum(self._rows),
            "days_to_50": median(days) if days else None,
            "last_day": max(
                (row["last_day"] for row in self._rows if row["last_day"]), default=None
            ),
        }

    def rates(self, group):
        """Completion rates by ``producer_id``, ``brand`` or ``series``, the lowest
        first.

        :returns: list of dicts as ``totals``, with ``key`` and ``name``
        """
        groups = defaultdict(list)
        for row in self._rows:
            groups[row[group]].append(row)
        names = self._names("recall.producer", groups) if group == "producer_id" else {}
        rates = [
            {"key": key, "name": names.get(key, key), **_sum(rows)}
            for key, rows in groups.items()
        ]
        return sorted(rates, key=lambda row: (row["rate"] or 0, row["name"]))

    def years(self):
        """Plans by year of publication beside the published figures.

        :returns: list of dicts ``year``, ``plans``, ``vehicles``, ``published_plans``
            and ``published_vehicles`` (units of 10,000; None: none known), ``source``
        """
        own = defaultdict(list)
        for row in self._rows:
            own[row["published"].year].append(row["vehicles"] / 10_000)
        published = self.env["recall.yearly.figure"].search([]).grouped("year")
        none = self.env["recall.yearly.figure"]
        return [
            {
                "year": year,
                "plans": len(own[year]),
                "vehicles": sum(own[year]),
                "published_plans": published.get(year, none).recalls or None,
                "published_vehicles": published.get(year, none).vehicles or None,
                "source": published.get(year, none).source or "",
            }
            for year in sorted({*own, *published})
        ]

    def _names(self, model, ids):
        # sudo: of what the account's own plans refer to, the name and nothing else.
        records = self.env[model].sudo().browse(filter(None, ids))
        return {record.id: record.name for record in records}

    # === Figures of repairs === #

    def months(self):
        """Repairs by month.

        :returns: list of dicts ``month`` (its first day), ``repairs``, ``late``,
            ``late_share``, ``points`` and ``rate``: that at the end of the month, of
            the vehicles of the plans that were published by then
        """
        rows = self.env.execute_query_dict(
            SQL(
                """SELECT date_trunc('month', day::timestamp)::date AS month,
                          sum(repairs)::bigint AS repairs, sum(late)::bigint AS late
                     FROM recall_statistic_day
                    WHERE plan_id IN %s AND repairs > 0 GROUP BY 1 ORDER BY 1""",
                self._plans,
            )
        )
        # So that the last month ends at the rate of today.
        share = ratio(self.totals["done"], self.totals["repairs"]) or 0
        done = 0
        for row in rows:
            done += row["repairs"] * share
            row["rate"] = ratio(done, self._published_by(row["month"]))
        return self._with_points(rows)

    def _published_by(self, month):
        """Vehicles to be done of the plans that were published by a month's end."""
        return sum(
            row["countable"]
            for row in self._rows
            if (row["published"].year, row["published"].month)
            <= (month.year, month.month)
        )

    def ages(self):
        """Repairs by age of the vehicle: dicts ``age`` (None: unknown), ``repairs``
        and ``points``."""
        rows = self.env.execute_query_dict(
            SQL(
                """SELECT age, sum(repairs)::bigint AS repairs
                     FROM recall_statistic_age
                    WHERE plan_id IN %s AND repairs > 0
                    GROUP BY 1 ORDER BY 1 NULLS LAST""",
                self._plans,
            )
        )
        return self._with_points(rows)

    def provinces(self):
        """Repairs by province of the dealer.

        :returns: list of dicts ``code`` (None: not known), ``name``, ``dealers``,
            ``repairs``, ``late``, ``late_share`` and ``points``
        """
        rows = self.env.execute_query_dict(
            SQL(
                """SELECT CASE WHEN left(dealer.region, 2) IN %s
                               THEN left(dealer.region, 2) END AS code,
                          count(dealer.id) AS dealers,
                          sum(repairs)::bigint AS repairs, sum(late)::bigint AS late
                     FROM (%s) cell
                     LEFT JOIN recall_dealer dealer ON dealer.id = cell.key
                    GROUP BY 1 ORDER BY 1 NULLS LAST""",
                CODES,
                self._dealer_query(),
            )
        )
        names = province_names(self.env)
        for row in rows:
            row["name"] = names.get(row["code"]) or self.env._("Not known")
        return self._with_points(rows)

    def dealers(self, limit):
        """Repairs by dealer, the most first: dicts ``key``, ``name`` (None: not in the
        filing), ``repairs``, ``late``, ``late_share`` and ``points``."""
        rows = self.env.execute_query_dict(
            SQL("%s ORDER BY repairs DESC, key LIMIT %s", self._dealer_query(), limit)
        )
        names = self._names("recall.dealer", [row["key"] for row in rows])
        for row in rows:
            row["name"] = names.get(row["key"])
        return self._with_points(rows)

    def _dealer_query(self):
        return SQL(
            """SELECT dealer_id AS key, sum(repairs)::bigint AS repairs,
                      sum(late)::bigint AS late
                 FROM recall_statistic_dealer
                WHERE plan_id IN %s AND repairs > 0 GROUP BY 1""",
            self._plans,
        )

    def _with_points(self, rows):
        for row in rows:
            row["points"] = ratio(row["repairs"], self.totals["countable"])
            if "late" in row:
                row["late_share"] = ratio(row["late"], row["repairs"])
        return rows


def province_names(env):
    """Names of the provinces by their codes, in the user's language."""
    field = env["recall.repair.report"]._fields["province"]
    return dict(field._description_selection(env))


def _sum(rows):
    sums = {name: sum(row[name] for row in rows) for name in SUMS}
    return {
        "plans": len(rows),
        **sums,
        "rate": ratio(sums["done"], sums["countable"]),
        "late_share": ratio(sums["late"], sums["repairs"]),
    }
