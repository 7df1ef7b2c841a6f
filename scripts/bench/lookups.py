# SPDX-License-Identifier: LGPL-3.0-only
"""What a VIN look-up through the sharing interface costs, beside its floor and peers.

    .local/venv/bin/python scripts/bench/lookups.py

One worker of the real server, VEHICLES rows, random VINs, a few connections that ask
again as soon as they are answered. In turn, ROUNDS times: an empty route of the same
server (P1), Odoo's own external API on the same table (P2), and a service in FastAPI
and asyncpg on the same table with the same checks (P3).

Variables: VEHICLES (10000000) and those of turns.py.
"""

import json
import os
import time
import urllib.error
import urllib.request

from turns import HERE, Place, Turn, cipher, measure, number, place  # isort: skip
from stack.cluster import PORT
from stack.processes import Server, free_ports
from stack.settings import PYTHON, StackError

FIELDS = ["vin", "state", "plan_id"]


class Peer(Server):
    """The FastAPI service in one process."""

    def __init__(self, place: Place) -> None:
        super().__init__("bench/peer")
        [self.port] = free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}"
        sockets = place.cluster.environment()
        self.environment = {
            cipher.ENVIRONMENT: str(place.keys),
            "BENCH_DATABASE": f"postgresql://{sockets['PGUSER']}@/"
            f"{place.database.name}?host={sockets['PGHOST']}&port={PORT}",
        }

    def start(self) -> None:
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


def prepare(place: Place, odoo: str, peer: str) -> dict[str, Turn]:
    """The four that are compared, each asked for the same VINs."""
    given = place.prepare("lookups_job", vehicles=number("VEHICLES", 10_000_000))
    share = [
        json.dumps(
            {
                "api_exchange_token": given["token"],
                "api_exchange_cfg": given["api_cfg"],
                "api_exchange_vin": vin,
            }
        )
        for vin in given["vins"]
    ]
    rpc = [
        json.dumps({"domain": [["vin", "=", vin]], "fields": FIELDS})
        for vin in given["vins"]
    ]
    headers = {
        "Content-Type": "application/json",
        "Authorization": f"Bearer {given['api_key']}",
    }
    path, search = "/recall/v1/share", "/json/2/recall.vehicle/search_read"
    return {
        "look-up": place.turn(f"{odoo}{path}", share, '"recallNum"'),
        "empty route": place.turn(f"{odoo}/bench/empty", share, "{}"),
        "json/2": place.turn(f"{odoo}{search}", rpc, '"vin"', headers=headers),
        "FastAPI": place.turn(f"{peer}{path}", share, '"recallNum"'),
    }


def main() -> None:
    with place("bench_lookups") as here:
        server, peer = here.server(), Peer(here)
        turns = prepare(here, server.url, peer.url)
        try:
            server.start()
            peer.start()
            rates = measure(turns)
        finally:
            server.stop()
            peer.stop()
    print(json.dumps(rates, indent=2))


if __name__ == "__main__":
    main()
