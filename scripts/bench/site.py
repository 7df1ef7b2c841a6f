# SPDX-License-Identifier: LGPL-3.0-only
"""Where is measured: databases that are filled once, servers, and load by turns."""

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from stack.authority import Authority
from stack.cluster import Cluster
from stack.database import Database
from stack.odoo_server import OdooServer, addons_path
from stack.processes import free_ports
from stack.settings import ADDONS, LOCAL, StackError

from .load import Load, ask
from .sizes import Sizes

HERE = Path(__file__).parent
sys.path.append(str(ADDONS / "recall_base" / "tools"))
KEYS = "RECALL_KEY_FILE"
MODULES = {
    "regulator": ("recall_management", "recall_service"),
    "producer": ("recall_enterprise",),
}
WARM_UP = 1.0
JOB = f"""\
import importlib, sys
sys.path.insert(0, {str(HERE / "jobs")!r})
result = getattr(importlib.import_module({{job!r}}), {{function!r}})(env, **values)
"""
Turn = Callable[[float], Load]


def regulator_name(existing: int) -> str:
    return f"bench_regulator_{existing}"


class Place:
    """A database with its keys, and the servers on it."""

    def __init__(self, bench: "Bench", name: str) -> None:
        self.bench = bench
        self.environment = {
            KEYS: str(bench.keys),
            "RECALL_CA_FILE": str(bench.authority.ca),
            "RECALL_PEER_NETWORKS": "127.0.0.0/8,::1/128",
        }
        self.database = Database(bench.cluster, name, environment=self.environment)

    def run(self, job: str, function: str, **values):
        """Run a function of a module in `jobs` inside Odoo."""
        return self.database.shell(JOB.format(job=job, function=function), **values)

    def connect(self):
        return self.bench.cluster.connect(self.database.name)

    def server(self, *, workers: int = 1) -> OdooServer:
        """A server with the empty route beside the product; never renews a worker."""
        first, second = free_ports(2)
        return OdooServer(
            f"bench/{self.database.name}",
            self.bench.cluster,
            self.database.name,
            (first, second),
            workers=workers,
            cron_threads=0,
            environment=self.environment
            | {"ODOO_ADDONS_PATH": f"{addons_path()},{HERE / 'addons'}"},
            options=("--load=base,web,rpc,bench_empty", "--limit-request=100000000"),
        )


@dataclass
class Bench:
    """One run: its sizes, its databases, and a folder for what is sent.

    :param template: a database with all add-ons to copy instead of making one
    :param keep: leave the databases, and use those that are there
    """

    sizes: Sizes
    folder: Path
    template: str = ""
    keep: bool = False
    say: Callable[[str], None] = print
    cluster: Cluster = field(default_factory=Cluster)
    _places: dict[str, Place] = field(default_factory=dict)
    _known: dict[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        import key_file  # of recall_base/tools

        self.keys = LOCAL / "keys" / "bench.json"
        if not self.keys.exists():
            self.keys.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            key_file.generate_key_file(self.keys)
        self.authority = Authority(self.folder / "tls")
        self.authority.prepare()
        self.cluster.start()

    def regulator(self, existing: int) -> Place:
        """A regulator with so many reports there already."""
        place = self._place("regulator", regulator_name(existing))
        self.once(
            f"fill {existing}", lambda: place.run("fill", "fill", existing=existing)
        )
        return place

    def has(self, existing: int) -> bool:
        """Whether the regulator with so many reports is there already."""
        name = regulator_name(existing)
        return name in self._places or (self.keep and self.cluster.exists(name))

    def producer(self, name: str) -> Place:
        """A producer with nothing in its database."""
        return self._place("producer", f"bench_producer_{name}")

    def once(self, name: str, make: Callable[[], object]):
        """What several measurements need is made by the first of them."""
        if name not in self._known:
            self._known[name] = make()
        return self._known[name]

    def close(self) -> None:
        if not self.keep:
            for place in self._places.values():
                place.database.drop()

    def _place(self, kind: str, name: str) -> Place:
        if name in self._places:
            return self._places[name]
        place = self._places[name] = Place(self, name)
        if not (self.keep and self.cluster.exists(name)):
            self.say(f"making {name}")
            if self.template:
                place.database.copy_from(self.template)
            else:
                place.database.make(MODULES[kind])
        return place

    # Load ---------------------------------------------------------------------

    def turn(self, url: str, lines: list[str], good: str, **options) -> Turn:
        """What asks with these lines for so many seconds: see ``load.ask``."""
        path = self.folder / f"{len(list(self.folder.iterdir()))}.txt"
        path.write_text("".join(f"{line}\n" for line in lines))
        options.setdefault("connections", self.sizes.connections)
        run = partial(ask, url, path, good, **options)
        return lambda seconds: run(seconds=seconds)

    def by_turns(self, turns: dict[str, Turn]) -> list[dict[str, float]]:
        """Answers a second of each, by turns; a wrong answer ends it."""
        for turn in turns.values():
            turn(WARM_UP)
        return [
            {
                name: round(self.good(turn(self.sizes.seconds), name).rate, 1)
                for name, turn in turns.items()
            }
            for _turn in range(self.sizes.turns)
        ]

    @staticmethod
    def good(load: Load, name: str = "look-up") -> Load:
        """A load of which every answer is a good one; StackError for another."""
        if load.bad or load.limited:
            raise StackError(f"{name}: {load.bad} of {load.requests} are bad")
        return load

    def free_bytes(self) -> int:
        """Room on the disk of the database cluster."""
        home = LOCAL if self.cluster.external else self.cluster.data
        return shutil.disk_usage(home).free
