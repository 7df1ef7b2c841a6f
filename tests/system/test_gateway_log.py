# SPDX-License-Identifier: LGPL-3.0-only
"""What the gateway writes down of an address that opens something by itself."""

import csv
import re
import secrets

import pytest
from lone_gateway import wait_until
from stack.settings import TEST_ADDONS

ROUTES = TEST_ADDONS / "test_recall_full" / "tests" / "routes.csv"
#: Addresses that are as good as a password, ours and those of Odoo's discussions.
OURS = {
    "/recall/answer/*",
    "/recall/shared/*",
    "/recall/s/*",
    "/recall/v1/export/*",
}
ODOOS = {"/chat/7/*", "/chat/*", "/chat/*/name", "/meet/*", "/meet/*/name"}
#: Those whose text is no secret: a recall's number, a file's name, and a receipt's
#: number, which opens nothing without the token in the query.
OPEN = {
    "/recall/plan/*",
    "/recalls/data/*",
    "/recalls/years.*",
    "/recall/objection/*",
    "/recall/objection/*/photo",
    "/recall/objection/*/withdraw",
}
#: Ways to write an address that Odoo reads as the plain one.
SPELLINGS = {
    "as it is": "{}",
    "language": "/zh_CN{}",
    "language of a region": "/es_419{}",
    "two slashes": "/{}",
    "slash at the end": "{}/",
    "query": "{}?a=b",
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_address_that_opens_something_stands_in_the_log(gateway, spelling):
    """X-LOG X-CRYPTO: who reads the log can open no visitor's answer and no export."""
    secret = secrets.token_urlsafe(16)
    for path in sorted(OURS | ODOOS):
        written = SPELLINGS[spelling].format(path.replace("*", secret))
        assert gateway.send(written, method="GET") == 200
        escaped = written.replace("/s/", "/%73/").replace("a", "%61", 1)
        assert gateway.send(escaped, method="GET") == 200
    last = f"/recall/plan/{secrets.token_hex(8)}"
    assert gateway.send(last, method="GET") == 200
    wait_until(lambda: f" GET {last} HTTP/1.1" in gateway.proxy.log.read_text())
    log = gateway.proxy.log.read_text()
    assert secret not in log
    for path in OURS:
        assert f" GET {path.replace('*', '-')} HTTP/1.1" in log


def test_new_address_is_logged_before_somebody_judged_it():
    """X-LOG: each address with a text in it, open to anybody, is hidden or is none."""
    with ROUTES.open(newline="") as file:
        rows = [r for r in csv.DictReader(file) if r["module"].startswith("recall_")]
    texts = re.compile(r"<(?!int)[^>]+>")
    anybody = [row["path"] for row in rows if row["auth"] in ("none", "public")]
    paths = {texts.sub("*", path) for path in anybody if texts.search(path)}
    assert paths == OURS | OPEN


def test_log_is_read_by_other_accounts(gateway):
    """X-LOG: also one that an older release left open to everybody."""
    gateway.proxy.log.chmod(0o644)
    gateway.proxy.start()
    assert gateway.proxy.log.stat().st_mode & 0o777 == 0o600
