# SPDX-License-Identifier: LGPL-3.0-only
"""The whole product on one machine: a producer, the regulator and the gateway."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .authority import Authority
from .cluster import Cluster
from .database import Database
from .lock import Lock
from .odoo_server import OdooServer
from .processes import Server, free_ports
from .proxy import Limits, Proxy
from .settings import (
    ADDONS,
    LOCAL,
    LOG_OWNER,
    LOGS,
    ODOO_PORT,
    PG_HOST,
    PRODUCER_PORT,
    REGULATOR_PORT,
    RUN,
    StackError,
)

PRODUCER_MODULES = ("recall_base", "recall_enterprise")
REGULATOR_MODULES = ("recall_base", "recall_management", "recall_service")
# The two sides of a stack on one machine reach each other over loopback.
PEER_NETWORKS = "127.0.0.0/8,::1/128"


@dataclass(frozen=True)
class Ports:
    """HTTPS ports of both sites and four for the Odoo servers on loopback."""

    producer: int
    regulator: int
    odoo: tuple[int, int, int, int]

    @classmethod
    def from_variables(cls) -> "Ports":
        first = ODOO_PORT.number
        odoo = (first, first + 1, first + 2, first + 3)
        return cls(PRODUCER_PORT.number, REGULATOR_PORT.number, odoo)

    @classmethod
    def free(cls) -> "Ports":
        """Ports that nothing uses at this moment, for tests."""
        producer, regulator, *odoo = free_ports(6)
        return cls(producer, regulator, tuple(odoo))


@dataclass
class Site:
    """One organisation's terminal: its database, its Odoo server, its address."""

    name: str
    modules: tuple[str, ...]
    url: str
    database: Database
    server: OdooServer
    key_file: Path


