# SPDX-License-Identifier: LGPL-3.0-only
"""POST of a JSON message to a peer that may be slow, broken or hostile.

The deadline is total: resolving, connecting, the TLS handshake, sending and reading
share it (GB/T 41047 7.5.2: no answer in 5 s is cut off and asked for once more).
Connections go only to addresses that were checked after resolving, TLS is always
verified, redirects, proxies, cookies and compressed answers do not exist here.
"""

import functools
import ipaddress
import json
import os
import queue
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from http.client import HTTPException, IncompleteRead
from typing import Any, NoReturn
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPSConnectionPool
from urllib3.connection import HTTPSConnection
from urllib3.exceptions import HTTPError, ProtocolError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolver = Callable[[str, int], Iterable[str]]

DEADLINE = 5.0  # seconds, 7.5.2
MAX_BYTES = 16 * 2**20
MAX_ADDRESSES = 4
EPOCH = datetime(1970, 1, 1)  # UTC
RETRIED = frozenset({"resolve", "connect", "timeout", "reset", "length"})

# IANA special-purpose registries, and the address of a cloud's metadata service that
# lies in public space. Listed here because `is_global` differs between Python releases.
BLOCKED_TEXT = (
    "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 "
    "192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 "
    "198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 168.63.129.16/32 "
    "2001::/23 2001:db8::/32 2002::/16 3fff::/20"
)
BLOCKED = [ipaddress.ip_network(text) for text in BLOCKED_TEXT.split()]
# Loopback, ULA, link-local, multicast, IPv4-mapped and NAT64 lie outside of it.
GLOBAL_V6 = ipaddress.ip_network("2000::/3")

# X509_V_FLAG_NO_CHECK_TIME of OpenSSL, which the ssl module does not name.
NO_CHECK_TIME = 0x200000
EXPIRED = 10
CERTIFICATE_FAULTS = {
    9: "The certificate of host {host} is not valid yet. Check both clocks.",
    EXPIRED: "A certificate of host {host} or of its authority has expired.",
    18: "The certificate of host {host} is self-signed.",
    19: "The certificate of host {host} comes from an authority that is not trusted.",
    20: "The certificate of host {host} comes from an authority that is not trusted.",
    62: "The certificate of host {host} is made out for another name.",
    64: "The certificate of host {host} is made out for another address.",
}
UNVERIFIED = "The certificate of host {host} could not be verified: {reason}."
BROKEN = "Host {host} broke the connection off."
INCOMPLETE = "Host {host} ended its answer before it was complete."
LIBRARY_ERRORS = (OSError, ValueError, HTTPException, HTTPError)
# The first that fits counts; the errors' own texts may hold data.
FAULTS = (
    (IncompleteRead, "length", INCOMPLETE),
    (ConnectionError, "reset", BROKEN),
    (ssl.SSLError, "tls", "The TLS connection with host {host} was broken."),
    (HTTPException, "http", "Host {host} does not answer in HTTP."),
    (ProtocolError, "length", INCOMPLETE),
    (ValueError, "length", INCOMPLETE),
    (Exception, "reset", BROKEN),
)
HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "Connection": "close",
    "Content-Type": "application/json",
    "User-Agent": "recall-traceability",
}


class PeerError(Exception):
    """No usable answer was had from the peer.

    `code` is one of address, resolve, connect, tls, timeout, reset, http, size,
    length, encoding, redirect, type; `message` a sentence for an operator, without
    any part of the payload, the path or the query; `attempts` how often was tried;
    `detail` the number that tells cases of a code apart: OpenSSL's for "tls", the
    status for "http", the system's for "connect".
    """

    def __init__(self, code: str, message: str, detail: int | None = None):
        super().__init__(message)
        self.code = code
        self.message = message
        self.detail = detail
        self.attempts = 1


