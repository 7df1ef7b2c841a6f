# SPDX-License-Identifier: LGPL-3.0-only
"""The clock of all machines is put forward by a day, and back."""

import time
from concurrent.futures import ThreadPoolExecutor

import requests
from clock import Clock, clock_of
from hard_days import HardDays
from simulation.scheduler import nudge
from supervisor import HEALING, wait_for

#: Seconds from the begin of work to the jump: most of it is still to be done.
MOMENT = 0.3
#: Seconds after which every program has seen it.
SEEN = 1.5


def work_while(clock: Clock, offset: str, days: HardDays) -> float:
    """Have a day's work done while the clock jumps; returns how long it took."""
    stack = days.world.stack
    with ThreadPoolExecutor(1) as threads:
        future = threads.submit(days.day)
        time.sleep(MOMENT)
        clock.put(offset)
        jumped = time.monotonic()
        time.sleep(SEEN)
        # They do so by themselves once a minute.
        for site in stack.sites:
            nudge(stack.cluster, site.database.name)
        future.result()
    return time.monotonic() - jumped


def healthy(days: HardDays) -> bool:
    """What the regulator's terminal tells whoever watches it."""
    stack = days.world.stack
    nudge(stack.cluster, stack.regulator.database.name)
    url = f"{stack.regulator.url}/recall/health"
    return requests.get(url, timeout=30, verify=str(stack.ca_file)).ok


def test_clock_that_jumps_loses_a_record_or_stops_the_work_unnoticed(
    days: HardDays, record_property
):
    """X-FAULT E-SYNC M-PULL M-MONITOR: a clock that is put back keeps scheduled actions
    waiting; the health check tells, and a new start of the server is all it takes."""
    stack = days.world.stack
    with clock_of(stack) as clock:
        wait_for(lambda: healthy(days), lambda: "not healthy from the start")
        seconds = [work_while(clock, "+1d", days)]
        wait_for(lambda: healthy(days), lambda: "the scheduled actions stand still")
        seconds += [work_while(clock, "+0", days)]
        assert not healthy(days), "nobody is told that scheduled actions wait"
        for site in stack.sites:
            site.server.start()
        restarted = time.monotonic()
        wait_for(lambda: healthy(days), lambda: "a new start did not do")
        seconds += [time.monotonic() - restarted]
        days.day()
    record_property("healed_s", [round(one, 1) for one in seconds])
    assert max(seconds) < HEALING
