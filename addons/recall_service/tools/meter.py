# SPDX-License-Identifier: LGPL-3.0-only
"""Counting by the hour in the memory of one server process.

A request must not write to a row that others write too. So each process counts for
itself, and hands its counts to the database every few seconds. A process that is killed
loses what it has not handed over: the counts of `PERIOD` seconds at most.
"""

import threading
import time
from collections.abc import Callable, Hashable, Mapping

HOUR = 3600
#: Seconds between two hand-overs.
PERIOD = 5

#: The begin of the hour in seconds, and what is counted together.
Key = tuple[int, *tuple[Hashable, ...]]
#: How often, and what else is summed up.
Amounts = tuple[int, ...]


class Meter:
    """Counts of one kind. Every method may be called by several threads."""

    def __init__(self, clock: Callable[[], float] = time.time):
        self._clock = clock
        self._lock = threading.Lock()
        self._counts: dict[Key, Amounts] = {}
        self._handed_over = 0.0

    def count(self, key: tuple[Hashable, ...], amounts: Amounts) -> None:
        """Add amounts to those of this hour and key."""
        hour = int(self._clock() // HOUR * HOUR)
        with self._lock:
            self._add((hour, *key), amounts)

    def pending(self) -> list[tuple[Key, Amounts]]:
        """What is counted here and not handed over yet."""
        with self._lock:
            return list(self._counts.items())

    def take(self, *, all_of_it: bool = False) -> dict[Key, Amounts]:
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

    def give_back(self, counts: Mapping[Key, Amounts]) -> None:
        """Keep counts that could not be stored for the next time."""
        with self._lock:
            for key, amounts in counts.items():
                self._add(key, amounts)

    def _add(self, key, amounts):
        known = self._counts.get(key)
        if known:
            amounts = tuple(map(sum, zip(known, amounts, strict=True)))
        self._counts[key] = amounts
