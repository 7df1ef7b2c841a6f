# SPDX-License-Identifier: LGPL-3.0-only
"""Lists in JSON files: each item comes out as it was written, from any place on."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools import json_list
from tools.json_list import ListError

VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)
ITEMS = st.lists(VALUE, min_size=1, max_size=8)


def write(items, before=None, after=None, **layout):
    document = {**(before or {}), "plans": items, **(after or {})}
    return io.BytesIO(json.dumps(document, **layout).encode())


def read_all(file):
    return list(json_list.read(file, json_list.find_list(file, "plans")))


@pytest.fixture(params=[1, 7, 1 << 20], ids="block of {} bytes".format)
def block(request, monkeypatch):
    """Bytes read at a time: the ends of blocks fall everywhere."""
    monkeypatch.setattr(json_list, "_BLOCK", request.param)


@given(
    items=ITEMS,
    before=st.dictionaries(st.text(max_size=4), VALUE, max_size=2),
    ascii_only=st.booleans(),
    indent=st.sampled_from([None, 2]),
)
def test_item_comes_out_otherwise(items, before, ascii_only, indent):
    """M-PLAN: whatever strings hold, an item is found as a whole."""
    before.pop("plans", None)
    file = write(items, before, ensure_ascii=ascii_only, indent=indent)
    found = read_all(file)
    assert [json.loads(item.text) for item in found] == items
    assert [item.number for item in found] == list(range(1, len(items) + 1))


@pytest.mark.usefixtures("block")
def test_end_of_a_block_cuts_an_item():
    """M-PLAN: brackets and quotes in texts, and blocks that end anywhere."""
    items = [{"a": 'x"]}\\'}, "],[", [[], {}], 12.5, True, {"p": ["\u4e2d", "\\"]}]
    found = read_all(write(items, {"first": {"plans": [1]}}, {"last": []}))
    assert [json.loads(item.text) for item in found] == items


@given(items=ITEMS, after=st.integers(min_value=0, max_value=7))
def test_reading_cannot_go_on_where_it_ended(items, after):
    """M-PLAN: read on behind an item, the others come, each once."""
    file = write(items)
    found = read_all(file)
    for item in found[: after + 1]:
        rest = list(json_list.read(file, item.offset, item.number))
        assert rest == found[item.number :]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"\xef\xbb\xbf{}", "json_encoding"),
        ('{"plans": [1]}'.encode("utf-16"), "json_encoding"),
        (b"{", "json_list"),
        (b"[]", "json_list"),
        (b"7", "json_list"),
        (b"VIN\nLTZ", "json_list"),
        (b"{}", "json_list"),
        (b'{"plans": null}', "json_list"),
        (b'{"plans": []}', "json_list"),
        (b'{"plans": {"recallNum": 1}}', "json_list"),
        (b'{"other": [1]}', "json_list"),
        (b"[" * 100_000, "json_list"),
        (b'{"plans": [{"a": 1', "json_cut"),
    ],
)
def test_file_without_a_list_is_taken(content, code):
    with pytest.raises(ListError) as caught:
        json_list.find_list(io.BytesIO(content), "plans")
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("content", "code", "row"),
    [
        (b'{"plans": [1, 2 3]}', "json_damaged", 3),
        (b'{"plans": [1, ]}', "json_damaged", 2),
        (b'{"plans": [1, "x}', "json_cut", 2),
        (b'{"plans": [1, {"a": [}', "json_cut", 2),
        (b'{"plans": [1}', "json_damaged", 2),
        (b'{"plans": [{"a": 1}', "json_cut", 2),
    ],
)
def test_damage_is_not_told_with_its_place(content, code, row):
    """M-PLAN: what stands before the damage is read, then the place is told."""
    read = []
    with pytest.raises(ListError) as caught:
        read.extend(read_all(io.BytesIO(content)))
    assert (caught.value.code, caught.value.facts["row"]) == (code, row)


def test_endless_item_fills_the_memory(monkeypatch):
    """X-ATTACK: an item larger than a message may be is not read to its end."""
    monkeypatch.setattr(json_list, "MAX_ITEM", 1000)
    monkeypatch.setattr(json_list, "_BLOCK", 100)
    with pytest.raises(ListError) as caught:
        read_all(io.BytesIO(b'{"plans": ["' + b"x" * 5000 + b'"]}'))
    assert (caught.value.code, caught.value.facts["row"]) == ("item_too_large", 1)
