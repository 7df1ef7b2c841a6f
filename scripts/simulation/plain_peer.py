# SPDX-License-Identifier: LGPL-3.0-only
"""A producer's terminal that knows only the members of the standard's annex B."""

import json
import ssl
import threading
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

MEMBERS = (
    "recallNum",
    "vehicleVin",
    "recallTime",
    "repairNum",
    "dealerName",
    "telNum",
)


class PlainPeer:
    """An HTTPS server that answers every request with all of its records.

    A request with any member but ``api_token`` and ``api_cfg`` is refused with 407, as
    a strict program would do. Use as a context manager.
    """

    def __init__(self, certificate: Path, token: str, cfg: str) -> None:
        self.records: list[dict[str, Any]] = []
        self.requests: list[dict[str, Any]] = []
        self._expected = {"api_token": token, "api_cfg": cfg}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    @property
    def url(self) -> str:
        return f"https://localhost:{self._server.server_port}/sync"

    def __enter__(self) -> "PlainPeer":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, message: dict[str, Any]) -> dict[str, Any]:
        """Annex B's answer to a decoded request."""
        self.requests.append(message)
        if set(message) != set(self._expected):
            return {"records": [], "count": 0, "api_status": 407}
        if message != self._expected:
            return {"records": [], "count": 0, "api_status": 403}
        records = list(self.records)
        return {"records": records, "count": len(records), "api_status": 200}

    def _handler(peer) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answer = json.dumps(peer.answer(json.loads(body))).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json; charset=utf-8")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_args: object) -> None:
                pass

        return Handler


def sync_record(report: dict[str, Any]) -> dict[str, Any]:
    """A dealer's report as the standard's record (annex A, no. 5 and 12 to 17)."""
    record = {member: report[member] for member in MEMBERS if member in report}
    return record | {"collectTime": f"{date.today()} 08:00:00"}
