# SPDX-License-Identifier: LGPL-3.0-only
"""What visitors write into the form of an objection."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_proof import TOOLS
from test_puller import load

objection_form = load(TOOLS / "objection_form.py")
TODAY = date(2026, 3, 9)


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("2025-03-01", date(2025, 3, 1)),
        (" 2025/3/1 ", date(2025, 3, 1)),
        ("2025.03.01", date(2025, 3, 1)),
        ("2025年3月1日", date(2025, 3, 1)),
        ("2025-02-30", None),
        ("01-03-2025", None),
        ("25-03-01", None),
        ("2025-03-001", None),
        ("\u0662\u0660\u0662\u0665-03-01", None),
        ("", None),
        (None, None),
    ],
)
def test_day_is_misread(typed, day):
    assert objection_form.read_day(typed) == day


@given(st.dates(date(1000, 1, 1)))
def test_day_of_a_date_field_is_lost(day):
    assert objection_form.read_day(day.isoformat()) == day


@given(st.dictionaries(st.sampled_from(["repair_date", "workshop"]), st.text()))
def test_form_raises_or_keeps_more_than_one_line(form):
    said, wrong = objection_form.read_form(form, TODAY)
    assert set(wrong) <= {"repair_date", "workshop"}
    assert ("repair_date" in wrong) or said["repair_date"] <= TODAY
    line = said["workshop"] or ""
    assert line.isprintable() and line == line.strip()
    assert ("workshop" in wrong) == (not 1 <= len(line) <= 120)


@pytest.mark.parametrize(
    ("form", "wrong"),
    [
        ({}, {"repair_date": "missing", "workshop": "missing"}),
        ({"repair_date": "soon", "workshop": "East"}, {"repair_date": "date"}),
        ({"repair_date": "2026-03-10", "workshop": "East"}, {"repair_date": "future"}),
        ({"repair_date": "1999-12-31", "workshop": "East"}, {"repair_date": "early"}),
        ({"repair_date": "2026-03-09", "workshop": "E" * 121}, {"workshop": "long"}),
        ({"repair_date": "2026-03-09", "workshop": "East"}, {}),
    ],
)
def test_slip_is_called_something_else(form, wrong):
    assert objection_form.read_form(form, TODAY)[1] == wrong
