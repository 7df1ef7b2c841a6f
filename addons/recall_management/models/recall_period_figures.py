# SPDX-License-Identifier: LGPL-3.0-only
from collections import defaultdict
from functools import cached_property

from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.provinces import CODES
from .recall_statistic_figures import PlanFigures, plans_domain, province_names, ratio

#: What is summed up over the recalls that run at the end of a period.
SUMS = ("vehicles", "countable", "done", "open", "unreachable", "behind")
#: A group in which none of it was has no part in the period.
_HAPPENED = ("announced", "finished", "running", "repairs")


class PeriodFigures(PlanFigures):
    """S-REPORT: what happened in some months, and how recalls stand after them.

    Announced, finished and repaired is what was in the period. Running are recalls that
    were published by its end and not finished; their vehicles are counted as of now,
    since the past states of vehicles are not kept. A province counts the repairs of its
    dealers: of vehicles it is not known where they are.

    :param date first: first day of the first month
    :param date last: last day of the last month
    :param province: two digits of GB/T 2260; None for all
    :param producers: ``recall.producer``; None for all
    """

    def __init__(self, env, first, last, province=None, producers=None):
        by_then = Domain("announced", "<=", last) | (
            Domain("announced", "=", False) & Domain("recall_start", "<=", last)
        )
        super().__init__(env, plans_domain(producers=producers) & by_then)
        self.first, self.last, self.province = first, last, province

    @cached_property
    def plans(self):
        """One dict a recall that was published by the end of the period."""
        rows = self.env.execute_query_dict(
            SQL(
                """SELECT plan.id, plan.recall_number AS name, plan.producer_id,
                          plan.brand, plan.series, plan.state,
                          left(recall_number, 1) || right(recall_number, 1) AS kind,
                          coalesce(announced, recall_start) AS published,
                          finished_on, vehicle_count AS vehicles,
                          vehicle_count - exported_count - scrapped_count
                          - stolen_count AS countable, done_count AS done,
                          unreachable_count AS unreachable, completion_rate AS rate,
                          coalesce(figures.is_behind, false) AS behind
                     FROM recall_plan plan
                     LEFT JOIN recall_plan_statistic figures
                            ON figures.plan_id = plan.id
                    WHERE plan.id IN %s ORDER BY published, recall_number""",
                self._plans,
            )
        )
        repairs = self._repairs(SQL("cell.plan_id"))
        names = self._names("recall.producer", {row["producer_id"] for row in rows})
        for row in rows:
            row["producer"] = names[row["producer_id"]]
            row["year"] = row["published"].year
            row["open"] = row["countable"] - row["done"]
            row["announced"] = row["published"] >= self.first
            row["finished"] = row["state"] == "finished" and bool(
                row["finished_on"] and self.first <= row["finished_on"] <= self.last
            )
            row["running"] = row["state"] != "finished" or bool(
                row["finished_on"] and row["finished_on"] > self.last
            )
            row["repairs"], row["late"] = repairs.get(row["id"], (0, 0))
        return rows

    @cached_property
    def period(self):
        """The figures of all recalls in one row, as those of ``groups``."""
        return _sum(self.plans)

    def groups(self, name):
        """Figures by ``producer``, ``brand``, ``kind`` or ``year``; the most vehicles
        still open first.

        :returns: list of dicts ``name``, ``announced``, ``finished``, ``running``
            (recalls), ``SUMS`` and ``rate`` (of those that run), ``repairs``, ``late``,
            ``late_share``
        """
        groups = defaultdict(list)
        for row in self.plans:
            groups[row[name]].append(row)
        found = [{"name": key, **_sum(rows)} for key, rows in groups.items()]
        shown = [row for row in found if any(row[key] for key in _HAPPENED)]
        return sorted(shown, key=lambda row: (-row["open"], str(row["name"])))

    def period_provinces(self):
        """Repairs by province of the dealer, the most first: dicts ``name``,
        ``repairs``, ``late`` and ``late_share``."""
        names = province_names(self.env)
        rows = [
            {**row, "name": names.get(code) or self.env._("Not known")}
            for code, row in self._repair_rows(self._province())
        ]
        return sorted(rows, key=lambda row: -row["repairs"])

    def period_months(self):
        """Repairs by month: dicts ``name`` (its first day), ``repairs``, ``late`` and
        ``late_share``."""
        rows = self._repair_rows(SQL("cell.month"))
        return sorted(
            ({**row, "name": month} for month, row in rows), key=lambda row: row["name"]
        )

    # === Repairs === #

    def _repair_rows(self, key):
        for name, (repairs, late) in self._repairs(key).items():
            share = ratio(late, repairs)
            yield name, {"repairs": repairs, "late": late, "late_share": share}

    def _repairs(self, key):
        """Repairs of the period, and those reported late, by an SQL expression."""
        return {
            name: (repairs, late)
            for name, repairs, late in self.env.execute_query(
                SQL(
                    """SELECT %s, sum(repairs)::bigint, sum(late)::bigint
                         FROM recall_statistic_month cell
                         LEFT JOIN recall_dealer dealer ON dealer.id = cell.dealer_id
                        WHERE cell.plan_id IN %s AND month BETWEEN %s AND %s
                          AND repairs > 0 AND %s
                        GROUP BY 1""",
                    key,
                    self._plans,
                    self.first,
                    self.last,
                    SQL("%s = %s", self._province(), self.province)
                    if self.province
                    else SQL("true"),
                )
            )
        }

    def _province(self):
        return SQL(
            "CASE WHEN left(dealer.region, 2) IN %s THEN left(dealer.region, 2) END",
            CODES,
        )


def _sum(plans):
    running = [row for row in plans if row["running"]]
    sums = {name: sum(row[name] for row in running) for name in SUMS}
    repairs, late = (sum(row[name] for row in plans) for name in ("repairs", "late"))
    return {
        "announced": sum(row["announced"] for row in plans),
        "announced_vehicles": sum(row["vehicles"] for row in plans if row["announced"]),
        "finished": sum(row["finished"] for row in plans),
        "running": len(running),
        **sums,
        "rate": ratio(sums["done"], sums["countable"]),
        "repairs": repairs,
        "late": late,
        "late_share": ratio(late, repairs),
    }
