# SPDX-License-Identifier: LGPL-3.0-only
"""Many producers in one process, each behind TLS at its own port, each able to fail.

    with Fleet(200, folder) as fleet:
        fleet.stations[7].show(Fault("reset", {"reset"}, bare=Call.reset))
        …                                  # have the regulator pull
        fleet.stations[7].heal()

A station is a terminal at its address; its fault says what becomes of the terminal's
answers on their way, from which request on and for how many.
"""

import itertools
import json
import random
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stack.processes import NEVER_OUTGOING

from .certificates import Authority
from .domain import vin
from .fault_server import Behaviour, Call, FaultServer, http_answer
from .terminal import Message, Record, Terminal

WMI = "LGB"
DEALERS = ("东风演示经销商一", "东风演示经销商二")
VEHICLES = 200
PAGE_SIZE = 2
ADDRESS = "127.0.0.1"

Answering = Callable[[Call, Message, "Station"], None]


@dataclass(frozen=True)
class Fault:
    """How a station misbehaves.

    :param label: names the variation
    :param outcomes: what the regulator's exchange may come to
    :param answering: sends the answer in its own way
    :param bare: gets the connection before TLS
    :param context: speaks TLS in the place of the station's own
    :param listening: whether anybody listens at the port
    :param url: address at which the regulator is told to ask; "" for the right one
    :param after: requests that are answered well before
    :param times: requests for which it shows; None for all until it is healed
    :param quarantined: records that must come to stand in quarantine
    :param records: records that the producer confirms before
    :param paged: needs a terminal that gives pages
    """

    label: str
    outcomes: frozenset[str] | set[str]
    answering: Answering | None = None
    bare: Behaviour | None = None
    context: ssl.SSLContext | None = None
    listening: bool = True
    url: str = ""
    after: int = 0
    times: int | None = None
    quarantined: int = 0
    records: int = 2
    paged: bool = False


def answer_well(call: Call, answer: Message, _station: "Station") -> None:
    """Send an answer as it is meant."""
    call.send(http_answer(encode(answer)))
    call.close_cleanly()


def encode(answer: Any) -> bytes:
    return json.dumps(answer, ensure_ascii=False).encode()


