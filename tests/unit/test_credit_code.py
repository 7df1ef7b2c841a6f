# SPDX-License-Identifier: LGPL-3.0-only
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tools import credit_code

letters = st.sampled_from(credit_code.ALPHABET)
bodies = st.builds(
    lambda head, region, body: head + region + body,
    st.text(letters, min_size=2, max_size=2),
    st.text(st.sampled_from("0123456789"), min_size=6, max_size=6),
    st.text(letters, min_size=9, max_size=9),
)
codes = bodies.map(lambda body: body + credit_code.check_character(body))


# Codes of public bodies and companies, as printed by themselves.
@pytest.mark.parametrize("code", ["91350100M000100Y43", "91110000600037341L"])
def test_code_of_a_real_organisation_is_refused(code):
    assert credit_code.find_fault(code) is None


@given(codes)
def test_code_with_its_check_character_is_refused(code):
    assert credit_code.find_fault(code) is None


@given(codes, st.integers(0, 17), letters)
def test_one_mistyped_character_passes(code, place, other):
    assume(code[place] != other)
    wrong = code[:place] + other + code[place + 1 :]
    assert credit_code.find_fault(wrong) in ("shape", "check")


@given(codes, st.integers(0, 16))
def test_two_swapped_neighbours_pass(code, place):
    first, second = code[place : place + 2]
    assume(first != second)
    wrong = code[:place] + second + first + code[place + 2 :]
    assert credit_code.find_fault(wrong) in ("shape", "check")


@given(codes)
def test_code_typed_with_blanks_or_full_width_letters_is_refused(code):
    wide = "".join(chr(ord(character) + 0xFEE0) for character in code.lower())
    spaced = " ".join((code[:8].lower(), code[8:17], code[17:]))
    assert credit_code.normalise(wide) == code
    assert credit_code.normalise(spaced) == code


@given(st.text())
def test_any_text_raises(text):
    fault = credit_code.find_fault(credit_code.normalise(text))
    assert fault in ("length", "shape", "check", None)


@pytest.mark.parametrize("thing", [None, 5, b"91350100M000100Y43", ["9"]])
def test_what_is_no_text_raises(thing):
    assert credit_code.find_fault(credit_code.normalise(thing)) == "length"


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("91350100M000100Y4", "length"),
        ("91350100M000100Y430", "length"),
        ("9135010OM000100Y43", "shape"),
        ("91I50100M000100Y43", "shape"),
        ("91350100M000100Y4S", "shape"),
        ("91350100M000100Y4\n", "shape"),
        ("\u0661" * 18, "shape"),
        ("91350100M000100Y44", "check"),
    ],
)
def test_fault_is_named_wrongly(code, fault):
    assert credit_code.find_fault(code) == fault


@pytest.mark.parametrize("body", ["", "9" * 16, "9" * 18, "I" * 17, "\u0661" * 17])
def test_check_character_of_anything_is_given(body):
    with pytest.raises(ValueError, match="seventeen"):
        credit_code.check_character(body)
