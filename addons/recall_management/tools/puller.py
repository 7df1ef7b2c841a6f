# SPDX-License-Identifier: LGPL-3.0-only
"""Fetching from many peers at once, without a database cursor.

Network and database never mix: worker threads only fetch; whoever iterates over
``results`` stores what came, one answer at a time, and may submit the next page.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Fetched:
    """What one request came to: ``answer`` or the ``error`` that was raised."""

    key: int
    payload: dict[str, Any]
    started: float  # seconds since the epoch
    seconds: float
    answer: Any = None
    error: Exception | None = None


class Puller:
    """Up to ``threads`` requests under way; use it as a context manager.

    An answer that waits to be stored counts too, so that no more than ``threads`` of
    them are in memory. They come in the order of their requests, as far as they are
    there.

    :param post: function ``(url, payload) -> answer``, bounded in time by itself
    """

    def __init__(self, post: Callable[[str, dict], Any], threads: int = 16) -> None:
        self._post = post
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="recall-pull")
        self._waiting: deque[tuple] = deque()
        self._running: list[Future[Fetched]] = []

    def __enter__(self) -> "Puller":
        return self

    def __exit__(self, *_exc: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def submit(
        self,
        key: int,
        url: str,
        payload: dict[str, Any],
        error: Exception | None = None,
    ) -> None:
        """Ask for a request to be made; ``key`` comes back with its result.

        :param error: why the request cannot be made: then it is the result
        """
        self._waiting.append((key, url, payload, error))

    def results(self) -> Iterator[Fetched]:
        """Make the requests and yield results as they come, until none is left."""
        while self._waiting or self._running:
            while self._waiting and len(self._running) < self._threads:
                request = self._waiting.popleft()
                self._running.append(self._pool.submit(self._fetch, *request))
            yield self._take_done()

    def _take_done(self) -> Fetched:
        done, _ = wait(self._running, return_when=FIRST_COMPLETED)
        position = next(i for i, future in enumerate(self._running) if future in done)
        return self._running.pop(position).result()

    def _fetch(
        self, key: int, url: str, payload: dict[str, Any], error: Exception | None
    ) -> Fetched:
        started, clock, answer = time.time(), time.monotonic(), None
        try:
            answer = None if error else self._post(url, payload)
        except Exception as exc:  # noqa: BLE001  whatever it is belongs to this peer
            error = exc
        seconds = time.monotonic() - clock
        return Fetched(key, payload, started, seconds, answer, error)
