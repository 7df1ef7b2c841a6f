# SPDX-License-Identifier: LGPL-3.0-only
"""What HAProxy answers by itself by deploy/haproxy/haproxy.cfg; no Odoo behind it."""

import importlib.util
import json
from contextlib import suppress
from functools import partial

import pytest
import requests
from lone_gateway import (
    AT_ONCE,
    BULK,
    LIMIT,
    MB,
    PLANS,
    QUEUE,
    SHARE,
    SYNC,
    UPLOAD,
    Backend,
    wait_until,
)
from stack.settings import ADDONS, ADDRESS_LARGE

TABLE = ADDONS / "recall_enterprise" / "tests" / "api_status_table.py"
CHUNKED = "Transfer-Encoding: chunked\r\n\r\nFFFF"


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
    """X-ATTACK M-PLAN: of messages only VIN lists of the filing system may be large."""
    status, body = gateway.begin(path, largest + 1)
    message = json.loads(body)
    assert status == 413
    assert (message[member], message["count"], message["api_status"]) == ([], 0, 407)
    if largest > MB // 8:
        assert gateway.begin(path, largest) == (0, b"")


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
