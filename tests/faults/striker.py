# SPDX-License-Identifier: LGPL-3.0-only
"""Kills one part of a running stack, at a forced point of the work or at any moment."""

import random
import re
import signal
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import TypeVar

from hold_points import Held
from stack.odoo_server import OdooServer
from stack.processes import signal_group
from stack.stack import Site, Stack
from supervisor import children, cluster_lives, kill, postmaster, wait_for, wait_gone

PAUSE = 0.02

Found = TypeVar("Found")

BACKENDS = """
SELECT pid FROM pg_stat_activity
 WHERE datname = %s AND application_name LIKE 'odoo-%%'
"""


@dataclass(frozen=True)
class Strike:
    """One kill: whom it hits, and when.

    :param victim: worker, backend, postmaster, machine (all of the database server at
        once), proxy, server (all of one Odoo at once)
    :param moment: of `hold_points.MOMENTS`, or seconds after the work has begun
    """

    victim: str
    moment: str | float


@dataclass(frozen=True)
class Place:
    """Where some work is done: a site, the table it writes, the workers that do it."""

    site: Site
    table: str
    workers: str  # WorkerHTTP or WorkerCron


class Striker:
    """Kills parts of a stack; counts what it has killed."""

    def __init__(self, stack: Stack, rng: random.Random) -> None:
        self.stack, self.rng = stack, rng
        self.kills = 0
        self._lock = threading.Lock()

    def strike_held(self, strike: Strike, place: Place, held: Held) -> None:
        """Kill the victim while somebody is held up at a point of its work."""
        backend = held.wait()
        self._kill(strike.victim, place, backend)
        if strike.victim in ("backend", "postmaster", "machine"):
            return
        if strike.moment == "after commit" and strike.victim == "proxy":
            held.go_on(backend)
        elif strike.moment == "after commit" or self.rng.random() < 0.5:
            # Else whoever was held up goes on until it finds nobody there.
            held.end(backend)

    def strike_at_random(self, strike: Strike, place: Place) -> None:
        """Kill the victim some time after the work has begun."""
        time.sleep(strike.moment)
        self._kill(strike.victim, place, None)

    def _kill(self, victim: str, place: Place, backend: int | None) -> None:
        # Whom another strike has just hit has to live again first.
        with self._lock:
            if victim == "machine":
                self._find_alive(self._postmaster)
                self.stack.cluster.kill()
            elif victim == "server":
                # Its pid file stays: the supervisor may be writing the next one.
                pid = self._find_alive(lambda: place.site.server.pid)
                signal_group(pid, signal.SIGKILL)
            else:
                find = {
                    "worker": lambda: workers(place.site.server, place.workers),
                    "backend": lambda: backend or self._backend(place.site),
                    "postmaster": self._postmaster,
                    "proxy": lambda: self.stack.proxy.pid,
                }[victim]
                found = self._find_alive(find)
                pids = [found] if isinstance(found, int) else found
                for pid in pids:
                    kill(pid, signal.SIGKILL)
                for pid in pids:
                    wait_gone(pid, 1)
            self.kills += 1

    def _find_alive(self, find: Callable[[], Found]) -> Found:
        return wait_for(find, lambda: "nobody lives who could be hit", PAUSE)

    def _postmaster(self) -> int | None:
        cluster = self.stack.cluster
        return postmaster(cluster) if cluster_lives(cluster) else None

    def _backend(self, site: Site) -> int | None:
        line = self.stack.cluster.connect(admin=True)
        with closing(line), line.cursor() as cursor:
            cursor.execute(BACKENDS, [site.database.name])
            found = [pid for (pid,) in cursor.fetchall()]
        return self.rng.choice(found) if found else None


def workers(server: OdooServer, kind: str) -> list[int]:
    """The workers of a kind (WorkerHTTP, WorkerCron) that live at this moment."""
    alive = re.compile(rf"Worker {kind} \((\d+)\) alive")
    known = {int(pid) for pid in alive.findall(server.log.read_text())}
    return sorted(known & set(children(server.pid))) if server.pid else []
