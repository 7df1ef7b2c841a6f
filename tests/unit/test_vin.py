# SPDX-License-Identifier: LGPL-3.0-only
import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools import vin

TODAY = datetime.date(2025, 6, 1)
GOOD = vin.make_vin("LSV", "AA418", "S", "2", "184847")
SMALL = vin.make_vin("LA9", "AA418", "S", "2", "BWE123")

# The standard's tables, written out a second time so that a slip in one shows.
VALUES = {
    **dict(zip("0123456789", range(10), strict=True)),
    **dict(zip("ABCDEFGH", range(1, 9), strict=True)),
    **dict(zip("JKLMNPR", (1, 2, 3, 4, 5, 7, 9), strict=True)),
    **dict(zip("STUVWXYZ", range(2, 10), strict=True)),
}
WEIGHTS = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2]


def weighted_sum(text):
    return sum(VALUES[c] * weight for c, weight in zip(text, WEIGHTS, strict=True))


def is_valid_by_the_tables(text):
    if not isinstance(text, str) or len(text) != 17:
        return False
    if any(char not in VALUES for char in text) or text[9] in "0UZ":
        return False
    return text[8] == "0123456789X"[weighted_sum(text) % 11]


def single_changes(text):
    return [
        text[:index] + char + text[index + 1 :]
        for index in range(17)
        if index != 8
        for char in VALUES
        if char != text[index]
    ]


def codes(text):
    return [finding.code for finding in vin.check_vin(text).findings]


def part(size, alphabet=vin.ALPHABET):
    return st.text(alphabet, min_size=size, max_size=size)


vins = st.builds(
    vin.make_vin, part(3), part(5), st.sampled_from(vin.YEAR_CODES), part(1), part(6)
)
odd_characters = st.one_of(
    st.sampled_from(vin.ALPHABET + "IOQioqabcxyz \n\t\0\ud800ＡＬ１３٣३АВЕОΟΙ²ﬁß"),
    st.characters(),
)


@st.composite
def near_vins(draw):
    """A VIN with up to three characters replaced, inserted or left out."""
    text = draw(vins)
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(text)))
        stop = start + draw(st.integers(0, 1))
        text = text[:start] + draw(st.just("") | odd_characters) + text[stop:]
    return text


anything = st.one_of(
    near_vins(),
    part(17),
    st.text(max_size=40),
    st.none() | st.integers() | st.floats() | st.binary(max_size=20),
    st.lists(st.text(max_size=3), max_size=3),
)


class Impostor:
    __class__ = str


class Contrary(str):
    """Text whose own methods are of no use."""

    __len__ = __getitem__ = __iter__ = strip = translate = None


@pytest.mark.parametrize(
    "text", ["1M8GDM9AXKP042788", "11111111111111111", "5GZCZ43D13S812715", GOOD, SMALL]
)
def test_right_vin_is_accepted(text):
    """E-AUDIT M-VERIFY: a VIN that follows GB 16735 has no error."""
    report = vin.check_vin(text)
    assert report.valid
    assert report.suggestion is None
    assert [f for f in report.findings if f.severity == "error"] == []


@pytest.mark.parametrize(
    "text", ["9BWZZZ377VT004251", "JMAXJGA6WBZ400101", "WVWZZZ1KZ90000000"]
)
def test_foreign_vin_without_check_digit_is_reported(text):
    """E-AUDIT M-VERIFY: the check digit is mandatory in China."""
    assert "vin_check_digit" in codes(text)


@pytest.mark.parametrize(
    ("text", "code", "position"),
    [
        ("", "vin_length", None),
        (GOOD[:16], "vin_length", None),
        (GOOD + "1", "vin_length", None),
        (GOOD + "\n", "vin_character", 18),
        (GOOD.lower(), "vin_character", 1),
        (GOOD[:3] + "\u200b" + GOOD[3:], "vin_character", 4),
        (GOOD[:8] + "A" + GOOD[9:], "vin_check_digit", 9),
        (GOOD[:9] + "0" + GOOD[10:], "vin_year_code", 10),
        (GOOD[:9] + "U" + GOOD[10:], "vin_year_code", 10),
        (GOOD[:9] + "Z" + GOOD[10:], "vin_year_code", 10),
    ],
)
def test_each_fault_is_found_at_its_position(text, code, position):
    """E-AUDIT M-VERIFY: each fault of a VIN is named with its place."""
    report = vin.check_vin(text)
    assert not report.valid
    assert (code, position) in [(f.code, f.position) for f in report.findings]


