# SPDX-License-Identifier: LGPL-3.0-only
import datetime
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools import recall_number

TODAY = datetime.date(2026, 6, 1)

numbers = st.builds(
    "{}20{:02}{}{:04}{}".format,
    st.sampled_from("SE"),
    st.integers(0, 99),
    st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    st.integers(1, 9999),
    st.sampled_from("VIO"),
)


def test_number_is_taken_apart():
    """M-VERIFY: a recall number by GB/T 39061 is read in its named parts."""
    number = recall_number.parse("S2026M0008V", today=TODAY)
    assert number == recall_number.RecallNumber(
        "S2026M0008V", "S", 2026, "M", 8, "V", warnings=()
    )


@pytest.mark.parametrize(
    "text", ["S2015M0002V", "S2025M0149I", "S2025M0174V", "E2025M0001O", "S2025M9999V"]
)
def test_right_number_is_accepted(text):
    """M-VERIFY: a recall number by GB/T 39061 is accepted."""
    assert recall_number.is_recall_number(text)
    assert recall_number.parse(text, today=TODAY).warnings == ()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (None, "recall_type"),
        (False, "recall_type"),
        (b"S2025M0149I", "recall_type"),
        ("", "recall_length"),
        ("S2025M149I", "recall_length"),
        ("S2025M00149I", "recall_length"),
        ("S2025M0149I\n", "recall_length"),
        (" S2025M0149I", "recall_length"),
        ("S2025M0149\n", "recall_kind"),
        ("A2025M0149I", "recall_defect"),
        ("s2025M0149I", "recall_defect"),
        ("Ｓ2025M0149I", "recall_defect"),
        ("Ѕ2025M0149I", "recall_defect"),
        ("S1999M0149I", "recall_year"),
        ("S2125M0149I", "recall_year"),
        ("S20٢٥M0149I", "recall_year"),
        ("S2025m0149I", "recall_product"),
        ("S2025М0149I", "recall_product"),
        ("S202510149I", "recall_product"),
        ("S2025M0000I", "recall_sequence"),
        ("S2025M014OI", "recall_sequence"),
        ("S2025M０149I", "recall_sequence"),
        ("S2025M01491", "recall_kind"),
        ("S2025M0149v", "recall_kind"),
        ("S2025M0149\ud800", "recall_kind"),
    ],
)
def test_wrong_part_is_named(text, code):
    """M-VERIFY: what is no recall number is refused with the part that is wrong."""
    assert not recall_number.is_recall_number(text)
    with pytest.raises(recall_number.RecallNumberError) as caught:
        recall_number.parse(text)
    assert caught.value.code == code
    assert str(caught.value) == caught.value.message
    caught.value.message.encode()


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("S2026M0001V", []),
        ("S2027M0001V", ["recall_year_future"]),
        ("S2026T0001V", ["recall_product_unusual"]),
        ("S2099A0001V", ["recall_product_unusual", "recall_year_future"]),
    ],
)
def test_odd_number_is_accepted_with_a_warning(text, codes):
    number = recall_number.parse(text, today=TODAY)
    assert [warning.code for warning in number.warnings] == codes


def test_year_is_compared_with_today_by_default():
    year = datetime.date.today().year
    assert recall_number.parse(f"S{year}M0001V").warnings == ()
    assert recall_number.parse(f"S{year + 1}M0001V").warnings != ()


@given(numbers)
def test_parts_put_together_give_the_number(text):
    n = recall_number.parse(text)
    again = f"{n.defect}{n.year}{n.product}{n.sequence:04}{n.kind}"
    assert again == n.text == text
    assert n.defect in recall_number.DEFECTS
    assert n.kind in recall_number.KINDS


@given(st.text(max_size=14) | numbers, st.integers(0, 11), st.text(max_size=1))
def test_any_text_is_parsed_or_explained(text, index, char):
    text = text[:index] + char + text[index + 1 :]
    accepted = re.fullmatch("[SE]20[0-9]{2}[A-Z](?!0000)[0-9]{4}[VIO]", text)
    assert recall_number.is_recall_number(text) == bool(accepted)
    if accepted:
        assert recall_number.parse(text).text == text
    else:
        with pytest.raises(recall_number.RecallNumberError):
            recall_number.parse(text)
