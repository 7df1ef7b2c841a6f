# SPDX-License-Identifier: LGPL-3.0-only
"""What HAProxy answers by itself by deploy/haproxy/haproxy.cfg; no Odoo behind it."""

import importlib.util
import json
import socket
import socketserver
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import pytest
import requests
from stack.authority import Authority
from stack.processes import free_ports
from stack.proxy import Limits, Proxy
from stack.settings import ADDONS, ADDRESS_LARGE

SYNC, SHARE = "/recall/v1/sync", "/recall/v1/share"
PLANS, UPLOAD = "/recall/v1/plans", "/recall/v1/plans/upload"
TABLE = ADDONS / "recall_enterprise" / "tests" / "api_status_table.py"
LIMIT = 20
CHUNKED = "Transfer-Encoding: chunked\r\n\r\nFFFF"
WORKERS, QUEUE = 2, 5
AT_ONCE, BULK = 3 * WORKERS, WORKERS - 1
GOOD = b'{"records": [], "count": 0, "api_status": 200}'


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

    def begin(self, path: str, size: int) -> tuple[int, dict]:
        """Begin to send a body of so many bytes; returns status and message of the
        answer, or 0 when the gateway waits for the rest."""
        context = ssl.create_default_context(cafile=str(self.authority.ca))
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {size}"
        with socket.create_connection(("localhost", self.ports[0]), 10) as plain:
            with context.wrap_socket(plain, server_hostname="localhost") as line:
                # As much as fills its buffer, and nothing that it would not read.
                line.sendall(f"{head}\r\n\r\n".encode() + b" " * 15_800)
                line.settimeout(3)
                try:
                    head, _, body = line.recv(4096).partition(b"\r\n\r\n")
                except TimeoutError:
                    return 0, {}
        return int(head.split()[1]), json.loads(body)

    @contextmanager
    def slow_senders(self, path: str, site: int, length: str) -> Iterator[list]:
        """As long as it lasts, ten large bodies are under way and do not get on."""
        context = ssl.create_default_context(cafile=str(self.authority.ca))
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\n{length}\r\n\r\n"
        with ExitStack() as stack:
            lines = []
            for _number in range(10):
                plain = socket.create_connection(("localhost", self.ports[site]), 10)
                stack.enter_context(plain)
                line = context.wrap_socket(plain, server_hostname="localhost")
                stack.enter_context(line).sendall(head.encode() + b" " * 17_000)
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


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    gateway = Gateway(tmp_path_factory.mktemp("tls"))
    gateway.proxy.start()
    try:
        yield gateway
    finally:
        gateway.proxy.stop()
        gateway.stop_backend()


def load_table() -> dict[int, str]:
    spec = importlib.util.spec_from_file_location("api_status_table", TABLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.GATEWAY


# The status of HTTP that goes with each code of the gateway.
HTTP_STATUS = {429: 429, 500: 500, 501: 502}


@pytest.mark.parametrize("path", [SYNC, SHARE])
@pytest.mark.parametrize(("code", "deed"), load_table().items())
def test_code_of_the_gateway_is_not_answered(gateway, code, deed, path):
    """E-SYNC X-FAULT X-ATTACK: the gateway's codes come in the interface's envelope."""
    answer = getattr(gateway, deed)(path)
    assert answer.status_code == HTTP_STATUS[code], answer.text[:200]
    assert answer.headers["Content-Type"] == "application/json"
    message = answer.json()
    records = message.pop("exchange_records" if path == SHARE else "records")
    assert (records, message["count"], message["api_status"]) == ([], 0, code)


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_look_up_under_overload_is_left_waiting(gateway):
    """X-FAULT: who cannot be served is told when to come again, in the envelope."""
    with gateway.held(SHARE) as senders:
        ask = partial(gateway.post, SHARE, site=1)
        served = [senders.submit(ask, token=f"served {n}") for n in range(AT_ONCE)]
        wait_until(lambda: Backend.came[SHARE] == AT_ONCE)
        refused = [senders.submit(ask, token=f"more {n}") for n in range(4 * QUEUE)]
        answers = [future.result() for future in refused]
        Backend.release.set()
        assert [future.result().status_code for future in served] == [200] * AT_ONCE
    told = {a.json()["message"] for a in answers}
    assert told == {
        "The server is busy: wait 10 seconds.",
        "The server is away or busy: wait 10 seconds.",
    }
    for answer in answers:
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "10")
        assert answer.headers["Content-Type"] == "application/json"
        message = answer.json()
        assert (message["exchange_records"], message["count"]) == ([], 0)
        assert message["api_status"] == 429
    assert gateway.post(SHARE, site=1).status_code == 200


