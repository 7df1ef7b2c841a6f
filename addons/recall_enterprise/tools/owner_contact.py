# SPDX-License-Identifier: LGPL-3.0-only
"""How an owner can be reached: the one form in which addresses are compared."""

import re
import unicodedata

LANGUAGES = ("zh_CN", "en_US")

_EMAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)


def clean(text: str | None) -> str:
    """Join a text to one line, full-width forms made plain."""
    return " ".join(unicodedata.normalize("NFKC", text or "").split())


def normalize_email(text: str | None) -> str | None:
    """Return the address in lower case; None when it is no mail address."""
    address = clean(text).lower()
    return address if _EMAIL.fullmatch(address) else None


def letter_key(name: str, address: str) -> str:
    """What two letters to the same person at the same address have in common."""
    return "|".join(
        re.sub(r"[\s,，.。、-]", "", text).lower() for text in (name, address)
    )


def mask_name(text: str) -> str:
    """Show the first character: 张三丰 becomes 张**."""
    name = clean(text)
    return name[:1] + "**" if name else ""


def mask_address(text: str) -> str:
    """Show province or city only: the first six characters at most, a third of it."""
    address = clean(text)
    return address[: min(6, len(address) // 3)] + "****" if address else ""
