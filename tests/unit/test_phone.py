# SPDX-License-Identifier: LGPL-3.0-only
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools import phone


@pytest.mark.parametrize(
    "text",
    [
        "13800138000",
        "13912043678",
        "19912043678",
        "14712043678",
        "+86 138-0013-8000",
        "008613800138000",
        "010-85260123",
        "400-810-1190",
        "1085260123",  # Beijing, without the 0
        "+49 30 901820",
        "+1 604-555-0188",  # eleven digits that begin with 1, and not Chinese
    ],
)
def test_plausible_number_is_doubted(text):
    """E-AUDIT: numbers that people have raise no question."""
    assert phone.find_fault(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "13912345678",
        "13987654321",
        "13888888888",
        "13800000000",
        "11111111",
        "010-12345678",
        "12012043678",  # no mobile number begins with 12
        "15412043678",  # segments that nobody was given
        "+86 161 1204 3678",
        "0086 11912043678",
    ],
)
def test_made_up_number_passes(text):
    """E-AUDIT: repeated and counting digits and unassigned segments are doubted."""
    assert phone.find_fault(text) == phone.IMPLAUSIBLE


@pytest.mark.parametrize(
    "text",
    [
        "",
        "12345",
        "owner has none",
        "１３８００１３８０００",
        "138001380001380013800138",
    ],
)
def test_what_is_no_number_passes(text):
    assert phone.find_fault(text) == phone.FORMAT


@given(st.text(max_size=40))
def test_any_text_breaks_the_check(text):
    assert phone.find_fault(text) in {None, phone.FORMAT, phone.IMPLAUSIBLE}


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True))
def test_spelling_of_a_mobile_number_changes_the_verdict(digits):
    spelt = f"+86 {digits[:3]}-{digits[3:7]}-{digits[7:]}"
    assert phone.find_fault(spelt) == phone.find_fault(digits)


@pytest.mark.parametrize(
    ("typed", "number", "mobile"),
    [
        ("13800138000", "13800138000", True),
        ("+86 138-0013-8000", "13800138000", True),
        ("0086 13800138000", "13800138000", True),
        ("１３８００１３８０００", "13800138000", True),
        ("021-5555 6666", "02155556666", False),
        ("(010) 6666 7777", "01066667777", False),
        ("+4915112345678", "+4915112345678", True),
        ("004915112345678", "+4915112345678", True),
        ("12345", None, False),
        ("call me", None, False),
        ("", None, False),
    ],
)
def test_same_number_is_taken_for_another(typed, number, mobile):
    assert phone.normalize(typed) == number
    assert phone.is_mobile(number) is mobile


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True))
def test_number_changes_when_it_is_normalised_again(number):
    once = phone.normalize(f"+86{number}")
    assert once == number == phone.normalize(once)
    assert phone.international(once) == f"+86{number}"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("13800138000", "138****8000"),
        ("138 0013-8000", "138****8000"),
        ("+86 13800138000", "138****8000"),
        ("008613800138000", "138****8000"),
        ("010-62345678", "010****5678"),
        ("62345678", "****78"),
        ("12345", "****"),
        ("张三13800138000", "138****8000"),
        ("１３８００１３８０００", "****"),
        ("not known", "****"),
        ("", ""),
        (None, ""),
        (False, ""),
    ],
)
def test_phone_is_masked(text, masked):
    assert phone.mask_phone(text) == masked


@given(st.text() | st.text("0123456789 -+*", max_size=24))
def test_mask_shows_few_digits_and_nothing_else(text):
    masked = phone.mask_phone(text)
    assert set(masked) <= set("0123456789*")
    assert sum(char.isdigit() for char in masked) <= 7
    assert phone.mask_phone(masked) == masked
    assert bool(masked) == bool(text)
    digits = [char for char in text if char in "0123456789"]
    if masked != text and len(digits) > 6:
        assert len(digits) - sum(char.isdigit() for char in masked) >= 4
