# SPDX-License-Identifier: LGPL-3.0-only
"""Delivery to receivers that fail in every way, over real TLS."""

import importlib.util
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulation.certificates import Authority
from simulation.fault_server import (
    answer,
    black_hole,
    cut,
    drip,
    endless,
    fault_server,
    http_answer,
    refused_port,
)
from standardwebhooks import Webhook, WebhookVerificationError
from tools import http_client

PATH = Path(__file__).resolve().parents[2] / "addons/recall_service/tools/webhook.py"
SPEC = importlib.util.spec_from_file_location("service_webhook", PATH)
webhook = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(webhook)

SECRET = webhook.make_secret()
MESSAGES = [webhook.Message(n, f"msg_{n}", b'{"n": %d}' % n) for n in range(3)]
DEADLINE = 0.5
GOOD = http_answer(b"{}")
LOOPBACK = ("127.0.0.0/8",)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("webhook"))


@pytest.fixture
def send(authority):
    return partial(
        http_client.post_message,
        deadline=DEADLINE,
        ca_file=authority.ca_file,
        networks=LOOPBACK,
    )


def head(status, extra=""):
    return f"HTTP/1.1 {status} X\r\n{extra}Content-Length: 0\r\n\r\n".encode()


FAULTS = {
    "broken server": (answer(head(500)), 500, ""),
    "overloaded": (answer(head(429)), 429, ""),
    "gone": (answer(head(410)), 410, ""),
    "silent": (black_hole, 0, "timeout"),
    "dripping head": (drip(GOOD, 0.2), 0, "timeout"),
    "endless head": (endless(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n", 0.02), 0, ""),
    "no HTTP": (answer(b"\x00\xff" * 40), 0, ""),
    "redirect": (
        answer(head(307, "Location: https://localhost/\r\n")),
        0,
        "redirect",
    ),
    "reset": (lambda call: call.reset(), 0, "reset"),
    "closes after half a head": (cut(GOOD, 12), 0, ""),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faulty_receiver_is_taken_for_a_good_one(name, authority, send):
    """S-PUSH: what is no 2xx in time is a failure, and ends the batch."""
    behave, status, fault = FAULTS[name]
    with fault_server(behave, authority.context()) as server:
        started = time.monotonic()
        [result] = webhook.deliver(server.url, [SECRET], MESSAGES, send)
        assert time.monotonic() - started < DEADLINE + 1
    assert not result.taken
    assert result.about_receiver
    assert result.status == status
    assert fault in ("", result.fault)


def test_receiver_with_a_wrong_certificate_gets_a_message(authority, send):
    """X-TLS: nothing is sent to whom the certificate does not name."""
    with fault_server(answer(GOOD), authority.context("other.example")) as server:
        [result] = webhook.deliver(server.url, [SECRET], MESSAGES, send)
        assert not server.calls
    assert result.fault == "tls"


def test_private_network_is_reached_without_permission(authority):
    """X-ATTACK: a partner's address leads nowhere inside (SSRF)."""
    send = partial(http_client.post_message, ca_file=authority.ca_file)
    with fault_server(answer(GOOD), authority.context()) as server:
        [result] = webhook.deliver(server.url, [SECRET], MESSAGES, send)
        assert server.accepted == 0
    assert result.fault == "address"


def test_refused_connection_is_no_fault(send):
    """S-PUSH: a receiver that is switched off is noted as such."""
    with refused_port() as port:
        url = f"https://localhost:{port}/"
        [result] = webhook.deliver(url, [SECRET], MESSAGES, send)
    assert result.fault == "connect"


def test_refused_message_stops_the_next(authority, send):
    """S-PUSH: a 4xx is about one message; the others follow."""

    def behave(call):
        call.send(head(400) if b'"n": 0' in call.body else GOOD)

    with fault_server(behave, authority.context()) as server:
        results = webhook.deliver(server.url, [SECRET], MESSAGES, send)
    assert [result.status for result in results] == [400, 200, 200]


@pytest.mark.parametrize(
    "body", [http_answer(b"{}"), head(204), b"HTTP/1.0 200 OK\r\n\r\nlying"]
)
def test_acknowledgement_is_not_understood(body, authority, send):
    """S-PUSH: 2xx takes the message, whatever body follows or is missing."""
    with fault_server(answer(body), authority.context()) as server:
        results = webhook.deliver(server.url, [SECRET], MESSAGES, send)
    assert all(result.taken for result in results)


def test_body_after_the_head_holds_the_sender_up(authority, send):
    """S-PUSH: a receiver that drips its body for ever has said what counts."""
    behave = drip(GOOD + b"x" * 1000, 0.05, at_once=len(GOOD) - 2)
    with fault_server(behave, authority.context()) as server:
        started = time.monotonic()
        webhook.deliver(server.url, [SECRET], MESSAGES[:1], send)
        assert time.monotonic() - started < DEADLINE


def test_signature_is_refused_by_the_receiver(authority, send):
    """S-PUSH: both secrets verify, a third does not; the id is the message's."""
    other = webhook.make_secret()
    with fault_server(answer(GOOD), authority.context()) as server:
        webhook.deliver(server.url, [SECRET, other], MESSAGES[:1], send)
    [call] = server.calls
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    headers = {name: call.header(name) for name in names}
    for secret in (SECRET, other):
        assert Webhook(secret).verify(call.body, headers) == {"n": 0}
    with pytest.raises(WebhookVerificationError):
        Webhook(webhook.make_secret()).verify(call.body, headers)
    assert headers["webhook-id"] == "msg_0"


def test_repeated_try_has_another_id_or_body(authority, send):
    """S-PUSH: a receiver that fails and then works gets the same message."""
    failed = []

    def behave(call):
        failed.append(1)
        call.reset() if len(failed) == 1 else call.send(GOOD)

    with fault_server(behave, authority.context()) as server:
        for _try in range(2):
            webhook.deliver(server.url, [SECRET], MESSAGES[:1], send)
    first, second = server.calls
    assert first.body == second.body
    assert first.header("webhook-id") == second.header("webhook-id")


def test_bad_receivers_delay_a_good_one(authority, send):
    """S-PUSH: twelve that hang, each with a thread of its own, and one that works."""
    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(16))
        bad = [
            stack.enter_context(fault_server(black_hole, authority.context()))
            for _number in range(12)
        ]
        good = stack.enter_context(fault_server(answer(GOOD), authority.context()))
        jobs = [
            pool.submit(webhook.deliver, server.url, [SECRET], MESSAGES, send)
            for server in bad
        ]
        started = time.monotonic()
        results = webhook.deliver(good.url, [SECRET], MESSAGES, send)
        assert time.monotonic() - started < DEADLINE
        assert all(result.taken for result in results)
        assert {job.result()[0].fault for job in jobs} == {"timeout"}


@given(st.integers(1, 200), st.floats(0, 1))
def test_pause_leaves_its_bounds(failures, chance):
    """S-PUSH: never under 24 s, never over 7.2 h, and never shrinking."""
    wait = webhook.wait_after(failures, lambda: chance)
    assert 24 <= wait.total_seconds() <= 7.2 * 3600
    assert wait <= webhook.wait_after(failures + 1, lambda: chance)
