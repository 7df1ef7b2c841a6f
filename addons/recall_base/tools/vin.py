# SPDX-License-Identifier: LGPL-3.0-only
"""Vehicle identification numbers by GB 16735 / ISO 3779.

Positions are counted from 1, as the standard does: 1-3 name the maker (WMI), 4-8
describe the vehicle, 9 is the check digit, 10 the model year, 11 the plant, 12-17
the serial number.  Nothing here mends what it is given: a VIN is 17 ASCII
characters, and whatever else comes in is reported.
"""

import datetime
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import compress, islice
from typing import Literal

LENGTH = 17
ALPHABET = "0123456789ABCDEFGHJKLMNPRSTUVWXYZ"
CHECK_CHARACTERS = "0123456789X"
# One character a year, from 1980 on, then from the start again.
YEAR_CODES = "ABCDEFGHJKLMNPRSTVWXY123456789"
FIRST_YEAR = 1980

_VALUES = dict(
    zip(ALPHABET, map(int, "012345678912345678123457923456789"), strict=True)
)
_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_CHECK = 8  # index of position 9
_YEAR = 9  # index of position 10

_LEGAL = "[0-9A-HJ-NPR-Z]"
_SHAPE = re.compile(f"{_LEGAL}{{8}}[0-9X][1-9A-HJ-NPRSTV-Y]{_LEGAL}{{7}}")

