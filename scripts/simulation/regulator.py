# SPDX-License-Identifier: LGPL-3.0-only
"""The regulator's Odoo in one process that does what it is told, and its books."""

import secrets
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, Listener
from pathlib import Path
from typing import Any

from stack.cluster import Cluster
from stack.database import Database
from stack.odoo_server import command_line
from stack.processes import last_line
from stack.settings import LOGS, StackError
from stack.stack import REGULATOR_MODULES

from .fleet import ADDRESS, Fleet, Station
from .terminal import key_of

#: Runs of the scheduled action after which a pull that does not end is given up.
MOST_RUNS = 20
_LOOP = """\
from multiprocessing.connection import Client
with Client({address!r}, authkey={key!r}) as line:
    while (order := line.recv()) is not None:
        script, values = order
        names = {{"env": env, "values": values, "result": None}}
        try:
            exec(script, names)
            env.cr.commit()
            line.send((True, names["result"]))
        except BaseException as error:
            env.cr.rollback()
            line.send((False, repr(error)))
        env.invalidate_all()
"""
_CONNECT = """\
import io, json
job = env["recall.import"].create({"kind": "filings"})
job._upload(io.BytesIO(json.dumps({"plans": values["plans"]}).encode()), "plans.json")
job.action_start()
while job.state == "running":
    env["recall.import"]._cron_run()
if job.state != "done" or job.refused_count:
    raise ValueError(f"{job.state}: {job.failure} {job.error_ids.mapped('note')}")
producers = env["recall.producer"].search([]).grouped("name")
enterprises = env["recall.enterprise"].create([
    {"producer_id": producers[name].id, **given}
    for name, given in values["terminals"].items()
])
result = {enterprise.name: enterprise.id for enterprise in enterprises}
"""
_PULL = """\
from odoo import fields
Enterprise = env["recall.enterprise"]
due = Enterprise.browse(values["ids"])
due.action_pull_now()
env.cr.execute(
    "UPDATE recall_enterprise SET next_pull_at = now() AT TIME ZONE 'UTC'"
    " - interval '1 minute' + array_position(%s, id) * interval '1 millisecond'"
    " WHERE id = ANY(%s)", [values["ids"], values["ids"]])
env.cr.commit()
env.invalidate_all()
result = 0
while result < values["most_runs"] and Enterprise.search_count(
    [("id", "in", due.ids), ("next_pull_at", "<=", fields.Datetime.now())]
):
    result += 1
    Enterprise._cron_pull()
    env.cr.commit()
"""
_RECOUNT = """\
wrong = env["recall.plan"].search([])._recount()
result = wrong.mapped("recall_number")
"""
_BOOKS = """\
SELECT producer.name, completion.recall_number, vin, repair_number, repair_date::text,
       dealer_name, phone_masked
  FROM recall_completion completion
  JOIN recall_producer producer ON producer.id = producer_id
 WHERE completion.state = 'confirmed'
"""


@dataclass
class Difference:
    """What the regulator's books lack, have twice, and have that nobody gave."""

    lost: set[tuple] = field(default_factory=set)
    doubled: set[tuple] = field(default_factory=set)
    phantom: set[tuple] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.lost or self.doubled or self.phantom)


