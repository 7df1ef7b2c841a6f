# SPDX-License-Identifier: LGPL-3.0-only
"""The client of peers, against a real server that fails in every way we know."""

import gc
import itertools
import json
import logging
import os
import socket
import ssl
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta

import pytest
from simulation.certificates import DAY, Authority
from simulation.fault_server import (
    answer,
    black_hole,
    chunked,
    cut,
    drip,
    endless,
    fault_server,
    http_answer,
    refused_port,
    silent_port,
    slow_proxy,
)
from tools import http_client, messages

DEADLINE = 0.5
BODY = b'{"records": [], "count": 0, "api_status": 200}'
GOOD = http_answer(BODY)
TOKEN = "key1.very-secret-token"
PAYLOAD = {"api_token": TOKEN, "api_cfg": "cfg"}
LOOPBACK = ["127.0.0.0/8"]


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def ask(authority):
    """Ask a URL with short limits, as a peer that resolves to this machine."""

    def ask(url, *, call=http_client.post_json, **options):
        options = {
            "deadline": DEADLINE,
            "ca_file": authority.ca_file,
            "networks": LOOPBACK,
            "resolver": lambda host, port: ["127.0.0.1"],
        } | options
        start = time.monotonic()
        try:
            return call(url, PAYLOAD, **options)
        except http_client.PeerError as error:
            error.seconds = time.monotonic() - start
            raise

    return ask


@pytest.fixture
def ask_server(ask, authority):
    """Ask a server that behaves as given, with a good certificate if none is given."""

    def ask_server(behave, context=None, **options):
        with fault_server(behave, context or authority.context()) as server:
            return ask(server.url, **options)

    return ask_server


@contextmanager
def fails(*codes, least=0, most=DEADLINE + 0.2):
    """The block raises a PeerError of one of `codes` in time, which tells no secret."""
    with pytest.raises(http_client.PeerError) as caught:
        yield caught
    error = caught.value
    assert error.code in codes, error.message
    assert least < error.seconds < most
    assert TOKEN not in error.message and "/recall/v1" not in error.message
    assert error.message.endswith(".") and error.message == str(error)
    # The causes hold the request, and with it the token, in logs of tracebacks.
    assert error.__suppress_context__


def fails_at_deadline(*codes):
    return fails(*codes, least=DEADLINE - 0.2)


# === GOOD ANSWERS === #


def test_answer_arrives_with_certificate_date_and_time(ask, authority):
    """M-PULL: a plain answer over verified TLS is had at the first attempt."""
    end = datetime.now(UTC).replace(microsecond=0) + 40 * DAY
    with fault_server(answer(GOOD), authority.context(end=end)) as server:
        got = ask(server.url, call=http_client.fetch)
    assert (got.status, got.body, got.attempts) == (200, BODY, 1)
    assert got.certificate_expires == end.replace(tzinfo=None)
    assert 0 < got.seconds < DEADLINE


def test_request_is_plain_json_without_anything_of_the_environment(
    ask, authority, monkeypatch, tmp_path
):
    """X-ATTACK: neither proxies nor .netrc nor the machine's TLS settings count."""
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine localhost login user password secret")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    with fault_server(answer(GOOD), authority.context()) as server:
        ask(server.url)
    call = server.calls[0]
    assert json.loads(call.body) == PAYLOAD
    assert call.head.startswith(b"POST /recall/v1/sync HTTP/1.1\r\n")
    assert call.header("Host") == f"localhost:{server.port}"
    assert call.header("Content-Type") == "application/json"
    assert call.header("Accept-Encoding") == "identity"
    assert call.header("Authorization") is None
    assert call.header("Cookie") is None


@pytest.mark.parametrize(
    "data",
    [
        chunked(BODY[:7], BODY[7:]),
        http_answer(BODY, length=False),
        http_answer(BODY, "Content-Type: application/json; charset=utf-8"),
        http_answer(BODY, 'Content-Type: Application/JSON;charset="UTF-8"'),
        http_answer(BODY, "Content-Encoding: identity"),
        b"HTTP/1.1 100 Continue\r\n\r\n" + GOOD,
        GOOD.replace(b"HTTP/1.1", b"HTTP/1.0"),
    ],
    ids=["chunked", "no length", "charset", "case", "identity", "100", "HTTP/1.0"],
)
def test_every_proper_form_of_an_answer_is_taken(ask_server, data):
    assert ask_server(answer(data)).body == BODY


