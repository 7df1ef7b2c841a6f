# SPDX-License-Identifier: LGPL-3.0-only
"""P4 and P5: many clients over TLS through the gateway of `deploy/haproxy`.

Two workers, as `make demo` starts. The limits of one address and one token are out of
the way: all clients come from here. In P5 each connection is open when a burst begins;
under overload each asks again soon after its answer, three times as often in all as
the server can answer.
"""

from stack.odoo_server import OdooServer
from stack.processes import free_ports
from stack.proxy import Limits, Proxy
from stack.settings import StackError

from .frame import Aim, Figure, Result
from .load import Load, Pace
from .lookups import PATH, look_up
from .site import Bench, Turn

UNLIMITED = 2**31 - 1
#: Seconds until all connections are open; the gateway closes idle ones after 5.
BEGIN = 4.0
NEVER = 1000.0
#: Connections of the overload, a few less than the gateway takes.
CROWD = 3800
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
        self.server.start()
        self.proxy.start()
        self.turn(self.bench.sizes.connections)(1)
        return self

    def __exit__(self, *_error: object) -> None:
        self.proxy.stop()
        self.server.stop()


def measure(bench: Bench, ids: set[str]) -> list[Result]:
    with Gateway(bench) as gateway:
        loads = closed_loop(gateway)
        results = [describe_clients(bench, loads)] if "P4" in ids else []
        if "P5" in ids:
            results.append(overload(gateway, max(load.rate for load in loads)))
    return results


def closed_loop(gateway: Gateway) -> list[Load]:
    sizes = gateway.bench.sizes
    turn = gateway.turn(sizes.clients, Pace(BEGIN, 0))
    loads = [turn(sizes.gateway_seconds) for _round in range(sizes.rounds)]
    if not all(load.requests for load in loads):
        raise StackError("a round ended before anything was answered")
    return loads


def describe_clients(bench: Bench, loads: list[Load]) -> Result:
    failures = tuple(float(load.bad + load.limited) for load in loads)
    return Result(
        "P4",
        f"POST {PATH} by concurrent TLS clients through HAProxy",
        "the standard: a mean of 3 s (draft: 2 s)",
        runs=[load._asdict() for load in loads],
        figures=[
            Figure("mean", tuple(load.mean for load in loads), "s", Aim("≤", 2.0)),
            Figure("99 of 100", tuple(load.p99 for load in loads), "s", Aim("≤", 3.0)),
            Figure("failures", failures, "answers", Aim("≤", 0, "maximum")),
            Figure("throughput", tuple(load.rate for load in loads), "answers/s"),
        ],
        sizes=bench.sizes.some("clients", "existing", "gateway_seconds"),
        details={
            "bytes_per_answer": round(
                sum(load.bytes for load in loads) / sum(load.requests for load in loads)
            )
        },
    )


def overload(gateway: Gateway, peak: float) -> Result:
    """A burst, then three times what can be answered, then as before."""
    sizes = gateway.bench.sizes
    few = gateway.turn(sizes.connections)
    before = few(3)
    burst = gateway.turn(sizes.clients, Pace(BEGIN, NEVER))(10)
    pause = max(0.05, (CROWD - sizes.clients) / (OVERLOAD * peak))
    crowd = gateway.turn(CROWD, Pace(BEGIN, pause))(sizes.overload_seconds)
    recovered = next(
        (n + 1.0 for n in range(2 * RECOVERY) if few(1).median <= 1.5 * before.median),
        2.0 * RECOVERY,
    )
    good = crowd.rate * crowd.good / max(crowd.requests, 1)
    unanswered = float(sizes.clients - burst.requests + burst.bad)
    return Result(
        "P5",
        f"POST {PATH}: a burst from idle, then overload",
        "its own peak",
        runs=[burst._asdict(), crowd._asdict()],
        figures=[
            Figure("burst, unanswered", (unanswered,), "requests", Aim("≤", 0)),
            Figure("burst, longest", (burst.longest,), "s", Aim("≤", PATIENCE)),
            Figure("overload, failures", (float(crowd.bad),), "", Aim("≤", 0)),
            Figure("overload, longest", (crowd.longest,), "s", Aim("≤", PATIENCE)),
            Figure("overload, offered", (crowd.rate / peak,)),
            Figure("overload, good answers", (good / peak,), aim=Aim("≥", 0.8)),
            Figure("normal again after", (recovered,), "s", Aim("≤", RECOVERY)),
        ],
        sizes=sizes.some("clients", "overload_seconds"),
    )
