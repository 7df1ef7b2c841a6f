# SPDX-License-Identifier: LGPL-3.0-only
"""Connections that are refused, silent, cut, slow or lead elsewhere."""

import gzip
import lzma
import socket
import zlib
from itertools import product
from typing import Any

from ..fault_server import Behaviour, Call, chunked, http_answer
from ..fleet import Answering, Fault, Station, encode
from ..terminal import Message
from . import Grounds

CUT = {"reset", "length", "http"}
STEPS = (1, 2, 5, 10)
PAUSES = (0.1, 0.25, 0.5, 1.0, 2.0)
SLOW_BYTES = 1000  # at the fastest pace more than twice the deadline
SHARES = [number / 20 for number in range(20)]
MEBIBYTE = 2**20
BOMB = b"\0" * (64 * MEBIBYTE)
CODINGS = (
    *("gzip", "x-gzip", "deflate", "compress", "br", "zstd", "GZIP", "unknown"),
    *("gzip, gzip", "identity, gzip", "*"),
)


def send_bytes(change: Any) -> Answering:
    """Send what `change` makes of the body of the answer, and close cleanly."""

    def answering(call: Call, answer: Message, _station: Station) -> None:
        call.send(change(encode(answer)))
        call.close_cleanly()

    return answering


# === NO CONNECTION, NO ANSWER === #


def refused(_grounds: Grounds) -> list[Fault]:
    """Nobody listens: from the first request on, or after some pages."""
    return [
        Fault(
            f"refused after {after} pages of {pages}",
            {"connect"},
            listening=False,
            after=after,
            records=2 * pages,
            paged=True,
        )
        for after in range(7)
        for pages in (after + 1, after + 2, after + 3)
    ]


def silent(_grounds: Grounds) -> list[Fault]:
    """The connection is taken, and from some byte on nothing comes."""

    def stop_at(share: float) -> Answering:
        def answering(call: Call, answer: Message, _station: Station) -> None:
            data = http_answer(encode(answer))
            call.send(data[: int(share * len(data))])
            call.wait()

        return answering

    return [
        Fault("silent before TLS", {"timeout"}, bare=Call.wait),
        Fault("silent in the handshake", {"timeout"}, bare=_wait_after(64)),
        *(
            Fault(f"silent after {share:.0%}", {"timeout"}, stop_at(share))
            for share in SHARES
        ),
    ]


def reset(_grounds: Grounds) -> list[Fault]:
    """The connection is reset, each time or the first time only."""

    def reset_at(share: float) -> Answering:
        def answering(call: Call, answer: Message, _station: Station) -> None:
            data = http_answer(encode(answer))
            call.send(data[: int(share * len(data))])
            call.reset()

        return answering

    return [
        Fault("before TLS", {"reset", "connect"}, bare=Call.reset),
        Fault("in the handshake", {"reset"}, bare=_reset_after(64)),
        *(
            Fault(
                f"at {share:.0%} after {after} pages",
                CUT,
                reset_at(share),
                after=after,
                records=2 * after + 2,
                paged=True,
            )
            for after, share in enumerate(SHARES[::2])
        ),
        *(
            Fault(f"once at {share:.0%}", {"success"}, reset_at(share), times=1)
            for share in SHARES[1::2]
        ),
    ]


def _wait_after(size: int) -> Behaviour:
    def behave(call: Call) -> None:
        call.sock.recv(size)
        call.wait()

    return behave


def _reset_after(size: int) -> Behaviour:
    def behave(call: Call) -> None:
        call.sock.recv(size)
        call.reset()

    return behave


# === SLOW === #


def dripping_head(_grounds: Grounds) -> list[Fault]:
    """The head of the answer comes in drops; no single pause is long."""

    def drip(step: int, pause: float) -> Answering:
        def answering(call: Call, answer: Message, _station: Station) -> None:
            padding = f"X-Padding: {'x' * SLOW_BYTES}"
            call.drip(http_answer(encode(answer), padding), pause, step)

        return answering

    return _drips("head", drip)


