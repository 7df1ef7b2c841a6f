# SPDX-License-Identifier: LGPL-3.0-only
"""All three add-ons in one database with two workers, attacked through the gateway."""

import json
import os
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from simulation.web_client import WebClient
from site_records import SCRIPT
from stack.authority import Authority
from stack.cluster import Cluster
from stack.database import Database
from stack.odoo_server import OdooServer
from stack.processes import free_ports
from stack.proxy import Limits, Proxy
from stack.settings import LOCAL, LOGS
from stack.stack import make_key_file

NAME = "security"
MODULES = ("recall_enterprise", "recall_management", "recall_service")
# One address sends here what comes from many in operation.
LIMITS = Limits(address=10_000_000, token=10_000_000)
PASSWORD = "security-password"
#: `RECALL_CAMPAIGN=full` runs every suite at its full size, a number as far as that
#: many cases and pairs: those of several runs are different ones, and add up.
CAMPAIGN = os.environ.get("RECALL_CAMPAIGN", "")
FULL = bool(CAMPAIGN)
TIMEOUT = 60


def size(reduced: int, full: int) -> int:
    """How many cases or pairs to run."""
    if CAMPAIGN.isdecimal():
        return min(int(CAMPAIGN), full)
    return full if FULL else reduced


class Site:
    """The attacked server: its gateway, its database, and what its users hold."""

    def __init__(self) -> None:
        self.cluster = Cluster()
        self.authority = Authority()
        self.keys = LOCAL / "keys" / f"{NAME}.json"
        environment = {"RECALL_KEY_FILE": str(self.keys)}
        log = LOGS / NAME / "install.log"
        self.database = Database(self.cluster, f"recall_{NAME}", log, environment)
        ports = free_ports(4)
        self.server = OdooServer(
            f"{NAME}/odoo",
            self.cluster,
            self.database.name,
            tuple(ports[:2]),
            workers=2,
            environment=environment,
        )
        sites = [(port, self.server) for port in ports[2:]]
        self.proxy = Proxy(f"{NAME}/gateway", self.authority, *sites, LIMITS)
        self.port = ports[2]
        self.url = f"https://localhost:{self.port}"

    def start(self) -> None:
        self.cluster.start()
        self.authority.prepare()
        make_key_file(self.keys)
        self.database.make(MODULES)
        held = self.database.shell(SCRIPT, password=PASSWORD, url=self.url)
        self.held = SimpleNamespace(**held)
        self.server.start()
        self.proxy.start()

    def remove(self) -> None:
        self.proxy.stop()
        self.server.stop()
        self.database.drop()
        self.keys.unlink(missing_ok=True)
        self.cluster.stop_unless_used()

    def session(self) -> requests.Session:
        """A client of the gateway, without a log-in."""
        session = requests.Session()
        session.trust_env = False
        session.verify = str(self.authority.ca)
        return session

    def log_in(self, login: str) -> WebClient:
        client = WebClient(self.url, self.authority.ca, self.database.name)
        return client.log_in(login, PASSWORD)

    def tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.authority.ca))

    def message(self, purpose: str, **members: object) -> dict[str, object]:
        """A right message to the interface of a purpose, with further members."""
        cfg, token = self.held.interfaces[purpose]
        names = ("api_token", "api_cfg")
        if purpose == "share":
            names = ("api_exchange_token", "api_exchange_cfg")
            members.setdefault("api_exchange_vin", self.held.vin)
        if purpose == "collect":
            members.setdefault("records", [{}])
        if purpose == "plans":
            members.setdefault("plans", [{}])
        return {names[0]: token, names[1]: cfg, **members}

    def ask(self, purpose: str, session: requests.Session, **members: object):
        url = f"{self.url}/recall/v1/{purpose}"
        message = self.message(purpose, **members)
        return session.post(url, json=message, timeout=TIMEOUT)

    def rows(self, query: str, *values: object) -> list[tuple]:
        """Rows of a query on the database, past Odoo."""
        connection = self.cluster.connect(self.database.name)
        try:
            with connection.cursor() as cursor:
                cursor.execute(query, values)
                found = cursor.fetchall()
            connection.commit()
            return found
        finally:
            connection.close()


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    site = Site()
    try:
        site.start()
        yield site
    finally:
        site.remove()


@pytest.fixture(scope="session")
def document(site: Site) -> dict:
    """The description of the interfaces that the server gives."""
    answer = site.session().get(f"{site.url}/recall/v1/openapi.json", timeout=TIMEOUT)
    return json.loads(answer.content)
