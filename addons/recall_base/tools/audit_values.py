# SPDX-License-Identifier: LGPL-3.0-only
"""What the operation log keeps of values: small, and free of personal data."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any

from cryptography.hazmat.primitives import hashes

#: A text longer than this is kept as its digest.
TEXT_LENGTH = 200
#: So many members of a list are named.
LIST_LENGTH = 100
#: Names of fields that hold data of a person, or what people wrote of one.
_PERSONAL = re.compile(
    r"(^|_)(email|phone|mobile|telephone|fax|contact_name|owner_name|note|words)($|_)"
)
#: What is kept of a value where no key for digests can be read.
HIDDEN = "***"


def is_personal(name: str) -> bool:
    """Whether the name of a field tells that its values may be personal data."""
    return bool(_PERSONAL.search(name))


def digest(value: object) -> str:
    """Return ``sm3:<hex>`` of a value's canonical JSON, or of bytes as they are."""
    if not isinstance(value, bytes):
        text = json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
        value = text.encode("utf-8", "surrogatepass")
    computed = hashes.Hash(hashes.SM3())
    computed.update(value)
    return "sm3:" + computed.finalize().hex()


def show(value: Any, hide: Callable[[str], str] | None = None) -> Any:
    """Return what the log keeps of a value; None for an empty one.

    :param hide: gives a keyed digest, for a value that is not to be read
    """
    if value is None or value is False or value in ("", b"", [], {}):
        return None
    if isinstance(value, datetime):
        value = value.isoformat(" ", "seconds")
    elif isinstance(value, date):
        value = value.isoformat()
    elif isinstance(value, bytes | dict) or not _is_plain(value):
        value = digest(value)
    if hide:
        return hide(json.dumps(value, ensure_ascii=False, default=str))
    if isinstance(value, str) and len(value) > TEXT_LENGTH:
        return digest(value)
    return value


def _is_plain(value: object) -> bool:
    """Whether a value can stand in the log; of lists, those of ids alone."""
    return not isinstance(value, list) or all(isinstance(one, int) for one in value)


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list]:
    """Return what differs, as ``{name: [before, after]}``.

    Of a list that changed, both sides name only what the other lacks.
    """
    changes = {}
    for name in [*before, *(name for name in after if name not in before)]:
        was, now = before.get(name), after.get(name)
        if was == now:
            continue
        if isinstance(was or now, list):
            was, now = _lacking(was, now), _lacking(now, was)
        changes[name] = [was, now]
    return changes


def _lacking(ones: Iterable | None, others: Iterable | None) -> list | None:
    known = set(others or ())
    return [one for one in ones or () if one not in known][:LIST_LENGTH] or None
