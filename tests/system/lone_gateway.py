# SPDX-License-Identifier: LGPL-3.0-only
"""The gateway by deploy/haproxy/haproxy.cfg, with a simple server in Odoo's place."""

import http.client
import json
import secrets
import socket
import socketserver
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import requests
from stack.authority import Authority
from stack.processes import free_ports
from stack.proxy import Limits, Proxy

SYNC, SHARE = "/recall/v1/sync", "/recall/v1/share"
PLANS, UPLOAD = "/recall/v1/plans", "/recall/v1/plans/upload"
LIMIT = 20
WORKERS, QUEUE = 2, 5
AT_ONCE, BULK = 3 * WORKERS, WORKERS - 1
GOOD = b'{"records": [], "count": 0, "api_status": 200}'
MB = 1 << 20


class Backend(BaseHTTPRequestHandler):
    """A server in the place of Odoo; `broken` ends connections without an answer.

    What is asked for at `held` waits for `release`; `begun` counts the requests, `came`
    those that came wholly.
    """

    broken = False
    held = ""
    release = threading.Event()
    begun: ClassVar[Counter[str]] = Counter()
    came: ClassVar[Counter[str]] = Counter()

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self.begun[self.path] += 1
        try:
            # Chunks are sent here by whoever never comes to the last.
            self.rfile.read(int(self.headers.get("Content-Length", -1)))
        except ConnectionError:
            return  # the sender has gone
        self.came[self.path] += 1
        if self.path == self.held:
            self.release.wait(20)
        if not self.broken:
            self._answer()

    def _answer(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(GOOD)))
        self.end_headers()
        self.wfile.write(GOOD)

    def log_message(self, *_: object) -> None:
        pass


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def opening(size: int) -> bytes:
    """The first bytes of a message, with a token of its own."""
    names = ("api_token", "api_exchange_token")
    text = json.dumps(dict.fromkeys(names, secrets.token_hex())).encode()
    return text.rstrip(b"}") + b" " * size


class Gateway:
    """HAProxy with a server behind it, and the deeds that get its codes."""

    def __init__(self, folder: Path) -> None:
        self.ports = free_ports(3)
        self.authority = Authority(folder)
        port = self.ports[2]
        http = SimpleNamespace(http_port=port, gevent_port=port, workers=WORKERS)
        limits = Limits(address=100_000, token=LIMIT, queue=QUEUE)
        sites = [(port, http) for port in self.ports[:2]]
        self.proxy = Proxy("system-gateway", self.authority, *sites, limits)
        self.backend = self._start_backend()

    def _start_backend(self) -> socketserver.ThreadingTCPServer:
        socketserver.ThreadingTCPServer.allow_reuse_address = True
        server = socketserver.ThreadingTCPServer(("127.0.0.1", self.ports[2]), Backend)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server

    def stop_backend(self) -> None:
        self.backend.shutdown()
        self.backend.server_close()

    def post(
        self,
        path: str = SYNC,
        *,
        token: str = "t",
        site: int = 0,
        timeout: float = 30,
        **headers: str,
    ):
        """Ask the producer, or with `site` 1 the regulator."""
        url = f"https://localhost:{self.ports[site]}{path}"
        name = "api_exchange_token" if path == SHARE else "api_token"
        verify = str(self.authority.ca)
        with requests.Session() as session:
            session.trust_env = False
            return session.post(
                url, json={name: token}, headers=headers, verify=verify, timeout=timeout
            )

    def send(
        self, path: str, body: bytes = b"", *, method: str = "POST", **headers: str
    ) -> int:
        """Ask the regulator for a path as it is written; returns the status."""
        line = http.client.HTTPSConnection(
            "localhost", self.ports[1], timeout=30, context=self._tls()
        )
        try:
            line.request(method, path, body, headers)
            with line.getresponse() as answer:
                answer.read()
                return answer.status
        finally:
            line.close()

    def begin(self, path: str, size: int) -> tuple[int, bytes]:
        """Begin to send a body of so many bytes; returns status and body of the
        answer, or 0 when the gateway waits for the rest."""
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {size}"
        with self._line(0) as line:
            # As much as fills its buffer, and nothing that it would not read.
            line.sendall(f"{head}\r\n\r\n".encode() + opening(15_700))
            line.settimeout(3)
            try:
                head, _, body = line.recv(4096).partition(b"\r\n\r\n")
            except TimeoutError:
                return 0, b""
        return int(head.split()[1]), body

    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.authority.ca))

    @contextmanager
    def _line(self, site: int) -> Iterator[ssl.SSLSocket]:
        """A connection on which bytes are written as a test wants them."""
        with socket.create_connection(("localhost", self.ports[site]), 10) as plain:
            with self._tls().wrap_socket(plain, server_hostname="localhost") as line:
                yield line

    @contextmanager
    def slow_senders(self, path: str, site: int, length: str) -> Iterator[list]:
        """As long as it lasts, ten large bodies are under way and do not get on."""
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\n{length}\r\n\r\n"
        with ExitStack() as stack:
            lines = []
            for _number in range(10):
                line = stack.enter_context(self._line(site))
                line.sendall(head.encode() + opening(17_000))
                lines.append(line)
            yield lines

    @contextmanager
    def held(self, path: str) -> Iterator[ThreadPoolExecutor]:
        """As long as it lasts, the server behind answers nothing that comes there."""
        Backend.came.clear()
        Backend.release.clear()
        Backend.held = path
        try:
            with ThreadPoolExecutor(50) as senders:
                try:
                    yield senders
                finally:
                    Backend.release.set()
        finally:
            Backend.held = ""

    def ask_too_often(self, path: str):
        for _ in range(LIMIT):
            assert self.post(path, token=f"busy {path}").status_code == 200
        return self.post(path, token=f"busy {path}")

    def fill_the_gateway_s_buffer(self, path: str):
        # The gateway repeats the name of the host for Odoo: a port without end fits
        # into its buffer once, not twice.
        return self.post(path, Host="localhost:" + "8" * 9_000)

    def stop_the_server_behind(self, path: str):
        Backend.broken = True
        answer = self.post(path)
        Backend.broken = False
        return answer
