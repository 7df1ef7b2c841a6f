# SPDX-License-Identifier: LGPL-3.0-only
"""Envelopes of the four interfaces, as plain dicts ready for `json.dumps`.

Every answer has the list of its interface, `count` and `api_status` (annexes B and
C). The project's own members are there only when they are given, so that a plain
peer sees nothing but the standard's.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

Kind = Literal["sync", "share", "collect", "plans"]

SUCCESS = 200
LISTS: dict[Kind, str] = {
    "sync": "records",
    "share": "exchange_records",
    "collect": "results",
    "plans": "results",
}


def sync_answer(
    records: Sequence[Mapping[str, Any]],
    *,
    next_cursor: str | None = None,
    has_more: bool | None = None,
    request_id: str | None = None,
    message: str | None = None,
) -> dict[str, Any]:
    """Annex B answer with `records`; cursor and `has_more` for a paging peer."""
    return _envelope(
        "sync",
        records,
        SUCCESS,
        next_cursor=next_cursor,
        has_more=has_more,
        request_id=request_id,
        message=message,
    )


def share_answer(
    records: Sequence[Mapping[str, Any]],
    *,
    request_id: str | None = None,
    message: str | None = None,
) -> dict[str, Any]:
    """Annex C answer: one record a recall, none for a vehicle without recalls."""
    return _envelope("share", records, SUCCESS, request_id=request_id, message=message)


def collect_answer(
    results: Sequence[Mapping[str, Any]],
    *,
    request_id: str | None = None,
    message: str | None = None,
) -> dict[str, Any]:
    """Answer to collected records: one result each, in their order.

    A result has `status` accepted, repeated or rejected; repeated ones count as
    accepted, so that accepted + rejected = count.
    """
    return _envelope(
        "collect", results, SUCCESS, request_id=request_id, message=message
    )


def plans_answer(
    results: Sequence[Mapping[str, Any]],
    *,
    request_id: str | None = None,
    message: str | None = None,
) -> dict[str, Any]:
    """Answer to plans: one result each, in their order.

    A result has `status` created, amended, unchanged or rejected; accepted + rejected
    = count.
    """
    return _envelope("plans", results, SUCCESS, request_id=request_id, message=message)


def error_answer(
    kind: Kind,
    status: int,
    message: str | None = None,
    request_id: str | None = None,
) -> dict[str, Any]:
    """Answer that refuses the whole request with `status` and an empty list."""
    return _envelope(kind, [], status, request_id=request_id, message=message)


def _envelope(
    kind: Kind, items: Sequence[Mapping[str, Any]], status: int, **optional: Any
) -> dict[str, Any]:
    items = list(items)
    answer = {LISTS[kind]: items, "count": len(items), "api_status": int(status)}
    if LISTS[kind] == "results":
        rejected = sum(item["status"] == "rejected" for item in items)
        answer |= {"accepted": len(items) - rejected, "rejected": rejected}
    given = {name: value for name, value in optional.items() if value is not None}
    return answer | given
