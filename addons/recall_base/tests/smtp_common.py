# SPDX-License-Identifier: LGPL-3.0-only
import contextlib
import email
import email.policy
import re
import socketserver
import threading


class _Handler(socketserver.StreamRequestHandler):
    timeout = 10

    def handle(self):
        with contextlib.suppress(OSError):
            self._serve()

    def _serve(self):
        owner = self.server.owner
        self._say(owner.greeting)
        receiver = None
        while line := self.rfile.readline().decode().strip():
            verb = line.upper()
            if verb.startswith(("EHLO", "HELO")):
                self._say("250 test")
            elif verb.startswith("RCPT"):
                receiver = re.search("<(.*)>", line)[1]
                if receiver in owner.early_hang_ups:
                    return
                self._say(owner.answers.get(receiver, "250 ok"))
            elif verb.startswith("MAIL"):
                self._say(owner.sender_answer)
                if owner.sender_answer.startswith("421"):
                    return
            elif verb == "DATA":
                self._say("354 go on")
                if not self._take(receiver):
                    return
            elif verb == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 ok")

    def _take(self, receiver):
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line[1:] if line.startswith(b"..") else line)
        message = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
        owner = self.server.owner
        owner.received.append((receiver, message))
        if receiver in owner.hang_ups:
            return False
        self._say(owner.content_answer)
        return True

    def _say(self, text):
        self.wfile.write(f"{text}\r\n".encode())


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


class SmtpServer:
    """A mail server on 127.0.0.1 that keeps what it gets.

    ``answers`` (receiver -> answer to RCPT) refuse receivers; after the mail of one of
    ``hang_ups`` is in, the connection ends without an answer. One of
    ``early_hang_ups`` ends it before that, and so does a ``sender_answer`` of 421.
    The other answers are given to everybody.
    """

    def __init__(self):
        self.received = []
        self.answers = {}
        self.hang_ups = set()
        self.early_hang_ups = set()
        self.greeting = "220 test"
        self.sender_answer = "250 ok"
        self.content_answer = "250 taken"

    def __enter__(self):
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.owner = self
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_exc):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def receivers(self):
        return [receiver for receiver, _message in self.received]


class SmtpCommon:
    """A test whose Odoo hands mails to a server of its own."""

    def use_smtp(self):
        """Start a mail server and make Odoo send through it."""
        server = self.enterContext(SmtpServer())
        self.env["ir.mail_server"].search([]).active = False
        self.mail_server = self.env["ir.mail_server"].create(
            {
                "name": "Test",
                "smtp_host": "127.0.0.1",
                "smtp_port": server.port,
                "smtp_encryption": "none",
            }
        )
        Server = type(self.env["ir.mail_server"])
        self.patch(Server, "_disable_send", classmethod(lambda cls: False))
        return server
