# SPDX-License-Identifier: LGPL-3.0-only
"""P12: what a look-up, taking in and the dashboard cost as the tables grow.

Each is measured beside its own floor at the same size (the empty route; COPY and
merge), so that the noise of the machine falls out between the sizes.
"""

from statistics import median

from .frame import Aim, Figure, Result
from .intake import take_in
from .lookups import look_up
from .site import Bench

#: Free room for each byte of the database that is made: while 50 million rows were put
#: in, 40 GB were taken before the first index was built.
ROOM = 2.0
SIZE = "SELECT pg_database_size(current_database())"
#: What the dashboard sums up: its time follows the dealers of the plans.
CELLS = "SELECT count(*) FROM recall_statistic_dealer"


def measure(bench: Bench, ids: set[str]) -> list[Result]:
    [name] = ids
    result = Result(name, "growth of the tables", "the smallest size")
    base: dict[str, list[float]] = {}
    per_row = 0.0
    for size in bench.sizes.growth:
        if not bench.has(size) and per_row * size * ROOM > bench.free_bytes():
            result.details["left_out"] = {f"{size:,} rows": "the disk is too small"}
            break
        per_row = ask(bench, size, SIZE) / size
        costs, rates = measure_size(bench, size)
        base = base or costs
        seen = {"bytes_per_row": per_row, "dealer_cells": ask(bench, size, CELLS)}
        result.runs.append({"rows": size, **seen, **costs, **rates})
        result.figures += [
            Figure(f"{kind}, {size:,} rows", tuple(values), "a second")
            for kind, values in rates.items()
        ]
        if costs is not base:
            result.figures += compare(size, base, costs)
    result.sizes = {"rows": max(run["rows"] for run in result.runs)}
    return [result]


def compare(size: int, base: dict, costs: dict) -> list[Figure]:
    """How much slower than at the smallest size, each beside its floor."""
    aims = {"look-up": Aim("≤", 1.15), "taking in": Aim("≤", 1.25)}
    return [
        Figure(
            f"{kind}, {size:,} rows",
            tuple(round(cost / median(base[kind]), 3) for cost in costs[kind]),
            aim=aims.get(kind, Aim("≤", 1.25)),
        )
        for kind in base
    ]


def measure_size(bench: Bench, size: int) -> tuple[dict, dict]:
    """Time of each kind in times of its floor, of the dashboard in seconds; and what
    the first two do in a second, which tells of the machine as well.
    """
    place = bench.regulator(size)
    server = place.server()
    share = look_up(bench, size, server.url)
    empty = bench.turn(f"{server.url}/bench/empty", ["{}"], "{}")
    try:
        server.start()
        lookups = bench.by_turns({"look-up": share, "empty": empty})
    finally:
        server.stop()
    taken = take_in(bench, size, ["pull", "floor"])["runs"]
    costs = {
        "look-up": [run["empty"] / run["look-up"] for run in lookups],
        "taking in": [run["floor"] / run["pull"] for run in taken],
        "dashboard": place.run("dashboard", "run", rounds=bench.sizes.rounds),
    }
    return costs, {
        "look-ups": [run["look-up"] for run in lookups],
        "records taken in": [run["pull"] for run in taken],
    }


def ask(bench: Bench, size: int, query: str) -> int:
    """The number that a query tells of the regulator with so many reports."""
    connection = bench.regulator(size).connect()
    with connection.cursor() as cursor:
        cursor.execute(query)
        [found] = cursor.fetchone()
    connection.close()
    return found