@pytest.mark.parametrize("index", [0, 8, 9, 16])
@pytest.mark.parametrize("char", "IOQa? \n\0\u202e\ud800Ａ٧А")
def test_illegal_character_is_the_only_finding(index, char):
    """Nothing is said of a check digit or year that cannot be computed."""
    (finding,) = vin.check_vin(GOOD[:index] + char + GOOD[index + 1 :]).findings
    assert (finding.code, finding.position) == ("vin_character", index + 1)
    assert finding.message.isprintable()


@pytest.mark.parametrize(
    "value",
    [None, 17, 1.5, b"1" * 17, ["1"] * 17, Impostor()],
    ids=lambda value: type(value).__name__,
)
def test_what_is_not_text_is_a_finding(value):
    assert codes(value) == ["vin_type"]
    assert vin.check_many([value]) == [False]
    assert not vin.is_vin(value)
    assert vin.normalise_typed(value) == ""


def test_text_with_methods_of_its_own_is_checked_as_plain_text():
    text = Contrary(GOOD)
    assert vin.check_vin(text) == vin.check_vin(GOOD)
    assert vin.is_vin(text)
    assert vin.check_many([text]) == [True]


def test_q_does_not_pass_as_eight():
    """Some generators count Q as 8, so that their VINs pass their own check."""
    eight = vin.make_vin("LSV", "AA418", "S", "8", "184847")
    with_q = eight[:10] + "Q" + eight[11:]
    assert not vin.is_vin(with_q)
    assert vin.check_vin(with_q).suggestion is None


def test_huge_text_gives_a_short_report():
    assert len(vin.check_vin("?" * 1_000_000).findings) < 100


@given(anything)
def test_any_input_gives_a_report_that_can_be_sent(value):
    report = vin.check_vin(value, today=TODAY)
    errors = [f for f in report.findings if f.severity == "error"]
    assert report.valid == (not errors)
    for finding in report.findings:
        finding.message.encode()
        assert finding.position is None or finding.position >= 1


@given(st.lists(anything, max_size=8))
def test_short_bulk_and_full_check_agree_with_the_tables(values):
    """E-AUDIT: the bulk check decides as the check of a single VIN does."""
    expected = [is_valid_by_the_tables(value) for value in values]
    assert vin.check_many(values) == expected
    assert [vin.is_vin(value) for value in values] == expected
    assert [vin.check_vin(value).valid for value in values] == expected


@given(vins, st.integers(0, 16), st.sampled_from(vin.ALPHABET))
def test_wrong_character_with_another_value_is_noticed(text, index, char):
    changed = text[:index] + char + text[index + 1 :]
    if char != text[8] if index == 8 else VALUES[char] != VALUES[text[index]]:
        assert not vin.is_vin(changed)


def test_bulk_keeps_order_over_chunks(monkeypatch):
    monkeypatch.setattr(vin, "_CHUNK", 3)
    texts = [GOOD, "x", SMALL, None, GOOD, GOOD, GOOD[:-1] + "?", GOOD]
    expected = [True, False, True, False, True, True, False, True]
    assert vin.check_many(iter(texts)) == expected
    assert vin.check_many([]) == []


@given(st.text(max_size=30) | near_vins())
def test_typed_text_is_trimmed_and_raised_but_not_mended(text):
    typed = vin.normalise_typed(text)
    assert vin.normalise_typed(typed) == typed
    assert len(typed) <= len(text)
    assert [c for c in typed if c > "\x7f"] == [
        c for c in text.strip(" \t\r\n\u00a0\u3000") if c > "\x7f"
    ]


