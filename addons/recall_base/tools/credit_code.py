# SPDX-License-Identifier: LGPL-3.0-only
"""Unified social credit codes of organisations by GB 32100-2015.

Eighteen characters: registering department, kind of organisation, six digits of the
region (GB/T 2260), nine of the organisation (GB 11714) and a check character.  The
letters I, O, S, V and Z are not used.
"""

import re

LENGTH = 18
#: The characters in the order of their values (GB 32100, table 2).
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_VALUES = {character: value for value, character in enumerate(ALPHABET)}
# 3^i modulo 31 for the seventeen characters before the check character.
_WEIGHTS = tuple(pow(3, place, 31) for place in range(LENGTH - 1))
_SHAPE = re.compile(
    rf"[{ALPHABET}]{{2}}[0-9]{{6}}[{ALPHABET}]{{9}}[{ALPHABET}]", re.ASCII
)
#: Full-width letters and digits, as Chinese keyboards type them, and separators.
_TYPED = {0xFF01 + offset: 0x21 + offset for offset in range(94)} | {
    ord(character): None for character in " \t\r\n-\u3000\u00a0"
}


def normalise(text: object) -> str:
    """Return what was typed in capitals, without blanks and hyphens."""
    return text.translate(_TYPED).upper() if isinstance(text, str) else ""


def check_character(body: str) -> str:
    """Return the check character of the first seventeen characters.

    Raises ValueError when they are not seventeen characters of the alphabet.
    """
    if len(body) != LENGTH - 1 or not set(body) <= _VALUES.keys():
        raise ValueError("not seventeen characters of GB 32100")
    pairs = zip(body, _WEIGHTS, strict=True)
    total = sum(_VALUES[character] * weight for character, weight in pairs)
    return ALPHABET[-total % 31]


def find_fault(code: str) -> str | None:
    """Say what is wrong with a normalised code; None when it is right.

    :returns: ``length``, ``shape`` (a character that cannot stand there) or ``check``
        (one was mistyped, or two were swapped)
    """
    if len(code) != LENGTH:
        return "length"
    if not _SHAPE.fullmatch(code):
        return "shape"
    return None if check_character(code[:-1]) == code[-1] else "check"
