# SPDX-License-Identifier: LGPL-3.0-only
"""Texts of owner notices and addresses of owners, without Odoo."""

import importlib.util
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

TOOLS = Path(__file__).resolve().parents[2] / "addons" / "recall_enterprise" / "tools"


def load(name):
    """Load a file of recall_enterprise/tools by its path, with no Odoo around."""
    spec = importlib.util.spec_from_file_location(
        f"enterprise_{name}", TOOLS / f"{name}.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


text = load("notice_text")
contact = load("owner_contact")

ANY = st.text(max_size=60)
HOSTILE = st.text(alphabet="{}<>&\"'abc_vins ", max_size=40)


@given(before=HOSTILE.filter(lambda s: "{" not in s and "}" not in s), value=HOSTILE)
def test_value_that_looks_like_a_placeholder_is_filled_in_again(before, value):
    """E-NOTIFY: what was filled in is not looked at again."""
    values = dict.fromkeys(text.PLACEHOLDERS, "X") | {"vins": value}
    assert text.fill(f"{before}{{vins}}", values) == before + value


@given(st.lists(st.sampled_from(text.PLACEHOLDERS)), HOSTILE)
def test_text_without_faults_leaves_a_brace(names, value):
    body = " ".join(f"{{{name}}}" for name in names)
    assert text.find_faults(body) == []
    filled = text.fill(body, dict.fromkeys(text.PLACEHOLDERS, "x"))
    assert "{" not in filled and "}" not in filled


@given(HOSTILE, HOSTILE)
def test_escaping_misses_a_part(body, value):
    """E-NOTIFY: with an escape function no character comes out unescaped."""
    marked = text.fill(
        body, dict.fromkeys(text.PLACEHOLDERS, value), lambda part: "." * len(part)
    )
    assert set(marked) <= {"."}


@pytest.mark.parametrize("body", ["{price}", "{{ x }}", "{", "a}", "{Brand}", "{vins"])
def test_unknown_placeholder_passes(body):
    assert text.find_faults(body)


@given(ANY)
def test_subject_keeps_a_line_break(subject):
    assert len(text.one_line(subject).splitlines()) <= 1


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("Zhang@Example.COM", "zhang@example.com"),
        (" a.b+c@x-y.example.cn ", "a.b+c@x-y.example.cn"),
        ("a@b", None),
        ("a b@example.com", None),
        ("a@example.com,b@example.com", None),
        ("a@example.com\nBcc: b@example.com", None),
        ("", None),
    ],
)
def test_wrong_mail_address_is_taken(typed, address):
    assert contact.normalize_email(typed) == address


def test_letters_to_one_address_are_not_recognised():
    same = {
        contact.letter_key(name, address)
        for name, address in (
            ("张三", "上海市 示例路1号"),
            ("张 三", "上海市示例路1号。"),
            ("张三", "上海市，示例路1号"),
        )
    }
    assert len(same) == 1
    assert contact.letter_key("张三", "上海市示例路2号") not in same


@given(ANY, ANY)
def test_mask_shows_more_than_a_part(name, address):
    """E-NOTIFY X-CRYPTO: of a name one character is shown, of an address a third."""
    assert len(contact.mask_name(name).rstrip("*")) <= 1
    shown = contact.mask_address(address).removesuffix("****")
    assert len(shown) <= min(6, len(contact.clean(address)) // 3)
