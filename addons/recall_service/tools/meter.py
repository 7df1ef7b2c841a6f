# SPDX-License-Identifier: LGPL-3.0-only
"""Counting of requests and their quotas in the memory of one server process.

A request must not write to a row that others write too. So each process counts for
itself, hands its counts to the database every few seconds, and learns there what the
other processes have counted. Between two hand-overs a quota can be overshot by what
the others served meanwhile; bursts are counted by each process alone.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

HOUR, DAY = 3600, 86400
#: Seconds between two hand-overs, and the window of a burst.
PERIOD, WINDOW = 5, 10
#: Answers that are counted on the day's quota.
SUCCESS = 200
QUOTA_METHODS = ("one", "many")


class Key(NamedTuple):
    """What is counted together; `hour` is the time of its begin, in seconds."""

    hour: int
    interface_id: int | None
    method: str
    api_status: int


class Count(NamedTuple):
    requests: int
    vins: int
    size: int

    def plus(self, other: "Count") -> "Count":
        return Count(*map(sum, zip(self, other, strict=True)))


class Meter:
    """Counts of one database. Every method may be called by several threads."""

    def __init__(self, clock: Callable[[], float] = time.time):
        self._clock = clock
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._counts: dict[Key, Count] = {}
        self._bursts: Counter[int] = Counter()
        self._window = self._day = 0
        self._used: dict[int, int] = {}
        self._handed_over = 0.0

    # === Quotas === #

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
        self, interface_id: int, vins: int, quota: int, read_used: Callable[[], int]
    ) -> int:
        """0 if so many more VINs are within the day's quota, else seconds to wait.

        `read_used` reads from the database how many VINs all processes have handed
        over today. It is asked for an interface that is not known here yet, and for
        every request with more than one VIN.
        """
        now = self._clock()
        with self._lock:
            self._begin_day(now)
            known = self._used.get(interface_id)
        if known is None or vins > 1:
            known = read_used()
            with self._lock:
                self._used[interface_id] = known
        with self._lock:
            used = known + self._count_pending(interface_id)
        return 0 if used + vins <= quota else _until_next(now, DAY)

    def _begin_day(self, now: float) -> None:
        if self._day != now // DAY:
            self._day = now // DAY
            self._used.clear()

    def _count_pending(self, interface_id: int) -> int:
        return sum(
            count.vins
            for key, count in self._counts.items()
            if key.interface_id == interface_id
            and key.method in QUOTA_METHODS
            and key.api_status == SUCCESS
            and key.hour >= self._day * DAY
        )

    # === Counts === #

    def count(
        self, interface_id: int | None, method: str, status: int, vins: int, size: int
    ) -> None:
        """Count an answered request."""
        hour = int(self._clock() // HOUR * HOUR)
        key = Key(hour, interface_id, method, status)
        with self._lock:
            old = self._counts.get(key, Count(0, 0, 0))
            self._counts[key] = old.plus(Count(1, vins, size))

    def take(self, *, all_of_it: bool = False) -> dict[Key, Count]:
        """Return what is to be handed over now, empty unless its time has come.

        Whoever takes it stores it, and calls `give_back` if that fails.
        """
        now = self._clock()
        with self._lock:
            # A clock that was set back is no reason to wait.
            if not all_of_it and 0 <= now - self._handed_over < PERIOD:
                return {}
            self._handed_over = now
            taken, self._counts = self._counts, {}
        return taken

    def give_back(self, counts: Mapping[Key, Count]) -> None:
        """Keep counts that could not be stored for the next time."""
        with self._lock:
            for key, count in counts.items():
                old = self._counts.get(key, Count(0, 0, 0))
                self._counts[key] = old.plus(count)

    def note_used(self, used: Iterable[tuple[int, int]]) -> None:
        """Note how many VINs of today the database knows of, by interface."""
        with self._lock:
            self._begin_day(self._clock())
            self._used.update(used)


def _until_next(now: float, period: int) -> int:
    """Whole seconds until the next multiple of a period begins, at least one."""
    return max(1, int(period - now % period + 0.999))
