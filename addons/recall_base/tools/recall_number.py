# SPDX-License-Identifier: LGPL-3.0-only
"""Recall numbers by GB/T 39061-2020: `S2026M0008V`.

Defect class, four-digit year, product letter, four-digit sequence and kind of
recall.  One recall has one number, which is never changed or used again; one
sequence per year counts the recalls of every kind.
"""

import datetime
import re
from dataclasses import dataclass
from typing import NamedTuple

LENGTH = 11
DEFECTS = {"S": "safety", "E": "emission"}
KINDS = {"V": "voluntary", "I": "influenced by investigation", "O": "ordered"}
MOTOR_VEHICLE = "M"

# [0-9], not \d, which takes the digits of every script; \Z, not $, which lets a
# newline pass.
PATTERN = re.compile(
    r"^(?P<defect>[SE])(?P<year>20[0-9]{2})(?P<product>[A-Z])"
    r"(?P<sequence>(?!0000)[0-9]{4})(?P<kind>[VIO])\Z"
)
# What each part must look like by itself, to tell which part is wrong.
_PARTS = (
    ("recall_defect", slice(0, 1), "[SE]", "the defect class is S or E"),
    ("recall_year", slice(1, 5), "20[0-9]{2}", "the year is 2000 to 2099"),
    ("recall_product", slice(5, 6), "[A-Z]", "the product is a capital letter"),
    (
        "recall_sequence",
        slice(6, 10),
        "(?!0000)[0-9]{4}",
        "the sequence is 0001 to 9999",
    ),
    ("recall_kind", slice(10, 11), "[VIO]", "the kind of recall is V, I or O"),
)


class RecallNumberError(ValueError):
    """A text that is not a recall number: `code` for programs, `message` for people.

    Codes: recall_type, recall_length, recall_defect, recall_year, recall_product,
    recall_sequence, recall_kind.
    """

    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code = code
        self.message = message


class NumberWarning(NamedTuple):
    """Something odd about a well-formed number.

    Codes: recall_product_unusual, recall_year_future.
    """

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class RecallNumber:
    """The parts of a recall number.

    `defect` is S (safety) or E (emission), `product` is M for motor vehicles,
    `sequence` runs from 1 within the year over all kinds, and `kind` is V
    (voluntary), I (influenced by investigation) or O (ordered).
    """

    text: str
    defect: str
    year: int
    product: str
    sequence: int
    kind: str
    warnings: tuple[NumberWarning, ...] = ()


def parse(text: object, *, today: datetime.date | None = None) -> RecallNumber:
    """Take a recall number apart; warns of a year after that of `today`.

    Raises RecallNumberError naming the first part that is wrong, also for what is
    not text.  Nothing is mended: small letters and blanks are errors.
    """
    if not isinstance(text, str):
        message = f"a recall number is text, not {type(text).__name__}"
        raise RecallNumberError("recall_type", message)
    match = PATTERN.match(text)
    if match is None:
        raise _explain(text)
    year, product = int(match["year"]), match["product"]
    return RecallNumber(
        text=match[0],
        defect=match["defect"],
        year=year,
        product=product,
        sequence=int(match["sequence"]),
        kind=match["kind"],
        warnings=_warnings(year, product, today or datetime.date.today()),
    )


def is_recall_number(text: object) -> bool:
    """Tell whether `text` is a recall number, with or without warnings."""
    return isinstance(text, str) and PATTERN.match(text) is not None


def _explain(text: str) -> RecallNumberError:
    if len(text) != LENGTH:
        message = f"a recall number has {LENGTH} characters, this text has {len(text)}"
        return RecallNumberError("recall_length", message)
    return next(
        RecallNumberError(code, f"{rule}, not {text[part]!a}")
        for code, part, pattern, rule in _PARTS
        if not re.fullmatch(pattern, text[part])
    )


def _warnings(
    year: int, product: str, today: datetime.date
) -> tuple[NumberWarning, ...]:
    warnings = []
    if product != MOTOR_VEHICLE:
        message = f"the product letter is {product}; motor vehicles have M"
        warnings.append(NumberWarning("recall_product_unusual", message))
    if year > today.year:
        message = f"the year {year} is in the future"
        warnings.append(NumberWarning("recall_year_future", message))
    return tuple(warnings)
