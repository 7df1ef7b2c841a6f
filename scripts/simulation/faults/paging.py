# SPDX-License-Identifier: LGPL-3.0-only
"""Good messages at the wrong time or from the wrong producer."""

import itertools
from typing import Any

from ..fault_server import Call
from ..fleet import DEALERS, Answering, Fault, Station, answer_well
from ..terminal import Message, Record, key_of, success
from . import Grounds

PAGES = 4
#: What may differ under the same key.
OTHER = {
    "dealerName": DEALERS[1],
    "telNum": "13900000001",
    "recallTime": "2025-05-05",
}


def repeated_page(_grounds: Grounds) -> list[Fault]:
    """A page comes again although it was acknowledged, its cursor the same or new."""

    def repeat(cursor: str | None) -> Answering:
        first: list[Message] = []

        def answering(call: Call, answer: Message, station: Station) -> None:
            again = {**first[0], "next_cursor": cursor} if first and cursor else None
            first.append(answer)
            answer_well(call, again or first[0], station)

        return answering

    return [
        Fault(
            f"page {after + 1} {times} times more, {cursor or 'the same cursor'}",
            {"success"},
            repeat(cursor),
            after=after,
            times=times + 1,
            records=10,
            paged=True,
        )
        for after, times, cursor in itertools.product(
            range(4), (1, 2, 3), (None, "cursor-of-nothing")
        )
    ]


def pages_out_of_order(_grounds: Grounds) -> list[Fault]:
    """Four pages in every other order; the last may correct a record of the first."""

    def shuffle(order: tuple[int, ...], corrects: bool) -> Answering:
        queue: list[Message] | None = None

        def answering(call: Call, answer: Message, station: Station) -> None:
            nonlocal queue
            if queue is None:
                queue = _take_pages(station, order, corrects)
            if queue:
                answer = queue.pop(0)
                station.terminal.ledger.given.update(map(key_of, answer["records"]))
            answer_well(call, answer, station)

        return answering

    orders = list(itertools.permutations(range(PAGES)))[1:]
    return [
        Fault(
            f"order {order}{' with a correction' if corrects else ''}",
            {"success"},
            shuffle(order, corrects),
            records=2 * PAGES - corrects,
            paged=True,
        )
        for order, corrects in zip(orders, itertools.cycle((False, True)))
    ]


def _take_pages(
    station: Station, order: tuple[int, ...], corrects: bool
) -> list[Message]:
    terminal = station.terminal
    if corrects:
        terminal.correct(terminal.pending.records[0], dealerName="东风演示经销商二")
    pages = [terminal.pending] + [terminal.open_delivery() for _ in order[1:]]
    terminal.pending = None
    return [
        success(pages[number].records, next_cursor=pages[number].cursor, has_more=True)
        for number in order
    ]


def cursor_going_back(_grounds: Grounds) -> list[Fault]:
    """After some pages an earlier one comes again, with the cursor it had then."""

    def go_back(after: int, to: int) -> Answering:
        def answering(call: Call, answer: Message, station: Station) -> None:
            # The one that was opened for this request is not among the earlier ones.
            given = list(station.terminal.deliveries.values())[-after - 1 : -1]
            if to < 0:
                answer = {**answer, "next_cursor": ""}
            else:
                page = given[to]
                answer = success(page.records, next_cursor=page.cursor, has_more=True)
            answer_well(call, answer, station)

        return answering

    return [
        Fault(
            f"from page {after} to {to + 1}",
            {"success"},
            go_back(after, to),
            after=after,
            times=1,
            records=2 * after + 2,
            paged=True,
        )
        for after in range(2, 7)
        for to in range(-1, after)
    ]


def swapped_answers(_grounds: Grounds) -> list[Fault]:
    """Two producers give each other's records."""

    def swap(call: Call, _answer: Message, station: Station) -> None:
        theirs = station.partner.terminal
        answer_well(call, theirs.give_next(), station)

    return [
        Fault(
            f"pair {number // 2}, side {number % 2}",
            {"success"},
            swap,
            records=1 + number // 2 % 2,
            quarantined=1 + number // 2 % 2,
            paged=True,
        )
        for number in range(20)
    ]


def other_content(_grounds: Grounds) -> list[Fault]:
    """The key of a record that stands comes with other contents."""
    subsets = [
        names for size in (1, 2, 3) for names in itertools.combinations(OTHER, size)
    ]
    return [
        fault
        for names in subsets
        for fault in (
            Fault(
                f"{', '.join(names)} in a later page",
                {"success"},
                _tell_otherwise(names),
                after=1,
                times=1,
                quarantined=1,
                records=4,
                paged=True,
            ),
            Fault(
                f"{', '.join(names)} as a correction of the same version",
                {"success"},
                _tell_otherwise(names, recordKind="correction"),
                after=1,
                times=1,
                quarantined=1,
                records=4,
                paged=True,
            ),
            Fault(
                f"{', '.join(names)} in the same answer",
                {"success"},
                _contradict(names),
                times=1,
                quarantined=1,
            ),
        )
    ]


def _alter(record: Record, names: tuple[str, ...], **members: Any) -> Record:
    altered = {**record, **{name: OTHER[name] for name in names}, **members}
    if "dealerName" in names and record["dealerName"] == OTHER["dealerName"]:
        altered["dealerName"] = DEALERS[0]
    return altered


def _tell_otherwise(names: tuple[str, ...], **members: Any) -> Answering:
    def answering(call: Call, answer: Message, station: Station) -> None:
        before = list(station.terminal.deliveries.values())[-2]
        altered = _alter(before.records[0], names, **members)
        answer = success([altered], next_cursor=before.cursor, has_more=False)
        answer_well(call, answer, station)

    return answering


def _contradict(names: tuple[str, ...]) -> Answering:
    def answering(call: Call, answer: Message, station: Station) -> None:
        records = [*answer["records"], _alter(answer["records"][-1], names)]
        answer = {**answer, "records": records, "count": len(records)}
        answer_well(call, answer, station)

    return answering
