# SPDX-License-Identifier: LGPL-3.0-only
"""How much is measured: as the aims say, or less within eight minutes."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Sizes:
    """Rows, seconds and counts of each measurement."""

    quick: bool = False
    rounds: int = 5
    turns: int = 15  # of each that is asked by turns: short ones see the same noise
    seconds: float = 2  # of such a turn
    connections: int = 4
    existing: int = 10_000_000  # reports in the table, each of a vehicle
    growth: tuple[int, ...] = (1_000_000, 10_000_000, 50_000_000)
    producers: int = 8  # that send at the same time
    pages: int = 5  # of each of them in a round
    page: int = 5_000  # records
    orm: int = 5_000  # records created in a round
    sync: int = 1_000_000  # records that the regulator pulls
    imported: int = 200_000  # rows of the file of a round
    vins: int = 200_000  # checked in a round
    clients: int = 2_000  # of the gateway
    gateway_seconds: float = 20
    overloads: int = 5
    overload_seconds: float = 60
    lookups: int = 200_000  # over which memory is watched
    watched: float = 3600  # seconds of that, at least: the late half is judged
    fleet: int = 200  # producers of a cycle of the pull
    misbehaving: int = 50

    def some(self, *names: str) -> dict[str, Any]:
        """These sizes by name, as a result tells them."""
        every = asdict(self)
        return {name: every[name] for name in names}

    @property
    def round_records(self) -> int:
        """Records that are taken in in one round."""
        return self.producers * self.pages * self.page


FULL = Sizes()
QUICK = Sizes(
    quick=True,
    turns=5,
    seconds=1,
    existing=200_000,
    growth=(50_000, 200_000),
    producers=2,
    pages=2,
    orm=1_000,
    sync=200_000,
    imported=10_000,
    vins=20_000,
    gateway_seconds=4,
    overloads=1,
    overload_seconds=10,
    lookups=5_000,
    watched=0,
    fleet=20,
    misbehaving=5,
)