def test_gateway_status_is_handed_over_with_its_json(ask_server):
    body = b'{"records": [], "count": 0, "api_status": 429}'
    data = http_answer(body, "Retry-After: 3600", status="429 Too Many Requests")
    got = ask_server(answer(data))
    assert (got.status, got.body) == (429, body)


def test_slow_answer_within_the_deadline_is_taken(ask_server):
    assert ask_server(drip(GOOD, 0.02, at_once=len(GOOD) - 10)).body == BODY


# === TIME === #


def test_refused_connection_fails_at_once(ask):
    with refused_port() as port:
        with fails("connect", most=0.2) as caught:
            ask(f"https://localhost:{port}/")
    assert "refused" in caught.value.message


def test_port_that_never_accepts_is_cut_at_the_deadline(ask):
    with silent_port() as port, fails_at_deadline("timeout"):
        ask(f"https://localhost:{port}/")


@pytest.mark.parametrize(
    "behave",
    [
        black_hole,
        drip(GOOD),
        drip(GOOD, 0.1, at_once=GOOD.index(b"\r\n\r\n") + 10),
        drip(GOOD, 0.3, at_once=len(GOOD) - 3),
        endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.01),
        endless(chunked(end=b""), b"1\r\n \r\n", 0.01),
        endless(chunked(BODY, end=b"0\r\n"), b"X-Trailer: 1\r\n", 0.01),
    ],
    ids=[
        "never answers",
        "drips the headers",
        "drips the body",
        "drips the last bytes",
        "100-continue for ever",
        "chunks for ever",
        "trailers for ever",
    ],
)
def test_slow_answer_is_cut_at_the_total_deadline(ask_server, behave):
    """M-PULL: no complete answer within the limit is cut off, however it trickles."""
    with fails_at_deadline("timeout") as caught:
        ask_server(behave)
    assert "0.5 s" in caught.value.message


def test_peer_that_never_speaks_tls_is_cut_at_the_deadline(ask):
    with fault_server(black_hole) as server, fails_at_deadline("timeout"):
        ask(server.url)


@pytest.mark.parametrize("pause, step", [(0.02, 1), (0.12, 300)])
def test_slow_tls_handshake_is_cut_at_the_deadline(ask, authority, pause, step):
    with fault_server(answer(GOOD), authority.context()) as server:
        with fault_server(slow_proxy(server.port, pause, step)) as proxy:
            with fails_at_deadline("timeout"):
                ask(proxy.url)


def test_slow_tls_record_is_cut_at_the_deadline(ask, authority):
    """One record that trickles in is one read for the TLS library."""
    context = authority.context()
    with fault_server(answer(http_answer(b" " * 16000)), context) as server:
        # The handshake passes in two steps; the 16 kB record needs eight more.
        with fault_server(slow_proxy(server.port, 0.1, 2000)) as proxy:
            with fails_at_deadline("timeout"):
                ask(proxy.url)


def test_slow_name_resolution_is_cut_at_the_deadline(ask):
    def resolve(host, port):
        time.sleep(2 * DEADLINE)
        return ["127.0.0.1"]

    with fails_at_deadline("resolve"):
        ask("https://localhost:1/", resolver=resolve)


def test_first_address_that_hangs_leaves_time_for_the_second(ask, authority):
    found = ["127.0.0.1", "127.0.0.2"]
    with silent_port() as port:
        with fault_server(
            answer(GOOD), authority.context(), address=(found[1], port)
        ) as server:
            got = ask(server.url, deadline=1.5, resolver=lambda *_: found)
    assert got.body == BODY
    assert 0.7 < got.seconds < 1.5


# === CUT AND CONTRADICTORY ANSWERS === #


@pytest.mark.parametrize("form", ["length", "chunked", "until close"])
def test_truncated_answer_is_never_taken(ask, authority, form):
    """X-FAULT: an answer cut at any place is a failure, not a short answer."""
    data = {
        "length": GOOD,
        "chunked": chunked(BODY[:20], BODY[20:]),
        "until close": http_answer(BODY, length=False),
    }[form]
    sizes = range(0, len(data), 5)
    rest = iter(enumerate(sizes))

    def behave(call):
        number, size = next(rest)
        cut(data, size, reset=number % 3 == 0)(call)

    with fault_server(behave, authority.context()) as server:
        for _size in sizes:
            with fails("reset", "length"):
                ask(server.url)
    assert server.accepted == len(sizes) > 15


