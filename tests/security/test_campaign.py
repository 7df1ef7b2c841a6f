# SPDX-License-Identifier: LGPL-3.0-only
"""Cases made from the interfaces' own description, in bulk, against the gateway."""

import json
import time

import pytest
import requests
import schemathesis
from conftest import FULL, TIMEOUT, size
from hypothesis import HealthCheck, Phase, given, settings

#: Cases for each interface: half of them with a right token, so that they get further.
CASES = size(240, 20_000)
SECONDS = 3
PURPOSES = ["collect", "sync", "plans", "share"]
FAULTS = (500, 501)
BOUNDED = settings(
    max_examples=CASES // 2,
    deadline=None,
    database=None,
    derandomize=not FULL,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
#: What parsers, statements, templates and file names have stumbled over.
PAYLOADS = (
    *("'", '"', "';--", "' OR '1'='1", "1); SELECT pg_sleep(5);--", "%", "\\", "%s%n"),
    *(
        "{{7*7}}",
        "${7*7}",
        "<script>alert(1)</script>",
        "../../etc/passwd",
        "\0",
        "\ud800",
    ),
    *(
        "=cmd|' /C calc'!A0",
        "@SUM(1)",
        "\t=1",
        "\r=1",
        # Twice in a record it still is a body that the gateway lets pass.
        "A" * 60_000,
        "\u202e",
        "é" * 300,
    ),
    *(None, True, -1, 2**63, 1e308, [], {}, [[]] * 50, {"$ne": 1}, "9" * 4000),
)


def check(site, session, purpose: str, body: object) -> None:
    """Send a body; the answer comes in time, is JSON and shows no fault of ours."""
    data = json.dumps(body).encode()
    started = time.monotonic()
    answer = _post(session, f"{site.url}/recall/v1/{purpose}", data)
    seconds = time.monotonic() - started
    assert answer.status_code < 500, data[:500]
    assert answer.json()["api_status"] not in FAULTS, data[:500]
    assert "Traceback" not in answer.text and "psycopg" not in answer.text
    assert seconds < SECONDS, (seconds, data[:500])


def _post(session, url: str, data: bytes):
    headers = {"Content-Type": "application/json"}
    try:
        return session.post(url, data=data, headers=headers, timeout=TIMEOUT)
    except requests.ConnectionError:
        # The gateway ended a kept connection at this very moment: as a client would.
        return session.post(url, data=data, headers=headers, timeout=TIMEOUT)


@pytest.mark.parametrize("is_known", [False, True], ids=["stranger", "known"])
@pytest.mark.parametrize("purpose", PURPOSES)
def test_case_of_the_description_breaks_the_server(site, document, purpose, is_known):
    """X-ATTACK X-FAULT: whatever the description permits is answered in 3 s."""
    schema = schemathesis.openapi.from_dict(document)
    session = site.session()
    right = site.message(purpose) if is_known else {}
    names = {name for name in right if name.endswith(("token", "cfg"))}

    @BOUNDED
    @given(schema[f"/recall/v1/{purpose}"]["POST"].as_strategy())
    def run(case):
        body = case.body
        if isinstance(body, dict):
            body = body | {name: right[name] for name in names}
        sent = None if body is schemathesis.core.NOT_SET else body
        check(site, session, purpose, sent)

    run()


@pytest.mark.parametrize("purpose", PURPOSES)
def test_payload_breaks_the_server(site, purpose):
    """X-ATTACK: no text or type in any member is more than a wrong value."""
    session = site.session()
    right = site.message(purpose)
    for payload in PAYLOADS:
        for name in [*right, "api_cursor", "api_limit", "api_exchange_cursor"]:
            check(site, session, purpose, right | {name: payload})
        for name in ("records", "plans", "api_exchange_vins"):
            for value in (payload, [payload], [{"vin": payload, "recallNum": payload}]):
                check(site, session, purpose, right | {name: value})


def test_nested_or_endless_message_breaks_the_server(site):
    """X-ATTACK: depth and length of a message are bounded before it is understood."""
    session = site.session()
    for data in (
        b"[" * 100_000,
        b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
        b'{"a": ' + b"9" * 100_000 + b"}",
        b'{"a": NaN}',
        b"\xff\xfe{\0}\0",
        b'{"api_token": 1, "api_token": 2}',
    ):
        for purpose in PURPOSES:
            started = time.monotonic()
            answer = session.post(
                f"{site.url}/recall/v1/{purpose}",
                data=data,
                headers={"Content-Type": "application/json"},
                timeout=TIMEOUT,
            )
            assert answer.json()["api_status"] == 407, data[:20]
            assert time.monotonic() - started < SECONDS