def dripping_body(_grounds: Grounds) -> list[Fault]:
    """The body comes in drops: the start of the records, or blanks after them."""

    def drip(step: int, pause: float) -> Answering:
        def answering(call: Call, answer: Message, _station: Station) -> None:
            body = encode(answer)
            data = http_answer(body + b" " * SLOW_BYTES)
            start = len(data) - SLOW_BYTES - (len(body) // step)
            call.send(data[:start])
            call.drip(data[start:], pause, step)

        return answering

    return _drips("body", drip)


def _drips(part: str, drip: Any) -> list[Fault]:
    return [
        Fault(f"{part}: {step} bytes each {pause} s", {"timeout"}, drip(step, pause))
        for step, pause in product(STEPS, PAUSES)
    ]


# === WRONG FRAMES === #


def truncated(_grounds: Grounds) -> list[Fault]:
    """The answer ends at 50 offsets, every other time with TLS told of the end."""

    def cut_at(share: float, clean: bool) -> Answering:
        def answering(call: Call, answer: Message, _station: Station) -> None:
            data = http_answer(encode(answer))
            call.send(data[: int(share * len(data))])
            if clean:
                call.close_cleanly()

        return answering

    return [
        Fault(f"at {share:.0%}", CUT, cut_at(share, clean=number % 2 == 0))
        for number, share in enumerate(number / 50 for number in range(50))
    ]


def wrong_length(_grounds: Grounds) -> list[Fault]:
    """Content-Length or the sizes of chunks are not those of the body."""

    def declare(*lengths: str) -> Any:
        headers = [f"Content-Length: {length}" for length in lengths]
        return lambda body: http_answer(body, *headers, length=False)

    def differ(by: int) -> Any:
        return lambda body: declare(str(len(body) + by))(body)

    def broken_chunk(size: str, end: bytes = b"\r\n0\r\n\r\n") -> Any:
        head = http_answer(b"", "Transfer-Encoding: chunked", length=False)
        return lambda body: head + size.encode() + b"\r\n" + body + end

    both = ("Content-Length: 10", "Transfer-Encoding: chunked")
    return [
        *(
            Fault(f"{by:+} bytes", {"length"}, send_bytes(differ(by)))
            for by in (1, 2, 7, 100, 1000, 100_000)
        ),
        *(
            Fault(f"{by:+} bytes", {"message"}, send_bytes(differ(by)))
            for by in (-1, -2, -7, -100, -150)
        ),
        *(
            Fault(f"length {text!r}", {"length"}, send_bytes(declare(text)))
            for text in ("-1", "+10", "abc", "1e3", "0x10", "5, 5", "10 10")
        ),
        Fault("two lengths", {"length"}, send_bytes(declare("10", "20"))),
        Fault("length 0", {"length", "message"}, send_bytes(declare("0"))),
        Fault(
            "length and chunks",
            {"length"},
            send_bytes(lambda body: http_answer(body, *both, length=False)),
        ),
        *(
            Fault(f"chunk {size!r}", CUT, send_bytes(broken_chunk(size)))
            for size in ("fff", "1", "-5", "xyz", "")
        ),
        Fault(
            "no last chunk",
            CUT,
            send_bytes(lambda body: chunked(body, end=b"")),
        ),
    ]


def huge(_grounds: Grounds) -> list[Fault]:
    """Bodies of 2 GB, declared or sent without end; heads without end."""

    def declare(size: int) -> Answering:
        data = http_answer(b"{", f"Content-Length: {size}", length=False)
        return send_bytes(lambda _body: data)

    def endless(head: bytes, piece: bytes) -> Answering:
        def answering(call: Call, _answer: Message, _station: Station) -> None:
            call.send(head)
            while not call.stopping.is_set():
                call.send(piece)

        return answering

    until_closed = http_answer(b"", length=False)
    chunks = http_answer(b"", "Transfer-Encoding: chunked", length=False)
    one_chunk = chunks + b"%x\r\n" % (2 * 10**9)
    declared = [16 * MEBIBYTE + 1, 2 * 10**9]
    declared += [2**31 - 1, 2**31, 2**31 + 1, 2**32, 2**32 + 1, 2**40, 10**14]
    blanks, opening = b" " * 65536, b"[" * 65536
    large = b"%x\r\n%s\r\n" % (MEBIBYTE, b" " * MEBIBYTE)
    start = b"HTTP/1.1 200 OK\r\n"
    bodies = {
        "blanks to the end": (until_closed, blanks),
        "brackets to the end": (until_closed, opening),
        "blanks in one chunk": (one_chunk, blanks),
        "brackets in one chunk": (one_chunk, opening),
        "small chunks": (chunks, b"400\r\n%s\r\n" % (b" " * 1024) * 64),
        "large chunks": (chunks, large),
    }
    heads = {
        "status line": (b"HTTP/1.1 200 ", b"O" * 65536),
        "one header": (start + b"X: ", b"x" * 65536),
        "headers": (start, b"X-A: 1\r\n" * 8192),
        "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1024),
        "chunk extension": (chunks + b"5;", b"x" * 65536),
        "trailers": (chunks + b"0\r\n", b"X-A: 1\r\n" * 8192),
    }
    return [
        *(
            Fault(f"{size} bytes declared", {"size"}, declare(size))
            for size in declared
        ),
        *(Fault(name, {"size"}, endless(*parts)) for name, parts in bodies.items()),
        *(
            Fault(f"{name} without end", {"size", "http", *CUT}, endless(*parts))
            for name, parts in heads.items()
        ),
    ]


def compressed(_grounds: Grounds) -> list[Fault]:
    """64 MB of zeros in a few kilobytes, under every coding HTTP knows."""
    bombs = (gzip.compress(BOMB), zlib.compress(BOMB))
    unnamed = {"gzip": bombs[0], "zlib": bombs[1], "xz": lzma.compress(b"\0" * 2**20)}

    def code(*headers: str, bomb: bytes) -> Answering:
        return send_bytes(lambda _body: http_answer(bomb, *headers))

    return [
        *(
            Fault(
                f"Content-Encoding: {coding}, bomb {number}",
                {"encoding"},
                code(f"Content-Encoding: {coding}", bomb=bomb),
            )
            for coding in CODINGS
            for number, bomb in enumerate(bombs)
        ),
        *(
            Fault(
                f"Transfer-Encoding: {coding}",
                {"encoding", "length"},
                code(f"Transfer-Encoding: {coding}", bomb=bombs[0]),
            )
            for coding in ("gzip", "deflate", "gzip, chunked")
        ),
        *(
            Fault(f"{name} not told", {"message"}, code(bomb=bomb))
            for name, bomb in unnamed.items()
        ),
    ]


# === ELSEWHERE === #


def redirected(grounds: Grounds) -> list[Fault]:
    """Every redirection, to a place that would take the token."""
    port = grounds.catcher.port
    places = (f"https://127.0.0.1:{port}/", f"http://127.0.0.1:{port}/", "/elsewhere")

    def send_to(status: int, place: str) -> Answering:
        return send_bytes(
            lambda body: http_answer(
                body, f"Location: {place}", status=f"{status} Elsewhere"
            )
        )

    return [
        Fault(f"{status} to {place}", {"redirect"}, send_to(status, place))
        for status, place in product((300, 301, 302, 303, 305, 307, 308), places)
    ]


def forbidden_address(grounds: Grounds) -> list[Fault]:
    """Addresses that a producer must not make the regulator ask.

    Those of this machine lead to the catcher, which would take the token.
    """
    hosts = (
        *("127.0.0.2", "127.255.255.254", "0.0.0.0", "[::1]", "[::]"),  # noqa: S104
        *("[::ffff:127.0.0.2]", "[::ffff:7f00:2]", "2130706434", "0x7f000002"),
        *("127.2", "0177.0.0.2", *_own_addresses()),
        *("10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "198.18.0.1"),
        *("169.254.169.254", "100.100.100.200", "168.63.129.16", "[fd00:ec2::254]"),
        *("[fe80::1]", "[fc00::1]", "[64:ff9b::7f00:2]", "224.0.0.1"),
    )
    return [
        Fault(
            host,
            {"address", "resolve"},
            url=f"https://{host}:{grounds.catcher.port}/recall/v1/sync",
        )
        for host in hosts
    ]


def _own_addresses() -> list[str]:
    """Addresses of this machine's network cards."""
    found = socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)
    return sorted({entry[4][0] for entry in found} - {"127.0.0.1"})