@pytest.mark.parametrize(
    "headers",
    [
        ["Content-Length: 100"],
        ["Content-Length: 46", "Content-Length: 45"],
        ["Content-Length: 46", "Content-Length: 46"],
        ["Content-Length: 46, 45"],
        ["Content-Length: -1"],
        ["Content-Length: +46"],
        ["Content-Length: 4_6"],
        ["Content-Length: 46", "Transfer-Encoding: chunked"],
    ],
)
def test_unclear_length_is_refused(ask_server, headers):
    data = http_answer(BODY, *headers, length=False)
    with fails("length"):
        ask_server(answer(data))


def test_length_below_the_body_leaves_no_message(ask_server):
    """X-FAULT: what a too small Content-Length cuts off is no JSON any more."""
    data = http_answer(BODY, "Content-Length: 40", length=False)
    # The rest may also reset the connection before the answer was read.
    with pytest.raises((messages.MessageError, http_client.PeerError)):
        messages.decode(ask_server(answer(data)).body)


@pytest.mark.parametrize(
    "end",
    [b"", b"0", b"0\r\n", b"zz\r\n", b"-1\r\n{}", b"-5\r\n", b"5\r\n{}", b";" * 9000],
)
def test_chunks_that_do_not_end_properly_are_refused(ask_server, end):
    with fails("length"):
        ask_server(answer(chunked(BODY, end=end)))


@pytest.mark.parametrize(
    "data", [b"garbage\r\n\r\n", b"HTTP/1.1 abc OK\r\n\r\n", b"220 mail ready\r\n"]
)
def test_peer_that_does_not_speak_http_is_named(ask_server, data):
    with fails("http"):
        ask_server(answer(data))


# === SIZE === #


@pytest.mark.parametrize(
    "behave",
    [
        answer(http_answer(b" " * 2000)),
        answer(chunked(b" " * 800, b" " * 800)),
        answer(http_answer(b" " * 2000, length=False)),
        endless(http_answer(b"", length=False), b" " * 65536),
        endless(chunked(end=b"-1\r\n"), b" " * 65536),
    ],
    ids=["length", "chunks", "until close", "endless", "endless chunk"],
)
def test_body_above_the_limit_is_refused_early(ask_server, behave):
    """X-ATTACK: a peer cannot fill the memory."""
    with fails("size"):
        ask_server(behave, max_bytes=1000)


def test_body_of_exactly_the_limit_is_taken(ask_server):
    assert ask_server(answer(GOOD), max_bytes=len(BODY)).body == BODY
    with fails("size"):
        ask_server(answer(GOOD), max_bytes=len(BODY) - 1)


@pytest.mark.parametrize(
    "header",
    [
        "Content-Encoding: gzip",
        "Content-Encoding: br, gzip, gzip",
        "Transfer-Encoding: gzip, chunked",
    ],
)
def test_compressed_answer_is_refused_undecoded(ask_server, header):
    with fails("encoding"):
        ask_server(answer(http_answer(b"\x1f\x8b bomb", header, length=False)))


# === WHERE THE REQUEST GOES === #


@pytest.mark.parametrize("status", ["301 x", "302 x", "303 x", "307 x", "308 x"])
def test_redirect_is_not_followed(ask, authority, status):
    """X-ATTACK: the token is not sent on to wherever a peer points."""
    context = authority.context()
    with fault_server(answer(GOOD), context) as other:
        data = http_answer(b"{}", f"Location: {other.url}", status=status)
        with fault_server(answer(data), context) as server:
            with fails("redirect"):
                ask(server.url, call=http_client.fetch)
        assert (other.accepted, server.accepted) == (0, 1)


PRIVATE = (
    "127.0.0.1 127.8.9.10 0.0.0.0 10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 "
    "169.254.1.1 169.254.169.254 100.64.0.1 100.100.100.200 192.0.0.192 "
    "192.0.2.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 "
    "240.0.0.1 255.255.255.255 168.63.129.16 192.88.99.1 :: ::1 ::ffff:127.0.0.1 "
    "::ffff:8.8.8.8 ::127.0.0.1 64:ff9b::7f00:1 64:ff9b:1::1 fc00::1 "
    "fd00:ec2::254 fe80::1 fe80::1%1 fec0::1 ff02::1 2001::1 2001:db8::1 "
    "2002:7f00:1:: 100::1 3fff::1 4000::1 "
)


