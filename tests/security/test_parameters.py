# SPDX-License-Identifier: LGPL-3.0-only
"""SQL in every text that a page takes: in its path, its query and its form."""

import time

import pytest
from conftest import FULL, TIMEOUT
from site_routes import Route, form_members, read_routes
from test_forms import log_in, whose

PAGES = [route for route in read_routes() if route.type == "http"]
MEMBERS = form_members()
SECONDS = 4
DELAY = "pg_sleep(5)"
#: Quotation ended in every way; an order with more in it; marks of drivers.
PAYLOADS = (
    f"1' OR \" OR 1=(SELECT 1 FROM {DELAY})--",
    f"id,(SELECT 1 FROM {DELAY})--%s%(x)s%%",
    "x\0",
)
MORE = (
    f"1' OR 1=(SELECT 1 FROM {DELAY})--",
    f"1; SELECT {DELAY}--",
    f"1) OR 1=(SELECT 1 FROM {DELAY})--",
    f'x" OR 1=(SELECT 1 FROM {DELAY})--',
    f"\\' OR 1=(SELECT 1 FROM {DELAY})--",
    f"$$||(SELECT 1::text FROM {DELAY})||$$",
    f"%' OR 1=(SELECT 1 FROM {DELAY}) AND '%'='",
    f"{{x}}'||(SELECT 1::text FROM {DELAY})||'",
)
if FULL:
    PAYLOADS += MORE
#: What a database that was misled would write into an answer.
TELLTALES = ("psycopg", "syntax error at", "UndefinedColumn", "Traceback (most")


@pytest.fixture(scope="module")
def sessions(site):
    return {name: log_in(site, name) for name in ("partner", "administrator")}


def members(route: Route) -> set[str]:
    """Names that the route's controller, or the guard before it, reads."""
    return MEMBERS[route.controller.split(".")[0]] | MEMBERS[""]


def ask(session, method: str, url: str, **content):
    started = time.monotonic()
    answer = session.request(
        method, url, timeout=TIMEOUT, allow_redirects=False, **content
    )
    assert answer.status_code < 500, (url, content)
    assert time.monotonic() - started < SECONDS, (url, content)
    assert not any(mark in answer.text for mark in TELLTALES), (url, content)
    return answer


@pytest.mark.parametrize("route", PAGES, ids=lambda route: route.path)
def test_statement_is_made_of_a_parameter(site, sessions, route):
    """X-ATTACK: whatever is written into a page's parameters is text to the database:
    no fault, no delay."""
    session, token = site.session(), ""
    if route.auth == "user":
        session, token = sessions[whose(route)]
    proof = next(
        (p for start, p in site.held.proofs.items() if route.path.startswith(start)), ""
    )
    url = site.url + route.fill(site)
    for payload in PAYLOADS:
        for name in route.text_parts():
            ask(session, "GET", site.url + route.fill(site, **{name: payload}))
        wrong = dict.fromkeys(members(route), payload)
        ask(session, "GET", url, params=wrong)
        for form in forms(wrong) if route.changes else ():
            # The proof of a link is in its address, or wrong in the form.
            ask(session, "POST", url, data=form | {"csrf_token": token})
            form = {name: text for name, text in form.items() if name != "token"}
            data = form | {"csrf_token": token}
            ask(session, "POST", f"{url}?token={proof}", data=data)


def forms(wrong: dict[str, str]):
    """All members together; in full each alone beside members that are right."""
    yield wrong
    if not FULL:
        return
    right = {"vin": "LTZAA11B8SA409799", "recall": "S2025M0149I", "do": "show"}
    for name, payload in wrong.items():
        yield right | {name: payload}
