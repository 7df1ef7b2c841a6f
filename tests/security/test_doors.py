# SPDX-License-Identifier: LGPL-3.0-only
"""What the gateway lets through to Odoo, and what it does with odd HTTP."""

import configparser
import http.client
import re
import socket
import time
from contextlib import ExitStack, suppress

import pytest
from conftest import NAME, PASSWORD, TIMEOUT
from stack.settings import LOGS, ROOT

CLOSED = (
    *("/web/database/manager", "/web/database/selector", "/web/database/list"),
    *("/web/database/backup", "/web/database/restore", "/web/database/drop"),
    *("/web/database/create", "/web/database/duplicate"),
    *("/xmlrpc/2/common", "/xmlrpc/2/db", "/xmlrpc/2/object", "/xmlrpc/db"),
    *("/jsonrpc", "/json/2/res.users/search_read", "/json/1/res.users", "/doc"),
    *("/json/version", "/recall/metrics"),
)
#: Ways to write a path that servers have read differently from their gateways.
SPELLINGS = {
    "as it is": lambda path: path,
    "capitals": str.upper,
    "escaped": lambda path: "/" + "".join(f"%{ord(c):02x}" for c in path[1:]),
    "escaped slash": lambda path: "/" + path[1:].replace("/", "%2f"),
    "twice escaped": lambda path: path.replace("a", "%2561").replace("o", "%256f"),
    "two slashes": lambda path: "/" + path,
    "slashes inside": lambda path: path.replace("/", "//"),
    "dot": lambda path: "/." + path,
    "dots": lambda path: "/web/.." + path,
    "language": lambda path: "/zh_CN" + path,
    "semicolon": lambda path: path + ";x",
    "end": lambda path: path + "/",
    "query": lambda path: path + "?a=/web/health",
}
#: The end of a head, and of a body more than the gateway waits for.
MUCH = b"\r\n\r\n" + b" " * 17_000
#: What an open door would answer.
TELLTALES = (b"jsonrpc", b"methodResponse", b"master_pwd", b"databases", b"recall_up")
HOSTS = (
    *("evil.example", "localhost.evil.example", "", "[::]", "localhost,evil.example"),
    *("evil.example,localhost", "localhost:@evil.example", "localhost:1@evil.example"),
)
HARDENED = {
    "list_db": "False",
    "proxy_mode": "True",
    "http_interface": "127.0.0.1",
    "server_wide_modules": "base,web",
    "with_demo": "False",
    "dbfilter": "",
}


def ask(site, method: str, target: str, body: bytes = b"", **headers: str):
    """Send a target as it is written; returns (status, headers, body)."""
    line = http.client.HTTPSConnection(
        "localhost", site.port, context=site.tls(), timeout=TIMEOUT
    )
    try:
        line.request(method, target, body, headers)
        answer = line.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        line.close()


def send_raw(site, data: bytes) -> bytes:
    """Send bytes; returns the beginning of what comes back."""
    with socket.create_connection(("localhost", site.port), TIMEOUT) as plain:
        with site.tls().wrap_socket(plain, server_hostname="localhost") as line:
            # A gateway that has refused may close before it has read all.
            with suppress(OSError):
                line.sendall(data)
                return line.recv(65536)
    return b""


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_closed_door_opens_to_a_spelling(site, spelling):
    """X-ATTACK: database manager, remote calls and figures stay closed."""
    body = b'{"jsonrpc": "2.0", "method": "call", "params": {"service": "common",'
    body += b' "method": "version", "args": []}}'
    for path in CLOSED:
        target = SPELLINGS[spelling](path)
        for method, sent in (("GET", b""), ("POST", body)):
            kind = {"Content-Type": "application/json"} if sent else {}
            status, _headers, answer = ask(site, method, target, sent, **kind)
            # 308 leads to the plain spelling, which is closed.
            assert status in (301, 303, 308, 400, 403, 404, 405, 415), (target, status)
            assert not any(mark in answer for mark in TELLTALES), target