@pytest.mark.parametrize("blank", [" ", "\t", "\r\n", "\u00a0", "\u3000"])
def test_typed_blanks_and_small_letters_are_normalised(blank):
    report = vin.check_vin(f"{blank}{GOOD.lower()}{blank}")
    assert report.normalised == vin.normalise_typed(report.text) == GOOD
    assert not report.valid


@pytest.mark.parametrize("text", ["ı", "ſ", "ｌ", "к", "\u200b", "\ufeff"])
def test_typed_letters_of_other_scripts_stay(text):
    assert vin.normalise_typed(text) == text


@pytest.mark.parametrize(
    ("code", "year", "expected"),
    [
        ("A", 2025, (1980, 2010)),
        ("S", 2025, (1995, 2025)),
        ("T", 2025, (1996, 2026)),
        ("V", 2025, (1997,)),
        ("1", 2030, (2001, 2031)),
        ("A", 2040, (1980, 2010, 2040)),
        ("U", 2025, ()),
        ("", 2025, ()),
        ("AB", 2025, ()),
    ],
)
def test_year_code_stands_for_the_right_years(code, year, expected):
    assert vin.year_candidates(code, datetime.date(year, 1, 1)) == expected


def test_year_candidates_of_today_include_next_year_only():
    last = datetime.date.today().year + 1
    years = [year for code in vin.YEAR_CODES for year in vin.year_candidates(code)]
    assert sorted(years) == list(range(1980, last + 1))


def test_report_names_maker_and_years():
    """M-VERIFY: the WMI of a VIN is told for the check against GB 16737."""
    report = vin.check_vin(GOOD, today=TODAY)
    assert (report.wmi, report.maker, report.small_maker) == ("LSV", "LSV", False)
    assert report.year_candidates == (1995, 2025)
    assert report.findings == []


def test_small_maker_is_named_by_positions_12_to_14_too():
    """M-VERIFY: third character 9 means a maker of fewer than 1000 a year."""
    report = vin.check_vin(SMALL)
    assert (report.wmi, report.maker, report.small_maker) == ("LA9", "LA9BWE", True)
    assert report.findings == []
    for index in (11, 13):
        damaged = vin.check_vin(SMALL[:index] + "?" + SMALL[index + 1 :])
        assert (damaged.wmi, damaged.maker, damaged.small_maker) == ("LA9", "", True)


@pytest.mark.parametrize("text", ["", "L", "LSV", "LS?" + GOOD[3:], GOOD + "1"])
def test_maker_is_not_guessed(text):
    assert vin.check_vin(text).wmi == vin.check_vin(text).maker == ""


@pytest.mark.parametrize(
    ("wmi", "serial", "position"),
    [
        ("LSV", "ABC234", 14),
        ("LSV", "12345A", 17),
        ("LA9", "ABC123", None),
        ("LA9", "ABCD23", 15),
    ],
)
def test_serial_that_ends_in_letters_is_only_a_warning(wmi, serial, position):
    report = vin.check_vin(vin.make_vin(wmi, "AA418", "S", "2", serial))
    assert report.valid
    found = [(f.code, f.position, f.severity) for f in report.findings]
    assert found == ([("vin_serial", position, "warning")] if position else [])


@given(vins, st.data())
def test_look_alikes_lead_back_to_the_vin(text, data):
    mistyped = list(text)
    for index, char in enumerate(text):
        if index != 8 and char in "01" and data.draw(st.booleans()):
            mistyped[index] = data.draw(st.sampled_from("OQ" if char == "0" else "I"))
    mistyped = "".join(mistyped)
    expected = text if mistyped != text else None
    assert vin.check_vin(mistyped).suggestion == expected


@pytest.mark.parametrize(
    ("index", "char"), [(0, "Ｌ"), (0, "l"), (3, "А"), (3, "Ａ"), (16, "٧"), (16, "７")]
)
def test_other_scripts_lead_back_to_the_vin(index, char):
    mistyped = GOOD[:index] + char + GOOD[index + 1 :]
    assert vin.check_vin(mistyped).suggestion == GOOD


