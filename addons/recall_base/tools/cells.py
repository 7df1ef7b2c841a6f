# SPDX-License-Identifier: LGPL-3.0-only
"""What the text of a table's cell says: a date, a text, or neither.

Nothing is mended: a number whose digits a spreadsheet dropped, or a date that can be
read in two ways, gets the code of a finding.
"""

import datetime
import functools
import re
from collections.abc import Callable

#: Stands in a cell for a formula, whose result nobody has checked (`tabular.FORMULA`).
FORMULA = "\ufffdformula"
#: Stands in a text for bytes that are no text in the file's encoding.
DAMAGED = "\ufffd"

_BLANKS = " \t\r\n\u00a0\u3000\ufeff"
_DATE_FORMS = (
    re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})", re.ASCII),
    re.compile(r"(\d{4})/(\d{1,2})/(\d{1,2})", re.ASCII),
    re.compile(r"(\d{4})\.(\d{1,2})\.(\d{1,2})", re.ASCII),
    re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日", re.ASCII),
    re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII),
)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TIME = re.compile(r"[T ]+\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?$", re.ASCII)
_SERIAL = re.compile(r"\d{5}", re.ASCII)
# Days of 2000-01-01 and 2099-12-31 in a spreadsheet that counts from 1900.
_SERIALS = range(36526, 73051)
_EPOCH = datetime.date(1899, 12, 30)
# A number whose digits a spreadsheet has dropped: 1.38E+10. With a point or a plus: a
# VIN or a part number may well be 12E5.
_ROUNDED = re.compile(r"[0-9](?:\.[0-9]+[eE]\+?|[eE]\+)[0-9]{1,3}", re.ASCII)


def clean(text: str) -> str:
    """Take away the blanks around a cell's text, also wide ones."""
    return text.strip(_BLANKS)


@functools.lru_cache(maxsize=65536)
def to_date(text: str) -> str | None:
    """Day that a cell names, as CCYY-MM-DD; None when it is none or not clear which.

    Understood are 2025-03-01, 2025/3/1, 2025.3.1, 2025年3月1日, 20250301, each also
    with a time of day, and the day numbers of spreadsheets. 1/3/2025 is not: January
    or March.
    """
    if not _ISO.fullmatch(text):
        if _SERIAL.fullmatch(text) and int(text) in _SERIALS:
            return (_EPOCH + datetime.timedelta(days=int(text))).isoformat()
        text = _TIME.sub("", text)
        found = next(filter(None, (form.fullmatch(text) for form in _DATE_FORMS)), None)
        if not found:
            return None
        text = "{:0>4}-{:0>2}-{:0>2}".format(*found.groups())
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        return None
    return text


def read_text(text: str, size: int) -> tuple[str, str]:
    """Text of a cell and the code of what is wrong with it, "" for nothing."""
    if DAMAGED in text:
        return text, "cell_formula" if text == FORMULA else "cell_damaged"
    if len(text) > size:
        return text, "cell_too_long"
    # Hardly a cell has an exponent's letter behind a digit.
    if ("E" in text or "e" in text) and _ROUNDED.fullmatch(text):
        return text, "cell_rounded"
    return text, ""


def read_date(text: str, _size: int) -> tuple[str, str]:
    """Day of a cell as CCYY-MM-DD and the code of what is wrong with it."""
    if text == FORMULA:
        return text, "cell_formula"
    day = to_date(text)
    return (day, "") if day else (text, "cell_date")


#: Forms of a column: function of ``(text, size)`` that returns ``(value, code)``.
FORMS: dict[str, Callable[[str, int], tuple[str, str]]] = {
    "text": read_text,
    "date": read_date,
}
