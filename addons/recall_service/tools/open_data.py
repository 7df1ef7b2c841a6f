# SPDX-License-Identifier: LGPL-3.0-only
"""Open data as CSV (RFC 4180) and JSON, both from the same rows."""

import csv
import datetime
import io
import json
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

#: What a spreadsheet takes for the beginning of a formula.
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
#: Put before such a text: the spreadsheet shows the text, a program takes it away.
GUARD = "'"
# Tells a spreadsheet that the bytes are UTF-8.
_MARK = "\ufeff"


def guard(text: str) -> str:
    """A text that no spreadsheet runs; `unguard` gives it back."""
    return GUARD + text if text.startswith((*FORMULA_SIGNS, GUARD)) else text


def unguard(text: str) -> str:
    """The text that `guard` was given."""
    return text.removeprefix(GUARD)


def to_csv(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """Rows as CSV: UTF-8 with a byte order mark, commas, lines end with CR LF."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(names)
    for row in rows:
        writer.writerow([_to_cell(value) for value in row])
    return (_MARK + stream.getvalue()).encode()


def to_json(
    names: Sequence[str], rows: Iterable[Sequence[Any]], about: dict[str, Any]
) -> bytes:
    """Rows as one JSON object: `about`, and one object a row in `records`."""
    records = [
        {name: _plain(value) for name, value in zip(names, row, strict=True)}
        for row in rows
    ]
    document = {**about, "records": records}
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


def _to_cell(value):
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return guard(value) if isinstance(value, str) else _plain(value)


def _plain(value):
    if isinstance(value, datetime.date):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else value