@dataclass
class Station:
    """A terminal at its port, first with a listening socket that it is given."""

    terminal: Terminal
    listener: socket.socket
    context: ssl.SSLContext
    recall_number: str
    vins: list[str]
    partner: "Station | None" = None
    fault: Fault | None = None
    answered: int = 0  # well, since the fault was asked for
    shown: int = 0
    answered_at: float = 0.0  # on the monotonic clock
    server: FaultServer = field(init=False)
    _left: list[Record] = field(default_factory=list)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _thread: threading.Thread | None = None

    def __post_init__(self) -> None:
        self.port: int = self.listener.getsockname()[1]
        self.server = FaultServer(self.listener, self._behave, self.context)
        self._start()
        self._left = [self._make_record(n) for n in range(len(self.vins))]

    @property
    def url(self) -> str:
        return f"https://{ADDRESS}:{self.port}/recall/v1/sync"

    # === Books === #

    def confirm(self, count: int) -> list[Record]:
        """Confirm the next repairs of the producer; returns their records."""
        records, self._left = self._left[:count], self._left[count:]
        if len(records) < count:
            raise RuntimeError(f"{self.terminal.name} has no vehicle left")
        self.terminal.confirm(*records)
        return records

    def _make_record(self, number: int) -> Record:
        return {
            "recallNum": self.recall_number,
            "vehicleVin": self.vins[number],
            "recallTime": f"2025-03-{number % 28 + 1:02}",
            "repairNum": f"{self.terminal.name}-{number:05}",
            "dealerName": DEALERS[number % 2],
            "telNum": f"138{number * 7919 % 10**8:08}",
            "collectTime": "2025-04-01 08:00:00",
        }

    # === Faults === #

    def show(self, fault: Fault) -> None:
        """Misbehave from the next request on, or after those it answers well."""
        with self._lock:
            self.fault, self.answered, self.shown = fault, 0, 0
            if not fault.after:
                self._apply(fault)

    def heal(self) -> None:
        """Answer well again, and owe what was spoiled."""
        with self._lock:
            self.fault = None
            self.terminal.owe_spoiled()
            self.server.context, self.server.behave = self.context, self._behave
            self.open()

    def open(self) -> None:
        """Listen at the port, if nobody does."""
        if not self._thread:
            self.server.listener = socket.create_server((ADDRESS, self.port))
            self._start()

    def _start(self) -> None:
        self._thread = threading.Thread(target=self.server.accept, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Have connections to the port refused; those that are open go on."""
        if self._thread:
            self.server.close()
            self._thread.join()
            self._thread = None

    def stop(self) -> None:
        self.close()
        self.server.stop()

    def _apply(self, fault: Fault) -> None:
        if fault.bare:
            self.server.context, self.server.behave = None, self._behave_bare
        elif fault.context:
            self.server.context = fault.context
        if not fault.listening:
            self.close()

    def _behave(self, call: Call) -> None:
        if not call.body:
            return
        answer = self.terminal.answer(json.loads(call.body))
        answering = self._next()
        answering(call, answer, self)

    def _next(self) -> Answering:
        """How to send the next answer, and what then comes."""
        with self._lock:
            fault = self.fault
            if not fault or self.answered < fault.after:
                self.answered += 1
                self.answered_at = time.monotonic()
                if fault and self.answered == fault.after:
                    self._apply(fault)
                return answer_well
            self._count_shown(fault)
            return fault.answering or answer_well

    def _behave_bare(self, call: Call) -> None:
        with self._lock:
            fault = self.fault
            if fault:
                self._count_shown(fault)
        if fault:
            fault.bare(call)

    def _count_shown(self, fault: Fault) -> None:
        self.shown += 1
        if fault.times == self.shown:
            self.heal()


class Fleet:
    """Producers with plans, vehicles and terminals; use as a context manager."""

    def __init__(
        self,
        count: int,
        folder: Path,
        *,
        vehicles: int = VEHICLES,
        page_size: int = PAGE_SIZE,
    ) -> None:
        self.page_size = page_size
        self.authority = Authority(folder)
        serials = itertools.count(1)
        self.stations = [
            self._make_station(number, serials, vehicles) for number in range(count)
        ]
        for number, station in enumerate(self.stations):
            station.partner = self.stations[(number ^ 1) % count]

    def _make_station(
        self, number: int, serials: Iterable[int], vehicles: int
    ) -> Station:
        # Every fifth is a program that knows only the members of the standard.
        terminal = Terminal(
            f"fleet{number:03}", plain=number % 5 == 4, page_size=self.page_size
        )
        vins = [
            vin.make_vin(WMI, "AA11B", "S", "A", f"{serial:06}")
            for serial in itertools.islice(serials, vehicles)
        ]
        return Station(
            terminal,
            _listen(),
            self.authority.context(ADDRESS),
            f"S2025M{number + 1:04}V",
            vins,
        )

    def __enter__(self) -> "Fleet":
        return self

    def __exit__(self, *_exc: object) -> None:
        for station in self.stations:
            with suppress(OSError):
                station.stop()

    def plans(self) -> list[dict[str, Any]]:
        """The filing of each producer's recall, as plan messages."""
        return [_make_plan(station) for station in self.stations]


def _listen() -> socket.socket:
    """Listen at a port that no outgoing connection takes while it is closed."""
    while True:
        with suppress(OSError):
            return socket.create_server((ADDRESS, random.choice(NEVER_OUTGOING)))


def _make_plan(station: Station) -> dict[str, Any]:
    texts = dict.fromkeys(("brand", "series", "model"), "演示")
    return {
        **texts,
        "producerName": station.terminal.name,
        "recallNum": station.recall_number,
        "recallStartTime": "2025-01-15",
        "announced": "2025-01-10",
        "numRecall": len(station.vins),
        "vinRange": "见车辆识别代号清单",
        "defectDesc": "制动软管可能开裂。",
        "possibleConsequence": "制动距离可能变长。",
        "repairMethod": "更换制动软管。",
        "dealers": [{"dealerName": name} for name in DEALERS],
        "vins": [{"vin": text} for text in station.vins],
    }
