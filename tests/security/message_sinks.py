# SPDX-License-Identifier: LGPL-3.0-only
"""Servers of the test's own, which take mails and short messages and keep them."""

import email
import email.policy
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from stack.processes import free_ports


class MailSink:
    """A mail server that keeps every mail with its receivers."""

    def __init__(self) -> None:
        self.mails: list[tuple[list[str], email.message.EmailMessage]] = []

    async def handle_DATA(self, _server, _session, envelope) -> str:
        message = email.message_from_bytes(
            envelope.content, policy=email.policy.default
        )
        self.mails.append((envelope.rcpt_tos, message))
        return "250 taken"

    @contextmanager
    def serve(self) -> Iterator[int]:
        [port] = free_ports(1)
        controller = Controller(self, hostname="127.0.0.1", port=port)
        controller.start()
        try:
            yield port
        finally:
            controller.stop()

    def text_to(self, address: str) -> str | None:
        """Text of the last mail to an address."""
        found = [mail for receivers, mail in self.mails if address in receivers]
        return found[-1].get_body(("html", "plain")).get_content() if found else None


class SmsSink:
    """A gateway of short messages as Odoo's own provider asks it."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []

    @contextmanager
    def serve(self) -> Iterator[str]:
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                call = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                messages = call["params"]["messages"]
                sink.calls += messages
                result = [
                    {"uuid": number["uuid"], "state": "success"}
                    for message in messages
                    for number in message["numbers"]
                ]
                answer = {"jsonrpc": "2.0", "id": call["id"], "result": result}
                self.send_response(200)
                self.end_headers()
                self.wfile.write(json.dumps(answer).encode())

            def log_message(self, *_args: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            server.server_close()

    def text_to(self, number: str) -> str | None:
        """The last message to a number."""
        found = [
            message["content"]
            for message in self.calls
            if any(one["number"].endswith(number) for one in message["numbers"])
        ]
        return found[-1] if found else None
