# SPDX-License-Identifier: LGPL-3.0-only
"""Chinese is set with its own marks: "。", "，" and "（", not ".", "," and "("."""

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from lxml import etree

ADDONS = Path(__file__).parents[2] / "addons"
#: What comes from a database, so that a term ends before it.
VALUE = ("t-out", "t-esc", "t-field", "t-foreach", "t-if", "t-else")
#: A full stop of Latin letters where Chinese is written.
STOP = re.compile(r"[\u4e00-\u9fff\uff00-\uffef”》][ ]?[.](?![\w.])|(?<!\w)[.](\s|$)")
#: Half-wide marks beside Chinese characters.
HALF = re.compile(r"[\u4e00-\u9fff][,;:!?(]|[,;:!?)][\u4e00-\u9fff]")

SOURCES = [
    path
    for folder in ("views", "data", "report", "wizard", "static/src")
    for path in sorted(ADDONS.glob(f"*/{folder}/**/*.xml"))
]


def is_value(element):
    return element.tag in ("a", "field", "t") or any(
        name in element.attrib for name in VALUE
    )


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_full_stop_after_a_value_cannot_be_translated(path):
    """A full stop alone is no term: it stays Latin on a Chinese page."""
    for element in etree.parse(str(path)).iter(etree.Element):
        alone = (element.tail or "").strip() in (".", ").")
        assert not (alone and is_value(element)), f"{path}:{element.sourceline}"


@pytest.mark.parametrize("mark", [STOP, HALF], ids=["full stop", "half-wide mark"])
@pytest.mark.parametrize(
    "path", sorted(ADDONS.glob("*/i18n/zh_CN.po")), ids=lambda path: path.parts[-3]
)
def test_translation_is_set_with_latin_marks(path, mark):
    """A reader of Chinese sees "。" at the end of a sentence and "，" within it."""
    with path.open("rb") as file:
        catalogue = read_po(file, locale="zh_CN")
    texts = [message.string for message in catalogue if message.id]
    assert len(texts) > 100
    assert [text for text in texts if mark.search(text)] == []
