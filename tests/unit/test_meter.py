# SPDX-License-Identifier: LGPL-3.0-only
"""Counting and quotas of the sharing interface in the memory of a process."""

import importlib.util
import threading
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

PATH = Path(__file__).resolve().parents[2] / "addons/recall_service/tools/meter.py"
spec = importlib.util.spec_from_file_location("meter", PATH)
meter_tool = importlib.util.module_from_spec(spec)
spec.loader.exec_module(meter_tool)
Meter, DAY, HOUR = meter_tool.Meter, meter_tool.DAY, meter_tool.HOUR

NOON = 20_000 * DAY + DAY // 2


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, now=NOON):
        self.now = now

    def __call__(self):
        return self.now


def never():
    raise AssertionError("the database was asked")


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 50)), max_size=60))
def test_nothing_counted_is_lost_or_doubled_by_hand_overs_that_fail(requests):
    """X-FAULT: however often storing fails, each request is handed over once."""
    clock = Clock()
    meter = Meter(clock)
    stored = {}
    for number, (interface, vins) in enumerate(requests):
        meter.count(interface, "many", 200, vins, 10)
        clock.now += 3
        taken = meter.take()
        if number % 2:
            meter.give_back(taken)
            continue
        for key, count in taken.items():
            stored[key] = stored.get(key, meter_tool.Count(0, 0, 0)).plus(count)
    for key, count in meter.take(all_of_it=True).items():
        stored[key] = stored.get(key, meter_tool.Count(0, 0, 0)).plus(count)
    assert sum(count.requests for count in stored.values()) == len(requests)
    assert sum(count.vins for count in stored.values()) == sum(v for _, v in requests)


def test_hand_over_waits_for_its_time():
    """S-PERF: not every request writes to the database."""
    clock = Clock()
    meter = Meter(clock)
    meter.count(1, "one", 200, 1, 10)
    assert meter.take()
    meter.count(1, "one", 200, 1, 10)
    assert not meter.take()
    clock.now += 5
    assert meter.take()


def test_clock_that_is_set_back_does_not_stop_it():
    """X-FAULT: an hour back is no reason to wait for an hour."""
    clock = Clock()
    meter = Meter(clock)
    meter.count(1, "one", 200, 1, 10)
    assert meter.take()
    clock.now -= HOUR
    meter.count(1, "one", 200, 1, 10)
    assert meter.take()


@given(st.integers(1, 30), st.integers(1, 60))
def test_burst_lets_through_exactly_its_number(limit, asked):
    """S-SHARE: of one window as many pass as are permitted, then a new one begins."""
    clock = Clock()
    meter = Meter(clock)
    passed = sum(meter.wait_for_burst(1, limit) == 0 for _ in range(asked))
    assert passed == min(limit, asked)
    assert meter.wait_for_burst(2, limit) == 0, "another interface"
    clock.now += 10
    assert meter.wait_for_burst(1, limit) == 0


def test_day_counts_what_is_not_handed_over_yet():
    """S-SHARE: the quota holds between two hand-overs as well."""
    meter = Meter(Clock())
    assert meter.wait_for_day(1, 1, 3, lambda: 1) == 0
    meter.count(1, "one", 200, 1, 10)
    assert meter.wait_for_day(1, 1, 3, never) == 0
    meter.count(1, "one", 200, 1, 10)
    assert meter.wait_for_day(1, 1, 3, never) == DAY // 2


def test_many_vins_are_compared_with_the_database():
    """S-SHARE: a request for 10,000 does not rely on what was known seconds ago."""
    meter = Meter(Clock())
    assert meter.wait_for_day(1, 10, 20, lambda: 0) == 0
    assert meter.wait_for_day(1, 10, 20, lambda: 11) > 0


def test_quota_begins_anew_at_midnight():
    """S-SHARE: yesterday's use is forgotten, also where it is not handed over."""
    clock = Clock()
    meter = Meter(clock)
    meter.wait_for_day(1, 1, 1, lambda: 0)
    meter.count(1, "one", 200, 1, 10)
    assert meter.wait_for_day(1, 1, 1, never) > 0
    clock.now += DAY // 2
    assert meter.wait_for_day(1, 1, 1, lambda: 0) == 0


def test_refused_and_other_methods_use_up_nothing():
    """S-SHARE: changes, exports and refusals are no VINs of the day."""
    meter = Meter(Clock())
    meter.wait_for_day(1, 1, 1, lambda: 0)
    meter.count(1, "changes", 200, 5_000, 10)
    meter.count(1, "one", 429, 1, 10)
    assert meter.wait_for_day(1, 1, 1, never) == 0


def test_threads_lose_no_count():
    """X-FAULT: threads that count at once are all counted."""
    meter = Meter(Clock())

    def count():
        for _ in range(2_000):
            meter.count(1, "one", 200, 1, 10)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [total] = meter.take(all_of_it=True).values()
    assert total.requests == 8_000
