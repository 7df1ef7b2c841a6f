# SPDX-License-Identifier: LGPL-3.0-only
"""Fetching from many peers at once, without a database cursor.

Network and database never mix: worker threads fetch, and make of an answer what can be
made of it without the database; whoever iterates over ``results`` stores what came,
one answer at a time, and may submit the next page. Several threads may do that at once.
"""

import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

#: Seconds between the turns of threads. With Python's 5 ms, a thread that receives
#: 16 MB in a thousand pieces could wait for its turns as long as its deadline is.
SWITCH_SECONDS = 0.0005
#: Answers that are digested before whoever stores has come to them. What 16 MB of JSON
#: become is many times as large: of all places at once it would fill the memory.
AHEAD = 4


@dataclass(frozen=True)
class Fetched:
    """What one request came to: ``answer`` or the ``error`` that was raised."""

    key: int
    payload: dict[str, Any]
    started: float  # seconds since the epoch
    seconds: float
    answer: Any = None
    error: Exception | None = None
    digest: Any = None  # what was made of the answer


@dataclass(eq=False)
class _Request:
    key: int
    url: str
    payload: dict[str, Any]
    error: Exception | None
    digest: Callable[[Any], Any] | None
    slow: bool
    begun: float = 0.0  # on the monotonic clock
    answered: bool = False
    result: Fetched | None = field(default=None, init=False)
    ahead: bool = False  # its digest is one of those that wait


class Puller:
    """Requests under way at once, none of which holds up others; a context manager.

    There are ``threads`` places. A peer that has not answered after ``patience``
    seconds leaves its place to the next one and is waited for in one of
    ``slow_threads`` others; there begins whoever is known to be ``slow``. So peers
    that hang delay no others, as long as fewer hang than there are slow places.

    An answer that waits to be stored keeps its place, so that no more than there are
    places are in memory. Results come in the order of their requests, as far as they
    are there; those of slow peers after the others.

    :param post: function ``(url, payload) -> answer``, bounded in time by itself
    """

    def __init__(
        self,
        post: Callable[[str, dict], Any],
        threads: int = 16,
        slow_threads: int = 48,
        patience: float = 1.0,
    ) -> None:
        self._post = post
        self._places = {False: threads, True: slow_threads}
        self._patience = patience
        self._pool = ThreadPoolExecutor(
            threads + slow_threads, thread_name_prefix="recall-pull"
        )
        self._waiting: dict[bool, deque[_Request]] = {False: deque(), True: deque()}
        self._running: list[_Request] = []
        self._taken = 0  # results that somebody stores at the moment
        self._closed = False
        # Guards all of these; notified when a thread may find something to do.
        self._changed = threading.Condition()
        self._turn = threading.Lock()
        self._ahead = threading.Semaphore(AHEAD)

    def __enter__(self) -> "Puller":
        self._interval = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_SECONDS)
        return self

    def __exit__(self, *_exc: object) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        # Who leaves early takes no more results: nobody shall wait for that.
        self._ahead.release(sum(self._places.values()))
        self._pool.shutdown(wait=True, cancel_futures=True)
        sys.setswitchinterval(self._interval)

    @property
    def waiting(self) -> int:
        """Number of requests that have no place yet."""
        return sum(map(len, self._waiting.values()))

    @property
    def pending(self) -> int:
        """Number of requests whose results are still to come."""
        with self._changed:
            return self.waiting + len(self._running)

    def submit(
        self,
        key: int,
        url: str,
        payload: dict[str, Any],
        error: Exception | None = None,
        digest: Callable[[Any], Any] | None = None,
        slow: bool = False,
    ) -> None:
        """Ask for a request to be made; ``key`` comes back with its result.

        :param error: why the request cannot be made: then it is the result
        :param digest: function of the answer; its result comes back too
        :param slow: whether the peer let others wait before
        """
        request = _Request(key, url, payload, error, digest, slow)
        with self._changed:
            self._waiting[slow].append(request)
            self._changed.notify()

    def withdraw(self) -> list[int]:
        """Take the requests back that have no place yet; returns their keys."""
        with self._changed:
            queues = self._waiting.values()
            keys = [request.key for queue in queues for request in queue]
            for queue in queues:
                queue.clear()
            self._changed.notify_all()
        return keys

    def results(self) -> Iterator[Fetched]:
        """Make the requests and yield results as they come, until none is left.

        What another thread is storing may bring a further request: it is waited for.
        """
        while request := self._take():
            try:
                yield request.result
            finally:
                self._give_back(request)

    def _take(self) -> _Request | None:
        """Wait for a result, but no longer than until somebody's place is free."""
        with self._changed:
            while self._taken or self.pending:
                if self._closed:
                    break
                self._move_slow()
                self._begin()
                ready = [request for request in self._running if request.result]
                if ready:
                    request = min(ready, key=lambda one: one.slow)
                    self._running.remove(request)
                    self._taken += 1
                    return request
                self._changed.wait(self._find_timeout())
        return None

    def _give_back(self, request: _Request) -> None:
        with self._changed:
            self._taken -= 1
            self._changed.notify_all()
        if request.ahead:
            self._ahead.release()

    def _begin(self) -> None:
        for slow, queue in self._waiting.items():
            while queue and self._free(slow):
                request = queue.popleft()
                request.begun = time.monotonic()
                self._running.append(request)
                self._pool.submit(self._fetch, request)

    def _free(self, slow: bool) -> int:
        return self._places[slow] - sum(one.slow is slow for one in self._running)

    def _move_slow(self) -> None:
        late = time.monotonic() - self._patience
        for request in self._unanswered():
            if request.begun <= late and self._free(True):
                request.slow = True

    def _unanswered(self) -> list[_Request]:
        return [one for one in self._running if not (one.slow or one.answered)]

    def _find_timeout(self) -> float | None:
        """Seconds until a place may be left to one who waits; None where none will."""
        if not self._waiting[False] or not self._free(True):
            return None
        begun = [request.begun for request in self._unanswered()]
        if not begun:
            return None
        return max(0.0, min(begun) + self._patience - time.monotonic())

    def _fetch(self, request: _Request) -> None:
        started, clock = time.time(), time.monotonic()
        answer, error, digest, seconds = None, request.error, None, 0.0
        try:
            if not error:
                answer = self._post(request.url, request.payload)
            seconds = time.monotonic() - clock
            request.answered = True
            if answer is not None and request.digest:
                self._ahead.acquire()
                request.ahead = True
                # They would only take turns at the interpreter, and keep it from
                # whoever stores.
                with self._turn:
                    digest = request.digest(answer)
        except Exception as exc:  # noqa: BLE001  whatever it is belongs to this peer
            error = exc
            seconds = seconds or time.monotonic() - clock
        finally:
            with self._changed:
                request.result = Fetched(
                    *(request.key, request.payload, started, seconds),
                    *(answer, error, digest),
                )
                self._changed.notify()
