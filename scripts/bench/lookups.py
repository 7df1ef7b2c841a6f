# SPDX-License-Identifier: LGPL-3.0-only
"""What a VIN look-up through the sharing interface costs, beside its floor and peers.

    .local/venv/bin/python scripts/bench/lookups.py

One worker of the real server, VEHICLES rows, random VINs, a few connections that ask
again as soon as they are answered. In turn, ROUNDS times: an empty route of the same
server (P1), Odoo's own external API on the same table (P2), and a service in FastAPI
and asyncpg on the same table with the same checks (P3).

Variables: VEHICLES (10000000), ROUNDS (5), SECONDS (5, of each turn), CONNECTIONS (4),
DATABASE (bench_lookups; one that is there is used again), TEMPLATE (a database with
recall_service to copy instead of making one), KEEP (1 leaves it).
"""

import json
import os
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(SCRIPTS), str(SCRIPTS.parent / "addons" / "recall_base" / "tools")]

import cipher  # noqa: E402
from load import Load, post  # noqa: E402
from stack.cluster import PORT, Cluster  # noqa: E402
from stack.database import Database  # noqa: E402
from stack.odoo_server import OdooServer, addons_path  # noqa: E402
from stack.processes import Server, free_ports  # noqa: E402
from stack.settings import PYTHON, StackError  # noqa: E402

HERE = Path(__file__).parent
JOB = f"""\
import sys
sys.path.insert(0, {str(HERE)!r})
import lookups_job
result = lookups_job.prepare(env, **values)
"""
WARM_UP = 2.0
FIELDS = ["vin", "state", "plan_id"]


def number(name: str, default: int) -> int:
    return int(os.environ.get(name, default))


class Peer(Server):
    """The FastAPI service in one process."""

    def __init__(self, cluster: Cluster, database: str, port: int, keys: Path) -> None:
        super().__init__("bench/peer")
        self.port = port
        sockets = cluster.environment()
        self.environment = {
            "RECALL_KEY_FILE": str(keys),
            "BENCH_DATABASE": f"postgresql://{sockets['PGUSER']}@/{database}"
            f"?host={sockets['PGHOST']}&port={PORT}",
        }

    def start(self) -> None:
        words = ["-m", "uvicorn", "peer:app", "--app-dir", str(HERE)]
        words += ["--host", "127.0.0.1", "--port", str(self.port)]
        words += ["--no-access-log", "--log-level", "warning"]
        self.launch([str(PYTHON), *words], os.environ | self.environment)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=2)
            except urllib.error.HTTPError:
                return  # it answers, that it has no such page
            except OSError:
                time.sleep(0.1)
        raise StackError(f"the peer does not start (see {self.log})")


class Lookups:
    """The four that are compared, each asked for the same VINs."""

    def __init__(self, cluster: Cluster, name: str, keys: Path, folder: Path) -> None:
        environment = {cipher.ENVIRONMENT: str(keys)}
        self.database = Database(cluster, name, environment=environment)
        self.folder = folder
        ports = free_ports(3)
        self.server = OdooServer(
            "bench/lookups",
            cluster,
            name,
            (ports[0], ports[1]),
            workers=1,
            cron_threads=0,
            environment=environment
            | {"ODOO_ADDONS_PATH": f"{addons_path()},{HERE / 'addons'}"},
            options=("--load=base,web,rpc,bench_empty",),
        )
        self.peer = Peer(cluster, name, ports[2], keys)

    def prepare(self, vehicles: int) -> dict[str, Callable[[float], Load]]:
        """Make what is needed; returns what to measure, by name."""
        given = self.database.shell(JOB, vehicles=vehicles)
        one = [self._share(given, vin) for vin in given["vins"]]
        search = [
            {"domain": [["vin", "=", vin]], "fields": FIELDS} for vin in given["vins"]
        ]
        share, rpc = self._write("share", one), self._write("rpc", search)
        plain = ("application/json",)
        key = (*plain, f"Bearer {given['api_key']}")
        odoo, path = self.server.url, "/recall/v1/share"
        return {
            "look-up": self._poster(f"{odoo}{path}", share, '"recallNum"', plain),
            "empty route": self._poster(f"{odoo}/bench/empty", share, "{}", plain),
            "json/2": self._poster(
                f"{odoo}/json/2/recall.vehicle/search_read", rpc, '"vin"', key
            ),
            "FastAPI": self._poster(
                f"http://127.0.0.1:{self.peer.port}{path}", share, '"recallNum"', plain
            ),
        }

    @staticmethod
    def _share(given: dict, vin: str) -> dict:
        return {
            "api_exchange_token": given["token"],
            "api_exchange_cfg": given["api_cfg"],
            "api_exchange_vin": vin,
        }

    def _write(self, name: str, bodies: list[dict]) -> Path:
        path = self.folder / f"{name}.txt"
        path.write_text("".join(f"{json.dumps(body)}\n" for body in bodies))
        return path

    @staticmethod
    def _poster(url: str, bodies: Path, good: str, headers: tuple[str, ...]):
        connections = number("CONNECTIONS", 4)

        def run(seconds: float) -> Load:
            return post(
                url,
                bodies,
                good,
                seconds=seconds,
                connections=connections,
                headers=headers,
            )

        return run

    def __enter__(self) -> "Lookups":
        self.server.start()
        self.peer.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.server.stop()
        self.peer.stop()


def measure(lookups: Lookups, vehicles: int) -> dict[str, list[float]]:
    """Answers a second of each, by turns; a wrong answer ends it."""
    turns = lookups.prepare(vehicles)
    rates: dict[str, list[float]] = {name: [] for name in turns}
    with lookups:
        for turn in turns.values():
            turn(WARM_UP)
        for _round in range(number("ROUNDS", 5)):
            for name, turn in turns.items():
                load = turn(number("SECONDS", 5))
                if load.bad:
                    raise StackError(f"{name}: {load.bad} of {load.requests} are bad")
                rates[name].append(round(load.rate, 1))
    return rates


def main() -> None:
    cluster = Cluster()
    cluster.start()
    with tempfile.TemporaryDirectory() as folder:
        keys = Path(folder, "keys.json")
        cipher.generate_key_file(keys)
        lookups = Lookups(
            cluster, os.environ.get("DATABASE", "bench_lookups"), keys, Path(folder)
        )
        database, template = lookups.database, os.environ.get("TEMPLATE")
        if not cluster.exists(database.name):
            if template:
                database.copy_from(template)
            else:
                database.make(["recall_service"])
        try:
            rates = measure(lookups, number("VEHICLES", 10_000_000))
        finally:
            if not os.environ.get("KEEP"):
                database.drop()
    print(json.dumps(rates, indent=2))


if __name__ == "__main__":
    main()
