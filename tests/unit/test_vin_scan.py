# SPDX-License-Identifier: LGPL-3.0-only
"""What scanners, cameras and people bring, and the VIN in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools.vin import LENGTH, is_vin
from tools.vin_scan import SCAN_LIMIT
from tools.vin_scan import find_vin as find

VIN = "LTZAA11B4SA900001"
OTHER = "LTZAA11B6SA900002"


def find_vin(text):
    return find(text, is_vin)


@pytest.mark.parametrize(
    "text",
    [
        VIN,
        VIN.lower(),
        f"  {VIN}\r\n",
        "LTZ AA11B4SA 900001",
        "LTZ-AA11B4SA-900001",
        "ＬＴＺＡＡ１１Ｂ４ＳＡ９００００１",
        f"I{VIN}",
        f"VIN{VIN}",
        f"VIN: {VIN}",
        f"车架号：{VIN}",
        f"https://maker.example/car?vin={VIN}&lang=zh",
        f"https://maker.example/v/{VIN.lower()}",
        f"{VIN};{VIN}",
        f"BRAND;{VIN};2024-03;1800KG",
    ],
)
def test_vin_is_not_found_in_what_a_code_holds(text):
    assert find_vin(text) == VIN


@pytest.mark.parametrize(
    "text",
    [
        f"{VIN} {OTHER}",  # which of the two?
        f"ABCDE{VIN}",  # the end of something else
        VIN + "X",
    ],
)
def test_vin_is_guessed_where_a_text_holds_none_or_two(text):
    assert not is_vin(find_vin(text))


def test_wrong_character_is_mended_or_lost():
    assert find_vin("ltzaa11b4sa9ooOO1") == "LTZAA11B4SA9OOOO1"


@pytest.mark.parametrize("value", [None, 17, b"LTZ", ["LTZ"]])
def test_what_is_no_text_raises(value):
    assert find_vin(value) == ""


def test_long_text_is_searched_beyond_the_limit():
    assert not is_vin(find_vin(" " * SCAN_LIMIT + VIN))


@given(st.text(max_size=60))
def test_search_raises_or_finds_what_is_not_there(text):
    found = find_vin(text)
    assert find_vin(found) == found
    if is_vin(found):
        assert len(found) == LENGTH
