# SPDX-License-Identifier: LGPL-3.0-only
"""Forms that another site sends with a visitor's session: every changing route."""

import re

import pytest
from conftest import PASSWORD, TIMEOUT
from site_routes import Route, read_routes

ROUTES = read_routes()
GUARDED = [r for r in ROUTES if r.changes and r.csrf and r.type == "http"]
WAIVED = [r for r in ROUTES if r.changes and not r.csrf and r.type == "http"]
REFUSED = "invalid CSRF token"


@pytest.fixture(scope="module")
def sessions(site):
    """Log-ins of a partner and an administrator, with the tokens of their forms."""
    return {login: log_in(site, login) for login in ("partner", "administrator")}


def log_in(site, login: str):
    session = site.session()
    params = {"db": site.database.name, "login": login, "password": PASSWORD}
    url = f"{site.url}/web/session/authenticate"
    answer = session.post(url, json={"params": params}, timeout=TIMEOUT)
    assert answer.json()["result"]["uid"]
    page = session.get(f"{site.url}/recalls", timeout=TIMEOUT)
    return session, re.search(r'csrf_token: "([^"]+)"', page.text)[1]


def whose(route: Route) -> str:
    return "partner" if route.path.startswith("/my/") else "administrator"


def digest(site) -> dict[str, str]:
    """Table -> digest of its rows, for all tables of ours."""
    tables = [
        name
        for [name] in site.rows(
            "SELECT tablename FROM pg_tables WHERE tablename LIKE 'recall%%'"
        )
    ]
    query = " UNION ALL ".join(
        f"SELECT '{name}', md5(string_agg(t::text, '' ORDER BY t::text)) FROM {name} t"
        for name in tables
    )
    return dict(site.rows(query))


def send(site, session, route: Route, **form: str | None):
    url = site.url + route.fill(site)
    return session.post(url, data=form, timeout=TIMEOUT, allow_redirects=False)


@pytest.mark.parametrize("route", GUARDED, ids=lambda route: route.path)
def test_form_of_another_site_is_taken(site, sessions, route):
    """X-ATTACK: a changing route under a session wants the token of this session."""
    session, right = sessions[whose(route)]
    _session, other = next(s for login, s in sessions.items() if login != whose(route))
    changed = None
    # Scheduled actions write meanwhile: what the forms do, they do each time.
    for _attempt in range(5):
        before = digest(site)
        for token in (None, "", other, "o"):
            answer = send(site, session, route, csrf_token=token)
            assert answer.status_code == 400 and REFUSED in answer.text, token
        changed = {name for name, d in digest(site).items() if d != before[name]}
        if not changed:
            break
    assert not changed
    # It is the token that was wanted: with it the same form is read.
    assert REFUSED not in send(site, session, route, csrf_token=right).text


@pytest.mark.parametrize("route", WAIVED, ids=lambda route: route.path)
def test_route_without_token_knows_the_session(route):
    """X-ATTACK: what takes forms without a token acts for nobody who is logged in."""
    assert route.auth == "public"


def test_call_of_ours_is_made_by_text(site):
    """X-ATTACK: what a form can send without being asked for is no call."""
    calls = [route for route in ROUTES if route.type == "jsonrpc"]
    assert calls
    session, _token = log_in(site, "engineer")
    for route in calls:
        for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
            answer = session.post(
                site.url + route.fill(site),
                data='{"params": {}}',
                headers={"Content-Type": kind},
                timeout=TIMEOUT,
            )
            assert answer.status_code in (400, 415), (route.path, kind)
    answer = session.post(
        f"{site.url}/web/session/get_session_info", json={"params": {}}, timeout=TIMEOUT
    )
    assert answer.json()["result"]["username"] == "engineer"


def test_cookie_goes_along_with_the_form_of_another_site(site):
    """X-ATTACK: browsers keep the session's cookie out of other sites' forms."""
    for login in (None, "engineer"):
        session = site.session()
        if login:
            params = {"db": site.database.name, "login": login, "password": PASSWORD}
            url = f"{site.url}/web/session/authenticate"
            answer = session.post(url, json={"params": params}, timeout=TIMEOUT)
        else:
            answer = session.get(f"{site.url}/web/login", timeout=TIMEOUT)
        cookies = answer.raw.headers.getlist("Set-Cookie")
        assert any(cookie.startswith("session_id=") for cookie in cookies)
        for cookie in cookies:
            assert len(re.findall("; SameSite=Lax", cookie)) == 1, cookie
            assert len(re.findall("; Secure", cookie)) == 1, cookie
