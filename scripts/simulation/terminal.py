# SPDX-License-Identifier: LGPL-3.0-only
"""An enterprise terminal without its software: books, deliveries, answers.

It answers as recall_enterprise/models/recall_interface_sync.py does: a request with a
cursor acknowledges the delivery that the cursor names and gets the next one; a request
without gets everything in the standard's members only.
"""

import itertools
import secrets
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

Record = dict[str, Any]
Key = tuple[str, str, str]
Message = dict[str, Any]

OPTIONAL_MEMBERS = ("recordKind", "recordVersion")
WRONG_KEY, WRONG_FORMAT = 403, 407


def key_of(record: Record) -> Key:
    """What a record is known by: recall number, VIN, repair record number."""
    return record["recallNum"], record["vehicleVin"], record["repairNum"]


@dataclass
class Ledger:
    """What a producer has confirmed, given away and knows to have arrived.

    It lives outside of every database; the regulator's books are compared with it.
    """

    standing: dict[Key, Record] = field(default_factory=dict)
    given: Counter[Key] = field(default_factory=Counter)
    acknowledged: set[Key] = field(default_factory=set)


@dataclass
class Delivery:
    cursor: str
    records: list[Record]
    acknowledged: bool = False


class Terminal:
    """One producer's books and what it answers; `plain` knows the standard alone."""

    def __init__(self, name: str, *, plain: bool = False, page_size: int = 2) -> None:
        self.name = name
        self.plain = plain
        self.page_size = page_size
        self.token = f"{name}.{secrets.token_urlsafe(24)}"
        self.cfg = f"cfg-{name}"
        self.ledger = Ledger()
        self.waiting: list[Record] = []
        self.deliveries: dict[str, Delivery] = {"": Delivery("", [])}
        self.pending: Delivery | None = None
        self.spoiled: dict[Key, Record] = {}
        self.requests = 0
        self._numbers = itertools.count(1)
        self._lock = threading.RLock()

    # === Books === #

    def confirm(self, *records: Record) -> None:
        """Have records stand, and owe them to the management terminal."""
        with self._lock:
            for record in records:
                self.ledger.standing[key_of(record)] = record
                self.waiting.append(record)

    def correct(self, record: Record, **members: Any) -> Record:
        """Have a corrected version stand in the place of a record, and owe it."""
        version = record.get("recordVersion", 1) + 1
        kind = {"recordKind": "correction", "recordVersion": version}
        corrected = {**record, **members, **kind}
        self.confirm(corrected)
        return corrected

    def spoil(self, record: Record) -> None:
        """Note that what is given of a record is not what stands."""
        with self._lock:
            self.spoiled[key_of(record)] = record

    def owe_spoiled(self) -> None:
        """Owe what was spoiled on its way once more."""
        with self._lock:
            self.waiting += self.spoiled.values()
            self.spoiled.clear()

    # === Answers === #

    def answer(self, message: Message) -> Message:
        """Annex B's answer to a decoded request."""
        with self._lock:
            self.requests += 1
            if (message["api_token"], message["api_cfg"]) != (self.token, self.cfg):
                return refusal(WRONG_KEY)
            if "api_cursor" not in message:
                return self._give_all()
            if self.plain:
                return refusal(WRONG_FORMAT)
            if message["api_cursor"] not in self.deliveries:
                return refusal(WRONG_FORMAT)
            self.acknowledge(message["api_cursor"])
            return self.give(message["api_cursor"])

    def acknowledge(self, cursor: str) -> None:
        """Note that the delivery named by `cursor` has arrived; "" names none."""
        with self._lock:
            delivery = self.deliveries[cursor]
            delivery.acknowledged = True
            self.ledger.acknowledged.update(
                key for key in map(key_of, delivery.records) if key not in self.spoiled
            )
            if self.pending is delivery:
                self.pending = None

    def give(self, cursor: str) -> Message:
        """What follows the delivery that `cursor` names, arrived before or not."""
        with self._lock:
            cursors = list(self.deliveries)
            for later in cursors[cursors.index(cursor) + 1 :]:
                delivery = self.deliveries[later]
                if delivery.acknowledged and delivery.records:
                    return self._hand_over(delivery, has_more=True)
            return self.give_next(cursor)

    def give_next(self, cursor: str = "") -> Message:
        """The delivery that waits for acknowledgement, else a new one."""
        with self._lock:
            if not self.pending and not self.waiting:
                return success([], next_cursor=cursor, has_more=False)
            self.pending = self.pending or self.open_delivery()
            return self._hand_over(self.pending, has_more=bool(self.waiting))

    def _hand_over(self, delivery: Delivery, *, has_more: bool) -> Message:
        self.ledger.given.update(map(key_of, delivery.records))
        return success(delivery.records, next_cursor=delivery.cursor, has_more=has_more)

    def open_delivery(self) -> Delivery:
        """Put the next records that are owed into a delivery.

        A record belongs to the delivery that carries its present version.
        """
        page = self.waiting[: self.page_size]
        del self.waiting[: self.page_size]
        keys = set(map(key_of, page))
        for earlier in self.deliveries.values():
            earlier.records = [r for r in earlier.records if key_of(r) not in keys]
        delivery = Delivery(f"{self.name}-{next(self._numbers)}", page)
        self.deliveries[delivery.cursor] = delivery
        return delivery

    def _give_all(self) -> Message:
        self.waiting.clear()
        self.pending = None
        records = list(self.ledger.standing.values())
        self.ledger.given.update(map(key_of, records))
        return success(
            [
                {name: r[name] for name in r if name not in OPTIONAL_MEMBERS}
                for r in records
            ]
        )


def success(records: list[Record], **members: Any) -> Message:
    """An answer with records, in the standard's members and those given."""
    return {"records": records, "count": len(records), "api_status": 200, **members}


def refusal(status: int) -> Message:
    return {"records": [], "count": 0, "api_status": status}
