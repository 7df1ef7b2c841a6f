# SPDX-License-Identifier: LGPL-3.0-only
"""Load by turns on one worker of the real server: what is compared shares the noise.

Variables: ROUNDS (5), SECONDS (5, of each turn), CONNECTIONS (4), DATABASE (one that is
there is used again), TEMPLATE (a database with recall_service to copy instead of making
one), KEEP (1 leaves it).
"""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

SCRIPTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(SCRIPTS), str(SCRIPTS.parent / "addons" / "recall_base" / "tools")]

import cipher  # noqa: E402
import key_file  # noqa: E402
from load import Load, ask  # noqa: E402
from stack.cluster import Cluster  # noqa: E402
from stack.database import Database  # noqa: E402
from stack.odoo_server import OdooServer, addons_path  # noqa: E402
from stack.processes import free_ports  # noqa: E402
from stack.settings import StackError  # noqa: E402

HERE = Path(__file__).parent
WARM_UP = 2.0
JOB = f"""\
import sys
sys.path.insert(0, {str(HERE)!r})
import %s
result = %s.prepare(env, **values)
"""
Turn = Callable[[float], Load]


def number(name: str, default: int) -> int:
    return int(os.environ.get(name, default))


class Place(NamedTuple):
    """Where a measurement runs: a database, its keys and a folder for what is sent."""

    cluster: Cluster
    database: Database
    keys: Path
    folder: Path

    def prepare(self, job: str, **values) -> dict:
        """Run ``prepare`` of a module of this folder inside Odoo."""
        return self.database.shell(JOB % (job, job), **values)

    def server(self) -> OdooServer:
        """One worker, with the empty route beside the product."""
        first, second = free_ports(2)
        return OdooServer(
            f"bench/{self.database.name}",
            self.cluster,
            self.database.name,
            (first, second),
            workers=1,
            cron_threads=0,
            environment={
                cipher.ENVIRONMENT: str(self.keys),
                "ODOO_ADDONS_PATH": f"{addons_path()},{HERE / 'addons'}",
            },
            options=("--load=base,web,rpc,bench_empty",),
        )

    def turn(self, url: str, lines: list[str], good: str, **options) -> Turn:
        """What asks with these lines for so many seconds: see ``load.ask``."""
        path = self.folder / f"{len(list(self.folder.iterdir()))}.txt"
        path.write_text("".join(f"{line}\n" for line in lines))
        connections = number("CONNECTIONS", 4)
        run = partial(ask, url, path, good, connections=connections, **options)
        return lambda seconds: run(seconds=seconds)


@contextmanager
def place(default: str) -> Iterator[Place]:
    """The place named by the environment; it is made if it is not there."""
    cluster = Cluster()
    cluster.start()
    with tempfile.TemporaryDirectory() as folder:
        keys = Path(folder, "keys.json")
        key_file.generate_key_file(keys)
        name, template = os.environ.get("DATABASE", default), os.environ.get("TEMPLATE")
        database = Database(cluster, name, environment={cipher.ENVIRONMENT: str(keys)})
        if not cluster.exists(name):
            if template:
                database.copy_from(template)
            else:
                database.make(["recall_service"])
        try:
            yield Place(cluster, database, keys, Path(folder))
        finally:
            if not os.environ.get("KEEP"):
                database.drop()


def measure(turns: dict[str, Turn]) -> dict[str, list[float]]:
    """Answers a second of each, by turns; a wrong answer ends it."""
    rates: dict[str, list[float]] = {name: [] for name in turns}
    for turn in turns.values():
        turn(WARM_UP)
    for _round in range(number("ROUNDS", 5)):
        for name, turn in turns.items():
            load = turn(number("SECONDS", 5))
            if load.bad:
                raise StackError(f"{name}: {load.bad} of {load.requests} are bad")
            rates[name].append(round(load.rate, 1))
    return rates
