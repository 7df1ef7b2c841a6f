# SPDX-License-Identifier: LGPL-3.0-only
"""P13: memory of a worker over many look-ups, and of the pull over many records."""

import time
from pathlib import Path

from . import intake
from .frame import Aim, Figure, Result, slope
from .lookups import look_up
from .site import Bench

STEPS = 20
MB = 2**20
GROWTH = Aim("≤", 150)


def measure(bench: Bench, ids: set[str]) -> list[Result]:
    [name] = ids
    times, sizes = watch_lookups(bench)
    # What it fills its caches with at first is no leak.
    late = len(sizes) // 2
    hourly = slope(times[late:], sizes[late:]) * 3600 / sizes[late] * 100
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
                Figure("look-ups, slope an hour", (hourly,), "%", Aim("≤", 1)),
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


def watch_lookups(bench: Bench) -> tuple[list[float], list[float]]:
    """Seconds and MB of the server's largest process, till all look-ups are done."""
    existing, target = bench.sizes.existing, bench.sizes.lookups
    server, times, sizes = bench.regulator(existing).server(), [], []
    turn = look_up(bench, existing, server.url)
    try:
        server.start()
        done, rate, started = 0, turn(1).rate, time.monotonic()
        while done < target:
            done += turn(max(1, round(target / STEPS / rate))).requests
            times.append(round(time.monotonic() - started, 1))
            sizes.append(round(largest(server.pid) / MB, 1))
    finally:
        server.stop()
    return times, sizes


def largest(group: int) -> int:
    """Resident bytes of the largest process of a process group."""
    found = 0
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        if int(fields[2]) == group:
            found = max(found, int(fields[21]) * 4096)
    return found