@pytest.mark.parametrize("address", PRIVATE.split())
def test_address_that_is_not_public_is_refused(ask, address, monkeypatch):
    """X-ATTACK: a peer's name cannot lead into the operator's own network."""
    monkeypatch.setattr(socket, "create_connection", None)
    with fails("address", most=0.2) as caught:
        ask("https://peer.example/", networks=[], resolver=lambda *_: [address])
    assert "not public" in caught.value.message


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "localhost", "0", "0x7f.1"),
        *("2130706433", "0177.0.0.1", "127.1", "0.0.0.0"),
    ],
)
def test_every_spelling_of_this_machine_is_refused(ask, host, monkeypatch):
    monkeypatch.setattr(socket, "create_connection", None)
    with fails("address", "resolve"):
        ask(f"https://{host}:1/", networks=[], resolver=None)


def test_one_private_address_among_public_ones_is_refused(ask, monkeypatch):
    monkeypatch.setattr(socket, "create_connection", None)
    found = ["93.184.216.34", "10.0.0.7"]
    with fails("address") as caught:
        ask("https://peer.example/", networks=LOOPBACK, resolver=lambda *_: found)
    assert "10.0.0.7" in caught.value.message


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "1.1.1.1"])
def test_public_address_is_connected_to(ask, address, monkeypatch):
    def connect(place, timeout):
        raise ConnectionRefusedError(111, "refused", place[0])

    monkeypatch.setattr(socket, "create_connection", connect)
    with fails("connect"):
        ask("https://peer.example/", networks=[], resolver=lambda *_: [address])


def test_connection_goes_to_the_address_that_was_checked(ask, authority):
    """X-ATTACK: DNS rebinding: the name is resolved once, and not for connecting."""
    asked = []

    def resolve(host, port):
        asked.append((host, port))
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    context = authority.context("rebind.example")
    seen = []
    context.sni_callback = lambda _sock, name, _context: seen.append(name)
    with fault_server(answer(GOOD), context) as server:
        url = f"https://rebind.example:{server.port}/recall/v1/sync"
        assert ask(url, resolver=resolve).body == BODY
    assert asked == [("rebind.example", server.port)]
    assert seen == ["rebind.example"]
    assert server.calls[0].header("Host") == f"rebind.example:{server.port}"


@pytest.mark.parametrize(
    "url, part",
    [
        ("http://localhost/", "https"),
        ("ftp://localhost/", "https"),
        ("localhost/", "https"),
        ("https://user@localhost/", "user name"),
        ("https://user:secret@localhost/", "user name"),
        ("https://@localhost/", "user name"),
        ("https:///path", "host name"),
        ("https://localhost:0/", "port"),
        ("https://localhost:99999/", "URL"),
        ("https://localhost:x/", "URL"),
        ("https://[::1/", "URL"),
        ("https://[fe80::1%25eth0]/", "host name"),
        ("https://peer.example\\@localhost/", "backslash"),
        ("https://local host/", "blanks"),
        ("https://localhost/\r\nX-Header: 1", "blanks"),
        ("https://本地.example/", "xn--"),
        ("https://-peer.example/", "host name"),
        ("https://%6cocalhost/", "host name"),
        ("", "blanks"),
    ],
)
def test_odd_url_is_refused_before_anything_is_resolved(ask, url, part):
    with fails("address", most=0.1) as caught:
        ask(url, resolver=None)
    assert part in caught.value.message
    assert "secret" not in caught.value.message


@pytest.mark.parametrize("error", [socket.gaierror(-2, "unknown"), UnicodeError("x")])
def test_name_that_does_not_resolve_is_named(ask, error):
    def resolve(host, port):
        raise error

    with fails("resolve") as caught:
        ask("https://peer.example/", resolver=resolve)
    assert "peer.example" in caught.value.message


def test_name_without_addresses_is_refused(ask):
    with fails("resolve"):
        ask("https://peer.example/", resolver=lambda *_: [])
    with fails("address"):
        ask("https://peer.example/", resolver=lambda *_: ["peer.example"])


def test_permitted_networks_may_come_as_split_from_a_setting(ask_server):
    networks = [" 10.0.0.0/8", " 127.0.0.0/8 ", ""]
    assert ask_server(answer(GOOD), networks=networks).body == BODY


