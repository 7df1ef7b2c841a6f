# SPDX-License-Identifier: LGPL-3.0-only
"""What gets past the limits of deploy/haproxy/haproxy.cfg; no Odoo behind it."""

import pytest
from lone_gateway import LIMIT, MB, SHARE, SYNC, UPLOAD

IMPORT = "/recall/import/7/file"
BLANKS = b" " * 17_000
#: Ways to send one token with something else each time: path, body, header.
WRAPPINGS = {
    "another member": (
        *(SHARE, b'{"api_token": "%(n)d", "api_exchange_token": "wrapped"}', ""),
    ),
    "another member of sync": (
        *(SYNC, b'{"api_exchange_token": "%(n)d", "api_token": "wrapped"}', ""),
    ),
    "slash at the end": (UPLOAD + "/", b'{"api_token": "%(n)d"}', "Bearer wrapped.1"),
    "blanks": (UPLOAD, b'{"api_token": "%(n)d"}', "bearer %(blanks)s wrapped.2"),
    "escaped name": (
        *(SHARE, b'{"x": %(n)d, "api\\u005fexchange_token": "wrapped"}', ""),
    ),
    "name behind blanks": (
        *(SHARE, b'{"x": %(n)d,' + BLANKS + b'"api_exchange_token": "wrapped"}', ""),
    ),
}


@pytest.mark.parametrize(
    ("path", "largest"),
    [
        (IMPORT, 512 * MB + MB // 16),
        (IMPORT + "/", 512 * MB + MB // 16),
        ("/recall/objection/send", 128 * MB),
    ],
)
def test_file_to_import_is_too_large_for_the_gateway(gateway, path, largest):
    """M-PLAN X-ATTACK: a file of 512 MB and the form around it pass, no other does."""
    assert gateway.begin(path, largest) == (0, b"")
    assert gateway.begin(path, largest + 1) == (413, b"The upload is too large.")


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_wrapped_token_is_not_limited(gateway, wrapping):
    """X-ATTACK: a token counts however it is sent. Where the gateway cannot see it, the
    address counts, and none whose token it sees is refused for that."""
    path, body, header = WRAPPINGS[wrapping]
    statuses = set()
    for n in range(LIMIT + 1):
        headers = {"Authorization": header % {"blanks": " " * n}} if header else {}
        statuses.add(gateway.send(path, body % {b"n": n}, **headers))
    assert statuses >= {429}
    assert gateway.post(SHARE, token=f"beside {wrapping}").status_code == 200
