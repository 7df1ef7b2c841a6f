# SPDX-License-Identifier: LGPL-3.0-only
"""CYCLE: how long the regulator takes to ask all producers, well, hanging and mixed.

One process plays the producers, each behind TLS at its own port; another one is the
regulator's Odoo and runs the scheduled pull until no terminal is due.
"""

import time
from dataclasses import dataclass
from itertools import cycle

from simulation.faults.transport import dripping_body, dripping_head, reset, silent
from simulation.fleet import Fault, Fleet, Station
from simulation.regulator import Regulator

from .frame import Aim, Figure, Result, ratios
from .site import Bench

RECORDS = 20  # of each producer in each cycle
PAGE = 10
REPEAT = 5  # of the mixed cycles
#: Cycles that confirm records: all healthy, and the mixed ones twice each.
CYCLES = 1 + 2 * REPEAT


@dataclass
class Cycles:
    """A regulator and its producers, asked in one way after the other."""

    fleet: Fleet
    regulator: Regulator
    misbehaving: int

    def __post_init__(self) -> None:
        step = len(self.fleet.stations) // self.misbehaving
        self.bad = self.fleet.stations[::step][: self.misbehaving]
        self.good = [s for s in self.fleet.stations if s not in self.bad]

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

    def mixed(self) -> dict[str, float]:
        """Seconds of the healthy ones without and with the others."""
        alone = self.measure_good(self.good)
        kinds = (
            *(dripping_body(None), silent(None)),
            *(dripping_head(None), reset(None)[:2]),
        )
        self.show(
            self.bad, [fault for each in zip(*kinds, strict=False) for fault in each]
        )
        beside = self.measure_good(self.fleet.stations)
        self.heal()
        return {"alone": round(alone, 2), "beside": round(beside, 2)}

    def show(self, stations: list[Station], faults: list[Fault]) -> None:
        for station, fault in zip(stations, cycle(faults), strict=False):
            station.show(fault)

    def heal(self) -> None:
        for station in self.fleet.stations:
            station.heal()
        self.measure(self.fleet.stations)  # no breaker is open afterwards


def measure(bench: Bench, ids: set[str]) -> list[Result]:
    [name] = ids
    folder = bench.folder / "fleet"
    folder.mkdir()
    vehicles = CYCLES * RECORDS
    with Fleet(bench.sizes.fleet, folder, vehicles=vehicles, page_size=PAGE) as fleet:
        database = Regulator.site("bench_regulator_cycle", bench.keys, fleet)
        regulator = Regulator(database)
        try:
            regulator.make(bench.template)
            with regulator:
                regulator.connect(fleet.stations, fleet.plans())
                cycles = Cycles(fleet, regulator, bench.sizes.misbehaving)
                return [describe(name, bench, cycles)]
        finally:
            database.drop()


def describe(name: str, bench: Bench, cycles: Cycles) -> Result:
    healthy, hanging = cycles.all_healthy(), cycles.all_hanging()
    runs = [cycles.mixed() for _round in range(REPEAT)]
    return Result(
        name,
        "a pull cycle over all producers",
        "the healthy ones alone",
        runs=runs,
        figures=[
            Figure("all healthy", (round(healthy, 2),), "s", Aim("≤", 60)),
            Figure("all hanging", (round(hanging, 2),), "s", Aim("≤", 150)),
            Figure(
                "healthy ones beside misbehaving ones",
                ratios(runs, "beside", "alone"),
                aim=Aim("≤", 1.2),
            ),
        ],
        sizes={**bench.sizes.some("fleet", "misbehaving"), "records": RECORDS},
    )
