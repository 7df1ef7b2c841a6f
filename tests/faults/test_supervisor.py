# SPDX-License-Identifier: LGPL-3.0-only
"""Whoever starts again what has died must not die of it."""

import os
import signal
import time
from pathlib import Path
from types import SimpleNamespace

from stack.processes import Server
from supervisor import Supervisor


class ShortLived(Server):
    """A server that dies whenever somebody has looked whether it lives."""

    starts = 0

    def launch_only(self) -> None:
        self.launch(["sleep", "60"], dict(os.environ))
        self.starts += 1

    start = launch_only

    @property
    def pid(self) -> int | None:
        if pid := super().pid:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        return pid


def test_servers_stay_dead_once_one_dies_while_it_is_looked_at(tmp_path: Path):
    """The one that starts them again goes on."""
    (tmp_path / "postmaster.pid").write_text(f"{os.getpid()}\n")
    proxy, server = ShortLived("short/proxy"), ShortLived("short/server")
    stack = SimpleNamespace(
        cluster=SimpleNamespace(data=tmp_path),
        proxy=proxy,
        sites=[SimpleNamespace(server=server)],
    )
    deadline = time.monotonic() + 20
    with Supervisor(stack):
        while min(proxy.starts, server.starts) < 3:
            assert time.monotonic() < deadline, (proxy.starts, server.starts)
            time.sleep(0.05)
    for each in (proxy, server):
        each.stop()