def _fail(code: str, message: str, detail: int | None = None) -> NoReturn:
    # Without the cause: the errors of the libraries carry the request.
    raise PeerError(code, message, detail) from None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the peer answered.

    `certificate_expires` is in UTC without a time zone, as Odoo stores it; `seconds`
    is the time the last attempt took.
    """

    status: int
    body: bytes
    seconds: float
    certificate_expires: datetime | None
    attempts: int = 1


def fetch(url: str, payload: dict[str, Any], **options: Any) -> Answer:
    """`post_json`, once more with a fresh deadline when no answer was had (7.5.2).

    Refusals that a repetition cannot change (address, certificate, redirect, size,
    encoding, type, not HTTP) are not repeated.
    """
    try:
        return post_json(url, payload, **options)
    except PeerError as error:
        if error.code not in RETRIED:
            raise
    try:
        return replace(post_json(url, payload, **options), attempts=2)
    except PeerError as error:
        error.attempts = 2
        raise


def post_json(
    url: str,
    payload: dict[str, Any],
    *,
    deadline: float = DEADLINE,
    max_bytes: int = MAX_BYTES,
    ca_file: str | None = None,
    networks: Iterable[str | Network] = (),
    resolver: Resolver | None = None,
) -> Answer:
    """Send `payload` once and return the JSON answer, whatever its HTTP status.

    :param deadline: seconds for everything together.
    :param max_bytes: largest body that is taken.
    :param ca_file: PEM bundle to verify TLS with, instead of the system's.
    :param networks: networks that may be reached although they are not public.
    :param resolver: gives the addresses of (host, port), instead of the system's.
    :raises PeerError: when there is no complete JSON answer in time.
    """
    started = time.monotonic()
    data = json.dumps(payload, allow_nan=False).encode()
    limits = {"deadline": deadline, "max_bytes": max_bytes, "ca_file": ca_file}
    opened = _open(url, data, HEADERS, limits, networks, resolver)
    with opened as (attempt, response):
        _check_framing(attempt, response)
        body = _read_body(attempt, response)
    _check_type(attempt.host, response)
    seconds = time.monotonic() - started
    return Answer(response.status_code, body, seconds, attempt.certificate_expires)


def post_message(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    deadline: float = DEADLINE,
    ca_file: str | None = None,
    networks: Iterable[str | Network] = (),
    resolver: Resolver | None = None,
) -> int:
    """Send `body` once to a peer that only acknowledges; returns the HTTP status.

    With the head of its answer the peer has said whether it took the message: what
    follows is not read, so that it can neither delay nor grow.

    :param headers: further ones, e.g. a signature.
    :raises PeerError: when there is no complete head in time, or a redirect.
    """
    limits = {"deadline": deadline, "max_bytes": 0, "ca_file": ca_file}
    opened = _open(url, body, {**HEADERS, **headers}, limits, networks, resolver)
    with opened as (attempt, response):
        _refuse_redirect(attempt, response)
    return response.status_code


def read_environment() -> dict[str, Any]:
    """The settings outside the database, as options of the functions above."""
    networks = os.environ.get("RECALL_PEER_NETWORKS", "")
    return {
        "ca_file": os.environ.get("RECALL_CA_FILE"),
        "networks": tuple(part.strip() for part in networks.split(",") if part.strip()),
    }


@contextmanager
def _open(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    limits: dict[str, Any],
    networks: Iterable[str | Network],
    resolver: Resolver | None,
) -> Iterator[tuple["_Attempt", requests.Response]]:
    """Send a request and read the head of the answer, within the limits."""
    host, port = check_url(url)
    attempt = _Attempt(host, port, time.monotonic() + limits["deadline"], **limits)
    attempt.addresses = _find_addresses(attempt, resolver or _resolve)
    _check_addresses(attempt, networks)
    request = _prepare(url, body, headers)
    adapter = _Adapter(attempt)
    with closing(adapter.pool), _plain_errors(host):
        with adapter.send(request, stream=True, timeout=attempt.deadline) as response:
            attempt.head_read = True
            yield attempt, response


@dataclass(slots=True)
class _Attempt:
    """What one attempt may use, and what was seen of the peer."""

    host: str
    port: int
    end: float  # on the monotonic clock
    deadline: float
    max_bytes: int
    ca_file: str | None
    addresses: list[str] = field(default_factory=list)
    received: int = 0
    head_read: bool = False
    ended: bool = False
    ragged: bool = False  # ended without TLS close, so perhaps cut
    certificate_expires: datetime | None = None

    def remaining(self) -> float:
        left = self.end - time.monotonic()
        if left <= 0:
            self.fail_late()
        return left

    def fail_late(self) -> NoReturn:
        what = f"Host {self.host} gave no complete answer"
        _fail("timeout", f"{what} within {self.deadline:g} s.")

    def fail_large(self) -> NoReturn:
        what = f"The answer of host {self.host}"
        _fail("size", f"{what} is larger than {self.max_bytes} bytes.")

    def take(self, size: int) -> None:
        """Count received bytes; headers and chunk sizes come on top of the body."""
        self.ended = not size
        if self.ended and not self.head_read:
            _fail("reset", BROKEN.format(host=self.host))
        self.received += size
        if self.received > 2 * self.max_bytes + 2**20:
            self.fail_large()


# === ADDRESS === #


def check_url(url: str) -> tuple[str, int]:
    if not re.fullmatch(r"[!-\[\]-~]+", url):
        what = "The address holds blanks, backslashes or characters outside ASCII"
        _fail("address", f"{what}; write an international host name as xn--.")
    try:
        parts = urlsplit(url)
        port = 443 if parts.port is None else parts.port
    except ValueError:
        _fail("address", "The address is not a valid URL.")
    if parts.scheme != "https":
        _fail("address", "The address must start with https://.")
    if "@" in parts.netloc:
        _fail("address", "The address must not hold a user name or a password.")
    host = parts.hostname or ""
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]*|[0-9a-f:.]+", host) or not port:
        _fail("address", "The address has no valid host name and port.")
    return host, port


def _resolve(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [entry[4][0] for entry in found]


def _find_addresses(attempt: _Attempt, resolver: Resolver) -> list[str]:
    """Addresses of the host; a resolver that hangs is left behind in its thread."""
    host = attempt.host
    answers: queue.SimpleQueue[list[str] | Exception] = queue.SimpleQueue()

    def work() -> None:
        try:
            answers.put(list(dict.fromkeys(resolver(host, attempt.port))))
        except (OSError, ValueError) as error:
            answers.put(error)

    threading.Thread(target=work, name="resolve", daemon=True).start()
    try:
        found = answers.get(timeout=attempt.remaining())
    except queue.Empty:
        limit = f"{attempt.deadline:g} s"
        _fail("resolve", f"The host name {host} was not resolved within {limit}.")
    if isinstance(found, Exception) or not found:
        reason = getattr(found, "strerror", None) or "it has no address"
        _fail("resolve", f"The host name {host} is not resolved: {reason}.")
    return found


def _check_addresses(attempt: _Attempt, networks: Iterable[str | Network]) -> None:
    """Refuse a host as soon as one of its addresses is neither public nor permitted."""
    try:
        names = [str(network).strip() for network in networks]
        permitted = [ipaddress.ip_network(name) for name in names if name]
    except ValueError as error:
        _fail("address", f"A permitted network is not written properly: {error}.")
    for text in attempt.addresses:
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            _fail("address", f"Host {attempt.host} is not resolved to an address.")
        blocked = address.version == 6 and address not in GLOBAL_V6
        blocked = blocked or any(address in network for network in BLOCKED)
        if blocked and not any(address in network for network in permitted):
            what = f"Host {attempt.host} has the address {address}, which is not public"
            _fail("address", f"{what}. Permit its network if it is meant.")


# === CONNECTION === #


class _GuardedSocket(ssl.SSLSocket):
    """TLS socket on which each operation has only the time that is left in all.

    A plain socket timeout starts anew with every byte: a peer that sends one byte a
    second would never run into it.
    """

    attempt: _Attempt

    def __del__(self) -> None:
        # A reset before the handshake (ssl) or a wrong header (urllib3) leaves it open.
        if (handle := self.detach()) >= 0:
            os.close(handle)

    def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> int:
        self.settimeout(self.attempt.remaining())
        try:
            size = super().recv_into(buffer, nbytes, flags)
        except TimeoutError:
            self.attempt.fail_late()
        except ssl.SSLError as error:
            # Python 3.11.2 does not make it an SSLEOFError.
            if error.reason != "UNEXPECTED_EOF_WHILE_READING" and not isinstance(
                error, ssl.SSLEOFError
            ):
                raise
            self.attempt.ragged, size = True, 0
        self.attempt.take(size)
        return size

    def send(self, data: Any, flags: int = 0) -> int:
        self.settimeout(self.attempt.remaining())
        try:
            return super().send(data, flags)
        except TimeoutError:
            self.attempt.fail_late()


class _PinnedConnection(HTTPSConnection):
    """Connects to the checked addresses; name and certificate stay the host's."""

    def __init__(self, *args: Any, attempt: _Attempt, **options: Any):
        super().__init__(*args, ssl_context=_ca_context(attempt.ca_file), **options)
        self._attempt = attempt

    def _new_conn(self) -> socket.socket:
        """First address that accepts, each with its part of the time that is left."""
        fault = OSError()
        addresses = self._attempt.addresses[:MAX_ADDRESSES]
        for waiting, address in zip(
            range(len(addresses), 0, -1), addresses, strict=True
        ):
            share = self._attempt.remaining() / waiting
            try:
                sock = socket.create_connection((address, self.port), share)
            except OSError as error:
                fault = error
                continue
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.settimeout(self._attempt.remaining())
            return sock
        if isinstance(fault, TimeoutError):
            self._attempt.fail_late()
        place = f"Host {self.host} cannot be reached on port {self.port}"
        reason = fault.strerror or "no reason given"
        _fail("connect", f"{place}: {reason}.", fault.errno)

    def connect(self) -> None:
        try:
            super().connect()
        except ssl.SSLCertVerificationError as error:
            _fail("tls", self._explain(error), error.verify_code)
        except TimeoutError:
            self._attempt.fail_late()
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionError):
            _fail("reset", f"Host {self.host} broke the TLS handshake off.")
        except ssl.SSLError as error:
            reason = (error.reason or "no reason given").lower().replace("_", " ")
            _fail("tls", f"TLS with host {self.host} failed: {reason}.")
        self.sock.attempt = self._attempt
        # An end without TLS close may be a cut: `recv_into` notes it.
        self.sock.suppress_ragged_eofs = False
        self._attempt.certificate_expires = _read_expiry(self.sock)

    def _explain(self, error: ssl.SSLCertVerificationError) -> str:
        code, host = error.verify_code, self.host
        ended = self._find_expiry() if code == EXPIRED else None
        if ended and ended < EPOCH + timedelta(seconds=time.time()):
            return f"The certificate of host {host} expired on {ended:%Y-%m-%d}."
        sentence = CERTIFICATE_FAULTS.get(code, UNVERIFIED)
        return sentence.format(host=host, reason=error.verify_message)

    def _find_expiry(self) -> datetime | None:
        """End of a certificate that has expired, read over a second connection.

        OpenSSL does not show a certificate it refused. Here it checks authority and
        name as always but not the dates; nothing is sent.
        """
        context = _ca_context(self._attempt.ca_file, NO_CHECK_TIME)
        with suppress(OSError, PeerError):
            with self._new_conn() as plain:
                with context.wrap_socket(plain, server_hostname=self.host) as sock:
                    return _read_expiry(sock)
        return None


