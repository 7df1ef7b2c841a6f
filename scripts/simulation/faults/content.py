# SPDX-License-Identifier: LGPL-3.0-only
"""Bodies that are no good JSON, and members that are not what they should be."""

import json
from collections.abc import Callable
from functools import partial
from itertools import product
from typing import Any

from ..fault_server import Call, http_answer
from ..fleet import Answering, Fault, Station, encode
from ..terminal import Message, Record
from . import Grounds
from .transport import send_bytes

MALFORMED = {"message"}
MISREAD = {"message", "type"}
DEPTHS = (17, 100, 10_000, 500_000)
ABSENT = object()
CHARSETS = ("", "; charset=utf-8", "; charset={}")
BOM = "\ufeff"
NOT_NUMBERS = ("NaN", "Infinity", "-Infinity", "1e999", "-1e999")


def change_answer(change: Callable[[Message], Any]) -> Answering:
    """Send what `change` makes of the answer."""

    def answering(call: Call, answer: Message, _station: Station) -> None:
        call.send(http_answer(encode(change(answer))))
        call.close_cleanly()

    return answering


def change_text(change: Callable[[str], str]) -> Answering:
    """Send what `change` makes of the answer's JSON."""
    return send_bytes(lambda body: http_answer(change(body.decode()).encode()))


def _with(answer: Message, name: str, value: Any) -> Message:
    if value is ABSENT:
        return {key: answer[key] for key in answer if key != name}
    return {**answer, name: value}


# === MEMBERS === #


def wrong_count(_grounds: Grounds) -> list[Fault]:
    """`count` is another number, or none at all."""
    values = (
        *(0, 1, 3, -1, 102, 2**31 - 1, 2**31, 10**17, 10**30, 1.5, 2.0, True, False),
        *("2", "", "二", None, [], [2], {}, {"n": 2}, ABSENT),
    )

    def set_count(value: Any, answer: Message) -> Message:
        # A plain terminal has more records than those of today.
        offset = answer["count"] - 2 if type(value) is int and value < 10 else 0
        shifted = value + offset if offset and value else value
        return _with(answer, "count", shifted)

    return [
        Fault(f"{_show(value)}", MALFORMED, change_answer(partial(set_count, value)))
        for value in values
    ]


def wrong_member(_grounds: Grounds) -> list[Fault]:
    """Members of the answer, or the answer itself, have another type."""
    values = {
        "records": (None, "text", 5, True, {}, {"0": {}}, ABSENT),
        "api_status": ("200", 200.5, None, True, [200], 999, ABSENT),
        "next_cursor": (5, [], {}, "x" * 513),
        "has_more": ("yes", 1, []),
    }
    answers = ([], "text", 5, None, True, [{}])
    return [
        *(
            Fault(
                f"{name}: {_show(value)}",
                MALFORMED,
                change_answer(partial(_with, name=name, value=value)),
            )
            for name, given in values.items()
            for value in given
        ),
        *(
            Fault(
                f"{_show(value)} for an answer",
                MALFORMED,
                change_answer(lambda _answer, value=value: value),
            )
            for value in answers
        ),
    ]


def wrong_record(_grounds: Grounds) -> list[Fault]:
    """One record of a good answer is none: it is kept aside, the others are taken."""
    values = {
        "recallNum": (5, None, ABSENT),
        "vehicleVin": (12345678901234567, [], ""),
        "recallTime": (20250301, "2025/03/01", "2025-02-30", None),
        "repairNum": (1.5, {}, " "),
        "dealerName": (False, "x" * 201, ABSENT),
        "telNum": (13812345678, [], None),
        "collectTime": (0, "2025-03-01", ABSENT),
        "recordKind": ("other", 1),
        "recordVersion": ("1", 0, 2**31),
    }
    replaced = (5, "text", [], True)

    def spoil(change: Callable[[Record], Any]) -> Answering:
        def answering(call: Call, answer: Message, station: Station) -> None:
            records = list(answer["records"])
            if records:
                station.terminal.spoil(records[-1])
                records[-1] = change(records[-1])
            call.send(http_answer(encode({**answer, "records": records})))
            call.close_cleanly()

        return answering

    return [
        *(
            Fault(
                f"{name}: {_show(value)}",
                {"success"},
                spoil(partial(_with, name=name, value=value)),
                quarantined=1,
            )
            for name, given in values.items()
            for value in given
        ),
        *(
            Fault(
                f"{_show(value)} for a record",
                {"success"},
                spoil(lambda _record, value=value: value),
                quarantined=1,
            )
            for value in replaced
        ),
    ]


def _show(value: Any) -> str:
    return "absent" if value is ABSENT else json.dumps(value, ensure_ascii=False)[:40]


# === JSON === #