class Regulator:
    """A management terminal with a database of its own; use as a context manager.

    One Odoo process stays in memory and runs scripts, the scheduled pull among them; no
    other server works on the database.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self.enterprises: dict[str, int] = {}  # producer -> id of its terminal
        self._line: Connection | None = None
        self._process: subprocess.Popen | None = None

    def __enter__(self) -> "Regulator":
        self.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.stop()

    def make(self, template: str | None = None) -> None:
        """Make the database anew, from `template` or as the product is now."""
        if template:
            self.database.copy_from(template)
        else:
            self.database.make(REGULATOR_MODULES)

    @staticmethod
    def site(name: str, keys: Path, fleet: Fleet) -> Database:
        """The database of a regulator that may ask a fleet and nobody else."""
        return Database(
            Cluster(),
            name,
            LOGS / "system" / f"{name}.log",
            {
                "RECALL_KEY_FILE": str(keys),
                "RECALL_CA_FILE": fleet.authority.ca_file,
                "RECALL_PEER_NETWORKS": f"{ADDRESS}/32",
            },
        )

    # === Process === #

    def start(self) -> None:
        """Start Odoo and wait until it takes orders."""
        key = secrets.token_bytes(16)
        words = ["shell", f"--database={self.database.name}", "--no-http"]
        words += ["--workers=0", "--max-cron-threads=0"]
        command, environment = command_line(self.database.cluster, words)
        self.database.log.parent.mkdir(parents=True, exist_ok=True)
        with (
            tempfile.TemporaryDirectory() as folder,
            Listener(str(Path(folder, "line")), authkey=key) as listener,
            self.database.log.open("ab") as log,
        ):
            self._process = subprocess.Popen(
                command,
                env=environment | self.database.environment,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd="/",
            )
            loop = _LOOP.format(address=listener.address, key=key)
            self._process.stdin.write(loop.encode())
            self._process.stdin.close()
            self._line = self._accept(listener)

    def _accept(self, listener: Listener) -> Connection:
        # A process that ends at once would leave us waiting for its call for ever.
        listener._listener._socket.settimeout(60)
        try:
            return listener.accept()
        except TimeoutError:
            self._process.kill()
            self._process.wait()
            reason = last_line(self.database.log)
            raise StackError(f"the regulator does not start: {reason}") from None

    def stop(self) -> None:
        if self._line:
            with suppress(OSError):  # it ended by itself, with its database
                self._line.send(None)
            self._line.close()
            self._process.wait()
            self._line = None

    def run(self, script: str, **values: Any) -> Any:
        """Run Python with `env` and `values`, commit, return its `result`."""
        try:
            self._line.send((script, values))
            done, result = self._line.recv()
        except (EOFError, OSError):
            done, result = False, "the regulator ended"
        if not done:
            raise StackError(f"{result} (see {self.database.log})")
        return result

    # === Work === #

    def connect(self, stations: Iterable[Station], plans: list[dict]) -> None:
        """File the plans of producers and enter where their terminals are asked."""
        terminals = {
            station.terminal.name: {
                "url": station.url,
                "api_cfg": station.terminal.cfg,
                "api_token": station.terminal.token,
                "plain": station.terminal.plain,
                "interval_minutes": 1440,
                "next_pull_at": "2100-01-01 00:00:00",  # not before `pull`
            }
            for station in stations
        }
        self.enterprises |= self.run(_CONNECT, plans=plans, terminals=terminals)

    def move(self, station: Station, url: str) -> None:
        """Enter another address for a terminal."""
        self.run(
            "env['recall.enterprise'].browse(values['id']).url = values['url']",
            id=self.enterprises[station.terminal.name],
            url=url,
        )

    def pull(self, stations: Iterable[Station]) -> int:
        """Have terminals asked in this order; returns the runs that it took."""
        ids = [self.enterprises[station.terminal.name] for station in stations]
        runs = self.run(_PULL, ids=ids, most_runs=MOST_RUNS)
        if runs == MOST_RUNS:
            raise StackError(f"terminals are still due after {runs} runs")
        return runs

    # === Books === #

    def ask(self, query: str, *values: Any) -> list[tuple]:
        """Rows of a query on the database, past Odoo."""
        connection = self.database.cluster.connect(self.database.name)
        try:
            with connection.cursor() as cursor:
                cursor.execute(query, values)
                return cursor.fetchall()
        finally:
            connection.close()

    def compare(self, stations: Iterable[Station], *, arrived: bool) -> Difference:
        """Compare the books with the ledgers of the stations.

        :param arrived: all that stands must have arrived; else what was acknowledged
        """
        rows = self.ask(_BOOKS)
        names = {station.terminal.name for station in stations}
        have = {row for row in rows if row[0] in names}
        keys = Counter(row[:4] for row in rows)
        standing, owed, given = set(), set(), set()
        for station in stations:
            ledger, name = station.terminal.ledger, station.terminal.name
            standing |= {(name, *_entry(r)) for r in ledger.standing.values()}
            known = ledger.standing if arrived else ledger.acknowledged
            owed |= {(name, *_entry(ledger.standing[key])) for key in known}
            given |= {(name, *key) for key in ledger.given}
        return Difference(
            lost=owed - have,
            doubled={key for key, count in keys.items() if count > 1},
            phantom={
                row for row in have if row not in standing or row[:4] not in given
            },
        )

    def wrong_counters(self) -> list[str]:
        """Recall numbers whose kept counters are not what counting anew gives."""
        return self.run(
            "result = env['recall.plan'].search([])._recount().mapped('recall_number')"
        )


def _entry(record: dict[str, Any]) -> tuple[str, ...]:
    """A record as the regulator's books show it."""
    phone = record["telNum"]
    masked = f"{phone[:3]}****{phone[-4:]}"
    return (*key_of(record), record["recallTime"], record["dealerName"], masked)
