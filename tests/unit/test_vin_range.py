# SPDX-License-Identifier: LGPL-3.0-only
"""Printed VIN ranges: every real one is read as a label, none fails."""

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools.vin_range import read_range, read_ranges

# 180 ranges as printed in a public recall list (dvsa/recalls-app, MIT).
REAL = json.loads(
    (Path(__file__).parent / "data" / "vin_ranges.json").read_text(encoding="utf-8")
)
FIRST, LAST = "LTZAA11B1SA000001", "LTZAA11B9SA001200"
KINDS = {"range", "single", "inverted", "wildcard", "short", "text"}


@pytest.mark.parametrize("start, end, backwards, wildcards", REAL)
def test_real_range_is_not_read_as_what_it_is(start, end, backwards, wildcards):
    """M-PLAN: inverted ranges, wildcards and free text are labels, not errors."""
    found = read_range(start, end)
    assert found.kind in KINDS
    if wildcards:
        assert found.kind == "wildcard"
    if found.kind == "inverted":
        assert backwards
    if found.kind == "range":
        assert len(found.start) == len(found.end) == 17


def test_kinds_of_the_real_ranges_have_changed():
    kinds = Counter(read_range(start, end).kind for start, end, *_facts in REAL)
    assert kinds.keys() == KINDS
    assert kinds["inverted"] >= 5 and kinds["range"] > 60 and kinds["text"] > 20


@pytest.mark.parametrize(
    "text, kinds",
    [
        (f"{FIRST} - {LAST}", ["range"]),
        (f"{FIRST}至{LAST}", ["range"]),
        (f"{FIRST}～{LAST}", ["range"]),
        (f"{FIRST} to {LAST.lower()}", ["range"]),
        (f"{FIRST}…{LAST}", ["range"]),
        (FIRST, ["single"]),
        (f"{FIRST}-{FIRST}", ["single"]),
        (f"{LAST} - {FIRST}", ["inverted"]),
        ("LTZAA****SA000001 - LTZAA****SA000900", ["wildcard"]),
        ("LTZAA11BXXXXXXXXX", ["wildcard"]),
        ("SA000001 - SA001200", ["short"]),
        ("as printed in the annex", ["text"]),
        (f"{FIRST} - {LAST} - {FIRST}", ["text"]),
        (
            f"{FIRST} - {LAST}; {LAST} - {FIRST}\n详见附件",
            ["range", "inverted", "text"],
        ),
        ("", []),
        (" ;\n; ", []),
        (None, []),
        (17, []),
    ],
)
def test_printed_text_is_not_taken_apart(text, kinds):
    assert [piece.kind for piece in read_ranges(text)] == kinds


def test_check_digit_alone_makes_a_range_run_backwards():
    assert read_range("1HFSC47A72A101111", "1HFSC47A12A101170").kind == "range"


@given(st.text())
def test_any_text_is_read(text):
    for piece in read_ranges(text):
        assert piece.kind in KINDS and piece.text


@given(st.text(alphabet="LTZ019AX*- ~;至\n", max_size=60))
def test_text_like_a_range_is_read(text):
    for piece in read_ranges(text):
        assert piece.kind in KINDS
        assert piece.kind != "range" or len(piece.start) == len(piece.end) == 17


@given(st.text(max_size=20), st.text(max_size=20))
def test_any_two_ends_are_read(start, end):
    assert read_range(start, end).kind in KINDS
