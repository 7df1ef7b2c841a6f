# SPDX-License-Identifier: LGPL-3.0-only
"""Where work is done, struck, and seen to end."""

import functools
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import requests
from hold_points import HoldPoints
from simulation.scheduler import forget_cut_off, wake
from simulation.web_client import WebError
from stack.stack import Stack
from striker import Place, Strike, Striker
from supervisor import HEALING, wait_for

PAUSE = 0.2
#: What a client is told, or not, while a part is away.
TROUBLE = (requests.RequestException, RuntimeError, ValueError, WebError)


class Workshop:
    """Both terminals at work, and whoever strikes.

    `hits` counts strikes on work that had not ended, `slowest` is the longest that it
    took after a strike until the work had ended and all was healthy, in seconds.
    """

    def __init__(self, stack: Stack, striker: Striker) -> None:
        self.stack, self.striker = stack, striker
        self.hits = 0
        self.slowest = 0.0
        self._lock = threading.Lock()
        self.points = {
            site.name: HoldPoints(stack.cluster, site.database.name)
            for site in stack.sites
        }

    def forget_cut_off(self) -> None:
        """Have Odoo give no action a rest for what was done to it."""
        cluster = self.stack.cluster
        for site in self.stack.sites:
            self.insist(functools.partial(forget_cut_off, cluster, site.database.name))

    def do(self, work: Callable[[], None], place: Place, strike: Strike | None) -> None:
        """Have work begin, strike, and see that it ends in time and all is healthy."""
        if strike is None:
            work()
            return
        with ThreadPoolExecutor(1) as threads:
            if isinstance(strike.moment, float):
                future = threads.submit(work)
                self.striker.strike_at_random(strike, place)
            else:
                points = self.points[place.site.name]
                with points.hold(place.table, strike.moment) as held:
                    future = threads.submit(work)
                    self.striker.strike_held(strike, place, held)
            struck = time.monotonic()
            hit = not future.done()
            future.result()
        wait_for(self._healthy, lambda: "a part does not answer")
        with self._lock:
            self.hits += hit
            self.slowest = max(self.slowest, time.monotonic() - struck)

    def _healthy(self) -> bool:
        """Whether both sites answer from outside, with their database."""
        return all(answers(site.url, self.stack.ca_file) for site in self.stack.sites)

    def insist(self, check: Callable[[], object]) -> None:
        """Do what the database is needed for, as soon as it is there."""
        wait_for(lambda: bool([check()]), lambda: "the database is away")

    def wake(self, side: str, *crons: str) -> None:
        """Have a side's workers run scheduled actions now."""
        wake(self.stack.cluster, getattr(self.stack, side).database.name, *crons)

    def ask(self, side: str, query: str, *values: Any) -> list[tuple]:
        """Rows of a query on a side's database, past Odoo."""
        connection = self.stack.cluster.connect(getattr(self.stack, side).database.name)
        try:
            with connection.cursor() as cursor:
                cursor.execute(query, values or None)
                return cursor.fetchall()
        finally:
            connection.close()


def answers(url: str, ca_file: Path) -> bool:
    """Whether gateway, Odoo and database of a site are there."""
    path = "/web/health?db_server_status=1"
    try:
        answer = requests.get(url + path, timeout=5, verify=str(ca_file))
    except requests.RequestException:
        return False
    return answer.status_code == 200


def insist(call: Callable[[], Any]) -> Any:
    """Repeat a call until it is answered, as a client does whose server is away."""
    deadline = time.monotonic() + HEALING
    while True:
        try:
            return call()
        except TROUBLE:
            if time.monotonic() > deadline:
                raise
            time.sleep(PAUSE)