def deep(_grounds: Grounds) -> list[Fault]:
    """Arrays and objects nested deeper than any real message."""

    def nest(depth: int, shape: str) -> str:
        if shape == "arrays":
            return "[" * depth + "]" * depth
        return '{"a":' * depth + "0" + "}" * depth

    places = {
        "as the answer": "{}",
        "as records": '{{"api_status": 200, "count": 1, "records": [{}]}}',
        "in a record": '{{"api_status": 200, "count": 1, "records": [{{"x": {}}}]}}',
    }

    def put_in(frame: str, depth: int, shape: str) -> Answering:
        text = frame.format(nest(depth, shape))
        return change_text(lambda _text: text)

    return [
        Fault(f"{depth} {shape} {place}", MALFORMED, put_in(frame, depth, shape))
        for (place, frame), depth, shape in product(
            places.items(), DEPTHS, ("arrays", "objects")
        )
    ]


def not_a_number(_grounds: Grounds) -> list[Fault]:
    """NaN, Infinity and what is too large for a number."""
    places = {
        "as count": ('"count": ', '"count": {},"x": '),
        "as api_status": ('"api_status": ', '"api_status": {},"x": '),
        "in a record": ('{"recallNum": ', '{{"x": {},"recallNum": '),
        "in an unknown member": ('"records": ', '"x": {},"records": '),
        "in an unknown array": ('"records": ', '"x": [0,{}],"records": '),
    }

    def replace(old: str, new: str) -> Answering:
        return change_text(lambda text: text.replace(old, new, 1))

    return [
        Fault(f"{number} {place}", MALFORMED, replace(old, new.format(number)))
        for number, (place, (old, new)) in product(NOT_NUMBERS, places.items())
    ]


def nul(_grounds: Grounds) -> list[Fault]:
    """NUL bytes, and escaped ones in strings."""

    def insert(share: float) -> Callable[[str], str]:
        def change(text: str) -> str:
            place = int(share * len(text))
            return f"{text[:place]}\0{text[place:]}"

        return change

    members = ("recallNum", "vehicleVin", "repairNum", "dealerName", "telNum")
    return [
        *(
            Fault(f"a byte at {share:.0%}", MALFORMED, change_text(insert(share)))
            for share in (number / 16 for number in range(17))
        ),
        *(
            Fault(
                f"escaped in {name}",
                MALFORMED,
                change_text(
                    lambda text, name=name: text.replace(
                        f'"{name}": "', f'"{name}": "\\u0000', 1
                    )
                ),
            )
            for name in members
        ),
    ]


# === ENCODINGS === #


def utf_16(_grounds: Grounds) -> list[Fault]:
    """UTF-16 and UTF-32 in both orders, told and not told."""
    encodings = ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")
    return [
        *_in_encodings(encodings),
        Fault(
            "in the middle",
            MALFORMED,
            send_bytes(lambda body: http_answer(body[:50] + "召".encode("utf-16"))),
        ),
        Fault(
            "a mark and UTF-8",
            MALFORMED,
            send_bytes(lambda body: http_answer(b"\xff\xfe" + body)),
        ),
    ]


def gbk(_grounds: Grounds) -> list[Fault]:
    """The names of dealers in the encodings of old Chinese systems."""
    traditional = '{"x": "東風", '

    def mix(body: bytes) -> bytes:
        text = body.decode()
        return http_answer(traditional.encode("gbk") + text[1:].encode())

    def as_big5(body: bytes) -> bytes:
        return http_answer(traditional.encode("big5") + body[1:])

    return [
        *_in_encodings(("gbk", "gb18030", "gb2312", "cp936", "euc_jis_2004", "cp949")),
        Fault("UTF-8 with a piece of GBK", MALFORMED, send_bytes(mix)),
        Fault("UTF-8 with a piece of Big5", MALFORMED, send_bytes(as_big5)),
    ]


def _in_encodings(encodings: tuple[str, ...]) -> list[Fault]:
    """The answer in other encodings; what they cannot write is left out."""

    def recode(encoding: str, charset: str) -> Answering:
        kind = f"Content-Type: application/json{charset.format(encoding)}"
        return send_bytes(
            lambda body: http_answer(body.decode().encode(encoding, "ignore"), kind)
        )

    return [
        Fault(f"{encoding}{charset}", MISREAD, recode(encoding, charset))
        for encoding, charset in product(encodings, CHARSETS)
    ]


def byte_order_mark(_grounds: Grounds) -> list[Fault]:
    """The byte order mark of UTF-8, before the answer and between its parts."""

    def insert(number: int) -> Callable[[str], str]:
        def change(text: str) -> str:
            parts = text.split(", ")
            place = number % len(parts)
            parts[place] = BOM + parts[place]
            return ", ".join(parts)

        return change

    starts = (BOM, BOM * 2, f"{BOM} ", f" {BOM}", f"\n{BOM}\n", f"{BOM}{{}}")
    return [
        *(
            Fault(
                f"start {start!a}",
                MALFORMED,
                change_text(lambda text, start=start: start + text),
            )
            for start in starts
        ),
        *(
            Fault(f"before part {number}", MALFORMED, change_text(insert(number)))
            for number in range(14)
        ),
        Fault("at the end", MALFORMED, change_text(lambda text: text + BOM)),
    ]
