# SPDX-License-Identifier: LGPL-3.0-only
"""P13: memory of a worker over many look-ups, and of the pull over many records."""

import resource
import time
from pathlib import Path

from stack.settings import StackError

from . import intake
from .frame import Aim, Figure, Result, slope
from .load import Pace
from .lookups import look_up
from .site import WARM_UP, Bench

STEPS = 20
MB = 2**20
PAGE = resource.getpagesize()
GROWTH = Aim("≤", 150)
#: Seconds of the late half: of a shorter one, a page of memory is a leak an hour.
LONG_ENOUGH = 300


def measure(bench: Bench, ids: set[str]) -> list[Result]:
    [name] = ids
    times, sizes = watch_lookups(bench)
    taken = bench.once(
        "intake", lambda: intake.take_in(bench, bench.sizes.existing, ["pull"])
    )
    pulled = [size / MB for size in taken["memory"]]
    return [
        Result(
            name,
            "memory of a process",
            "at start",
            runs=[{"seconds": t, "MB": s} for t, s in zip(times, sizes, strict=True)],
            figures=[
                describe_slope(times, sizes),
                Figure("look-ups, growth", (max(sizes) - sizes[0],), "MB", GROWTH),
                Figure("taking in, growth", (max(pulled) - pulled[0],), "MB", GROWTH),
            ],
            sizes={
                **bench.sizes.some("lookups", "existing"),
                "records": taken["records"],
            },
            details={"pull_MB": pulled, "worker_MB": sizes[-1]},
        )
    ]


def describe_slope(times: list[float], sizes: list[float]) -> Figure:
    """Growth an hour in the late half: what fills the caches at first is no leak."""
    late = len(sizes) // 2
    hourly = slope(times[late:], sizes[late:]) * 3600 / sizes[late] * 100
    long_enough = times[-1] - times[late] >= LONG_ENOUGH
    aim = Aim("≤", 1) if long_enough else None
    return Figure("look-ups, slope an hour", (round(hourly, 2),), "%", aim)


def watch_lookups(bench: Bench) -> tuple[list[float], list[float]]:
    """Seconds and MB of the process that answers, till all are done and time is up.

    The first of each is from when it has warmed up. What is asked is spread over the
    time, so that the machine has room for something else meanwhile.
    """
    existing, target = bench.sizes.existing, bench.sizes.lookups
    shortest = bench.sizes.watched
    server, times, seen = bench.regulator(existing).server(), [], []
    pace = Pace(1, shortest * bench.sizes.connections / target) if shortest else None
    turn = look_up(bench, existing, server.url, pace=pace)
    try:
        server.start()
        load, done, started = bench.good(turn(WARM_UP)), 0, time.monotonic()
        while True:
            times.append(round(time.monotonic() - started, 1))
            seen.append(look_at(server.pid))
            if done >= target and times[-1] >= shortest:
                return times, sizes_of_busiest(seen)
            step = max(target / load.rate, shortest) / STEPS
            load = bench.good(turn(max(1, round(step))))
            done += load.requests
    finally:
        server.stop()


def look_at(group: int) -> dict[int, tuple[int, int]]:
    """Each process of a group: ticks of the processor, resident bytes."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        if int(fields[2]) == group:
            ticks, pages = int(fields[11]) + int(fields[12]), int(fields[21])
            found[int(entry.name)] = ticks, pages * PAGE
    return found


def sizes_of_busiest(seen: list[dict[int, tuple[int, int]]]) -> list[float]:
    """MB of the process that worked most from the first look to the last.

    Beside the worker its group has those that only wait, and may be larger.
    """
    first, last = seen[0], seen[-1]
    busiest = max(last, key=lambda pid: last[pid][0] - first.get(pid, (0, 0))[0])
    if not all(busiest in look for look in seen):
        raise StackError("another process took the worker's place")
    return [round(look[busiest][1] / MB, 2) for look in seen]
