# SPDX-License-Identifier: LGPL-3.0-only
"""What the operating system does in operation: it starts again what has died."""

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import psycopg2
from stack.cluster import Cluster
from stack.processes import Server, signal_group
from stack.settings import StackError
from stack.stack import Stack

PAUSE = 0.1
#: X-FAULT: seconds after which all works again, without a person.
HEALING = 90

Found = TypeVar("Found")


class Supervisor:
    """Starts dead servers of a stack again and does nothing else to them.

    As systemd with `Restart=always`; what belongs to a dead server goes, too. Workers
    are no concern of it: their server starts new ones. Use as a context manager.
    """

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Supervisor":
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        stack = self.stack
        servers = {
            stack.proxy: stack.proxy.start,
            **{site.server: site.server.launch_only for site in stack.sites},
        }
        groups: dict[Server, int] = {}
        while not self._over.wait(PAUSE):
            if not cluster_lives(stack.cluster):
                self._start(stack.cluster.start)
            for server, start in servers.items():
                if pid := server.pid:
                    groups[server] = pid
                    continue
                if server in groups:
                    # What a dead server has left behind holds its ports.
                    signal_group(groups.pop(server), signal.SIGKILL)
                self._start(start)

    def _start(self, start: Callable[[], None]) -> None:
        # It may not be able to start yet: the next round tries again.
        with suppress(StackError, psycopg2.Error, OSError):
            start()


def wait_for(
    find: Callable[[], Found], state: Callable[[], str], pause: float = 0.2
) -> Found:
    """What is found, as soon as there is something; the database may be away meanwhile.

    :param state: tells how far it is when that takes longer than `HEALING`
    :param pause: seconds between two looks
    """
    deadline = time.monotonic() + HEALING
    while True:
        with suppress(psycopg2.Error):  # the server is away, or comes back
            if found := find():
                return found
        if time.monotonic() > deadline:
            raise TimeoutError(f"{HEALING} s were not enough: {state()}")
        time.sleep(pause)


def cluster_lives(cluster: Cluster) -> bool:
    """Whether the first process of an embedded cluster lives."""
    try:
        return lives(postmaster(cluster))
    except (OSError, ValueError, IndexError):
        return False


def lives(pid: int) -> bool:
    """Whether a process runs; one that nobody has buried yet does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def postmaster(cluster: Cluster) -> int:
    """Process id of the first process of an embedded cluster that runs."""
    return int((cluster.data / "postmaster.pid").read_text().split()[0])


def children(pid: int) -> list[int]:
    """Processes that a process has started and that live."""
    try:
        return [
            int(child)
            for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        ]
    except OSError:
        return []


def kill(pid: int, number: int) -> None:
    """Send a signal to a process that may have ended meanwhile."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def wait_gone(pid: int, patience: float = 10) -> None:
    """Wait until a process has ended."""
    deadline = time.monotonic() + patience
    while lives(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