@pytest.mark.parametrize(
    ("site", "long", "short"),
    [(0, "/recall/v1/collect", SYNC), (1, PLANS, SHARE), (1, UPLOAD, SHARE)],
)
def test_long_requests_take_every_worker(gateway, site, long, short):
    """X-FAULT: a crowd of one kind leaves a worker for the other."""
    with gateway.held(long) as senders:
        ask = partial(gateway.post, long, site=site)
        crowd = [senders.submit(ask, token=f"crowd {n}") for n in range(QUEUE)]
        wait_until(lambda: Backend.came[long] == BULK)
        assert gateway.post(short, site=site).status_code == 200
        assert Backend.came[long] == BULK
        Backend.release.set()
        assert {future.result().status_code for future in crowd} == {200}


@pytest.mark.parametrize("length", ["Content-Length: 90000", CHUNKED])
@pytest.mark.parametrize(
    ("site", "path", "told"),
    [
        (0, SYNC, b'"api_status": 429'),
        (0, "/recall/v1/collect", b'"api_status": 429'),
        (1, SHARE, b'"api_status": 429'),
        (1, "/recall/objection/send", b"Too many uploads at once"),
    ],
)
def test_slow_senders_of_large_bodies_take_every_worker(
    gateway, site, path, told, length
):
    """X-ATTACK X-FAULT: a body that does not come holds one worker less than there
    are, and of one address only some get so far."""
    Backend.begun.clear()
    with gateway.slow_senders(path, site, length) as lines:
        wait_until(lambda: Backend.begun[path] == BULK)
        short = SHARE if site else SYNC
        ask = partial(gateway.post, site=site, token=f"beside {path} {length}")
        assert ask(short).status_code == 200
        refused = []
        for line in lines:
            line.settimeout(0.2)
            with suppress(TimeoutError):
                refused.append(line.recv(4096))
        assert len(refused) == len(lines) - ADDRESS_LARGE.number
        assert all(b" 429 " in text and told in text for text in refused)
        assert Backend.begun[path] == BULK + (path == short)
    assert ask(path).status_code == 200


def test_request_of_who_has_gone_is_served(gateway):
    """X-FAULT: after an overload nobody waits for answers that nobody wants."""
    with gateway.held(SHARE) as senders:
        ask = partial(gateway.post, SHARE, site=1)
        served = [senders.submit(ask, token=f"here {n}") for n in range(AT_ONCE)]
        wait_until(lambda: Backend.came[SHARE] == AT_ONCE)
        for n in range(QUEUE):
            with pytest.raises(requests.ReadTimeout):
                ask(token=f"gone {n}", timeout=0.2)
        Backend.release.set()
        assert {future.result().status_code for future in served} == {200}
    assert gateway.post(SHARE, site=1).status_code == 200
    assert Backend.came[SHARE] == AT_ONCE + 1


MB = 1 << 20


@pytest.mark.parametrize(
    ("path", "member", "largest"),
    [
        (SHARE, "exchange_records", MB // 2),
        (SYNC, "records", MB // 8),
        (PLANS, "results", 16 * MB),
        (UPLOAD, "uploads", 512 * MB + MB // 16),
    ],
)
def test_body_is_too_large_for_the_gateway_or_not(gateway, path, member, largest):
    """X-ATTACK M-PLAN: only VIN lists of the filing system may be large."""
    status, message = gateway.begin(path, largest + 1)
    assert status == 413
    assert (message[member], message["count"], message["api_status"]) == ([], 0, 407)
    if largest > MB // 8:
        assert gateway.begin(path, largest) == (0, {})


def test_token_in_a_header_is_not_limited(gateway):
    """X-ATTACK: uploads are counted by their token too."""
    bearer = {"Authorization": "Bearer busy.token"}
    for _ in range(LIMIT):
        assert gateway.post(UPLOAD, **bearer).status_code == 200
    answer = gateway.post(UPLOAD, **bearer)
    assert (answer.status_code, answer.json()["uploads"]) == (429, [])
    assert gateway.post(UPLOAD, Authorization="Bearer other").status_code == 200


def test_server_that_is_away_is_answered_in_html(gateway):
    """X-FAULT: no server behind is 501 as well, with a time to wait."""
    gateway.stop_backend()
    answer = gateway.post()
    assert (answer.status_code, answer.json()["api_status"]) == (503, 501)
    assert answer.headers["Retry-After"] == "10"
