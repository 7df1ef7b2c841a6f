# SPDX-License-Identifier: LGPL-3.0-only
"""P4 and P5: many clients over TLS through the gateway of `deploy/haproxy`.

Two workers, as `make demo` starts. The limits of one address and one token are out of
the way: all clients come from here. Each connection is open when the first asks. Under
overload each asks again a while after its answer, so that all together ask three times
as often as the server can answer; "offered" tells what the load tool achieved.
"""

from collections.abc import Callable
from typing import NamedTuple

from stack.odoo_server import OdooServer
from stack.processes import free_ports
from stack.proxy import Limits, Proxy
from stack.settings import StackError

from .frame import Aim, Figure, Result
from .load import Load, Pace
from .lookups import PATH, look_up
from .site import Bench, Turn

UNLIMITED = 2**31 - 1
#: Seconds until all connections are open; the last asks a second later, and the gateway
#: closes what asked nothing for 5.
BEGIN = 3.0
NEVER = 1000.0
#: Connections of the overload beside those that wait in the gateway, which ask nothing
#: meanwhile. Few, with a short pause: wrk looks at each pausing one at every step, and
#: with 1,800 of them it took 0.12 cores more from the servers than with 500.
ASKING = 300
OVERLOAD = 3
#: Seconds a look-up may take, and in which all is as before after an overload.
PATIENCE, RECOVERY = 3.0, 10


class Gateway:
    """HAProxy before one regulator, and how it is asked."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.server: OdooServer = bench.regulator(bench.sizes.existing).server(
            workers=2
        )
        ports = free_ports(2)
        limits = Limits(UNLIMITED, UNLIMITED)
        sites = [(port, self.server) for port in ports]
        self.proxy = Proxy("bench/gateway", bench.authority, *sites, limits)
        self.url = f"https://127.0.0.1:{ports[1]}"

    def turn(self, connections: int, pace: Pace | None = None) -> Turn:
        return look_up(
            self.bench,
            self.bench.sizes.existing,
            self.url,
            connections=connections,
            pace=pace,
        )

    def __enter__(self) -> "Gateway":
        self.turn(1)  # what asks is made before the servers start
        try:
            self.server.start()
            self.proxy.start()
            self.turn(self.bench.sizes.connections)(1)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self.proxy.stop()
        self.server.stop()


def measure(bench: Bench, ids: set[str]) -> list[Result]:
    with Gateway(bench) as gateway:
        rounds = bench.sizes.rounds if "P4" in ids else 1
        loads = [closed_loop(gateway) for _round in range(rounds)]
        results = [describe_clients(bench, loads)] if "P4" in ids else []
        if "P5" in ids:
            before, stresses = loads[-1], []
            for _round in range(bench.sizes.overloads):
                stresses.append(stress(gateway, before))
                before = stresses[-1].after
            results.append(describe_stress(bench, stresses))
    return results


def closed_loop(gateway: Gateway) -> Load:
    """Every client asks again as soon as it is answered."""
    sizes = gateway.bench.sizes
    load = gateway.turn(sizes.clients, Pace(BEGIN, 0))(sizes.gateway_seconds)
    if not load.requests:
        raise StackError("a round ended before anything was answered")
    return load


def describe_clients(bench: Bench, loads: list[Load]) -> Result:
    failures = tuple(float(load.bad + load.limited) for load in loads)
    # Little's law: at first nobody waits before a client, which shortens the mean.
    filled = tuple(round(bench.sizes.clients / load.rate, 3) for load in loads)
    return Result(
        "P4",
        f"POST {PATH} by concurrent TLS clients through HAProxy",
        "the standard: a mean of 3 s (draft: 2 s)",
        runs=[load._asdict() for load in loads],
        figures=[
            Figure("mean", tuple(load.mean for load in loads), "s", Aim("≤", 2.0)),
            Figure("mean, queue filled", filled, "s", Aim("≤", 2.0)),
            Figure("99 of 100", tuple(load.p99 for load in loads), "s", Aim("≤", 3.0)),
            Figure("failures", failures, "answers", Aim("≤", 0, "maximum")),
            Figure("throughput", tuple(good_rate(lo) for lo in loads), "answers/s"),
        ],
        sizes=bench.sizes.some("clients", "existing", "gateway_seconds"),
        details={
            "bytes_per_answer": round(
                sum(load.bytes for load in loads) / sum(load.requests for load in loads)
            )
        },
    )


def good_rate(load: Load) -> float:
    return load.rate * load.good / max(load.requests, 1)


def is_usual(load: Load, median: float) -> bool:
    return load.requests == load.good > 0 and load.median <= 1.5 * median


class Stress(NamedTuple):
    """A burst from idle, three times what can be answered, and how it ends."""

    burst: Load
    crowd: Load
    recovered: float  # seconds until all was as before
    after: Load  # of all clients in a closed loop
    peak: float  # good answers a second: the mean of such loops before and after


def stress(gateway: Gateway, before: Load) -> Stress:
    sizes = gateway.bench.sizes
    few = gateway.turn(sizes.connections)
    usual = max(few(1).median for _second in range(3))
    burst = gateway.turn(sizes.clients, Pace(BEGIN, NEVER))(10)
    pace = Pace(BEGIN, ASKING / (OVERLOAD * good_rate(before)))
    everyone = gateway.proxy.limits.queue + ASKING
    crowd = gateway.turn(everyone, pace)(sizes.overload_seconds)
    seconds = (n + 1.0 for n in range(2 * RECOVERY) if is_usual(few(1), usual))
    recovered = next(seconds, 2.0 * RECOVERY)
    after = closed_loop(gateway)
    return Stress(
        burst, crowd, recovered, after, (good_rate(before) + good_rate(after)) / 2
    )


def describe_stress(bench: Bench, runs: list[Stress]) -> Result:
    def figure(
        name: str, value: Callable[[Stress], float], unit: str = "×", aim=None
    ) -> Figure:
        return Figure(name, tuple(round(value(run), 3) for run in runs), unit, aim)

    def unanswered(run: Stress) -> float:
        return float(bench.sizes.clients - run.burst.requests + run.burst.bad)

    none, soon = Aim("≤", 0, "maximum"), Aim("≤", PATIENCE, "maximum")
    again = Aim("≤", RECOVERY, "maximum")
    return Result(
        "P5",
        f"POST {PATH}: a burst from idle, then overload",
        "its own peak",
        runs=[
            {
                f"{part} {name}": value
                for part in ("burst", "crowd")
                for name, value in getattr(run, part)._asdict().items()
            }
            for run in runs
        ],
        figures=[
            figure("burst, unanswered", unanswered, "requests", none),
            figure("burst, longest", lambda run: run.burst.longest, "s", soon),
            figure(
                "burst, refused (429)",
                lambda run: run.burst.limited / max(run.burst.requests, 1),
                "of all",
            ),
            figure("overload, failures", lambda run: float(run.crowd.bad), "", none),
            figure("overload, longest", lambda run: run.crowd.longest, "s", soon),
            figure("overload, offered", lambda run: run.crowd.rate / run.peak),
            figure(
                "overload, good answers",
                lambda run: good_rate(run.crowd) / run.peak,
                aim=Aim("≥", 0.8),
            ),
            figure("normal again after", lambda run: run.recovered, "s", again),
        ],
        sizes=bench.sizes.some("clients", "overload_seconds"),
    )
