# SPDX-License-Identifier: LGPL-3.0-only
"""VIN ranges as they are printed in announcements: read as labels, never refused.

A printed range is an aid for people. Of real ones many run backwards, hold wildcards or
are prose; what is in scope is only ever said by the explicit VIN list. So nothing here
raises, and nothing here decides: each piece of the text gets a kind.
"""

import re
import unicodedata
from typing import Literal, NamedTuple

Kind = Literal["range", "single", "inverted", "wildcard", "short", "text"]

_LENGTH = 17
_MAX_TEXT = 20_000
_PIECES = re.compile(r"[;；\n\r、]+")
_BETWEEN = re.compile(r"\s*(?:\bto\b|至|到|~|–|—|-|\.{2,}|…)\s*", re.IGNORECASE)
_FULL = re.compile(r"[A-HJ-NPR-Z0-9]{17}")
_LIKE_VIN = re.compile(r"(?=.*[0-9*?#])[A-Z0-9*?#]{3,25}")
_WILD = re.compile(r"[*?#]")
_MASK = re.compile(r"X{3,}")


class VinRange(NamedTuple):
    """One piece of a printed range: ``end`` is empty where there is only one VIN.

    - ``range`` and ``single``: whole VINs, in order
    - ``inverted``: whole VINs, but the last comes before the first
    - ``wildcard``: a sign stands for any character
    - ``short``: something like VINs, but not of 17 characters of a VIN
    - ``text``: anything else
    """

    kind: Kind
    text: str
    start: str = ""
    end: str = ""


def read_ranges(text: object) -> list[VinRange]:
    """Pieces of a printed VIN range in their order; an empty text has none."""
    if not isinstance(text, str):
        return []
    plain = unicodedata.normalize("NFKC", text[:_MAX_TEXT])
    pieces = (piece.strip() for piece in _PIECES.split(plain))
    return [_read(piece) for piece in pieces if piece]


def read_range(start: str, end: str) -> VinRange:
    """A range whose two ends are given apart."""
    return _judge(f"{start} - {end}", start.strip(), end.strip())


def _read(piece: str) -> VinRange:
    ends = [part for part in _BETWEEN.split(piece) if part]
    if not 1 <= len(ends) <= 2:
        return VinRange("text", piece)
    return _judge(piece, ends[0], ends[1] if len(ends) == 2 else "")


def _judge(text: str, start: str, end: str) -> VinRange:
    start, end = start.upper(), end.upper()
    ends = [part for part in (start, end) if part]
    if not ends or not all(map(_LIKE_VIN.fullmatch, ends)):
        return VinRange("text", text)
    if any(_WILD.search(part) or _MASK.search(part) for part in ends):
        return VinRange("wildcard", text, start, end)
    if not all(map(_FULL.fullmatch, ends)):
        return VinRange("short", text, start, end)
    if not end or start == end:
        return VinRange("single", text, start, end)
    return VinRange(
        "inverted" if _runs_backwards(start, end) else "range", text, start, end
    )


def _runs_backwards(start: str, end: str) -> bool:
    """Whether the last VIN comes before the first.

    Position 9 is a check digit in some countries, which says nothing about the order:
    the ends run backwards if they do both with it and without.
    """
    return start > end and start[:8] + start[9:] > end[:8] + end[9:]
