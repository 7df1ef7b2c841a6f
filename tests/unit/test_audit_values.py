# SPDX-License-Identifier: LGPL-3.0-only
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools import audit_values

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("", None),
        (False, None),
        ([], None),
        (0, 0),
        ("FAW", "FAW"),
        (date(2025, 3, 1), "2025-03-01"),
        (datetime(2025, 3, 1, 8, 30, 1), "2025-03-01 08:30:01"),
        ([3, 1], [3, 1]),
    ],
)
def test_value_is_not_shown_as_it_is(value, shown):
    assert audit_values.show(value) == shown


@given(JSON)
def test_some_value_makes_an_event_large_or_unreadable(value):
    shown = audit_values.show(value)
    assert shown is None or isinstance(shown, str | int | list)
    assert not isinstance(shown, str) or len(shown) <= audit_values.TEXT_LENGTH


@given(JSON)
def test_hidden_value_shows_through(value):
    shown = audit_values.show(value, lambda text: "hidden")
    assert shown in (None, "hidden")


def test_other_contents_have_one_digest():
    first, second = ("a" * 201, "a" * 200 + "b")
    assert audit_values.show(first) != audit_values.show(second)
    assert audit_values.show({"a": 1}) == audit_values.show({"a": 1})
    assert audit_values.show({"a": 1}) != audit_values.show({"a": 2})


@pytest.mark.parametrize(
    "name",
    ["email", "technical_email", "phone_masked", "mobile_digest", "reject_note"],
)
def test_personal_field_is_not_known_by_its_name(name):
    assert audit_values.is_personal(name)


@pytest.mark.parametrize("name", ["mail_due", "phones", "keynote", "brand", "notes"])
def test_other_field_passes_for_personal(name):
    assert not audit_values.is_personal(name)


def test_comparison_tells_what_did_not_change():
    before = {"same": 1, "old": "x", "list": [1, 2, 3]}
    after = {"same": 1, "new": "y", "list": [2, 3, 4]}
    assert audit_values.compare(before, after) == {
        "old": ["x", None],
        "list": [[1], [4]],
        "new": [None, "y"],
    }
