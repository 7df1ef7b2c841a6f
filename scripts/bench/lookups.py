# SPDX-License-Identifier: LGPL-3.0-only
"""P1 to P3: a VIN look-up through the sharing interface, its floor and its peers.

One worker of the real server, random VINs, a few connections that ask again as soon as
they are answered. By turns: an empty route of the same server, Odoo's own external API
on the same table, and a service in FastAPI and asyncpg with the same checks.
"""

import json
import os
import time
import urllib.error
import urllib.request
from importlib.util import find_spec

from stack.cluster import PORT
from stack.processes import Server, free_ports
from stack.settings import PYTHON, StackError

from .frame import Aim, Figure, Result, ratios
from .site import HERE, KEYS, Bench, Place, Turn

PATH = "/recall/v1/share"
FIELDS = ["vin", "state", "plan_id"]
OURS = "look-up"
WHAT = "VIN look-up, POST /recall/v1/share, one worker"
#: ID -> peer and the ratio it is asked for.
PEERS = {
    "P1": ("empty route", Aim("≥", 0.85)),
    "P2": ("json/2 search_read", Aim("≥", 3)),
    "P3": ("FastAPI", Aim("≥", 0.5)),
}


class Peer(Server):
    """The FastAPI service in one process."""

    def __init__(self, place: Place) -> None:
        super().__init__("bench/peer")
        [self.port] = free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}"
        sockets = place.bench.cluster.environment()
        self.environment = {
            KEYS: place.environment[KEYS],
            "BENCH_DATABASE": f"postgresql://{sockets['PGUSER']}@/"
            f"{place.database.name}?host={sockets['PGHOST']}&port={PORT}",
        }

    def start(self) -> None:
        missing = [m for m in ("fastapi", "asyncpg", "uvicorn") if not find_spec(m)]
        if missing:
            raise StackError(f"{', '.join(missing)} not installed (RECALL_BENCH=1)")
        words = ["-m", "uvicorn", "peer:app", "--app-dir", str(HERE)]
        words += ["--host", "127.0.0.1", "--port", str(self.port)]
        words += ["--no-access-log", "--log-level", "warning"]
        self.launch([str(PYTHON), *words], os.environ | self.environment)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(self.url, timeout=2)  # noqa: S310
            except urllib.error.HTTPError:
                return  # it answers, that it has no such page
            except OSError:
                time.sleep(0.1)
        raise StackError(f"the peer does not start (see {self.log})")


def share_lines(bench: Bench, existing: int) -> list[str]:
    """Bodies of look-ups, each of another vehicle."""
    given = access(bench, existing)
    return [
        json.dumps(
            {
                "api_exchange_token": given["token"],
                "api_exchange_cfg": given["api_cfg"],
                "api_exchange_vin": vin,
            }
        )
        for vin in given["vins"]
    ]


def access(bench: Bench, existing: int) -> dict:
    place = bench.regulator(existing)
    return bench.once(f"access {existing}", lambda: place.run("access", "lookups"))


def look_up(bench: Bench, existing: int, url: str, **options) -> Turn:
    lines = share_lines(bench, existing)
    return bench.turn(f"{url}{PATH}", lines, '"recallNum"', **options)


def prepare(bench: Bench, odoo: str, ids: set[str]) -> dict[str, Turn]:
    """What is compared on the same server, each asked for the same VINs."""
    existing = bench.sizes.existing
    share, given = share_lines(bench, existing), access(bench, existing)
    turns = {OURS: look_up(bench, existing, odoo)}
    if "P1" in ids:
        turns["empty route"] = bench.turn(f"{odoo}/bench/empty", share, "{}")
    if "P2" in ids:
        headers = {
            "Content-Type": "application/json",
            "Authorization": f"Bearer {given['api_key']}",
        }
        asked = [
            json.dumps({"domain": [["vin", "=", vin]], "fields": FIELDS})
            for vin in given["vins"]
        ]
        turns["json/2 search_read"] = bench.turn(
            f"{odoo}/json/2/recall.vehicle/search_read", asked, '"vin"', headers=headers
        )
    return turns


def measure(bench: Bench, ids: set[str]) -> list[Result]:
    place = bench.regulator(bench.sizes.existing)
    server, peer, missing = place.server(), Peer(place), {}
    turns = prepare(bench, server.url, ids)
    try:
        server.start()
        if "P3" in ids:
            try:
                peer.start()
                turns["FastAPI"] = look_up(bench, bench.sizes.existing, peer.url)
            except StackError as error:
                missing["P3"] = str(error)
        runs = bench.by_turns(turns)
    finally:
        server.stop()
        peer.stop()
    sizes = bench.sizes.some("existing", "turns", "seconds", "connections")
    return [describe(name, runs, sizes, missing.get(name, "")) for name in sorted(ids)]


def describe(name: str, runs: list, sizes: dict, missing: str) -> Result:
    peer, aim = PEERS[name]
    result = Result(name, WHAT, peer, sizes=sizes, missing=missing)
    if not missing:
        result.runs = [{key: run[key] for key in (OURS, peer)} for run in runs]
        result.figures = [Figure("throughput", ratios(runs, OURS, peer), aim=aim)]
    return result
