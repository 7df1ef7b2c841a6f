# SPDX-License-Identifier: LGPL-3.0-only
"""Who takes messages: a mail server, a gateway of short messages, a partner."""

import json
import re
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from email import message_from_bytes
from email.header import decode_header, make_header
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from aiosmtpd.controller import Controller
from simulation.webhook_receiver import WebhookReceiver
from stack.processes import free_ports

#: What each of them takes for one message, in seconds.
PAUSE = 0.01
NUMBER = re.compile(r"[SE]20\d\dM\d{4}[VIO]")
#: Who was told of which recall, and how often.
Told = Counter[tuple[str, str]]


class Mailbox:
    """A mail server that takes every mail, after a moment."""

    def __init__(self) -> None:
        self.told: Told = Counter()

    async def handle_DATA(self, _server, _session, envelope) -> str:
        # From here on the sender cannot know whether the mail was taken.
        subject = message_from_bytes(envelope.content)["Subject"]
        for number in NUMBER.findall(str(make_header(decode_header(subject)))):
            self.told.update((address, number) for address in envelope.rcpt_tos)
        time.sleep(PAUSE)
        return "250 taken"


@contextmanager
def mail_server(mailbox: Mailbox) -> Iterator[int]:
    """Have a mailbox listen; gives the port."""
    [port] = free_ports(1)
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


class _Gateway(BaseHTTPRequestHandler):
    """A gateway of short messages as Odoo's own provider asks it."""

    told: Told

    def do_POST(self) -> None:
        call = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        numbers = []
        # From here on the sender cannot know whether the messages were taken.
        for message in call["params"]["messages"]:
            [about] = NUMBER.findall(message["content"])
            numbers += message["numbers"]
            self.told.update((one["number"], about) for one in message["numbers"])
        time.sleep(PAUSE * len(numbers))
        result = [{"uuid": number["uuid"], "state": "success"} for number in numbers]
        body = json.dumps({"jsonrpc": "2.0", "id": call["id"], "result": result})
        with suppress(ConnectionError):  # who asked may be dead
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body.encode())

    def log_message(self, *_args: object) -> None:
        pass


@contextmanager
def sms_gateway(told: Told) -> Iterator[str]:
    """Have a gateway listen that counts in `told`; gives its address."""
    handler = type("OwnGateway", (_Gateway,), {"told": told})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


class Partner(WebhookReceiver):
    """A partner's server that keeps every body under each id."""

    def __init__(self, certificate: Path) -> None:
        super().__init__(certificate)
        self.bodies: defaultdict[str, set[bytes]] = defaultdict(set)

    def answer(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        status, answer = super().answer(body, headers)
        if status == 200:
            self.bodies[headers["webhook-id"]].add(body)
        time.sleep(PAUSE)
        return status, answer
