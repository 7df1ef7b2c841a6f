# SPDX-License-Identifier: LGPL-3.0-only
"""Peers that misbehave on purpose: real sockets and real TLS.

    with TemporaryDirectory() as folder:
        authority = Authority(folder)
        with fault_server(drip(good_answer(b"{}")), authority.context()) as server:
            post_json(server.url, {}, ca_file=authority.ca_file, …)

A behaviour is a function that gets a `Call`, the connection after the handshake with
the request read, and does what it likes with it. Leaving the `with` block ends all
threads and connections, also those of behaviours that wait for ever.
"""

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field

# === SERVER === #


@dataclass
class Call:
    """One connection: what was asked, and the means to answer it badly."""

    sock: socket.socket
    stopping: threading.Event
    head: bytes = b""
    body: bytes = b""

    def read_request(self) -> None:
        """Read one request into `head` and `body`; a short one ends with the peer."""
        data = b""
        while b"\r\n\r\n" not in data:
            if not (piece := self.sock.recv(65536)):
                return
            data += piece
        self.head, _, self.body = data.partition(b"\r\n\r\n")
        wanted = int(self.header("Content-Length") or 0)
        while len(self.body) < wanted and (piece := self.sock.recv(65536)):
            self.body += piece

    def header(self, name: str) -> str | None:
        """Value of a request header, None when it was not sent."""
        for line in self.head.decode("latin-1").split("\r\n")[1:]:
            key, _, value = line.partition(":")
            if key.strip().lower() == name.lower():
                return value.strip()
        return None

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def drip(self, data: bytes, pause: float, step: int = 1) -> None:
        """Send `step` bytes, wait `pause` seconds, and so on."""
        for start in range(0, len(data), step):
            self.send(data[start : start + step])
            if self.stopping.wait(pause):
                return

    def wait(self) -> None:
        """Do nothing until the server is stopped."""
        self.stopping.wait()

    def reset(self) -> None:
        """Close with RST instead of FIN."""
        linger = struct.pack("ii", 1, 0)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.sock.close()

    def close_cleanly(self) -> None:
        """Tell the end in TLS too (close_notify), so that a cut is not suspected."""
        if isinstance(self.sock, ssl.SSLSocket):
            with suppress(OSError):
                self.sock.settimeout(1)
                self.sock.unwrap()


Behaviour = Callable[[Call], None]


@dataclass
class FaultServer:
    """A running server: where it is and which requests it has seen."""

    listener: socket.socket
    behave: Behaviour
    context: ssl.SSLContext | None
    calls: list[Call] = field(default_factory=list)
    accepted: int = 0
    _threads: list[threading.Thread] = field(default_factory=list)
    _sockets: list[socket.socket] = field(default_factory=list)
    _stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.port: int = self.listener.getsockname()[1]

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}/recall/v1/sync"

    def wait_idle(self) -> None:
        """Wait until all connections so far are dealt with."""
        for thread in self._threads:
            thread.join()

    def accept(self) -> None:
        """Take connections, each in a thread of its own, until the listener is shut."""
        with suppress(OSError):
            while True:
                sock, _address = self.listener.accept()
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.accepted += 1
                thread = threading.Thread(target=self._handle, args=(sock,))
                self._sockets.append(sock)
                self._threads.append(thread)
                thread.start()

    def close(self) -> None:
        """Take no further connections: they are refused from now on."""
        _shut(self.listener)
        self.listener.close()

    def stop(self) -> None:
        """End all connections."""
        self._stopping.set()
        for sock in self._sockets:
            _shut(sock)
        self.wait_idle()

    def _handle(self, sock: socket.socket) -> None:
        with sock, suppress(OSError):
            if not self.context:
                self.behave(Call(sock, self._stopping))
                return
            with self.context.wrap_socket(sock, server_side=True) as wrapped:
                self._sockets.append(wrapped)
                call = Call(wrapped, self._stopping)
                call.read_request()
                self.calls.append(call)
                self.behave(call)


@contextmanager
def fault_server(
    behave: Behaviour,
    context: ssl.SSLContext | None = None,
    *,
    address: tuple[str, int] = ("127.0.0.1", 0),
) -> Iterator[FaultServer]:
    """Serve on a free port of this machine, or on `address`, until the block is left.

    Without `context` the behaviour gets the bare TCP connection, nothing read.
    """
    with socket.create_server(address) as listener:
        server = FaultServer(listener, behave, context)
        acceptor = threading.Thread(target=server.accept)
        acceptor.start()
        try:
            yield server
        finally:
            _shut(listener)
            acceptor.join()
            server.stop()


def _shut(sock: socket.socket) -> None:
    """End the connection below TLS.

    `SSLSocket.shutdown` would take the TLS layer away under the thread that uses it.
    """
    with suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


@contextmanager
def refused_port() -> Iterator[int]:
    """A port that nobody listens on and nobody else can take meanwhile."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock.getsockname()[1]


@contextmanager
def silent_port() -> Iterator[int]:
    """A port whose queue is full: a further connection is never accepted."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(3):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def slow_proxy(port: int, pause: float, step: int = 1) -> Behaviour:
    """Behaviour of a bare server that hands the bytes of `port` on slowly.

    In front of a TLS server it drips the handshake and the records themselves.
    """

    def behave(call: Call) -> None:
        with socket.create_connection(("127.0.0.1", port)) as behind:
            forward = threading.Thread(target=_copy, args=(call.sock, behind))
            forward.start()
            with suppress(OSError):
                while piece := behind.recv(65536):
                    call.drip(piece, pause, step)
                    if call.stopping.is_set():
                        break
            _shut(call.sock)
            _shut(behind)
            forward.join()

    return behave


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65536):
            target.sendall(piece)


# === BEHAVIOURS === #


def http_answer(
    body: bytes, *headers: str, status: str = "200 OK", length: bool = True
) -> bytes:
    """Bytes of an answer; `length` adds the right Content-Length."""
    lines = [f"HTTP/1.1 {status}", *headers]
    if not any(line.lower().startswith("content-type:") for line in headers):
        lines.append("Content-Type: application/json")
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    """Answer in chunks; another `end` leaves it unfinished or broken."""
    head = http_answer(b"", "Transfer-Encoding: chunked", length=False)
    parts = [b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks]
    return head + b"".join(parts) + end


def answer(data: bytes) -> Behaviour:
    """Send `data` as it is and close cleanly."""

    def behave(call: Call) -> None:
        call.send(data)
        call.close_cleanly()

    return behave


def cut(data: bytes, size: int, *, reset: bool = False) -> Behaviour:
    """Send the first `size` bytes of `data`, then close, or reset, the connection."""

    def behave(call: Call) -> None:
        call.send(data[:size])
        if reset:
            call.reset()

    return behave


def drip(data: bytes, pause: float = 0.05, *, at_once: int = 0) -> Behaviour:
    """Send `at_once` bytes, then the rest byte by byte with a `pause` after each."""

    def behave(call: Call) -> None:
        call.send(data[:at_once])
        call.drip(data[at_once:], pause)

    return behave


def black_hole(call: Call) -> None:
    """Take the request and never answer."""
    call.wait()


def endless(head: bytes, piece: bytes, pause: float = 0.0) -> Behaviour:
    """Send `head`, then `piece` for ever."""

    def behave(call: Call) -> None:
        call.send(head)
        while not call.stopping.wait(pause):
            call.send(piece)

    return behave
