# SPDX-License-Identifier: LGPL-3.0-only
"""The regulator's server is killed in the middle of a pull."""

import random
import time

from simulation.world import World

KILLS = 20
MOST_TRIES = 30
PAGE_SIZE = 3
REPORTS_PER_ROUND = 60
PULLING = "SELECT count(*) FROM recall_enterprise WHERE lease_until IS NOT NULL"


def test_kill_in_the_middle_of_a_pull_loses_or_doubles_a_record(
    world: World, record_property
):
    """X-FAULT M-PULL: kill -9 at 20 random moments; the books agree afterwards."""
    seed = random.SystemRandom().randrange(10**6)
    record_property("seed", seed)
    rng = random.Random(seed)
    _make_small_pages(world)
    waiting = _reports_not_yet_sent(world)
    duration = _time_a_pull(world, waiting[:REPORTS_PER_ROUND])
    rounds = _kill_until_enough(world, waiting, duration, rng)
    world.pull()
    names = list(world.access)
    taken = world.ledger(world.stack.regulator, names)
    assert taken == world.ledger(world.stack.producer, names)
    assert len(taken) == (rounds + 1) * REPORTS_PER_ROUND
    assert world.recount_is_right(world.stack.regulator)


def _kill_until_enough(
    world: World, waiting: list[dict], duration: float, rng: random.Random
) -> int:
    """Kill at moments within `duration` until enough hit a pull; returns the rounds.

    A kill after the last page shows nothing: it counts as a round only, and the next
    moments are drawn earlier.
    """
    hits = 0
    for round_ in range(1, MOST_TRIES + 1):
        begin = round_ * REPORTS_PER_ROUND
        _start_pull(world, waiting[begin : begin + REPORTS_PER_ROUND])
        time.sleep(rng.uniform(0, duration))
        world.stack.regulator.server.kill()
        hit = _is_pulling(world)
        world.stack.regulator.server.start()
        hits += hit
        if hits == KILLS:
            return round_
        if not hit:
            duration *= 0.8
    raise AssertionError(f"only {hits} of {MOST_TRIES} kills hit a pull")


def _start_pull(world: World, reports: list[dict]) -> None:
    """Have new records waiting and the pull of them begun."""
    world.post_reports(reports)
    world.wait_confirmed()
    for _press in range(40):
        world.start_pull()
        # A server that has just come up may miss the call and sleep for a minute.
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline:
            if _is_pulling(world):
                return
            time.sleep(0.01)
    raise AssertionError("the pull does not begin")


def _is_pulling(world: World) -> bool:
    return bool(world.ask(world.stack.regulator, PULLING)[0][0])


def _time_a_pull(world: World, reports: list[dict]) -> float:
    _start_pull(world, reports)
    started = time.monotonic()
    while _is_pulling(world):
        time.sleep(0.01)
    return time.monotonic() - started


def _make_small_pages(world: World) -> None:
    interfaces = world.producer.call("recall.interface", "search", [])
    world.producer.call(
        "recall.interface", "write", interfaces, {"page_size": PAGE_SIZE}
    )


def _reports_not_yet_sent(world: World) -> list[dict]:
    """Reports of the days after the first, as many as the kills need."""
    reports, day = [], 2
    while len(reports) < (MOST_TRIES + 1) * REPORTS_PER_ROUND:
        reports += world.reports_of(day)
        day += 1
    return reports