def test_server_is_not_hardened():
    """X-ATTACK: the defaults that Odoo has for developers are set for operation."""
    parser = configparser.ConfigParser()
    parser.read(ROOT / "odoo.conf")
    options = dict(parser["options"])
    assert {name: options.get(name) for name in HARDENED} == HARDENED
    assert "admin_passwd" not in options and "db_password" not in options
    for limit in ("limit_memory_hard", "limit_time_real", "limit_request"):
        assert int(options[limit]) > 0


@pytest.mark.parametrize("host", HOSTS)
def test_other_host_name_is_served(site, host):
    """X-ATTACK: no link is made with a name that a client invents."""
    status, _headers, answer = ask(site, "GET", "/recall", Host=host)
    assert status in (400, 421)
    assert b"evil.example" not in answer


def test_address_that_opens_something_stands_in_a_log(site):
    """X-LOG X-CRYPTO: gateway and Odoo do not write down what opens a visitor's answer
    or subscription."""
    session = site.session()
    found = session.post(
        f"{site.url}/recall", data={"vin": site.held.vin}, timeout=TIMEOUT
    )
    assert "/recall/answer/" in found.url
    opened = [found.url, site.held.subscriber, f"{site.url}/recall/s/1-{'5ecre7' * 6}"]
    opened.append(f"{site.url}/recall/v1/export/1-1-{'5ecre7' * 6}")
    for url in opened:
        session.get(url, timeout=TIMEOUT)
        session.post(url, timeout=TIMEOUT)
    last = f"/recall/plan/{time.time_ns()}"
    session.get(site.url + last, timeout=TIMEOUT)
    gateway = LOGS / NAME / "gateway.log"
    while last not in gateway.read_text():
        time.sleep(0.05)
    secrets = [re.split("[/=]", url)[-1] for url in opened]
    for log in (LOGS / NAME).glob("*.log"):
        text = log.read_text(errors="replace")
        assert [secret for secret in secrets if secret in text] == [], log.name


@pytest.mark.parametrize(
    "name", ["X-Forwarded-Host", "Forwarded", "X-Host", "X-Original-Host"]
)
def test_header_changes_the_address_of_links(site, name):
    """X-ATTACK: what a client says of its own way here counts for nothing."""
    value = "host=evil.example" if name == "Forwarded" else "evil.example"
    for path in ("/recalls", "/web/login", "/recalls.json", "/recall/developers"):
        status, headers, answer = ask(site, "GET", path, **{name: value})
        assert status == 200
        assert b"evil.example" not in answer
        assert "evil.example" not in str(headers)


def test_header_chooses_the_database(site):
    """X-ATTACK: the server serves its own database and no other."""
    headers = {"X-Odoo-Database": "postgres"}
    plain = ask(site, "GET", "/recalls.json")
    assert ask(site, "GET", "/recalls.json", **headers)[2] == plain[2]


def test_header_invents_the_address_of_the_sender(site):
    """X-ATTACK: a token bound to addresses is not had with a header."""
    query = "UPDATE recall_token SET allowed_addresses = %s"
    query += " WHERE purpose = 'sync' RETURNING id"
    session = site.session()
    forged = {"X-Forwarded-For": "10.9.8.7", "X-Real-IP": "10.9.8.7"}
    forged["Forwarded"] = "for=10.9.8.7"
    assert site.ask("sync", session).json()["api_status"] == 200
    site.rows(query, "10.9.8.7/32")
    try:
        answer = session.post(
            f"{site.url}/recall/v1/sync",
            json=site.message("sync"),
            headers=forged,
            timeout=TIMEOUT,
        )
        assert answer.json()["api_status"] not in (200, 500)
    finally:
        site.rows(query, None)


