# SPDX-License-Identifier: LGPL-3.0-only
"""Counting and quotas of the sharing interface in the memory of a process."""

import importlib.util
import threading
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

TOOLS = Path(__file__).resolve().parents[2] / "addons/recall_service/tools"


def _load(name):
    # By path: `tools` is the folder of the shared domain here.
    spec = importlib.util.spec_from_file_location(f"svc_{name}", TOOLS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


Meter, HOUR = (getattr(_load("meter"), name) for name in ("Meter", "HOUR"))
Quotas, DAY = (getattr(_load("quota"), name) for name in ("Quotas", "DAY"))

NOON = 20_000 * DAY + DAY // 2


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, now=NOON):
        self.now = now

    def __call__(self):
        return self.now


def never():
    raise AssertionError("the database was asked")


def nothing(_since):
    """Nothing is pending."""
    return 0


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 50)), max_size=60))
def test_nothing_counted_is_lost_or_doubled_by_hand_overs_that_fail(requests):
    """X-FAULT: however often storing fails, each request is handed over once."""
    clock = Clock()
    meter = Meter(clock)
    stored = []
    for number, (interface, vins) in enumerate(requests):
        meter.count((interface, "many", 200), (1, vins))
        clock.now += 3
        taken = meter.take()
        if number % 2:
            meter.give_back(taken)
        else:
            stored += taken.items()
    stored += meter.take(all_of_it=True).items()
    assert not meter.pending()
    assert sum(count for _key, (count, _vins) in stored) == len(requests)
    for interface in range(1, 4):
        expected = sum(vins for number, vins in requests if number == interface)
        counted = [vins for key, (_n, vins) in stored if key[1] == interface]
        assert sum(counted) == expected


def test_hours_are_mixed_up():
    """S-REPORT: what comes after the full hour counts in the next."""
    clock = Clock(NOON + HOUR - 1)
    meter = Meter(clock)
    meter.count(("open", "zh_CN"), (1,))
    clock.now += 1
    meter.count(("open", "zh_CN"), (1,))
    assert meter.take(all_of_it=True) == {
        (NOON, "open", "zh_CN"): (1,),
        (NOON + HOUR, "open", "zh_CN"): (1,),
    }


def test_hand_over_waits_for_its_time():
    """S-PERF: not every request writes to the database."""
    clock = Clock()
    meter = Meter(clock)
    meter.count(("open",), (1,))
    assert meter.take()
    meter.count(("open",), (1,))
    assert not meter.take()
    clock.now += 5
    assert meter.take()


def test_clock_that_is_set_back_does_not_stop_it():
    """X-FAULT: an hour back is no reason to wait for an hour."""
    clock = Clock()
    meter = Meter(clock)
    meter.count(("open",), (1,))
    assert meter.take()
    clock.now -= HOUR
    meter.count(("open",), (1,))
    assert meter.take()


def test_threads_lose_no_count():
    """X-FAULT: threads that count at once are all counted."""
    meter = Meter(Clock())

    def count():
        for _ in range(2_000):
            meter.count(("open",), (1,))

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert meter.take(all_of_it=True) == {(NOON, "open"): (8_000,)}


@given(st.integers(1, 30), st.integers(1, 60))
def test_burst_lets_through_exactly_its_number(limit, asked):
    """S-SHARE: of one window as many pass as are permitted, then a new one begins."""
    clock = Clock()
    quotas = Quotas(clock)
    passed = sum(quotas.wait_for_burst(1, limit) == 0 for _ in range(asked))
    assert passed == min(limit, asked)
    assert quotas.wait_for_burst(2, limit) == 0, "another interface"
    clock.now += 10
    assert quotas.wait_for_burst(1, limit) == 0


def test_day_counts_what_is_not_handed_over_yet():
    """S-SHARE: the quota holds between two hand-overs as well."""
    quotas = Quotas(Clock())
    assert quotas.wait_for_day(1, 1, 3, lambda: 1, nothing) == 0
    assert quotas.wait_for_day(1, 1, 3, never, lambda _since: 1) == 0
    assert quotas.wait_for_day(1, 1, 3, never, lambda _since: 2) == DAY // 2


def test_many_vins_are_compared_with_the_database():
    """S-SHARE: a request for 10,000 does not rely on what was known seconds ago."""
    quotas = Quotas(Clock())
    assert quotas.wait_for_day(1, 10, 20, lambda: 0, nothing) == 0
    assert quotas.wait_for_day(1, 10, 20, lambda: 11, nothing) > 0


def test_quota_begins_anew_at_midnight():
    """S-SHARE: yesterday's use is forgotten, and what is pending is asked of today."""
    clock = Clock()
    quotas = Quotas(clock)
    assert quotas.wait_for_day(1, 1, 1, lambda: 1, nothing) > 0
    clock.now += DAY // 2
    asked = []
    assert quotas.wait_for_day(1, 1, 1, lambda: 0, lambda t: asked.append(t) or 0) == 0
    assert asked == [clock.now]
