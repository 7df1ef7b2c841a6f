# SPDX-License-Identifier: LGPL-3.0-only
"""Two servers of one database look vehicles up; one learns what the other changed."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests
from simulation.web_client import WebClient
from stack.cluster import Cluster
from stack.database import Database
from stack.odoo_server import OdooServer
from stack.processes import free_ports
from stack.stack import make_key_file

NAME = "recall_share_servers"
VIN = "LTZAA11B8SA409799"
SETUP = """
producer = env["recall.producer"].create({"name": "Producer"})
plan = env["recall.plan"].create({"recall_number": "S2025M0149I", "brand": "Brand",
    "producer_id": producer.id, "series": "Series", "model": "M1", "defect": "Old",
    "consequence": "Consequence", "measure": "Measure", "recall_start": "2025-01-15",
    "state": "published"})
env["recall.vehicle"]._add_to_scope(plan, [(values["vin"], None)])
user = env["recall.data.user"].create({"name": "User", "purpose": "Test"})
interface = env["recall.share.interface"].create(
    {"name": "Test", "data_user_id": user.id})
token, secret = env["recall.token"].issue(
    {"name": "Test", "purpose": "share", "data_user_id": user.id})
admin = env.ref("base.user_admin")
for name in ("recall_base.group_keeper", "recall_service.group_administrator"):
    admin.group_ids |= env.ref(name)
result = {"api_exchange_token": secret, "api_exchange_cfg": interface.api_cfg,
    "api_exchange_vin": values["vin"]}
"""


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    keys = tmp_path_factory.mktemp("keys") / "keys.json"
    make_key_file(keys)
    return keys


@pytest.fixture(scope="module")
def database(keys: Path) -> Iterator[Database]:
    cluster = Cluster()
    cluster.start()
    database = Database(cluster, NAME, environment={"RECALL_KEY_FILE": str(keys)})
    database.make(["recall_service"])
    yield database
    database.drop()


@pytest.fixture(scope="module")
def servers(database: Database, keys: Path) -> Iterator[list[OdooServer]]:
    with ExitStack() as stack:
        servers = []
        for number in range(2):
            server = OdooServer(
                f"system/share{number}",
                database.cluster,
                NAME,
                tuple(free_ports(2)),
                workers=0,
                cron_threads=0,
                environment={"RECALL_KEY_FILE": str(keys)},
            )
            stack.callback(server.stop)
            server.start()
            servers.append(server)
        yield servers


def ask(server: OdooServer, message: dict) -> dict:
    answer = requests.post(f"{server.url}/recall/v1/share", json=message, timeout=10)
    return answer.json()


def test_other_servers_tell_what_was_changed(
    database: Database, servers: list[OdooServer]
):
    """S-SHARE X-ATTACK: a changed name and a revoked token hold on every server."""
    message = database.shell(SETUP, vin=VIN)
    client = WebClient(servers[0].url, Path(), NAME).log_in("admin", "admin")
    [producer] = client.search_read("recall.producer", [], ["name"])
    [token] = client.search_read("recall.token", [], ["name"])
    for name in ("Old name", "New name"):
        client.call("recall.producer", "write", [producer["id"]], {"name": name})
        for server in servers:
            [record] = ask(server, message)["exchange_records"]
            assert record["producerName"] == name

    client.call("recall.token", "action_revoke", [token["id"]])
    for server in servers:
        assert ask(server, message)["api_status"] == 403
