# SPDX-License-Identifier: LGPL-3.0-only
"""The workers that send to subscribers and partners are killed again and again."""

import json
import os
import random
import re
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from simulation import scheduler
from simulation.certificates import Authority
from simulation.fault_server import Call, FaultServer, fault_server, http_answer
from stack.cluster import Cluster
from stack.database import Database
from stack.odoo_server import OdooServer
from stack.processes import free_ports
from stack.settings import LOGS
from stack.stack import Ports, make_key_file

KILLS = 20
SUBSCRIBERS = 250
#: Subscribers by short message: more batches of 50 than there are kills.
PHONES = 1200
FLEET = 120
#: Seconds after the begin of work in which a kill falls.
MOMENT = 0.8
#: Seconds after which something hangs, also on a busy machine.
PATIENCE = 180
#: What a mail server and a receiver take for one message.
PAUSE = 0.01
CRONS = (
    "recall_service.ir_cron_expand",
    "recall_service.ir_cron_send",
    "recall_service.ir_cron_deliver",
    "recall_service.ir_cron_sms",
    "mail.ir_cron_mail_scheduler_action",
)
SETUP = """
env["ir.mail_server"].search([]).active = False
env["ir.mail_server"].create({"name": "Receiver", "smtp_host": "127.0.0.1",
    "smtp_port": values["smtp"], "smtp_encryption": "none",
    "smtp_authentication": "login"})
env.company.email = "operator@example.com"
producer = env["recall.producer"].create({"name": "Producer"})
plan = env["recall.plan"].create({"recall_number": "S2025M0149I", "brand": "Brand",
    "producer_id": producer.id, "series": "Series", "model": "M1", "defect": "Defect",
    "consequence": "Consequence", "measure": "Measure", "recall_start": "2025-01-15",
    "state": "filed"})
subscriptions = env["recall.subscription"].create([
    {"email": f"n{number}@example.com", "brand": "Brand"}
    for number in range(values["subscribers"])])
subscriptions._confirm()
env["ir.config_parameter"].set_param("sms.endpoint", values["gateway"])
Subscriber, Subscription = env["recall.subscriber"], env["recall.subscription"]
for number in range(values["phones"]):
    subscriber = Subscriber._make_phone(f"138{number:08}", "en_US")
    Subscription._subscribe_phone(subscriber, {"brand": "Brand"})
partner = env["recall.data.user"].create({"name": "Partner", "purpose": "Fleet"})
hook = env["recall.webhook"].create({"name": "Receiver", "data_user_id": partner.id,
    "url": values["url"], "email": "it@example.com"})
hook._issue_secret()
env.cr.execute('''
    INSERT INTO recall_vehicle (plan_id, vin, state)
    SELECT %s, 'LTZAA11B4SA' || to_char(n, 'FM000000'), 'open'
      FROM generate_series(1, %s) n''', [plan.id, values["fleet"]])
env.cr.execute('''
    INSERT INTO recall_fleet_vehicle (data_user_id, vin, added_at, last_file)
    SELECT %s, vin, now(), 0 FROM recall_vehicle''', [partner.id])
env.cr.execute("UPDATE recall_plan SET vehicle_count = %s, state = 'published'",
               [values["fleet"]])
env.cr.execute("DELETE FROM ir_cron_trigger")
kept = [env.ref(name).id for name in values["crons"]]
env["ir.cron"].search([("id", "not in", kept)]).active = False
"""


class Mailbox:
    """A mail server that takes every mail, after a moment."""

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()

    async def handle_DATA(self, _server, _session, envelope) -> str:
        # From here on the sender cannot know whether the mail was taken.
        self.taken.update(envelope.rcpt_tos)
        time.sleep(PAUSE)
        return "250 taken"


