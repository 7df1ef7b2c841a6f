# SPDX-License-Identifier: LGPL-3.0-only
"""What a measurement gives: figures of several runs, each with its aim."""

import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

COMPARE = {"≥": operator.ge, "≤": operator.le}
SUMMARIES = {"median": median, "minimum": min, "maximum": max}


@dataclass(frozen=True)
class Aim:
    """What a figure ought to be: its median, unless the aim is about each run."""

    sign: str  # of COMPARE
    value: float
    of: str = "median"  # of SUMMARIES

    def reached(self, values: Sequence[float]) -> bool:
        return COMPARE[self.sign](SUMMARIES[self.of](values), self.value)

    def __str__(self) -> str:
        return f"{self.sign} {self.value:g}"


@dataclass(frozen=True)
class Figure:
    """One line of the table: a value for each run, in `unit` ("×" is a ratio)."""

    name: str
    values: tuple[float, ...]
    unit: str = "×"
    aim: Aim | None = None

    @property
    def reached(self) -> bool | None:
        """Whether the aim is reached; None without one or without a value."""
        if not (self.aim and self.values):
            return None
        return self.aim.reached(self.values)

    def as_dict(self) -> dict[str, Any]:
        summary = {name: of(self.values) for name, of in SUMMARIES.items()}
        return {
            "name": self.name,
            "unit": self.unit,
            "values": list(self.values),
            "aim": str(self.aim) if self.aim else None,
            "reached": self.reached,
            **(summary if self.values else {}),
        }


@dataclass
class Result:
    """What is known of one ID after its runs.

    `runs` holds what was measured, one dict a run (rates in units a second); `figures`
    what follows from them. `missing` says why there is none: a peer that could not be
    run, a disk that is too small.
    """

    id: str
    what: str
    peer: str
    runs: list[dict[str, float]] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    sizes: dict[str, Any] = field(default_factory=dict)
    missing: str = ""
    #: Measured besides, for docs/scale.md and for whoever reads the JSON.
    details: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return {
            "what": self.what,
            "peer": self.peer,
            "sizes": self.sizes,
            "missing": self.missing,
            "figures": [figure.as_dict() for figure in self.figures],
            "runs": self.runs,
            "details": self.details,
        }


def ratios(
    runs: Iterable[dict[str, float]], ours: str, peer: str, *, digits: int = 3
) -> tuple[float, ...]:
    """Ours by the peer's, run by run: both of a run saw the same noise."""
    return tuple(round(run[ours] / run[peer], digits) for run in runs)


def slope(times: Sequence[float], values: Sequence[float]) -> float:
    """Growth of `values` in a unit of `times`, by least squares; 0 of one point."""
    middle_t, middle_v = sum(times) / len(times), sum(values) / len(values)
    spread = sum((t - middle_t) ** 2 for t in times)
    both = zip(times, values, strict=True)
    return (
        sum((t - middle_t) * (v - middle_v) for t, v in both) / spread
        if spread
        else 0.0
    )