def test_wrong_setting_of_permitted_networks_is_told(ask):
    with fails("address") as caught:
        ask("https://peer.example/", networks=["10.0.0.0/99"])
    assert "10.0.0.0/99" in caught.value.message


# === TLS === #


def test_expired_certificate_is_told_with_its_date(ask_server, authority):
    """X-TLS: nothing is sent to a peer whose certificate has expired."""
    end = datetime.now(UTC) - 3 * DAY
    seen = []
    with fails("tls") as caught:
        ask_server(seen.append, authority.context(end=end))
    expected = f"The certificate of host localhost expired on {end:%Y-%m-%d}."
    assert caught.value.message == expected
    assert not any(call.head for call in seen)


@pytest.mark.parametrize(
    "names, options, part",
    [
        ((), {"start": datetime.now(UTC) + DAY}, "not valid yet"),
        ((), {"self_signed": True}, "self-signed"),
        (("other.example",), {}, "another name"),
        (("*.localhost",), {}, "another name"),
    ],
)
def test_wrong_certificate_is_refused(ask, authority, names, options, part):
    """X-TLS: authority, name and dates of a certificate are always verified."""
    with fault_server(answer(GOOD), authority.context(*names, **options)) as server:
        with fails("tls") as caught:
            ask(server.url, call=http_client.fetch)
    assert part in caught.value.message
    assert (server.calls, server.accepted) == ([], 1)


def test_certificate_for_another_address_is_refused(ask, authority):
    with fault_server(answer(GOOD), authority.context("localhost")) as server:
        with fails("tls") as caught:
            ask(server.url.replace("localhost", "127.0.0.1"))
    assert "another address" in caught.value.message


def test_authority_that_is_not_trusted_is_refused(ask_server, tmp_path):
    """X-TLS: only the given authorities count, not those of the machine besides."""
    for ca_file in (None, Authority(tmp_path).ca_file):
        with fails("tls") as caught:
            ask_server(answer(GOOD), ca_file=ca_file)
        assert "not trusted" in caught.value.message


def test_no_authority_is_added_to_those_given(ask_server, authority):
    """X-TLS: `requests` would load its own bundle into the context besides."""
    ask_server(answer(GOOD))
    trusted = http_client._ca_context(authority.ca_file).get_ca_certs()
    assert len(trusted) == 1


def test_missing_file_of_authorities_is_told(ask, tmp_path):
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate")
    for path in (broken, tmp_path / "none.pem"):
        with fails("tls") as caught:
            ask("https://peer.example/", ca_file=str(path))
        assert str(path) in caught.value.message


def test_old_tls_is_refused(ask_server, authority):
    """X-TLS: TLS 1.0 and 1.1 are not spoken."""
    context = authority.context()
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with fails("tls"):
        ask_server(answer(GOOD), context)


def test_tls_1_2_is_spoken(ask_server, authority):
    context = authority.context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    assert ask_server(answer(GOOD), context).body == BODY


def test_plain_http_server_is_told_apart(ask):
    with fault_server(answer(GOOD)) as server, fails("tls"):
        ask(server.url)


def test_handshake_broken_off_counts_as_reset(ask):
    def read_and_reset(call):
        call.sock.recv(1)
        call.reset()

    for behave in (read_and_reset, lambda call: call.sock.recv(1)):
        with fault_server(behave) as server, fails("reset"):
            ask(server.url)


# === CONTENT TYPE === #


@pytest.mark.parametrize(
    "header",
    [
        "Content-Type: text/html",
        "Content-Type: application/json; charset=gbk",
        "Content-Type: application/jsonp",
        "Content-Type:",
    ],
)
def test_answer_that_is_not_json_is_refused(ask_server, header):
    with fails("type"):
        ask_server(answer(http_answer(BODY, header)))
    with fails("http") as caught:
        ask_server(answer(http_answer(BODY, header, status="502 Bad Gateway")))
    assert "502" in caught.value.message


# === SECOND ATTEMPT === #


def in_turn(*behaviours):
    """Behaviour that acts as the first, then as the second, and so on."""
    rest = list(behaviours)
    return lambda call: rest.pop(0)(call)


