# SPDX-License-Identifier: LGPL-3.0-only
"""Each part of both terminals is killed, at forced points and at random moments."""

import os
from itertools import product, zip_longest

import pytest
from hard_days import HEALING, HardDays
from hold_points import MOMENTS
from striker import Strike

#: Kills in all: `make test` does 100, `make faults` 300 and every forced point.
KILLS = int(os.environ.get("RECALL_FAULTS") or 100)
EVERY_POINT = KILLS >= 300
DATABASE = ("backend", "postmaster")
#: Whoever is killed while it reports, and while it asks or is asked.
WORKS = ("collect", "import"), ("sync", "intake")
OUTSIDE = {"collect", "sync"}  # through the gateway
#: After so many seconds most of the work of a day's half is done.
LATEST = 0.6
#: The database server and a whole Odoo take longest to come back.
AT_RANDOM = (*("worker", "proxy") * 8, "server", "machine")

Named = tuple[str, Strike]


def strikes(work: str) -> list[Named]:
    """The strikes of some work at forced points.

    What the database server does when it dies depends on the moment only in that a
    commit has been made or has not: `make test` takes one moment of each for each work.
    """
    near = ("worker", "proxy") if work in OUTSIDE else ("worker",)
    pairs = list(product(near, MOMENTS))
    if EVERY_POINT:
        pairs += product(DATABASE, MOMENTS)
    else:
        victims = DATABASE if work in OUTSIDE else reversed(DATABASE)
        pairs += zip(victims, ("row", "after commit"), strict=True)
    return [(work, Strike(victim, moment)) for victim, moment in pairs]


def forced() -> list[tuple[Named, Named]]:
    """All strikes at forced points, two for each day."""
    halves = [[s for work in half for s in strikes(work)] for half in WORKS]
    return list(zip_longest(*halves))


def _name(pair: tuple[Named, Named]) -> str:
    return "; ".join(f"{work}: {s.victim}, {s.moment}" for work, s in pair)


@pytest.mark.parametrize("pair", forced(), ids=_name)
def test_kill_at_this_point_loses_doubles_or_makes_up_a_record(
    days: HardDays, supervisor, pair
):
    """X-FAULT E-COLLECT E-SYNC M-PULL M-RECEIVE: kill -9 at a forced point."""
    days.day(**dict(pair))
    assert days.slowest < HEALING


def test_kills_at_random_moments_lose_double_or_make_up_a_record(
    days: HardDays, supervisor, record_property
):
    """X-FAULT E-COLLECT E-SYNC M-PULL M-RECEIVE: kill -9 at any moment.

    A kill after the work has ended shows nothing and is not counted; the next ones fall
    earlier.
    """
    rng, latest, days.hits = days.striker.rng, LATEST, 0
    enough = KILLS - 2 * len(forced())
    for _day in range(2 * enough):
        hits = days.hits
        works = [rng.choice(half) for half in WORKS]
        moments = [rng.uniform(0, latest) for _work in works]
        victims = [rng.choice(AT_RANDOM) for _work in works]
        days.day(**dict(zip(works, map(Strike, victims, moments), strict=True)))
        if days.hits >= enough:
            break
        latest *= 1.0 if days.hits == hits + 2 else 0.9
    record_property("healed_s", round(days.slowest, 1))
    record_property("kills", days.striker.kills)
    assert days.hits >= enough
    assert days.slowest < HEALING
