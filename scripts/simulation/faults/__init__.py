# SPDX-License-Identifier: LGPL-3.0-only
"""Every way in which a producer's terminal can fail or lie, each in many variations."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..certificates import Authority
from ..fault_server import FaultServer, answer, http_answer

ANY_ADDRESS = "::"


@dataclass(frozen=True)
class Grounds:
    """What faults are made with.

    `catcher` listens on every address of this machine and must never be asked; `folder`
    is for further authorities.
    """

    authority: Authority
    catcher: FaultServer
    folder: Path


@contextmanager
def make_grounds(authority: Authority, folder: Path) -> Iterator[Grounds]:
    """Grounds whose catcher takes connections, also those by IPv4."""
    listener = socket.create_server(
        (ANY_ADDRESS, 0), family=socket.AF_INET6, dualstack_ipv6=True
    )
    good = http_answer(b'{"records": [], "count": 0, "api_status": 200}')
    catcher = FaultServer(listener, answer(good), authority.context())
    thread = threading.Thread(target=catcher.accept)
    thread.start()
    try:
        yield Grounds(authority, catcher, folder)
    finally:
        catcher.close()
        thread.join()
        catcher.stop()