@given(near_vins() | part(17))
def test_suggestion_is_the_only_vin_and_keeps_the_check_digit(text):
    suggestion = vin.check_vin(text).suggestion
    if suggestion is not None:
        assert not is_valid_by_the_tables(text)
        assert is_valid_by_the_tables(suggestion)
        assert suggestion[8] == text[8]
        changed = {old for old, new in zip(text, suggestion, strict=True) if old != new}
        assert len(changed) == 1 or not changed & set(VALUES)


@given(vins, st.sampled_from(range(17)), st.sampled_from(vin.ALPHABET))
def test_several_possible_vins_give_no_suggestion(text, index, char):
    wrong = text[:index] + char + text[index + 1 :]
    passing = list(filter(is_valid_by_the_tables, single_changes(wrong)))
    expected = None
    if len(passing) == 1 and not is_valid_by_the_tables(wrong):
        expected = passing[0]
    assert vin.check_vin(wrong).suggestion == expected


def vins_with_one_way_out(way_out):
    """Yield wrong VINs that exactly one change, to "0" at `way_out`, puts right.

    If the sum is too high by `error`, a position needs the value x - error / weight
    (modulo 11) instead of x.  No character has the value 10, and only "0" has 0.
    """
    for error in range(1, 11):
        values = [0] * 17
        for index, weight in enumerate(WEIGHTS):
            if weight:
                needed = 0 if index == way_out else 10
                values[index] = (needed + error * pow(weight, -1, 11)) % 11
        if 10 not in values and values[9] != 0:
            text = "".join(map(str, values))
            check = "0123456789X"[(weighted_sum(text) - error) % 11]
            yield text[:8] + check + text[9:]


@pytest.mark.parametrize("way_out", [0, 7, 10, 16])
def test_one_wrong_character_is_suggested_if_nothing_else_passes(way_out):
    texts = list(vins_with_one_way_out(way_out))
    assert texts
    for text in texts:
        right = text[:way_out] + "0" + text[way_out + 1 :]
        assert list(filter(is_valid_by_the_tables, single_changes(text))) == [right]
        assert vin.check_vin(text).suggestion == right


@pytest.mark.parametrize("sign", ["?", "ﬁ", "车", "\ud800"])
def test_sign_that_looks_like_nothing_is_suggested_only_if_unique(sign):
    zero = vin.make_vin("LSV", "AA418", "S", "2", "104847")
    assert vin.check_vin(zero.replace("104847", f"1{sign}4847")).suggestion == zero
    assert vin.check_vin(GOOD.replace("184847", f"1{sign}4847")).suggestion is None
    two = zero.replace("104847", f"1{sign}48{sign}7")
    assert vin.check_vin(two).suggestion is None


@pytest.mark.parametrize("char", ["I", "O", "Q", "A", "?", "１", "x"])
def test_check_digit_is_never_suggested(char):
    for serial in ("184847", "184848", "184849", "184850", "184851", "184852"):
        text = vin.make_vin("LSV", "AA418", "S", "2", serial)
        assert vin.check_vin(text[:8] + char + text[9:]).suggestion is None


@given(vins, st.characters())
def test_check_digit_does_not_depend_on_position_9(text, char):
    assert vin.check_digit(text[:8] + char + text[9:]) == text[8]


@pytest.mark.parametrize("text", ["", GOOD[:16], GOOD + "1", GOOD.lower(), "I" * 17])
def test_check_digit_of_what_is_no_vin_is_refused(text):
    with pytest.raises(ValueError, match=r"position|characters"):
        vin.check_digit(text)


@pytest.mark.parametrize(
    "parts",
    [
        ("LS", "VAA418", "S", "2", "184847"),
        ("LSV", "AA418", "U", "2", "184847"),
        ("LSV", "AA418", "0", "2", "184847"),
        ("LSO", "AA418", "S", "2", "184847"),
        ("LSV", "AA418", "S", "2", "18484７"),
        ("LSV", "AA418", "S", "", "2184847"),
    ],
)
def test_parts_that_make_no_vin_are_refused(parts):
    with pytest.raises(ValueError, match=r"position|characters"):
        vin.make_vin(*parts)
