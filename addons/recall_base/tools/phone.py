# SPDX-License-Identifier: LGPL-3.0-only
"""Phone numbers: what is none, what hardly is a person's, their one form, their mask.

A number is never looked up or called here; a doubtful one is only worth a warning.
"""

import re
import unicodedata

FORMAT = "phone_format"
IMPLAUSIBLE = "phone_implausible"
#: Stands for the number in the withdrawal of a report: annex A wants one, and none is
#: needed to know the report by, nor may there be one any more. Never a person's.
NO_NUMBER = "00000000000"

_SHAPE = re.compile(r"\+?[0-9][0-9 -]{5,18}[0-9]", re.ASCII)
_COUNTRY = re.compile(r"\+86|0086")
#: Segments of Chinese mobile numbers that are assigned (MIIT numbering plan, 2023).
_MOBILE = re.compile(
    r"1(?:3[0-9]|4[014-9]|5[0-35-9]|6[2567]|7[0-8]|8[0-9]|9[0-35-9])[0-9]{8}", re.ASCII
)
_NUMBER = re.compile(r"\+?[0-9]{7,15}")
_CHINESE_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_RUN = 7  # digits in a row that are the same, or that count up or down
_UP = "01234567890"
_SEQUENCES = (
    digits[start : start + _RUN]
    for digits in (_UP, _UP[::-1])
    for start in range(len(digits) - _RUN + 1)
)
_MADE_UP = re.compile(rf"([0-9])\1{{{_RUN - 1}}}|{'|'.join(_SEQUENCES)}", re.ASCII)


def find_fault(text: str) -> str | None:
    """Code of what is odd about a phone number, or None.

    `phone_format`: this is no phone number.  `phone_implausible`: it looks made up
    (seven equal digits in a row, or seven that count up or down), or like a Chinese
    mobile number whose segment is not assigned.
    """
    if _MOBILE.fullmatch(text):  # nearly all are of this form
        return IMPLAUSIBLE if _MADE_UP.search(text) else None
    if not _SHAPE.fullmatch(text):
        return FORMAT
    digits = _COUNTRY.sub("", text, count=1).replace(" ", "").replace("-", "")
    if _MADE_UP.search(digits):
        return IMPLAUSIBLE
    chinese = not text.startswith("+") or text.startswith("+86")
    looks_mobile = chinese and len(digits) == 11 and digits.startswith("1")
    return IMPLAUSIBLE if looks_mobile and not _MOBILE.fullmatch(digits) else None


def spellings(number: str) -> set[str]:
    """Return the ways in which a number in its one form is often written.

    Where a digest of a number as it was written is all there is, it is found by these.
    """
    grouped = (number[:3], number[3:7], number[7:])
    found = {number}
    if _CHINESE_MOBILE.fullmatch(number):
        found |= {"-".join(grouped), " ".join(grouped)}
        found |= {code + text for code in ("+86", "86", "0086") for text in [*found]}
        found |= {f"+86 {number}", f"+86-{number}"}
    return found


def normalize(text: str | None) -> str | None:
    """Return digits, with + for abroad; None when it is no telephone number.

    A Chinese mobile number loses its country code, so that however it was typed it is
    the same number.
    """
    plain = unicodedata.normalize("NFKC", text or "")
    number = re.sub(r"[\s()./-]", "", plain)
    number = re.sub(r"^00", "+", number)
    number = re.sub(r"^\+?86(?=1[3-9][0-9]{9}$)", "", number)
    return number if _NUMBER.fullmatch(number) else None


def is_chinese_mobile(number: str | None) -> bool:
    """Whether a normalised number is a mobile one of mainland China."""
    return bool(number) and bool(_CHINESE_MOBILE.fullmatch(number))


def is_mobile(number: str | None) -> bool:
    """Whether a short message can be sent to a normalised number.

    Numbers abroad count: only the gateway knows.
    """
    return bool(number) and (number.startswith("+") or is_chinese_mobile(number))


def international(number: str) -> str:
    """Return a normalised mobile number in the form of E.164."""
    return number if number.startswith("+") else f"+86{number}"


def mask_phone(text: object) -> str:
    """Hide a phone number for display: 13800138000 becomes 138****8000.

    Nothing but digits and asterisks comes out, whatever was typed around them; a
    Chinese country code is left out.  Under 11 digits only the last two are shown,
    under 7 none.  "" for nothing; what is masked already stays.
    """
    if not isinstance(text, str) or not text:
        return ""
    if len(text) == 11 and text.isascii() and text.isdigit():
        return f"{text[:3]}****{text[-4:]}"
    if re.fullmatch(r"(?:[0-9]{3})?\*{4}(?:[0-9]{2}|[0-9]{4})?", text):
        return text
    digits = re.sub("[^0-9]", "", text)
    digits = re.sub("^(?:00)?86(?=1[0-9]{10}$)", "", digits)
    if len(digits) >= 11:
        return f"{digits[:3]}****{digits[-4:]}"
    return f"****{digits[-2:]}" if len(digits) >= 7 else "****"