@pytest.mark.parametrize(
    "data",
    [
        b"POST /recall HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
        b"Content-Length: 6\r\n\r\nabcdef",
        b"POST /recall HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"POST /recall HTTP/1.1\r\nHost: localhost\r\nContent-Length : 5\r\n\r\nabcde",
        b"GET /recall HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
        b"GET /recall HTTP/1.1\r\nHost: localhost\r\nX: "
        + b"a" * 100_000
        + b"\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /recall HTTP/1.1\r\nHost: localhost\r\n X: folded\r\n\r\n",
        b"GET /recall\0 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01 no HTTP\r\n\r\n",
    ],
)
def test_ambiguous_request_reaches_odoo(site, data):
    """X-ATTACK: what two servers could read differently is refused by the first."""
    answer = send_raw(site, data)
    assert answer == b"" or answer.split(b" ")[1][:2] in (b"40", b"41", b"42"), answer


def test_two_lengths_hide_a_second_request(site):
    """X-ATTACK: of a length and chunks the length is not believed (smuggling)."""
    hidden = b"GET /web/database/manager HTTP/1.1\r\nHost: localhost\r\n\r\n"
    data = b"POST /recall HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
    data += b"Content-Length: %d\r\n\r\n0\r\n\r\n" % (5 + len(hidden)) + hidden
    assert not any(mark in send_raw(site, data) for mark in TELLTALES)


@pytest.mark.parametrize(
    ("begun", "last"),
    [
        (b"POST /recall HTTP/1.1\r\nContent-Length: 100%s\r\n\r\na", b" 408 "),
        (b"POST /recall/v1/sync HTTP/1.1\r\nContent-Length: 90000%s" + MUCH, b" 429 "),
        (b"POST /recall HTTP/1.1\r\nContent-Length: 90000%s" + MUCH, b" 429 "),
    ],
    ids=["small", "message", "form"],
)
def test_slow_senders_hold_up_the_others(site, begun, last):
    """X-ATTACK: who sends a byte now and then holds no worker; with a large body one
    at most that is left for such."""
    begun %= b"\r\nHost: localhost\r\nContent-Type: application/json"
    with ExitStack() as stack:
        lines = []
        for _number in range(100):
            plain = stack.enter_context(
                socket.create_connection(("localhost", site.port), TIMEOUT)
            )
            line = site.tls().wrap_socket(plain, server_hostname="localhost")
            stack.enter_context(line).sendall(begun)
            lines.append(line)
        started = time.monotonic()
        session = site.session()
        for _number in range(5):
            answer = site.ask("sync", session)
            assert answer.json()["api_status"] == 200, answer.text
        assert time.monotonic() - started < 5
        lines[-1].settimeout(10)
        assert last in lines[-1].recv(4096)[:20]


@pytest.mark.parametrize("purpose", ["collect", "sync", "plans", "share"])
def test_form_of_a_web_page_is_taken_for_a_message(site, purpose):
    """X-ATTACK: what a page of another site may send unasked is no message."""
    session = site.session()
    for kind in ("text/plain", "application/x-www-form-urlencoded", "text/json", ""):
        answer = session.post(
            f"{site.url}/recall/v1/{purpose}",
            json=site.message(purpose),
            headers={"Content-Type": kind},
            timeout=TIMEOUT,
        )
        assert answer.json()["api_status"] == 407, kind


def test_session_is_used_by_another_site(site):
    """X-ATTACK: a call under a session is no text, and its cookie no script's."""
    session = site.session()
    params = {"db": site.database.name, "login": "engineer", "password": PASSWORD}
    answer = session.post(
        f"{site.url}/web/session/authenticate", json={"params": params}, timeout=TIMEOUT
    )
    assert answer.json()["result"]["uid"]
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "Secure" in cookie
    call = {"params": {"model": "res.partner", "method": "create"}}
    call["params"] |= {"args": [[{"name": "forged"}]], "kwargs": {}}
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        answer = session.post(
            f"{site.url}/web/dataset/call_kw/res.partner/create",
            json=call,
            headers={"Content-Type": kind},
            timeout=TIMEOUT,
        )
        assert answer.status_code in (400, 404, 415)
    assert site.rows("SELECT count(*) FROM res_partner WHERE name = 'forged'") == [(0,)]
