# SPDX-License-Identifier: LGPL-3.0-only
"""A dealers' system that reports repairs, some of them wrong in every known way."""

import datetime
import random
from collections.abc import Callable, Iterator
from typing import Any

from .plans import Plan

Report = dict[str, Any]
# Share of the vehicles whose repair is reported by the first day, and each day after.
FIRST_SHARE = (0.35, 0.85)
DAILY_SHARE = 0.01
# Vehicles of each plan that are never repaired; wrong reports are made of them.
RESERVE = 20


def make_reports(plans: list[Plan], day: int, today: datetime.date) -> list[Report]:
    """Good reports of one day: on day 1 what was repaired until then.

    :param day: counts the days of this world from 1
    """
    return [
        report
        for position, plan in enumerate(plans)
        for report in _plan_reports(plan, position, day, today)
    ]


def _plan_reports(
    plan: Plan, position: int, day: int, today: datetime.date
) -> Iterator[Report]:
    rng = random.Random(f"repairs:{position}")
    order = _order(plan, position)[:-RESERVE]
    first = int(len(order) * rng.uniform(*FIRST_SHARE))
    daily = max(1, int(len(order) * DAILY_SHARE))
    begin = 0 if day == 1 else first + (day - 2) * daily
    end = first if day == 1 else begin + daily
    for number in order[begin:end]:
        yield _make_report(plan, position, number, today)


def _order(plan: Plan, position: int) -> list[int]:
    """The order in which the vehicles of a plan come to the workshops."""
    order = list(range(len(plan["vins"])))
    random.Random(f"order:{position}").shuffle(order)
    return order


def make_unsent(plan: Plan, position: int, today: datetime.date) -> list[Report]:
    """Good reports that nobody sends: material for wrong ones."""
    return [
        _make_report(plan, position, number, today)
        for number in _order(plan, position)[-RESERVE:]
    ]


def _make_report(
    plan: Plan, position: int, number: int, today: datetime.date
) -> Report:
    rng = random.Random(f"report:{position}:{number}")
    start = datetime.date.fromisoformat(plan["recallStartTime"])
    span = max((today - start).days, 0)
    # Most owners come early: the square of a uniform number is small more often.
    date = start + datetime.timedelta(days=int(span * rng.random() ** 2))
    return {
        "recordId": f"{position:02}-{number:06}",
        "recallNum": plan["recallNum"],
        "vehicleVin": plan["vins"][number]["vin"],
        "recallTime": min(date, today).isoformat(),
        "repairNum": f"WX{position:02}{number:06}",
        "dealerName": rng.choice(plan["dealers"])["dealerName"],
        "telNum": f"1{rng.choice('3578')}{rng.randrange(10**9):09}",
        "parts": [part["partNumber"] for part in plan["parts"][:1]],
        "repairMethod": plan["repairMethod"],
    }


# === WRONG ON PURPOSE === #


def _change(**members: Any) -> Callable[[Report], Report]:
    return lambda report: {**report, **members}


def _without(member: str) -> Callable[[Report], Report]:
    return lambda report: {k: v for k, v in report.items() if k != member}


def _break_check_digit(report: Report) -> Report:
    text = report["vehicleVin"]
    digit = "0" if text[8] != "0" else "1"
    return {**report, "vehicleVin": text[:8] + digit + text[9:]}


#: What is wrong -> how a good report becomes so. The key is the code that must come.
FAULTS: dict[str, Callable[[Report], Report]] = {
    "missing": _without("repairNum"),
    "format": _change(recallTime="2025/03/01"),
    "recall_number_format": _change(recallNum="S2025X01"),
    "plan_unknown": _change(recallNum="S2019M9999V"),
    "vin_length": lambda report: {**report, "vehicleVin": report["vehicleVin"][:16]},
    "vin_character": lambda r: {**r, "vehicleVin": r["vehicleVin"][:16] + "O"},
    "vin_check_digit": _break_check_digit,
    "vin_scope": _change(vehicleVin="LSVAA11B9SA000001"),
    "date_before_start": _change(recallTime="2011-01-01"),
    "date_future": _change(recallTime="2099-01-01"),
    "date_before_production": _change(recallTime="2012-06-01"),
    "dealer_unknown": _change(dealerName="路边修理店"),
    "parts_mismatch": _change(parts=["NOT-IN-THE-PLAN"]),
    "measure_mismatch": _change(repairMethod="洗车"),
}


def make_wrong(reports: list[Report], day: int) -> list[tuple[str, Report]]:
    """One report for each fault, made of reports that nobody sends otherwise.

    :returns: list of (code of the finding that must be among the answer's, report)
    """
    return [
        (code, spoil({**report, "recordId": f"F{day}-{code}"}))
        for (code, spoil), report in zip(FAULTS.items(), reports, strict=False)
    ]


#: Faults that a producer's own audit finds and the regulator cannot see.
AUDIT_ONLY = {"parts_mismatch", "measure_mismatch"}


def make_repeated(report: Report, other: Report, day: int) -> list[tuple[str, Report]]:
    """Reports that stand against ``report``, which was sent before.

    :param other: a good report that nobody sends otherwise
    """
    return [
        (
            "vehicle_repeated",
            {**report, "recordId": f"F{day}-again", "repairNum": f"WX-AGAIN-{day}"},
        ),
        (
            "repair_number_repeated",
            {**other, "recordId": f"F{day}-number", "repairNum": report["repairNum"]},
        ),
    ]
