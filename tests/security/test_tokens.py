# SPDX-License-Identifier: LGPL-3.0-only
"""Tokens that were guessed, replaced, revoked or have expired."""

import random
import secrets
import statistics
import time

import pytest
from conftest import TIMEOUT, size

PURPOSES = ["collect", "sync", "plans", "share"]
REFUSED = KEY_INVALID, KEY_EXPIRED = (403, 405)
#: Seconds after which a token that ended must be dead in every process.
DEAD = 60
PAIRS = size(400, 10_000)
TOKEN, VIN = "api_exchange_token", "api_exchange_vin"
#: Of a vehicle that is in no recall.
STRANGER = "LTZZZ99Z2SA000001"
#: |t| from which Welch's test counts as a difference (TVLA, ISO/IEC 17825).
DIFFERENT = 4.5


def status(site, session, purpose: str, token: str | None = None) -> int:
    name = "api_exchange_token" if purpose == "share" else "api_token"
    members = {} if token is None else {name: token}
    message = site.message(purpose) | members
    url = f"{site.url}/recall/v1/{purpose}"
    return session.post(url, json=message, timeout=TIMEOUT).json()["api_status"]


def issue(site, purpose: str) -> tuple[int, str]:
    """Give the owner of a purpose's token a second one: (record id, text)."""
    script = (
        "old = env['recall.token'].search([('purpose', '=', values['purpose'])],"
        " order='id', limit=1)\n"
        "owners = {name: old[name].id for name in old._get_owner_fields()"
        " if old[name]}\n"
        "new, text = env['recall.token'].issue("
        "{'name': 'Second', 'purpose': old.purpose, **owners})\n"
        "result = (new.id, text)\n"
    )
    number, text = site.database.shell(script, purpose=purpose)
    return number, text


def is_dead(site, purpose: str, token: str) -> bool:
    """Whether many requests on new connections, so to every worker, are refused."""
    until = time.monotonic() + DEAD
    refused = 0
    while time.monotonic() < until and refused < 30:
        with site.session() as session:
            code = status(site, session, purpose, token)
        refused = refused + 1 if code in REFUSED else 0
    return refused >= 30


@pytest.mark.parametrize("purpose", PURPOSES)
def test_token_is_used_after_its_end(site, purpose):
    """X-ATTACK: a revoked and an expired token are dead in all workers within 60 s."""
    session = site.session()
    for column in ("revoked_at", "expires_at"):
        number, token = issue(site, purpose)
        for _number in range(10):
            assert status(site, session, purpose, token) not in REFUSED
        client = site.log_in("admin")
        if column == "revoked_at":
            client.call("recall.token", "action_revoke", [number])
        else:
            query = "UPDATE recall_token SET expires_at = now() at time zone 'utc'"
            site.rows(f"{query} - interval '1 s' WHERE id = %s RETURNING id", number)
        assert is_dead(site, purpose, token), column
        assert status(site, session, purpose) not in REFUSED, "the other token lives"


@pytest.mark.parametrize("purpose", PURPOSES)
def test_token_is_guessed(site, purpose):
    """X-ATTACK: neither a part of a token nor another interface's opens one."""
    _cfg, right = site.held.interfaces[purpose]
    key_id, secret = right.split(".")
    others = [site.held.interfaces[other][1] for other in PURPOSES if other != purpose]
    wrong = [
        f"{key_id}.{secrets.token_urlsafe(32)}",
        f"{key_id}.{secret[:-1]}{'A' if secret[-1] != 'A' else 'B'}",
        f"{secrets.token_hex(8)}.{secret}",
        f"{key_id}.",
        key_id,
        secret,
        right.swapcase(),
        f" {right}",
        f"{right}\0",
        "' OR '1'='1",
        *others,
    ]
    session = site.session()
    for token in wrong:
        code = status(site, session, purpose, token)
        assert code not in (200, 500), token


def measure(ask, first, second) -> float:
    """Welch's t of the times of two questions, asked in turns in random order."""
    times: dict[int, list[float]] = {0: [], 1: []}
    for _number in range(PAIRS):
        for which in random.sample((0, 1), 2):
            started = time.perf_counter()
            ask((first, second)[which])
            times[which].append(time.perf_counter() - started)
    # What the machine does beside is in the longest: cut at the same time in both.
    limit = statistics.quantiles(times[0] + times[1], n=10)[-1]
    kept = [[t for t in series if t < limit] for series in times.values()]
    means = [statistics.fmean(series) for series in kept]
    spreads = [statistics.variance(s) / len(s) for s in kept]
    return (means[0] - means[1]) / sum(spreads) ** 0.5


@pytest.mark.parametrize("case", ["key id", "secret", "VIN"])
def test_time_tells_what_of_a_request_is_right(site, case):
    """X-ATTACK: an unknown key id takes as long as a known one, a wrong end of the
    secret as long as a wrong beginning, and without the right one a vehicle in a
    recall as long as any other."""
    key_id, secret = site.held.interfaces["share"][1].split(".")
    wrong = f"{key_id}.{secrets.token_urlsafe(32)}"
    pairs = {
        "key id": [
            {TOKEN: wrong},
            {TOKEN: wrong.replace(key_id, secrets.token_hex(8))},
        ],
        "secret": [{TOKEN: wrong}, {TOKEN: f"{key_id}.{secret[:-2]}--"}],
        "VIN": [{TOKEN: wrong, VIN: text} for text in (site.held.vin, STRANGER)],
    }
    session = site.session()
    session.get(f"{site.url}/recall/v1/openapi.json", timeout=TIMEOUT)

    def ask(members: dict[str, str]) -> None:
        answer = site.ask("share", session, **members).json()
        assert answer["api_status"] == KEY_INVALID

    # A real difference shows each time, what the machine did beside does not.
    found = []
    while len(found) < 3 and (not found or abs(found[-1]) >= DIFFERENT):
        found.append(measure(ask, *pairs[case]))
    assert abs(found[-1]) < DIFFERENT, found
