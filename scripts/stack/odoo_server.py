# SPDX-License-Identifier: LGPL-3.0-only
"""Odoo: its command line here, and a server with start, wait, stop and kill."""

import json
import os
import time
import urllib.error
import urllib.request
from pathlib import Path

from . import settings
from .cluster import Cluster
from .processes import Server, last_line, wait_port_free
from .settings import ODOO_PORT, WORKERS, StackError

LAUNCHER = Path(__file__).with_name("odoo_bin.py")
SLOW_START_SECONDS = 90
PORT_SECONDS = 5


def command_line(
    cluster: Cluster, arguments: list[str]
) -> tuple[list[str], dict[str, str]]:
    """Command and environment of an Odoo of this checkout with `arguments`.

    Sub-commands of Odoo (`shell`, `i18n`, …) keep their place as first word.
    """
    package = settings.odoo_dir()
    if not (package / "odoo" / "release.py").exists():
        raise StackError(f"no Odoo in {package}: run scripts/setup.sh")
    environment = os.environ | cluster.environment()
    environment["PYTHONPATH"] = str(package)
    # The launcher's folder must not come before Odoo's in the import path.
    environment["PYTHONSAFEPATH"] = "1"
    environment.setdefault("ODOO_RC", str(settings.ROOT / "odoo.conf"))
    environment.setdefault("ODOO_ADDONS_PATH", addons_path())
    environment["ODOO_DATA_DIR"] = str(settings.data_dir())
    return [str(settings.PYTHON), str(LAUNCHER), *arguments], environment


def addons_path() -> str:
    """The folders with our add-ons, those for tests included where they exist."""
    folders = (settings.ADDONS, settings.TEST_ADDONS)
    return ",".join(str(f) for f in folders if any(f.glob("*/__manifest__.py")))


class OdooServer(Server):
    """One Odoo server on loopback, for one database.

    `name` names pid file and log, `environment` is added to the process's own (see
    Site.environment), `options` are further arguments of Odoo. With `workers` 0 it is
    one process with threads and serves websockets on `http_port` too.
    """

    def __init__(
        self,
        name: str,
        cluster: Cluster,
        database: str,
        ports: tuple[int, int],
        *,
        workers: int | None = None,
        cron_threads: int = 1,
        environment: dict[str, str] | None = None,
        options: tuple[str, ...] = (),
    ) -> None:
        super().__init__(name)
        self.cluster = cluster
        self.database = database
        self.workers = WORKERS.number if workers is None else workers
        self.http_port = ports[0]
        self.gevent_port = ports[1] if self.workers else ports[0]
        self.cron_threads = cron_threads
        self.environment = environment or {}
        self.options = options

    @property
    def url(self) -> str:
        """Address on loopback, without the gateway: for set-up calls and tests."""
        return f"http://127.0.0.1:{self.http_port}"

    def start(self) -> None:
        """Start the server and wait until it answers with its database."""
        self.launch_only()
        self.wait()

    def launch_only(self) -> None:
        """Start the server without waiting: see `wait`."""
        self.stop()
        for port in {self.http_port, self.gevent_port}:
            wait_port_free(port, ODOO_PORT.name, PORT_SECONDS)
        arguments = [
            f"--database={self.database}",
            f"--http-port={self.http_port}",
            f"--gevent-port={self.gevent_port}",
            f"--workers={self.workers}",
            f"--max-cron-threads={self.cron_threads}",
            *self.options,
        ]
        command, environment = command_line(self.cluster, arguments)
        self.launch(command, environment | self.environment)

    def wait(self, seconds: float = SLOW_START_SECONDS) -> None:
        """Wait until the server answers; StackError when it ends or takes longer."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.pid is None:
                raise StackError(
                    f"{self.name} ended: {last_line(self.log)} (see {self.log})"
                )
            if self.healthy():
                return
            time.sleep(0.2)
        raise StackError(f"{self.name} does not answer after {seconds:.0f} s")

    def healthy(self) -> bool:
        """Whether the server answers and reaches its database."""
        url = f"{self.url}/web/health?db_server_status=1"
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310
                return bool(json.load(answer).get("db_server_status"))
        except (OSError, ValueError, urllib.error.HTTPError):
            return False