_BLANKS = " \t\r\n\u00a0\u3000"
_ASCII_UPPER = {code: code - 32 for code in range(ord("a"), ord("z") + 1)}
# Characters examined one by one in a text of any length.
_SCAN_LIMIT = 64
# Letters that are no VIN characters, and Greek and Cyrillic capitals, by their looks.
_LOOK_ALIKES = str.maketrans(
    "IOQΑΒΕΖΗΙΚΜΝΟΡΤΥΧАВЕЅЗІЈКМНОРСТУХ",
    "100ABEZH1KMN0PTYXABES31JKMH0PCTYX",
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, or odd, about a text given as a VIN.

    `position` counts from 1; it is None when the finding concerns the whole text.
    Only findings of severity "error" make a VIN invalid.
    """

    code: str
    position: int | None
    message: str
    severity: Literal["error", "warning"] = "error"


@dataclass(frozen=True, slots=True)
class VinReport:
    """Result of `check_vin`.

    `text` is what was checked ("" for anything that is not text) and `normalised`
    what `normalise_typed` makes of it.  `wmi` is "" where it cannot be told.
    `maker` identifies the maker: the WMI, and for small makers (`small_maker`, third
    character 9) positions 12-14 after it.  `year_candidates` are the model years the
    year code can stand for, oldest first.  `suggestion` is the only VIN the text can
    stand for if it holds look-alikes or one wrong character, else None.
    """

    text: str
    normalised: str
    valid: bool
    findings: list[Finding]
    wmi: str
    maker: str
    small_maker: bool
    year_candidates: tuple[int, ...]
    suggestion: str | None


def check_vin(text: object, *, today: datetime.date | None = None) -> VinReport:
    """Check one VIN; never raises, whatever it is given.

    Finding codes: vin_type, vin_length, vin_character, vin_check_digit,
    vin_year_code (errors) and vin_serial (a warning).  Model years are told up to
    the year after `today`.
    """
    plain = _plain_text(text)
    if plain is None:
        message = f"a VIN is text of {LENGTH} characters, not {type(text).__name__}"
        finding = Finding("vin_type", None, message)
        return VinReport("", "", False, [finding], "", "", False, (), None)
    return _report(plain, today)


def is_vin(text: object) -> bool:
    """Tell whether `text` is a VIN without any error: the short form of `check_vin`."""
    plain = _plain_text(text)
    if plain is None or not _SHAPE.fullmatch(plain):
        return False
    return plain[_CHECK] == _computed_check(plain)


def check_many(texts: Iterable[object]) -> list[bool]:
    """Check many VINs: one verdict for each text, equal to `check_vin(text).valid`.

    Takes any iterable, also one that is never held in memory as a whole.
    """
    verdicts: list[bool] = []
    source = iter(texts)
    while chunk := list(islice(source, _CHUNK)):
        verdicts += _check_chunk(chunk)
    return verdicts


def normalise_typed(text: object) -> str:
    """Take away what people add when they type: blanks around it and lower case.

    Only blanks at both ends and the ASCII letters a-z are touched; every other
    character stays and is reported by `check_vin`.  Anything that is not text
    becomes "".
    """
    return (_plain_text(text) or "").strip(_BLANKS).translate(_ASCII_UPPER)


def check_digit(vin17: str) -> str:
    """Compute the check digit ("0"-"9" or "X") of a VIN of 17 characters.

    The character at position 9 does not count and may be anything.  Raises
    ValueError when the length is wrong or another character is not allowed.
    """
    if len(vin17) != LENGTH:
        raise ValueError(f"a VIN has {LENGTH} characters, not {len(vin17)}")
    for index, char in enumerate(vin17):
        if index != _CHECK and char not in _VALUES:
            raise ValueError(f"position {index + 1}: {_describe(char)}")
    return _computed_check(vin17)


def make_vin(wmi: str, vds5: str, year_code: str, plant: str, serial: str) -> str:
    """Put a VIN together from its parts, with the right check digit.

    The parts have 3, 5 (positions 4-8), 1, 1 and 6 characters; raises ValueError
    when they do not make a valid VIN.
    """
    parts = (wmi, vds5, year_code, plant, serial)
    if tuple(map(len, parts)) != (3, 5, 1, 1, 6):
        raise ValueError("the parts of a VIN have 3, 5, 1, 1 and 6 characters")
    draft = f"{wmi}{vds5}0{year_code}{plant}{serial}"
    vin = _replace(draft, _CHECK, check_digit(draft))
    if not is_vin(vin):
        raise ValueError(_year_code_message(year_code))
    return vin


def year_candidates(code: str, today: datetime.date | None = None) -> tuple[int, ...]:
    """List the model years a year code stands for, up to the year after `today`.

    The codes repeat every 30 years: A is 1980 and 2010.  () for an unknown code.
    """
    if len(code) != 1 or code not in YEAR_CODES:
        return ()
    last = (today or datetime.date.today()).year + 1
    first = FIRST_YEAR + YEAR_CODES.index(code)
    return tuple(range(first, last + 1, len(YEAR_CODES)))


# === ONE VIN === #


def _plain_text(value: object) -> str | None:
    """Return text as a plain `str`, whatever methods its class has; else None."""
    # isinstance() would believe an object that lies about its __class__.
    return str.__str__(value) if issubclass(type(value), str) else None


def _report(text: str, today: datetime.date | None) -> VinReport:
    findings = _findings(text)
    valid = all(finding.severity != "error" for finding in findings)
    wmi = _wmi(text)
    small_maker = wmi.endswith("9")
    years = year_candidates(text[_YEAR], today) if len(text) == LENGTH else ()
    return VinReport(
        text=text,
        normalised=normalise_typed(text),
        valid=valid,
        findings=findings,
        wmi=wmi,
        maker=_small_maker_id(text) if small_maker else wmi,
        small_maker=small_maker,
        year_candidates=years,
        suggestion=None if valid else _suggest(text),
    )


def _computed_check(text: str) -> str:
    """Compute the check digit; position 9 weighs nothing."""
    total = sum(
        weight * _VALUES.get(char, 0)
        for weight, char in zip(_WEIGHTS, text, strict=True)
    )
    return CHECK_CHARACTERS[total % 11]


def _findings(text: str) -> list[Finding]:
    findings = _length_findings(text) + _character_findings(text)
    if len(text) == LENGTH:
        if not any(finding.position == _CHECK + 1 for finding in findings):
            findings += _check_digit_findings(text, bool(findings))
        if text[_YEAR] in _VALUES and text[_YEAR] not in YEAR_CODES:
            message = _year_code_message(text[_YEAR])
            findings.append(Finding("vin_year_code", _YEAR + 1, message))
        findings += _serial_findings(text)
    return findings


def _length_findings(text: str) -> list[Finding]:
    if len(text) == LENGTH:
        return []
    message = f"a VIN has {LENGTH} characters, this text has {len(text)}"
    return [Finding("vin_length", None, message)]


def _character_findings(text: str) -> list[Finding]:
    return [
        Finding("vin_character", index + 1, f"position {index + 1}: {_describe(char)}")
        for index, char in enumerate(text[:_SCAN_LIMIT])
        if char not in _VALUES
    ]


def _check_digit_findings(text: str, others_illegal: bool) -> list[Finding]:
    given = text[_CHECK]
    if given not in CHECK_CHARACTERS:
        message = f"the check digit (position 9) is 0-9 or X, not '{given}'"
    elif others_illegal or given == (right := _computed_check(text)):
        return []
    else:
        message = (
            f"the check digit (position 9) is '{given}', "
            f"but the other characters give '{right}'"
        )
    return [Finding("vin_check_digit", _CHECK + 1, message)]


def _serial_findings(text: str) -> list[Finding]:
    """Warn of a serial number that does not end in digits.

    ISO 3779 asks for four; a small maker's own serial number has only three
    characters.  Real vehicles differ, so this is never an error.
    """
    count = 3 if _wmi(text).endswith("9") else 4
    for index in range(LENGTH - count, LENGTH):
        if text[index] in _VALUES and not text[index].isdigit():
            message = f"the last {count} characters are usually digits"
            return [Finding("vin_serial", index + 1, message, "warning")]
    return []


def _describe(char: str) -> str:
    """Say why a character is not allowed; safe to print and to encode as UTF-8."""
    if char in "IOQ":
        return f"the letter {char} is never used in a VIN"
    if "a" <= char <= "z":
        return f"'{char}' is a small letter, a VIN has capitals only"
    shown = f"'{char}' " if char.isprintable() else ""
    name = unicodedata.name(char, "")
    label = f"U+{ord(char):04X} {name}".rstrip()
    return f"{shown}({label}) is not one of 0-9 and A-Z without I, O and Q"


def _year_code_message(code: str) -> str:
    return (
        f"'{code}' (position 10) is not a model-year code: "
        "1-9 or A-Y without I, O, Q and U"
    )


def _wmi(text: str) -> str:
    if len(text) != LENGTH or not all(char in _VALUES for char in text[:3]):
        return ""
    return text[:3]


def _small_maker_id(text: str) -> str:
    """WMI and positions 12-14, or "" where these hold illegal characters."""
    if not all(char in _VALUES for char in text[11:14]):
        return ""
    return text[:3] + text[11:14]


# === SUGGESTION === #


def _suggest(text: str) -> str | None:
    """Find the one valid VIN that `text` can be a slip for, or None."""
    if len(text) != LENGTH or text[_CHECK] not in CHECK_CHARACTERS:
        return None
    passing = list(islice(filter(is_vin, _candidates(text)), 2))
    return passing[0] if len(passing) == 1 else None


def _candidates(text: str) -> Iterator[str]:
    """Yield what `text` may have been meant to be; position 9 is never changed.

    Illegal characters stand for the character they look like.  One that looks like
    none, or a legal character that makes the check fail, may stand for any other.
    """
    illegal = [index for index, char in enumerate(text) if char not in _VALUES]
    mended = "".join(map(_look_alike, text))
    if illegal and all(mended[index] in _VALUES for index in illegal):
        yield mended
    elif len(illegal) <= 1:
        for index in illegal or range(LENGTH):
            if index != _CHECK:
                yield from _substitutions(text, index)


def _look_alike(char: str) -> str:
    """Return the VIN character that `char` looks like, or `char` if there is none."""
    if char in _VALUES:
        return char
    digit = unicodedata.digit(char, None)
    if digit is not None:
        return str(digit)
    # NFKC turns full-width letters into plain ones, and some signs into words.
    plain = unicodedata.normalize("NFKC", char)
    if len(plain) != 1:
        return char
    return plain.translate(_ASCII_UPPER).translate(_LOOK_ALIKES)


def _substitutions(text: str, index: int) -> Iterator[str]:
    for char in ALPHABET:
        if char != text[index]:
            yield _replace(text, index, char)


def _replace(text: str, index: int, char: str) -> str:
    return text[:index] + char + text[index + 1 :]


# === MANY VINS === #

_CHUNK = 1 << 16


def _check_chunk(texts: list[object]) -> list[bool]:
    """Check texts column by column.

    Texts of the right shape are laid end to end, so that every 17th byte belongs to
    one position.  Each column is turned into weighted values by one table, and the
    columns are added as big integers with a byte for each VIN: at most 17 x 10, so
    no byte overflows into the next.
    """
    match = _SHAPE.fullmatch
    shaped = [issubclass(type(text), str) and match(text) is not None for text in texts]
    rows = "".join(compress(texts, shaped)).encode("ascii")
    total = sum(
        int.from_bytes(rows[index::LENGTH].translate(table), "little")
        for index, table in enumerate(_TABLES)
    )
    sums = total.to_bytes(len(rows) // LENGTH, "little")
    passed = iter(sums.translate(_DIVISIBLE))
    return [ok and next(passed) == 1 for ok in shaped]


def _table(index: int) -> bytes:
    """Map each ASCII code to what it adds, modulo 11, at a position."""
    table = bytearray(256)
    for char, value in _VALUES.items():
        table[ord(char)] = _WEIGHTS[index] * value % 11
    if index == _CHECK:
        for value, char in enumerate(CHECK_CHARACTERS):
            table[ord(char)] = -value % 11
    return bytes(table)


_TABLES = tuple(map(_table, range(LENGTH)))
_DIVISIBLE = bytes(total % 11 == 0 for total in range(256))
