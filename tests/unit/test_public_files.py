# SPDX-License-Identifier: LGPL-3.0-only
"""S-REPORT, S-PUSH: open data, feeds and plots as plain functions."""

import csv
import datetime
import importlib.util
import io
import json
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

TOOLS = Path(__file__).resolve().parents[2] / "addons" / "recall_service" / "tools"


def _load(name):
    # By path: `tools` is the folder of the shared domain here.
    spec = importlib.util.spec_from_file_location(f"svc_{name}", TOOLS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


columns_svg, feeds, open_data = map(_load, ("columns_svg", "feeds", "open_data"))

# What a line of CSV can hold: all but NUL.
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=60)
MOMENT = datetime.datetime(2025, 1, 2, 3, 4, 5, 678)


# === Open data === #


@given(TEXTS)
def test_guard_loses_a_text(text):
    """S-REPORT: what a program reads, without the apostrophe, is the text itself."""
    assert open_data.unguard(open_data.guard(text)) == text


@given(TEXTS)
def test_guard_lets_a_formula_through(text):
    """X-ATTACK: no cell begins with what a spreadsheet runs."""
    assert not open_data.guard(text).startswith(open_data.FORMULA_SIGNS)


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=8))
def test_csv_breaks_a_row(rows):
    """S-REPORT: quotes, commas and line ends in a text make no new cell or row."""
    data = open_data.to_csv(["a", "b"], rows).decode("utf-8-sig")
    head, *found = csv.reader(io.StringIO(data, newline=""))
    assert head == ["a", "b"]
    assert [tuple(map(open_data.unguard, row)) for row in found] == rows


def test_values_are_written_in_a_way_nobody_reads():
    """S-REPORT: GB/T 7408 days, plain numbers, empty for what is not known."""
    day = datetime.date(2025, 1, 2)
    row = (day, None, True, False, 12, 0.5, -3)
    text = open_data.to_csv("abcdefg", [row]).decode("utf-8-sig").splitlines()[1]
    assert text == "2025-01-02,,true,false,12,0.5,-3"
    [record] = json.loads(open_data.to_json("abcdefg", [row], {}))["records"]
    assert list(record.values()) == ["2025-01-02", None, True, False, 12, 0.5, -3]


# === Feeds === #


def make_feed(text="Text"):
    entry = feeds.Entry(
        "S2025M0001V", "https://x/1", text, text, MOMENT, MOMENT, text, [text]
    )
    return feeds.Feed(
        id=feeds.identify("feed"),
        url="https://x/feed",
        home="https://x/",
        title=text,
        subtitle=text,
        language="zh-CN",
        updated=MOMENT,
        entries=[entry],
        first="https://x/feed",
    )


@given(TEXTS)
def test_text_breaks_a_feed(text):
    """X-ATTACK: whatever a filing says, both documents can be read."""
    feed = make_feed(text)
    ET.fromstring(feeds.to_atom(feed))
    [item] = json.loads(feeds.to_json_feed(feed))["items"]
    assert item["content_text"] == text


def test_identifiers_change():
    """S-PUSH: a new identifier would show each recall once more to every reader."""
    known = "urn:uuid:4d14517b-6da1-592f-821c-436ff39a7ed4"
    assert feeds.identify("S2025M0149I") == known
    assert feeds.to_time(MOMENT) == "2025-01-02T03:04:05Z"


# === Plots === #


@given(
    st.lists(st.one_of(st.none(), st.floats(0, 1e9, allow_nan=False)), max_size=12),
    TEXTS,
)
def test_plot_is_no_picture(values, text):
    """S-REPORT: any figures and names give well-formed SVG within its frame."""
    printable = "".join(char for char in text if char.isprintable())
    labels = [str(number) for number in range(len(values))]
    svg = columns_svg.draw_groups(labels, [(printable, values)], title=printable)
    tree = ET.fromstring(svg)
    for column in tree.iter("{http://www.w3.org/2000/svg}rect"):
        assert float(column.get("y")) >= 0
        assert float(column.get("height")) >= 0


@pytest.mark.parametrize(
    ("value", "top"), [(0, 1), (1, 1), (3, 4), (4.1, 5), (1251.28, 2000), (999, 1000)]
)
def test_axis_ends_at_an_odd_number(value, top):
    svg = columns_svg.draw_groups(["2025"], [("x", [value])], title="x")
    assert f">{top:g}</text>" in svg


@given(st.lists(st.lists(st.integers(0, 10**9), min_size=3, max_size=3), min_size=1))
def test_days_leave_their_frame(counts):
    """S-SHARE: stacked columns of any counts end within an axis of whole numbers."""
    first = datetime.date(2025, 1, 1)
    days = {
        first + datetime.timedelta(number): counted
        for number, counted in enumerate(counts)
    }
    tree = ET.fromstring(columns_svg.draw_days(days, ("a", "b", "c"), "Requests <day>"))
    space = "{http://www.w3.org/2000/svg}"
    assert tree.find(f"{space}title").text == "Requests <day>"
    columns = list(tree.iter(f"{space}rect"))
    assert len(columns) == sum(bool(count) for counted in counts for count in counted)
    for column in columns:
        assert float(column.get("y")) >= 12
    marks = [text.text for text in tree.iter(f"{space}text") if "-" not in text.text]
    assert max(int(mark.replace(",", "")) for mark in marks) >= max(map(sum, counts))
