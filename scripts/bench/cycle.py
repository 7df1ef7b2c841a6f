# SPDX-License-Identifier: LGPL-3.0-only
"""How long the regulator takes to ask 200 producers, well, hanging and mixed.

    .local/venv/bin/python scripts/bench/cycle.py

One process plays the producers, each behind TLS at its own port; another one is the
regulator's Odoo and runs the scheduled pull until no terminal is due. Told are the
seconds of a full cycle with all terminals healthy and with all hanging, and when the
last of the healthy ones was done without and with others that misbehave.

Variables: PRODUCERS (200), MISBEHAVING (50), RECORDS (20, of each producer in each
cycle), PAGE (10), REPEAT (3, of the mixed cycles; the quickest counts), DATABASE
(recall_bench_cycle), TEMPLATE (a database with recall_management to copy instead of
making one).
"""

import json
import os
import sys
import tempfile
import time
from itertools import cycle
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from simulation.faults.transport import dripping_body, dripping_head, reset, silent
from simulation.fleet import Fault, Fleet, Station
from simulation.regulator import Regulator
from stack.cluster import Cluster
from stack.stack import make_key_file


def number(name: str, default: int) -> int:
    return int(os.environ.get(name, default))


PRODUCERS = number("PRODUCERS", 200)
MISBEHAVING = number("MISBEHAVING", 50)
RECORDS = number("RECORDS", 20)
REPEAT = number("REPEAT", 3)
#: Cycles that confirm records: all healthy, and the mixed ones twice each.
CYCLES = 1 + 2 * REPEAT


class Bench:
    """A regulator and its producers, asked in one way after the other."""

    def __init__(self, fleet: Fleet, regulator: Regulator) -> None:
        self.fleet = fleet
        self.regulator = regulator
        step = PRODUCERS // MISBEHAVING
        self.bad = fleet.stations[::step][:MISBEHAVING]
        self.good = [s for s in fleet.stations if s not in self.bad]

    def measure(self, stations: list[Station]) -> float:
        """Seconds until none of the stations is due."""
        started = time.monotonic()
        self.regulator.pull(stations)
        return time.monotonic() - started

    def measure_good(self, stations: list[Station]) -> float:
        """Seconds until the last healthy station has been asked for its last page."""
        for station in self.good:
            station.confirm(RECORDS)
        started = time.monotonic()
        self.regulator.pull(stations)
        self.check(self.good)
        return max(station.answered_at for station in self.good) - started

    def check(self, stations: list[Station]) -> None:
        difference = self.regulator.compare(stations, arrived=True)
        if difference:
            raise RuntimeError(f"the books differ: {difference}")

    def all_healthy(self) -> float:
        for station in self.fleet.stations:
            station.confirm(RECORDS)
        seconds = self.measure(self.fleet.stations)
        self.check(self.fleet.stations)
        return seconds

    def all_hanging(self) -> float:
        [hanging] = [f for f in silent(None) if f.label == "silent after 0%"]
        self.show(self.fleet.stations, [hanging])
        seconds = self.measure(self.fleet.stations)
        self.heal()
        return seconds

    def mixed(self) -> tuple[float, float]:
        """Seconds of the healthy ones without and with the others."""
        alone = self.measure_good(self.good)
        kinds = [
            dripping_body(None),
            silent(None),
            dripping_head(None),
            reset(None)[:2],
        ]
        self.show(
            self.bad, [fault for each in zip(*kinds, strict=False) for fault in each]
        )
        beside = self.measure_good(self.fleet.stations)
        self.heal()
        return alone, beside

    def show(self, stations: list[Station], faults: list[Fault]) -> None:
        for station, fault in zip(stations, cycle(faults), strict=False):
            station.show(fault)

    def heal(self) -> None:
        for station in self.fleet.stations:
            station.heal()
        self.measure(self.fleet.stations)  # no breaker is open afterwards


def run(bench: Bench) -> dict[str, float]:
    healthy, hanging = bench.all_healthy(), bench.all_hanging()
    alone, beside = zip(*(bench.mixed() for _ in range(REPEAT)), strict=True)
    good = f"healthy_{len(bench.good)}"
    report = {
        "producers": PRODUCERS,
        "records_each": RECORDS,
        "all_healthy_seconds": healthy,
        "all_hanging_seconds": hanging,
        f"{good}_alone_seconds": min(alone),
        f"{good}_beside_{len(bench.bad)}_seconds": min(beside),
        "growth_percent": 100 * (min(beside) / min(alone) - 1),
    }
    return {name: round(value, 2) for name, value in report.items()}


def main() -> None:
    Cluster().start()
    with tempfile.TemporaryDirectory() as folder:
        keys = Path(folder, "keys.json")
        make_key_file(keys)
        vehicles = CYCLES * RECORDS
        page_size = number("PAGE", 10)
        with Fleet(
            PRODUCERS, Path(folder), vehicles=vehicles, page_size=page_size
        ) as fleet:
            name = os.environ.get("DATABASE", "recall_bench_cycle")
            regulator = Regulator(Regulator.site(name, keys, fleet))
            try:
                regulator.make(os.environ.get("TEMPLATE"))
                with regulator:
                    regulator.connect(fleet.stations, fleet.plans())
                    report = run(Bench(fleet, regulator))
            finally:
                regulator.database.drop()
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
