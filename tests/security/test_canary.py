# SPDX-License-Identifier: LGPL-3.0-only
"""Contact data goes in by every input; then everything that is left is searched."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from canary_world import VEHICLES, Exposed, World
from message_sinks import MailSink, SmsSink
from stack.proxy import Limits
from stack.settings import DATA, LOGS
from stack.stack import Ports, Stack

NAME = "security_canary"
#: Tables in which contact data may stand as it is, with the inputs and the reason.
CLEAR = {
    # An organisation's contact at work, for the operator; it becomes an account, whose
    # name is the address. Unconfirmed it is deleted after 7 days.
    "recall_data_application": {"application"},
}
#: Screens of the back office that show it to who has the right to the table.
SHOWN = {"recall.data.application": {"application"}}


@pytest.fixture(scope="module")
def exposed() -> Iterator[Exposed]:
    """Both terminals after all inputs were used."""
    mails, messages = MailSink(), SmsSink()
    limits = Limits(address=100_000, token=100_000)
    stack = Stack(NAME, ports=Ports.free(), limits=limits, guarded=True)
    try:
        with mails.serve() as smtp, messages.serve() as sms:
            stack.prepare(fresh=True)
            stack.start()
            world = World(stack, VEHICLES)
            world.set_up()
            world.enter()
            world.file_everywhere()
            world.open_interfaces()
            world.connect_terminals()
            exposed = Exposed(world, mails, messages)
            exposed.enter_all(smtp, sms)
            yield exposed
    finally:
        stack.remove()


def test_canary_stands_in_an_answer(exposed):
    """X-CRYPTO: forms, interfaces and files give nothing back of what went in."""
    assert len(exposed.answers) > 10
    found = {
        (place, name)
        for place, data in exposed.answers.items()
        for name in exposed.canaries.names_in(data)
    }
    assert found == set()


def test_canary_stands_in_the_database(exposed, tmp_path):
    """X-CRYPTO: a dump of either database holds no number and no address."""
    for site in exposed.world.stack.sites:
        path = tmp_path / "dump.sql"
        exposed.world.stack.cluster.client(
            "pg_dump", f"--file={path}", site.database.name
        )
        found = {
            (name, table)
            for name, table in exposed.canaries.tables_in(path.read_bytes())
            if name not in CLEAR.get(table, ())
        }
        assert found == set(), site.name


def test_canary_stands_in_a_file_of_the_store(exposed):
    """X-CRYPTO: nor do the files beside the database: photos, uploads, exports."""
    for site in exposed.world.stack.sites:
        paths = [*(DATA / "filestore" / site.database.name).rglob("*")]
        found = {
            (path.name, name)
            for path in paths
            if path.is_file()
            for name in exposed.canaries.names_in(path.read_bytes())
        }
        assert paths and found == set(), site.name


def test_canary_stands_in_a_log(exposed):
    """X-CRYPTO X-LOG: servers, gateway and database server log no contact data."""
    logs = [path for path in (LOGS / NAME).rglob("*") if path.is_file()]
    logs.append(exposed.world.stack.cluster.home / "pg.log")
    assert {"producer.log", "regulator.log", "gateway.log"} <= {p.name for p in logs}
    found = {
        (path.name, name)
        for path in logs
        for name in exposed.canaries.names_in(path.read_bytes())
    }
    assert found == set()


def test_canary_stands_in_another_s_message(exposed):
    """X-CRYPTO S-PUSH: an address is on its own mail's envelope and nowhere else."""
    mails, found = exposed.mails.mails, set()
    assert len(mails) >= 6
    for receivers, mail in mails:
        own = exposed.canaries.names_in(" ".join(receivers).encode())
        headers = "".join(f"{name}: {text}\n" for name, text in mail.items())
        found |= exposed.canaries.names_in(headers.encode()) - own
        for part in mail.walk():
            data = b"" if part.is_multipart() else part.get_payload(decode=True)
            found |= exposed.canaries.names_in(data)
    for message in exposed.messages.calls:
        found |= exposed.canaries.names_in(message["content"].encode())
    assert found == set()


@pytest.mark.parametrize("site", ["producer", "regulator"])
def test_canary_is_read_in_the_back_office(exposed, site):
    """X-CRYPTO X-ACCESS: who may read everything reads no contact data unasked."""
    client = exposed.admins[site]
    models = client.search_read(
        "ir.model",
        [("model", "=like", "recall.%"), ("abstract", "=", False)],
        ["model"],
    )
    found, read = set(), 0
    for model in (one["model"] for one in models):
        if not client.call(model, "has_access", [], "read"):
            continue
        kinds = client.call(model, "fields_get", attributes=["type"])
        columns = [one for one in kinds if not kinds[one]["type"].endswith("2many")]
        rows = client.search_read(model, [], columns, limit=500)
        names = exposed.canaries.names_in(str(rows).encode())
        found |= {(model, name) for name in names - SHOWN.get(model, set())}
        read += len(rows)
    assert read > 1000 and found == set()


def test_canary_stands_in_a_report(exposed):
    """X-CRYPTO X-LOG: nor do workbooks, the operation log, what the public reads."""
    admins, found = exposed.admins, set()
    paths = ("statistics.xlsx", "usage.xlsx?from=2025-01-01&to=2025-01-31")
    paths += ("log/log.jsonl", "log/checkpoints.txt", "v1/openapi.json")
    for client, path in (
        *((admins["regulator"], path) for path in paths),
        (admins["producer"], "log/log.jsonl"),
    ):
        data = client.download(f"/recall/{path}")
        assert len(data) > 100
        found |= {(path, name) for name in exposed.canaries.names_in(data)}
    assert found == set()


def test_reason_outlives_its_table():
    """X-CRYPTO: the reasons of what stands in clear are for tables that are there."""
    addons = Path(__file__).parents[2] / "addons"
    text = " ".join(path.read_text() for path in addons.rglob("models/*.py"))
    assert all(table.replace("_", ".") in text for table in CLEAR)