@pytest.mark.parametrize(
    "first", [black_hole, cut(GOOD, 0), cut(GOOD, 60), cut(GOOD, len(GOOD) - 1)]
)
def test_one_more_attempt_has_its_own_full_deadline(ask, authority, first):
    """M-PULL: no answer is cut off and asked for once more (7.5.2)."""
    late = drip(GOOD, 0.03, at_once=len(GOOD) - 10)
    with fault_server(in_turn(first, late), authority.context()) as server:
        got = ask(server.url, call=http_client.fetch)
    assert (got.body, got.attempts, server.accepted) == (BODY, 2, 2)
    assert [json.loads(call.body) for call in server.calls] == [PAYLOAD, PAYLOAD]


def test_second_failure_is_final(ask, authority):
    """M-PULL: after two attempts it is a failure, within twice the deadline."""
    with fault_server(black_hole, authority.context()) as server:
        with fails("timeout", most=2 * DEADLINE + 0.3) as caught:
            ask(server.url, call=http_client.fetch)
    assert caught.value.attempts == server.accepted == 2


@pytest.mark.parametrize(
    "data, code",
    [
        (http_answer(BODY, "Content-Encoding: gzip"), "encoding"),
        (http_answer(BODY, "Content-Type: text/html"), "type"),
        (http_answer(BODY, "Content-Type: text/html", status="500 x"), "http"),
        (http_answer(BODY * 100), "size"),
    ],
)
def test_refusal_is_not_repeated(ask, authority, data, code):
    with fault_server(answer(data), authority.context()) as server:
        with fails(code) as caught:
            ask(server.url, call=http_client.fetch, max_bytes=1000)
    assert caught.value.attempts == server.accepted == 1


def test_resolver_is_asked_anew_for_the_second_attempt(ask):
    asked = []

    def resolve(host, port):
        asked.append(host)
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    with fails("resolve") as caught:
        ask("https://peer.example/", call=http_client.fetch, resolver=resolve)
    assert (len(asked), caught.value.attempts) == (2, 2)


# === NOTHING LEFT BEHIND === #


def test_peers_are_asked_side_by_side(ask, authority):
    """M-PULL: one peer that hangs does not hold up the others."""

    turns = itertools.cycle([black_hole, answer(GOOD)])

    def attempt(_number):
        try:
            return ask(server.url).status
        except http_client.PeerError as error:
            return error.code

    start = time.monotonic()
    with fault_server(lambda call: next(turns)(call), authority.context()) as server:
        with ThreadPoolExecutor(16) as pool:
            results = set(pool.map(attempt, range(32)))
    assert results == {200, "timeout"}
    assert time.monotonic() - start < 8 * DEADLINE


def test_token_is_in_no_log(ask, ask_server, authority, caplog):
    """X-LOG: neither token nor payload reaches a log, at any level."""
    with caplog.at_level(logging.DEBUG):
        ask_server(answer(GOOD))
        for behave in (cut(GOOD, 60), answer(b"garbage\r\n\r\n"), black_hole):
            with pytest.raises(http_client.PeerError):
                ask_server(behave)
    assert TOKEN not in caplog.text


def open_handles():
    gc.collect()
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.parametrize(
    "data",
    [
        GOOD,
        GOOD[:60],
        http_answer(b"{}", status="302 x"),
        http_answer(BODY, "Content-Length: 46, 45", length=False),
        chunked(BODY, end=b"-5\r\n"),
    ],
)
def test_sockets_are_closed(ask, authority, data):
    """X-FAULT: a peer that fails again and again does not use up the handles."""
    with fault_server(answer(data), authority.context()) as server:
        before = open_handles()
        for _ in range(5):
            with suppress(http_client.PeerError):
                ask(server.url)
        server.wait_idle()
        assert open_handles() <= before


def test_socket_reset_before_the_handshake_is_closed(ask, monkeypatch):
    """Python's ssl forgets the socket when the reset comes just in time."""
    connect = socket.create_connection

    def connect_slowly(*arguments):
        sock = connect(*arguments)
        time.sleep(0.1)
        return sock

    monkeypatch.setattr(socket, "create_connection", connect_slowly)
    with fault_server(lambda call: (time.sleep(0.05), call.reset())) as server:
        before = open_handles()
        with fails("reset"):
            ask(server.url)
        assert open_handles() <= before


def test_default_deadline_is_that_of_the_standard():
    """M-PULL: 5 s (7.5.2)."""
    assert timedelta(seconds=http_client.DEADLINE) == timedelta(seconds=5)
