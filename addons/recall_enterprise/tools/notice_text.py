# SPDX-License-Identifier: LGPL-3.0-only
"""Texts of owner notices: plain placeholders, filled in one pass, no code.

A placeholder is a known name in single braces: `{recall_number}`.  What is filled in is
never looked at again, so a value that holds braces stays as it is.
"""

import re
from collections.abc import Callable, Mapping

#: Placeholders a text may hold.
PLACEHOLDERS = (
    "owner",
    "vins",
    "vehicle_count",
    "producer",
    "brand",
    "series",
    "model",
    "recall_number",
    "recall_start",
    "defect",
    "consequence",
    "measure",
    "free_of_charge",
    "dealer",
    "hotline",
    "public_url",
)
#: Without these an owner does not know which recall it is, for which of his vehicles,
#: that the repair costs nothing, and whom to ask.
REQUIRED = ("recall_number", "vins", "free_of_charge", "hotline")

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


def find_placeholders(text: str) -> set[str]:
    """Return the names that stand in single braces."""
    return set(_PLACEHOLDER.findall(text))


def find_faults(text: str) -> list[str]:
    """Return what would not be filled in: unknown placeholders and stray braces."""
    unknown = sorted(find_placeholders(text) - set(PLACEHOLDERS))
    rest = _PLACEHOLDER.sub("", text)
    stray = [brace for brace in "{}" if brace in rest]
    return [f"{{{name}}}" for name in unknown] + stray


def find_missing(text: str) -> list[str]:
    """Return the required placeholders that a text lacks."""
    found = find_placeholders(text)
    return [f"{{{name}}}" for name in REQUIRED if name not in found]


def fill(
    text: str,
    values: Mapping[str, str],
    escape: Callable[[str], str] = str,
) -> str:
    """Replace each known placeholder by its value; unknown ones stay as typed.

    `escape` is applied to the values and to the text around them: for HTML, give the
    function that makes a text harmless there.
    """
    pieces, end = [], 0
    for match in _PLACEHOLDER.finditer(text):
        value = values.get(match[1])
        if value is not None:
            pieces += (escape(text[end : match.start()]), escape(value))
            end = match.end()
    return "".join((*pieces, escape(text[end:])))


def one_line(text: str) -> str:
    """Join a text to one line: a subject with a line break could forge a header."""
    return " ".join(text.split())
