# SPDX-License-Identifier: LGPL-3.0-only
"""Contact data in a text that is there for something else is hidden, and only that."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools import contacts

WRITTEN = ["13800138000", "+86 138-0013-8000", "zhang.san@example.com.cn"]


@given(st.emails())
def test_masked_address_tells_the_name(address):
    """X-CRYPTO: of name and place one character each is shown, and the top domain."""
    name, _, domain = address.partition("@")
    masked = contacts.mask_email(address)
    assert len(name) < 4 or name not in masked
    assert domain not in masked
    assert contacts.mask_email(domain) == ""


@given(st.text(max_size=10), st.sampled_from(WRITTEN))
def test_contact_in_another_column_is_shown(text, contact):
    """X-CRYPTO: wherever it stands in the text."""
    written = f"{text} {contact} {text}"
    assert contacts.holds(written)
    shown = contacts.hide(written).replace(text, "")
    assert "0013" not in shown and "hang" not in shown
    assert not contacts.holds(contacts.hide(f" {contact} "))


@pytest.mark.parametrize(
    "text",
    ["LTZ13800138000123", "S2025M0149I", "400-000-0000", "@", "a@b", "1764267721.93"],
)
def test_text_without_a_contact_is_hidden(text):
    assert contacts.hide(text) == text and not contacts.holds(text)


def test_search_for_contacts_takes_long():
    """X-ATTACK: a text as long as a message is searched at once."""
    text = "a." * 100_000 + "@" + "b-" * 100_000
    assert contacts.hide(text)


@pytest.mark.parametrize("name", contacts.LOGGERS)
def test_contact_is_logged(name, caplog):
    """X-CRYPTO X-LOG: names of accounts and refusals are as people typed them."""
    contacts.guard_logs()
    contacts.guard_logs()
    logger = logging.getLogger(name)
    assert len(logger.filters) == 1
    with caplog.at_level(logging.INFO, logger=name):
        logger.info("Login failed for login:%s from %s", "zs@example.com", "192.0.2.1")
        logger.warning(ValueError("Not known: 13800138000"))
        logger.info("100 %% done")
    assert [record.getMessage() for record in caplog.records] == [
        "Login failed for login:z***@*** from 192.0.2.1",
        "Not known: 1**********",
        "100 %% done",
    ]


def test_traceback_shows_whom_a_server_refused(caplog):
    """X-CRYPTO X-LOG: libraries put addresses into the text of what they raise."""
    contacts.guard_logs()
    name = contacts.LOGGERS[0]
    with caplog.at_level(logging.INFO, logger=name):
        try:
            raise ValueError("refused: zhang.san@example.com")
        except ValueError:
            logging.getLogger(name).exception("Not sent")
    assert "ValueError: refused: z***@***" in caplog.text
    assert "zhang" not in caplog.text


def test_wrong_call_of_a_log_ends_a_request():
    """Who logs with arguments that do not fit goes on, as without the filter."""
    record = logging.LogRecord("odoo.http", logging.INFO, "x", 1, "%s %s", ("a",), None)
    assert contacts.LogFilter().filter(record)
