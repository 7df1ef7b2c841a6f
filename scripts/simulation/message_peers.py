# SPDX-License-Identifier: LGPL-3.0-only
"""Servers on this machine that take mails and short messages."""

import email
import email.policy
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from stack.processes import free_ports


class MailPeer:
    """A mail server; say in ``take`` what becomes of a mail."""

    def take(self, receivers: Sequence[str], mail: EmailMessage) -> None:
        """A mail has come; its sender is answered when this returns."""
        raise NotImplementedError

    async def handle_DATA(self, _server, _session, envelope) -> str:
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.take(envelope.rcpt_tos, mail)
        return "250 taken"

    @contextmanager
    def serve(self) -> Iterator[int]:
        """Have it listen; gives the port."""
        [port] = free_ports(1)
        controller = Controller(self, hostname="127.0.0.1", port=port)
        controller.start()
        try:
            yield port
        finally:
            controller.stop()


class SmsPeer:
    """A gateway of short messages as Odoo's own provider asks it."""

    def take(self, messages: Sequence[Mapping[str, Any]]) -> None:
        """Messages have come, each with its ``content`` and ``numbers``; their sender
        is answered when this returns."""
        raise NotImplementedError

    @contextmanager
    def serve(self) -> Iterator[str]:
        """Have it listen; gives the address."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            server.server_close()

    def _handler(peer) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                call = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                messages = call["params"]["messages"]
                peer.take(messages)
                result = [
                    {"uuid": number["uuid"], "state": "success"}
                    for message in messages
                    for number in message["numbers"]
                ]
                answer = {"jsonrpc": "2.0", "id": call["id"], "result": result}
                with suppress(ConnectionError):  # who asked may be dead
                    self.send_response(200)
                    self.end_headers()
                    self.wfile.write(json.dumps(answer).encode())

            def log_message(self, *_args: object) -> None:
                pass

        return Handler
