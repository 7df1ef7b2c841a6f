# SPDX-License-Identifier: LGPL-3.0-only
"""HAProxy in front of the two Odoo servers."""

import os
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass, field

from .authority import Authority
from .odoo_server import OdooServer
from .processes import Server, check_port_free, last_line
from .settings import (
    ADDRESS_LARGE,
    ADDRESS_RATE,
    HSTS_SECONDS,
    LISTEN,
    PRODUCER_PORT,
    QUEUE,
    REGULATOR_PORT,
    ROOT,
    TOKEN_RATE,
    StackError,
)

GATEWAY_DIR = ROOT / "deploy" / "haproxy"


@dataclass(frozen=True)
class Limits:
    """Requests that one address, and one token, may send in 10 seconds, and how many
    may wait for one server."""

    address: int
    token: int
    queue: int = field(default_factory=lambda: QUEUE.number)


class Proxy(Server):
    """The gateway as deploy/haproxy/haproxy.cfg describes it."""

    def __init__(
        self,
        name: str,
        authority: Authority,
        producer: tuple[int, OdooServer],
        regulator: tuple[int, OdooServer],
        limits: Limits | None = None,
    ) -> None:
        """`producer` and `regulator`: HTTPS port and the server behind it."""
        super().__init__(name)
        self.authority = authority
        self.producer_port, self.producer = producer
        self.regulator_port, self.regulator = regulator
        self.limits = limits or Limits(ADDRESS_RATE.number, TOKEN_RATE.number)

    def start(self) -> None:
        """Start HAProxy and wait until both HTTPS ports accept connections."""
        self.stop()
        self.authority.prepare()
        check_port_free(self.producer_port, PRODUCER_PORT.name, LISTEN.value)
        check_port_free(self.regulator_port, REGULATOR_PORT.name, LISTEN.value)
        environment = os.environ | self._environment()
        command = [_program(), "-f", str(GATEWAY_DIR / "haproxy.cfg")]
        self._check_configuration(command, environment)
        self.launch([*command, "-db"], environment)
        for port in (self.producer_port, self.regulator_port):
            self._wait_for(port)

    def _environment(self) -> dict[str, str]:
        hosts = self.pid_file.with_suffix(".hosts")
        hosts.parent.mkdir(parents=True, exist_ok=True)
        names = [f"[{n}]" if ":" in n else n.lower() for n in self.authority.names]
        hosts.write_text("".join(f"{name}\n" for name in names))
        return {
            "RECALL_LISTEN": LISTEN.value,
            "RECALL_PRODUCER_PORT": str(self.producer_port),
            "RECALL_REGULATOR_PORT": str(self.regulator_port),
            "RECALL_PRODUCER_ODOO": f"127.0.0.1:{self.producer.http_port}",
            "RECALL_REGULATOR_ODOO": f"127.0.0.1:{self.regulator.http_port}",
            "RECALL_PRODUCER_LIVE": f"127.0.0.1:{self.producer.gevent_port}",
            "RECALL_REGULATOR_LIVE": f"127.0.0.1:{self.regulator.gevent_port}",
            "RECALL_PRODUCER_AT_ONCE": str(_at_once(self.producer)),
            "RECALL_REGULATOR_AT_ONCE": str(_at_once(self.regulator)),
            "RECALL_PRODUCER_BULK": str(_bulk(self.producer)),
            "RECALL_REGULATOR_BULK": str(_bulk(self.regulator)),
            "RECALL_CERTIFICATE": str(self.authority.server),
            "RECALL_HOSTS_FILE": str(hosts),
            "RECALL_GATEWAY_DIR": str(GATEWAY_DIR),
            "RECALL_HSTS_SECONDS": HSTS_SECONDS.value,
            "RECALL_ADDRESS_RATE": str(self.limits.address),
            "RECALL_TOKEN_RATE": str(self.limits.token),
            "RECALL_ADDRESS_LARGE": ADDRESS_LARGE.value,
            "RECALL_QUEUE": str(self.limits.queue),
        }

    def _check_configuration(
        self, command: list[str], environment: dict[str, str]
    ) -> None:
        result = subprocess.run(
            [*command, "-c"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode:
            faults = [s for s in result.stderr.splitlines() if "[ALERT]" in s]
            raise StackError(f"HAProxy refuses its configuration: {faults[0]}")

    def _wait_for(self, port: int) -> None:
        address = LISTEN.value if LISTEN.value != "0.0.0.0" else "127.0.0.1"  # noqa: S104
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and self.pid:
            try:
                socket.create_connection((address, port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise StackError(
            f"HAProxy did not start: {last_line(self.log)} (see {self.log})"
        )


def _at_once(server: OdooServer) -> int:
    return 3 * max(server.workers, 1)


def _bulk(server: OdooServer) -> int:
    return max(server.workers - 1, 1)


def _program() -> str:
    # Debian keeps it in /usr/sbin, which is not in every user's PATH.
    found = shutil.which("haproxy", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if not found:
        raise StackError("haproxy is missing: run scripts/setup.sh")
    return found
