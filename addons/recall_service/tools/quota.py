# SPDX-License-Identifier: LGPL-3.0-only
"""Quotas of sharing interfaces, held in the memory of one server process.

Each process learns what the others have served when it hands its own counts over.
Between two hand-overs a quota can be overshot by what they served meanwhile; bursts are
counted by each process alone.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable

DAY = 86400
#: Seconds in which a burst is counted.
WINDOW = 10
#: Answers that are counted on the day's quota.
QUOTA_METHODS = ("one", "many")


class Quotas:
    """Quotas of one database. Every method may be called by several threads."""

    def __init__(self, clock: Callable[[], float] = time.time):
        self._clock = clock
        self._lock = threading.Lock()
        self._bursts: Counter[int] = Counter()
        self._window = self._day = 0
        self._used: dict[int, int] = {}

    def wait_for_burst(self, interface_id: int, limit: int) -> int:
        """Note a request; 0 if it is within the burst, else the seconds to wait."""
        now = self._clock()
        with self._lock:
            if self._window != now // WINDOW:
                self._window = now // WINDOW
                self._bursts.clear()
            self._bursts[interface_id] += 1
            if self._bursts[interface_id] <= limit:
                return 0
        return _until_next(now, WINDOW)

    def wait_for_day(
        self,
        interface_id: int,
        vins: int,
        quota: int,
        read_used: Callable[[], int],
        count_pending: Callable[[float], int],
    ) -> int:
        """0 if so many more VINs are within the day's quota, else seconds to wait.

        `read_used` reads from the database how many VINs all processes have handed
        over today. It is asked for an interface that is not known here yet, and for
        every request with more than one VIN. `count_pending` tells how many this
        process has served since a time and not handed over.
        """
        now = self._clock()
        with self._lock:
            self._begin_day(now)
            known = self._used.get(interface_id)
        if known is None or vins > 1:
            known = read_used()
            with self._lock:
                self._used[interface_id] = known
        used = known + count_pending(now // DAY * DAY)
        return 0 if used + vins <= quota else _until_next(now, DAY)

    def note_used(self, used: Iterable[tuple[int, int]]) -> None:
        """Note how many VINs of today the database knows of, by interface."""
        with self._lock:
            self._begin_day(self._clock())
            self._used.update(used)

    def _begin_day(self, now):
        if self._day != now // DAY:
            self._day = now // DAY
            self._used.clear()


def _until_next(now: float, period: int) -> int:
    """Whole seconds until the next multiple of a period begins, at least one."""
    return max(1, int(period - now % period + 0.999))
