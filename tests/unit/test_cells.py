# SPDX-License-Identifier: LGPL-3.0-only
"""What a cell says: nothing is mended, nothing that is clear is refused."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools import cells, tabular


@given(st.dates(datetime.date(1980, 1, 1), datetime.date(2099, 12, 31)))
def test_date_is_read_as_another_day(day):
    forms = (
        day.isoformat(),
        f"{day.year}/{day.month}/{day.day}",
        f"{day.year}.{day.month:02}.{day.day:02}",
        f"{day.year}年{day.month}月{day.day}日",
        f"{day:%Y%m%d}",
        f"{day.isoformat()} 00:00:00",
        f"{day.isoformat()}T13:45",
    )
    assert {cells.to_date(form) for form in forms} == {day.isoformat()}


@given(st.dates(datetime.date(2000, 1, 1), datetime.date(2099, 12, 31)))
def test_day_number_of_a_spreadsheet_is_another_day(day):
    serial = (day - datetime.date(1899, 12, 30)).days
    assert cells.to_date(str(serial)) == day.isoformat()


@pytest.mark.parametrize(
    "text",
    [
        *("1/3/2025", "01-03-2025", "2025-02-30", "2025/13/1", "20250230", "2025"),
        *("March 1, 2025", "2025-3/1", "12345", "99999", "45717.5", "٢٠٢٥-٠٣-٠١", "x"),
    ],
)
def test_unclear_date_is_guessed(text):
    assert cells.read_date(text, 200) == (text, "cell_date")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("13800138000", ""),
        ("1.38E+10", "cell_rounded"),
        ("1.38e10", "cell_rounded"),
        ("1E+05", "cell_rounded"),
        ("12E5", ""),
        ("5E0123", ""),
        ("BH-1E+5", ""),
        (cells.FORMULA, "cell_formula"),
        ("x\ufffdy", "cell_damaged"),
        ("x" * 201, "cell_too_long"),
        ("x" * 200, ""),
        ("=HYPERLINK()", ""),
    ],
)
def test_text_with_a_fault_passes_or_a_good_one_does_not(text, code):
    assert cells.read_text(text, 200) == (text, code)


def test_formula_of_a_workbook_is_taken_for_text():
    assert cells.FORMULA == tabular.FORMULA
    assert cells.read_date(tabular.FORMULA, 200)[1] == "cell_formula"
