# SPDX-License-Identifier: LGPL-3.0-only
"""No address that a peer, a partner or an account enters leads into our own network."""

import ast
import ipaddress
import itertools
import socket
import struct
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from stack.settings import ADDONS
from test_sources import parse_sources

PAYLOAD = {"api_token": "secret"}


class Canary:
    """Listens on loopback, IPv4 and IPv6, and counts who comes."""

    def __init__(self) -> None:
        self.visits = 0
        first = socket.create_server(("0.0.0.0", 0))
        self.port = first.getsockname()[1]
        self.sockets = [first]
        if socket.has_ipv6:
            self.sockets.append(
                socket.create_server(("::1", self.port), family=socket.AF_INET6)
            )
        for listening in self.sockets:
            threading.Thread(target=self._serve, args=[listening], daemon=True).start()

    def _serve(self, listening: socket.socket) -> None:
        while True:
            try:
                line, _address = listening.accept()
            except OSError:
                return
            self.visits += 1
            line.close()

    def close(self) -> None:
        for listening in self.sockets:
            listening.shutdown(socket.SHUT_RDWR)
            listening.close()


class NameServer:
    """Answers one DNS question after another with the next of the given addresses."""

    def __init__(self, addresses: list[str]) -> None:
        self.addresses = itertools.cycle(addresses)
        self.asked = 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.place = self.socket.getsockname()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            question, sender = self.socket.recvfrom(512)
            if len(question) < 12:
                return
            self.asked += 1
            data = ipaddress.ip_address(next(self.addresses)).packed
            head = question[:2] + struct.pack(">5H", 0x8180, 1, 1, 0, 0)
            record = struct.pack(">3HIH", 0xC00C, 1, 1, 0, len(data)) + data
            self.socket.sendto(head + question[12:] + record, sender)

    def resolve(self, host: str, _port: int) -> list[str]:
        """Ask the server as a resolver without a cache does."""
        name = b"".join(bytes([len(p)]) + p.encode() for p in host.split("."))
        question = struct.pack(">6H", 7, 0x0100, 1, 0, 0, 0) + name + b"\0\0\1\0\1"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            line.settimeout(2)
            line.sendto(question, self.place)
            answer = line.recv(512)
        return [str(ipaddress.ip_address(answer[-4:]))]

    def close(self) -> None:
        self.socket.sendto(b"end", self.place)
        self.thread.join()
        self.socket.close()


def own_address() -> str:
    """An address of this machine that is not loopback, if it has one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        try:
            line.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return line.getsockname()[0]


def spell(address: str) -> Iterator[str]:
    """All ways in which resolvers read an IPv4 address, also inside IPv6."""
    number = int(ipaddress.IPv4Address(address))
    a, b, c, d = number.to_bytes(4, "big")
    yield from (
        address,
        address + ".",
        str(number),
        hex(number),
        oct(number)[2:].zfill(12),
    )
    yield from (f"0{number:o}", f"0x{number:08X}", f"{a}.{number & 0xFFFFFF}")
    yield from (f"{a}.{b}.{c << 8 | d}", f"0{a:o}.0{b:o}.0{c:o}.0{d:o}")
    yield from (f"0x{a:x}.0x{b:x}.0x{c:x}.0x{d:x}")
    yield from (
        f"0{a:o}.{b}.{c}.{d}",
        f"0x{a:x}.{b}.{c}.{d}",
        f"0x{a:x}.{number & 0xFFFFFF}",
    )
    high, low = number >> 16, number & 0xFFFF
    yield from (f"[::ffff:{address}]", f"[::ffff:{high:x}:{low:x}]", f"[::{address}]")
    yield from (f"[0:0:0:0:0:ffff:{high:x}:{low:x}]", f"[64:ff9b::{high:x}:{low:x}]")
    yield from (f"[2002:{high:x}:{low:x}::]", f"[::ffff:0:{address}]")
    yield from (
        f"user@{address}",
        f"public.example@{address}",
        f"{address}#@public.example",
    )
    yield from (f"{address}%00.example", f"{address}\\@public.example")


NAMES = (
    *("localhost", "LOCALHOST", "localhost.", "localhost.localdomain", "ip6-localhost"),
    *(
        "0",
        "0.0.0.0",
        "0x0",
        "00",
        "127.1",
        "127.0.1",
        "[::]",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
    ),
    *("[::1%25lo]", "[fe80::1%25lo]", "①②⑦.0.0.1", "127。0。0。1", "lOcAlHoSt%09"),
)
TARGETS = ["127.0.0.1", "127.255.255.254", own_address(), "169.254.169.254", "10.0.0.1"]
HOSTS = sorted({*NAMES, *itertools.chain.from_iterable(map(spell, TARGETS))})


@pytest.fixture(scope="module")
def http_client():
    sys.path.insert(0, str(ADDONS / "recall_base"))
    from tools import http_client

    return http_client


@pytest.fixture
def canary() -> Iterator[Canary]:
    canary = Canary()
    yield canary
    canary.close()


def test_too_few_spellings_are_tried():
    assert len(HOSTS) >= 100


def send_all(http_client, canary, url: str, **options: object) -> list[str]:
    """Send with every function of the client; returns the codes of the refusals."""
    codes = []
    for send in (
        lambda: http_client.fetch(url, PAYLOAD, deadline=1, **options),
        lambda: http_client.post_message(url, b"{}", {}, deadline=1, **options),
    ):
        with pytest.raises(http_client.PeerError) as caught:
            send()
        codes.append(caught.value.code)
    return codes


@pytest.mark.parametrize("host", HOSTS)
def test_spelling_of_an_inner_address_is_reached(http_client, canary, host):
    """X-ATTACK: terminal pull, webhook and self-test send no packet to our own."""
    url = f"https://{host}:{canary.port}/"
    assert set(send_all(http_client, canary, url)) <= {"address", "resolve"}
    assert canary.visits == 0


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["93.184.216.34", "127.0.0.1"], ["169.254.169.254"]]
)
def test_name_server_of_the_attacker_leads_inside(
    http_client, canary, addresses, monkeypatch
):
    """X-ATTACK: DNS rebinding: a name is asked for once, its answer is used."""
    reached = []
    connect = socket.create_connection

    def follow(place, *options):
        reached.append(place[0])
        if place[0].startswith(("127.", "169.254.")):
            return connect(place, *options)
        raise ConnectionRefusedError(111, "refused")

    monkeypatch.setattr(socket, "create_connection", follow)
    server = NameServer(addresses)
    try:
        url = f"https://rebind.example:{canary.port}/"
        for _number in range(4):
            with pytest.raises(http_client.PeerError):
                http_client.post_json(url, PAYLOAD, deadline=2, resolver=server.resolve)
    finally:
        server.close()
    assert server.asked == 4
    assert canary.visits == 0
    assert set(reached) <= {"93.184.216.34"}


#: The only file that opens connections of its own; the rest goes through it.
CLIENT = Path("recall_base/tools/http_client.py")
NETWORK = {"requests", "urllib3", "http.client", "urllib.request", "socket", "aiohttp"}


def test_something_connects_past_the_guarded_client():
    """X-ATTACK: terminal pull, webhooks and self-tests share the one guarded client."""
    for path, tree in parse_sources():
        if path == CLIENT:
            continue
        for node in ast.walk(tree):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not NETWORK & set(names), f"{path}:{node.lineno}"
