# SPDX-License-Identifier: LGPL-3.0-only
"""Each part of both terminals is killed, at forced points and at random moments."""

from concurrent.futures import ThreadPoolExecutor
from itertools import chain, product, zip_longest

import pytest
from hard_days import HardDays
from hold_points import MOMENTS
from kills import AT_RANDOM, DATABASE, EVERY_POINT, KILLS
from messages import Messages
from striker import Strike
from supervisor import HEALING

# A server that is killed in a handshake leaves its client's socket to Python.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <ssl:ResourceWarning")

#: Whoever is killed while it reports, and while it asks or is asked.
WORKS = ("collect", "import"), ("sync", "intake")
OUTSIDE = {"collect", "sync"}  # through the gateway
#: What is done to a message, in its order.
STEPS = ("find", "mail", "webhook")
ALL_WORKS = [*chain(*WORKS), *STEPS]
#: After so many seconds most of the work of a day's half, or of telling, is done.
LATEST = 0.6

Named = tuple[str, Strike]


def strikes(work: str) -> list[Named]:
    """The strikes of some work at forced points.

    What the database server does when it dies depends on the moment only in that a
    commit has been made or has not, and it takes long: `make test` takes one kill of it
    for each work, in turn one of each kind.
    """
    near = ("worker", "proxy") if work in OUTSIDE else ("worker",)
    pairs = list(product(near, MOMENTS))
    if EVERY_POINT:
        pairs += product(DATABASE, MOMENTS)
    else:
        kinds = list(product(DATABASE, ("row", "after commit")))
        pairs.append(kinds[ALL_WORKS.index(work) % len(kinds)])
    return [(work, Strike(victim, moment)) for victim, moment in pairs]


def forced_on_days() -> list[tuple[Named, Named]]:
    """All strikes at forced points of records, two for each day."""
    halves = [[s for work in half for s in strikes(work)] for half in WORKS]
    return list(zip_longest(*halves))


def forced_on_messages() -> list[Named]:
    """All strikes at forced points of messages, one for each recall."""
    return [s for step in STEPS for s in strikes(step)]


def _name(one: Named) -> str:
    work, strike = one
    return f"{work}: {strike.victim}, {strike.moment}"


@pytest.mark.parametrize(
    "pair", forced_on_days(), ids=lambda pair: "; ".join(map(_name, pair))
)
def test_kill_at_this_point_loses_doubles_or_makes_up_a_record(
    days: HardDays, supervisor, pair
):
    """X-FAULT E-COLLECT E-SYNC M-PULL M-RECEIVE: kill -9 at a forced point."""
    days.day(**dict(pair))
    assert days.workshop.slowest < HEALING


@pytest.mark.parametrize("named", forced_on_messages(), ids=_name)
def test_kill_at_this_point_loses_or_doubles_a_message(
    messages: Messages, supervisor, named
):
    """X-FAULT S-PUSH: kill -9 at a forced point while a recall is told."""
    messages.tell(*named)
    assert messages.workshop.slowest < HEALING


def test_kills_at_random_moments_lose_double_or_make_up_a_record_or_a_message(
    days: HardDays, messages: Messages, supervisor, record_property
):
    """X-FAULT E-COLLECT E-SYNC M-PULL M-RECEIVE S-PUSH: kill -9 at any moment.

    On each day a recall is told, too. A kill after the work has ended shows nothing and
    is not counted; the next ones fall earlier.
    """
    workshop, latest = days.workshop, LATEST
    rng, workshop.hits = workshop.striker.rng, 0
    enough = KILLS - 2 * len(forced_on_days()) - len(forced_on_messages())
    for _day in range(2 * enough):
        hits = workshop.hits
        works = [rng.choice(half) for half in WORKS]
        first, second, third = (
            Strike(rng.choice(AT_RANDOM), rng.uniform(0, latest)) for _ in range(3)
        )
        with ThreadPoolExecutor(1) as threads:
            told = threads.submit(messages.tell, rng.choice(STEPS), third)
            days.day(**dict(zip(works, (first, second), strict=True)))
            told.result()
        if workshop.hits >= enough:
            break
        latest *= 1.0 if workshop.hits == hits + 3 else 0.9
    record_property("healed_s", round(workshop.slowest, 1))
    record_property("kills", workshop.striker.kills)
    assert workshop.hits >= enough
    assert workshop.slowest < HEALING
