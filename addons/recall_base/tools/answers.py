# SPDX-License-Identifier: LGPL-3.0-only
"""Envelopes of the interfaces, as plain dicts ready for `json.dumps`.

Every answer has the list of its interface, `count` and `api_status` (annexes B and
C). The project's own members are there only when they are given, so that a plain
peer sees nothing but the standard's.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

Kind = Literal["sync", "share", "collect", "plans", "upload"]

SUCCESS = 200
LISTS: dict[Kind, str] = {
    "sync": "records",
    "share": "exchange_records",
    "collect": "results",
    "plans": "results",
    "upload": "uploads",
}


#: Characters that are collected before they are sent.
BLOCK = 1 << 14


def encode(value: object) -> str:
    """A value as JSON on one line; TypeError or ValueError when that cannot be."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


class StreamedAnswer:
    """An answer that is made while it is sent, so that its size costs no memory.

    `records` yields the list of the interface item by item. `tail` is called after the
    last one and returns the further members. When either fails, the answer is still a
    whole envelope: `fault` turns the exception into `(api_status, message)`, and the
    records before it count. Iterating gives blocks of bytes; afterwards `api_status`,
    `count` and `size` tell what was sent.
    """

    def __init__(self, kind: Kind, records: Iterable[Any], tail: Any, fault: Any):
        self._kind, self._records = kind, records
        self._tail, self._fault = tail, fault
        self.api_status, self.count, self.size = SUCCESS, 0, 0

    def __iter__(self) -> Iterator[bytes]:
        waiting, length = [], 0
        for text in self._write():
            waiting.append(text)
            length += len(text)
            if length >= BLOCK:
                yield self._join(waiting)
                waiting, length = [], 0
        yield self._join(waiting)

    def _join(self, texts: list[str]) -> bytes:
        block = "".join(texts).encode()
        self.size += len(block)
        return block

    def _write(self) -> Iterator[str]:
        yield f'{{"{LISTS[self._kind]}":['
        try:
            for record in self._records:
                text = encode(record)
                yield f",{text}" if self.count else text
                self.count += 1
            members = {key: encode(value) for key, value in self._tail().items()}
        except Exception as error:  # noqa: BLE001  it is told in the envelope
            self.api_status, message = self._fault(error)
            members = {"message": encode(message)}
        yield f'],"count":{self.count},"api_status":{int(self.api_status)}'
        for name, text in members.items():
            yield f',"{name}":{text}'
        yield "}"


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


def upload_answer(
    uploads: Sequence[Mapping[str, Any]], *, request_id: str | None = None
) -> dict[str, Any]:
    """Answer to an uploaded VIN list: its `reference`, `sha256` and `size`."""
    return _envelope("upload", uploads, SUCCESS, request_id=request_id)


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