class _Adapter(HTTPAdapter):
    """Adapter of `requests` for one request to one host at its checked addresses."""

    def __init__(self, attempt: _Attempt):
        super().__init__()
        self.pool = HTTPSConnectionPool(attempt.host, attempt.port, attempt=attempt)
        self.pool.ConnectionCls = _PinnedConnection

    def get_connection_with_tls_context(
        self, *_: Any, **__: Any
    ) -> HTTPSConnectionPool:
        return self.pool

    def cert_verify(self, *_: Any, **__: Any) -> None:
        """The connection's own context verifies; the base class would add roots."""


def _ca_context(ca_file: str | None, flags: int = 0) -> ssl.SSLContext:
    try:
        stamp = os.stat(ca_file).st_mtime_ns if ca_file else 0
        return _build_context(ca_file, stamp, flags, threading.get_ident())
    except OSError:
        _fail("tls", f"The file of trusted authorities {ca_file} cannot be read.")


@functools.lru_cache(maxsize=32)
def _build_context(
    ca_file: str | None, _stamp: int, flags: int, _thread: int
) -> ssl.SSLContext:
    """Verifying context, kept until the file changes: reading one takes a while.

    Each thread has its own: urllib3 sets the ALPN names of a context for every
    connection, and OpenSSL does not guard these against other threads.
    """
    context = ssl.create_default_context(cafile=ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Set by some builds of Python: a cut-off answer would count as a complete one.
    context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
    context.verify_flags |= flags
    context.sslsocket_class = _GuardedSocket
    return context


def _read_expiry(sock: ssl.SSLSocket) -> datetime:
    seconds = ssl.cert_time_to_seconds(sock.getpeercert()["notAfter"])
    return EPOCH + timedelta(seconds=seconds)


# === REQUEST AND ANSWER === #


def _prepare(
    url: str, body: bytes, headers: Mapping[str, str]
) -> requests.PreparedRequest:
    # Prepared without a session: no environment, .netrc, cookies or redirects.
    try:
        return requests.Request("POST", url, headers=headers, data=body).prepare()
    except requests.RequestException:
        _fail("address", "The address is not a valid URL.")


def _refuse_redirect(attempt: _Attempt, response: requests.Response) -> None:
    if 300 <= response.status_code < 400:
        what = f"Host {attempt.host} redirects elsewhere"
        _fail("redirect", f"{what}, which is not followed.")


def _check_framing(attempt: _Attempt, response: requests.Response) -> None:
    host, headers = attempt.host, response.raw.headers
    _refuse_redirect(attempt, response)
    transfer = headers.get("Transfer-Encoding", "chunked").strip().lower()
    content = headers.get("Content-Encoding", "identity").strip().lower()
    if content != "identity" or transfer != "chunked":
        _fail("encoding", f"Host {host} sends a compressed or encoded answer.")
    lengths = headers.getlist("Content-Length")
    framed = len(lengths) + ("Transfer-Encoding" in headers)
    if framed > 1 or any(not re.fullmatch("[0-9]{1,15}", text) for text in lengths):
        _fail("length", f"Host {host} does not tell one clear length of its answer.")
    if lengths and int(lengths[0]) > attempt.max_bytes:
        attempt.fail_large()


def _read_body(attempt: _Attempt, response: requests.Response) -> bytes:
    body = bytearray()
    for piece in response.raw.stream(65536, decode_content=False):
        body += piece
        if len(body) > attempt.max_bytes:
            attempt.fail_large()
    # The end of the connection may end a body only after a TLS close, chunks never.
    chunked = "Transfer-Encoding" in response.raw.headers
    if attempt.ended and (chunked or attempt.ragged or not body):
        _fail("length", INCOMPLETE.format(host=attempt.host))
    return bytes(body)


def _check_type(host: str, response: requests.Response) -> None:
    header = response.headers.get("Content-Type", "").lower()
    kind, _, charset = header.replace(" ", "").replace('"', "").partition(";")
    if kind == "application/json" and charset in ("", "charset=utf-8"):
        return
    if (status := response.status_code) == 200:
        _fail("type", f"The answer of host {host} is not of type application/json.")
    message = f"Host {host} answered with HTTP status {status}, not with JSON."
    _fail("http", message, status)


@contextmanager
def _plain_errors(host: str) -> Iterator[None]:
    try:
        yield
    except LIBRARY_ERRORS as error:
        causes: list[BaseException] = [error]
        for cause in causes:
            causes += [part for part in cause.args if isinstance(part, BaseException)]
        for kind, code, sentence in FAULTS:
            if any(isinstance(cause, kind) for cause in causes):
                _fail(code, sentence.format(host=host))
