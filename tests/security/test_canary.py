# SPDX-License-Identifier: LGPL-3.0-only
"""Contact data goes in by every input; then everything that is left is searched."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from canary_documents import LETTERS, PAGES, REPORTS, print_letters, print_reports
from canary_misplaced import Misplaced
from canary_partner import Partner
from canary_world import TIMEOUT, VEHICLES, Exposed, World
from message_sinks import MailSink, SmsSink
from stack.proxy import Limits
from stack.settings import DATA, LOGS
from stack.stack import Ports, Stack

NAME = "security_canary"
#: Accounts of partners, whose names are the addresses.
ACCOUNTS = {"account of the partner", "account of the reader"}
#: Tables in which contact data may stand as it is, with the inputs and the reason.
CLEAR = {
    # An organisation's contact at work and what it writes, for the operator; it becomes
    # an account, whose name is the address. Unconfirmed it is deleted after 7 days.
    "recall_data_application": {
        *("application", "text of an application", "application for more"),
        "account of the partner",
    },
    # The workshop and the number of its repair order, in the visitor's words: by them
    # the producer seeks the repair.
    "recall_objection": {"text of an objection"},
    # What a visitor wants to be told of.
    "recall_subscription": {"name of a brand"},
    # The names that a partner gives to what it has, and where its messages go.
    "recall_token": {"token"},
    "recall_webhook": {"webhook"},
    # Odoo's own: accounts, and that one was told of it.
    **dict.fromkeys(("res_users", "res_partner", "mail_message"), ACCOUNTS),
    # Odoo's own dialogue, which forgets after a day; recall.erasure keeps nothing.
    "privacy_lookup_wizard": {"privacy look-up"},
}
#: What a partner reads again on its own pages, as it typed it.
OWN = {"partner": {"webhook", "token", "address of a fleet, by its partner"}}
#: What a mail tells the one who typed it.
TOLD = {*ACCOUNTS, "name of a brand"}
#: Screens of the back office that show it to who has the right to the table.
SHOWN = {table.replace("_", "."): names for table, names in CLEAR.items()} | {
    # By the names of the records that they tell of.
    "recall.audit.event": {"name of a brand", "webhook"},
    "recall.webhook.message": {"webhook"},
}


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
            Misplaced(exposed).enter_all()
            exposed.partner = Partner(exposed, "partner")
            exposed.partner.enter_all()
            exposed.reader = Partner(exposed, "reader")
            exposed.letters = print_letters(exposed)
            exposed.wait_for_mails()
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
        told = own & TOLD
        headers = "".join(f"{name}: {text}\n" for name, text in mail.items())
        found |= exposed.canaries.names_in(headers.encode()) - own
        for part in mail.walk():
            data = b"" if part.is_multipart() else part.get_payload(decode=True)
            found |= exposed.canaries.names_in(data) - told
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


def test_canary_stands_on_a_public_page(exposed):
    """X-CRYPTO: what anybody reads afterwards holds nothing of what others typed."""
    site = exposed.world.stack.regulator
    numbers = [plan["recallNum"] for plan in exposed.world.plans]
    paths = [*PAGES, *(f"/recall/plan/{number}" for number in numbers)]
    found = set()
    for path in paths:
        answer = exposed.public.get(site.url + path, timeout=TIMEOUT)
        assert answer.status_code == 200, (path, answer.status_code)
        found |= {(path, name) for name in exposed.canaries.names_in(answer.content)}
    assert found == set()


def test_canary_stands_on_another_partner_s_page(exposed):
    """X-CRYPTO X-ACCESS: a partner reads what it typed itself, and of nobody else."""
    for partner in (exposed.partner, exposed.reader):
        found = {
            (path, name)
            for path, content in partner.read_pages().items()
            for name in exposed.canaries.names_in(content)
        }
        own = {f"account of the {partner.name}", *OWN.get(partner.name, ())}
        assert {one for one in found if one[1] not in own} == set()


def test_letter_holds_another_owner_s_contact(exposed):
    """X-CRYPTO E-NOTIFY: each letter has the address of its own owner and no other."""
    names = [exposed.canaries.names_in(page.encode()) for page in exposed.letters]
    assert sorted(names, key=str) == [{"letter 0"}, {"letter 1"}]


def test_canary_stands_in_a_document(exposed):
    """X-CRYPTO S-REPORT M-STAT: nor do the reports that are printed."""
    templates = set()
    for client in exposed.admins.values():
        domain = [("model", "=like", "recall.%"), ("report_type", "=", "qweb-pdf")]
        rows = client.search_read("ir.actions.report", domain, ["report_name"])
        templates |= {row["report_name"] for row in rows}
    assert templates == {*REPORTS, LETTERS}
    found = set()
    for name, text in print_reports(exposed).items():
        assert len(text) > 200, name
        found |= {(name, one) for one in exposed.canaries.names_in(text.encode())}
    assert found == set()


def test_reason_outlives_its_table():
    """X-CRYPTO: the reasons of what stands in clear are for tables that are there."""
    addons = Path(__file__).parents[2] / "addons"
    text = " ".join(path.read_text() for path in addons.rglob("models/*.py"))
    own = [table for table in CLEAR if table.startswith("recall_")]
    assert own and all(table.replace("_", ".") in text for table in own)