class Stack:
    """Producer and regulator behind HTTPS, each with its own database and keys.

    `name` separates stacks on one machine (databases, logs, keys, pid files): "demo"
    keeps its databases, a test makes its own. Use as a context manager or call
    `prepare`, `start` and `stop`: one process at a time has the stack of a name between
    them, others get a StackError. `say` gets one line for each long step. `guarded`
    gives log and repair reports to a role of their own, where the embedded server's
    superuser can do so.
    """

    def __init__(
        self,
        name: str = "demo",
        *,
        ports: Ports | None = None,
        workers: int | None = None,
        limits: Limits | None = None,
        cluster: Cluster | None = None,
        guarded: bool = False,
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.name = name
        self.say = say
        self.ports = ports or Ports.from_variables()
        self.workers = workers
        self.cluster = cluster or Cluster()
        self.guarded = guarded and not self.cluster.external
        self.lock = Lock(
            RUN / f"{name}.lock",
            f"a {name} is running already: press Ctrl-C there, or run `make stop`",
        )
        self.authority = Authority()
        self.producer = self._site(
            "producer", PRODUCER_MODULES, self.ports.producer, self.ports.odoo[:2]
        )
        self.regulator = self._site(
            "regulator", REGULATOR_MODULES, self.ports.regulator, self.ports.odoo[2:]
        )
        self.proxy = Proxy(
            f"{name}/gateway",
            self.authority,
            (self.ports.producer, self.producer.server),
            (self.ports.regulator, self.regulator.server),
            limits,
        )

    @property
    def sites(self) -> tuple[Site, Site]:
        return self.producer, self.regulator

    @property
    def servers(self) -> tuple[Server, ...]:
        return self.proxy, self.producer.server, self.regulator.server

    @property
    def ca_file(self) -> Path:
        """The authority's certificate, for every client to verify with."""
        return self.authority.ca

    def prepare(self, *, fresh: bool = False) -> None:
        """Start the database server; make certificates, keys and databases.

        With `fresh` the databases and logs are made anew, else what fits is reused.
        """
        self.lock.take()
        if fresh:
            self._stop_servers()
            shutil.rmtree(LOGS / self.name, ignore_errors=True)
        self.cluster.start()
        self.authority.prepare()
        for site in self.sites:
            if fresh or not site.key_file.exists():
                if not fresh:
                    self._check_own(site)
                # What an old key sealed cannot be opened: the database goes with it.
                site.database.drop()
                make_key_file(site.key_file)
            self.say(f"database of the {site.name}: {self._provide(site)}")

    def _check_own(self, site: Site) -> None:
        """A server that is not ours may have the database of another checkout."""
        name = site.database.name
        if self.cluster.external and self.cluster.exists(name):
            raise StackError(
                f"{name} is on PGHOST={PG_HOST.value} already, and its keys are not in "
                f"{site.key_file}: if nobody needs it, run scripts/recall dropdb {name}"
            )

    def _provide(self, site: Site) -> str:
        name = site.database.name
        if self.guarded and self.cluster.exists(name):
            # An update changes tables, which their owner alone may do.
            self.cluster.run_file(name, LOG_OWNER / "log_owner_release.sql")
        done = site.database.provide(site.modules)
        if self.guarded:
            self.cluster.run_file(name, LOG_OWNER / "log_owner.sql")
        return done

    def prepare_apart(self) -> None:
        """`prepare` on a database server that has no templates: made on the usual one.

        The databases are made anew.
        """
        self.lock.take()
        self.cluster.start()
        self.authority.prepare()
        for site in self.sites:
            make_key_file(site.key_file)
            site.database.make_elsewhere(site.modules, Cluster())

    def start(self) -> None:
        """Start both Odoo servers and the gateway; wait until all answer."""
        self.lock.take()
        for site in self.sites:
            site.server.launch_only()
        for site in self.sites:
            site.server.wait()
            self.say(f"Odoo of the {site.name} answers")
        self.proxy.start()
        self.say("gateway answers")

    def stop(self, *, database_server: bool = True) -> None:
        """Stop the gateway, both Odoo servers and the database server if unused.

        Does nothing when another process has the stack.
        """
        if not self.lock.held:
            return
        self._stop_servers()
        if database_server:
            self.cluster.stop_unless_used()
        self.lock.release()

    def _stop_servers(self) -> None:
        for server in self.servers:
            server.stop()

    def remove(self) -> None:
        """Stop, then delete the databases and keys of this stack."""
        self.lock.take()
        self._stop_servers()
        self.cluster.start()
        for site in self.sites:
            site.database.drop()
            site.key_file.unlink(missing_ok=True)
        self.cluster.stop_unless_used()
        self.lock.release()

    @contextmanager
    def running(self, *, fresh: bool = False) -> Iterator["Stack"]:
        """`prepare`, `start`, and `stop` at the end whatever happens."""
        try:
            self.prepare(fresh=fresh)
            self.start()
            yield self
        finally:
            self.stop()

    def _site(
        self, name: str, modules: tuple[str, ...], https_port: int, ports: tuple
    ) -> Site:
        key_file = LOCAL / "keys" / f"{self.name}-{name}.json"
        environment = {
            "RECALL_KEY_FILE": str(key_file),
            "RECALL_CA_FILE": str(self.authority.ca),
            "RECALL_PEER_NETWORKS": PEER_NETWORKS,
            "RECALL_CHECKPOINT_FILE": str(LOGS / self.name / f"{name}-checkpoints.txt"),
        }
        database = Database(
            self.cluster,
            f"recall_{self.name}_{name}",
            LOGS / self.name / f"{name}-install.log",
            environment,
        )
        server = OdooServer(
            f"{self.name}/{name}",
            self.cluster,
            database.name,
            ports,
            workers=self.workers,
            environment=environment,
        )
        url = f"https://localhost:{https_port}"
        return Site(name, modules, url, database, server, key_file)


def make_key_file(path: Path) -> None:
    """A key file with fresh keys, as recall_base/tools/key_file.py makes it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.unlink(missing_ok=True)
    program = ADDONS / "recall_base" / "tools" / "key_file.py"
    subprocess.run([sys.executable, program, "generate", path], check=True)