class Gateway(BaseHTTPRequestHandler):
    """A gateway of short messages as Odoo's own provider asks it."""

    taken: Counter[str] = Counter()

    def do_POST(self) -> None:
        call = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        numbers = [
            number
            for message in call["params"]["messages"]
            for number in message["numbers"]
        ]
        # From here on the sender cannot know whether the messages were taken.
        self.taken.update(number["number"] for number in numbers)
        time.sleep(PAUSE * len(numbers))
        result = [{"uuid": number["uuid"], "state": "success"} for number in numbers]
        body = json.dumps({"jsonrpc": "2.0", "id": call["id"], "result": result})
        with suppress(ConnectionError):  # who asked may be dead
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body.encode())

    def log_message(self, *_args: object) -> None:
        pass


class Sender:
    """A service terminal whose workers send; use as a context manager."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        self.cluster = Cluster()
        self.cluster.start()
        keys = folder / "keys.json"
        make_key_file(keys)
        environment = {
            "RECALL_KEY_FILE": str(keys),
            "RECALL_CA_FILE": authority.ca_file,
            "RECALL_PEER_NETWORKS": "127.0.0.0/8",
        }
        self.database = Database(
            self.cluster,
            "recall_push_kill",
            LOGS / "system" / "push-install.log",
            environment,
        )
        self.server = OdooServer(
            "system/push",
            self.cluster,
            self.database.name,
            Ports.free().odoo[:2],
            workers=1,
            cron_threads=2,
            environment=environment,
        )

    def prepare(self, smtp: int, url: str, gateway: str) -> None:
        self.database.make(("recall_base", "recall_service"))
        self.database.shell(
            SETUP,
            smtp=smtp,
            url=url,
            gateway=gateway,
            phones=PHONES,
            subscribers=SUBSCRIBERS,
            fleet=FLEET,
            crons=list(CRONS),
        )
        self.server.log.unlink(missing_ok=True)
        self.server.start()

    def ask(self, query: str, *values: object) -> list:
        line = self.cluster.connect(self.database.name)
        with closing(line), line, line.cursor() as cursor:
            cursor.execute(query, values or None)
            return cursor.fetchall() if cursor.description else []

    def wake(self) -> None:
        """Have the workers look at the scheduled actions now, as a trigger does."""
        scheduler.wake(self.cluster, self.database.name, *CRONS)

    def nudge(self) -> None:
        scheduler.nudge(self.cluster, self.database.name)

    def workers(self) -> list[int]:
        """Workers for scheduled actions that live now."""
        found = re.findall(r"WorkerCron \((\d+)\) alive", self.server.log.read_text())
        return [int(pid) for pid in found if Path(f"/proc/{pid}").exists()]

    def kill_workers(self) -> None:
        for pid in self.workers():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        # Odoo gives an action a rest that was cut off three times in a row.
        self.ask("DELETE FROM ir_cron_progress")

    def count_left(self) -> tuple[int, int, int]:
        """Messages to find and make, mails to send, messages to deliver."""
        return self.ask(
            """SELECT (SELECT count(*) FROM recall_push WHERE state = 'waiting')
                    + (SELECT (count(*) = 0)::int FROM recall_push),
                      (SELECT count(*) FROM mail_mail WHERE state = 'outgoing'),
                      (SELECT count(*) FROM recall_webhook_message
                        WHERE state = 'waiting')"""
        )[0]


@contextmanager
def sms_gateway() -> Iterator[tuple[str, Counter[str]]]:
    taken: Counter[str] = Counter()
    handler = type("OwnGateway", (Gateway,), {"taken": taken})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", taken
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def smtp_server(mailbox: Mailbox) -> Iterator[int]:
    [port] = free_ports(1)
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


def take(call: Call) -> None:
    time.sleep(PAUSE)
    call.send(http_answer(b"{}"))


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[tuple[FaultServer, Authority]]:
    authority = Authority(tmp_path)
    with fault_server(take, authority.context()) as server:
        yield server, authority


def test_killed_workers_lose_or_double_a_message(tmp_path, receiver, record_property):
    """S-PUSH X-FAULT: 20 kills while mails, short messages and webhooks go out.

    Each subscriber gets its message at most once. One whose hand-over was cut by a kill
    may have it or not: it is kept as unclear for a person to decide, at most one mail
    or one batch of short messages for a killed worker. Each message to the partner
    arrives, always under the same id.
    """
    hook, authority = receiver
    mailbox, rng, seed = Mailbox(), random.Random(), random.SystemRandom().random()
    record_property("seed", seed)
    rng.seed(seed)
    sender = Sender(tmp_path, authority)
    with smtp_server(mailbox) as smtp, sms_gateway() as (gateway, told_by_sms):
        try:
            sender.prepare(smtp, hook.url, gateway)
            _kill_often(sender, rng)
            _let_finish(sender)
            _compare(sender, mailbox, hook)
            _compare_short(sender, told_by_sms)
        finally:
            sender.server.stop()
            sender.database.drop()


def _kill_often(sender: Sender, rng: random.Random) -> None:
    for kill in range(KILLS):
        assert any(sender.count_left()), f"all was sent before kill {kill}"
        before = sender.workers()
        sender.wake()
        _wait_at_work(sender)
        time.sleep(rng.uniform(0, MOMENT))
        sender.kill_workers()
        deadline = time.monotonic() + PATIENCE
        while len(set(sender.workers()) - set(before)) < 2:
            assert time.monotonic() < deadline, "no new worker came"
            time.sleep(0.02)


def _wait_at_work(sender: Sender) -> None:
    """Wait until a scheduled action of ours is being run."""
    deadline = time.monotonic() + PATIENCE
    while not sender.ask("SELECT id FROM ir_cron_progress LIMIT 1"):
        assert time.monotonic() < deadline, "the workers do not begin"
        sender.nudge()
        time.sleep(0.05)


def _let_finish(sender: Sender) -> None:
    deadline = time.monotonic() + PATIENCE
    while any(sender.count_left()):
        assert time.monotonic() < deadline, sender.count_left()
        sender.wake()
        time.sleep(0.3)


def _compare(sender: Sender, mailbox: Mailbox, hook: FaultServer) -> None:
    asked = {f"n{number}@example.com" for number in range(SUBSCRIBERS)}
    unclear = {
        row[0]
        for row in sender.ask(
            """SELECT email_to FROM mail_mail JOIN recall_push ON mail_id = mail_mail.id
                WHERE mail_mail.state = 'exception'"""
        )
    }
    told = {address for address in mailbox.taken if address in asked}
    assert max(mailbox.taken.values()) == 1, "a mail came twice"
    assert asked - told <= unclear, "a mail is lost"
    assert len(unclear) <= 2 * KILLS
    made = dict(sender.ask("SELECT reference, payload FROM recall_webhook_message"))
    assert len(made) == FLEET + 1  # and the publication
    got: dict[str, set[bytes]] = {}
    for call in hook.calls:
        # A kill may cut the request itself: the receiver drops what is incomplete.
        if len(call.body) != int(call.header("Content-Length") or -1):
            continue
        got.setdefault(call.header("webhook-id"), set()).add(call.body)
    assert got == {name: {body.encode()} for name, body in made.items()}
    numbers = sorted(json.loads(body)["data"]["sequence"] for body in made.values())
    assert numbers == list(range(1, FLEET + 2))


def _compare_short(sender: Sender, taken: Counter[str]) -> None:
    states = dict(
        sender.ask(
            "SELECT state, count(*) FROM recall_push WHERE channel = 'sms' GROUP BY 1"
        )
    )
    assert set(states) <= {"sent", "sending"}, states
    assert sum(states.values()) == PHONES
    assert max(taken.values()) == 1, "a short message came twice"
    # What was not taken is among those that are unclear.
    assert states["sent"] <= len(taken) <= PHONES, "a short message is lost"
