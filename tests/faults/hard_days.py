# SPDX-License-Identifier: LGPL-3.0-only
"""Working days on which parts die, and the books that are compared after each."""

import csv
import io
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg2
import requests
from hold_points import HoldPoints
from simulation.reports import Report
from simulation.scheduler import forget_cut_off, wake
from simulation.web_client import WebError
from simulation.world import World
from striker import Place, Strike, Striker

#: X-FAULT: seconds after which all works again, without a person.
HEALING = 90
PAUSE = 0.2
REPORTS_A_DAY, PAGE_SIZE = 5, 2
#: What a client is told, or not, while a part is away.
TROUBLE = (requests.RequestException, RuntimeError, ValueError, WebError)
COLUMNS = [
    *("recallNum", "vehicleVin", "recallTime", "repairNum"),
    *("dealerName", "telNum", "repairMethod"),
]
DUE = """
UPDATE recall_enterprise SET next_pull_at = now() AT TIME ZONE 'UTC' - interval '1 s'
 WHERE id IN (SELECT id FROM recall_enterprise
               WHERE name = %s AND next_pull_at > now() AT TIME ZONE 'UTC'
                 FOR NO KEY UPDATE SKIP LOCKED)
RETURNING id
"""
COUNT = "SELECT count(*) FROM recall_completion WHERE state = 'confirmed'"


class HardDays:
    """A producer's days: its reports, who strikes, and the ledger of what was sent.

    `hits` counts strikes on work that had not ended, `slowest` is the longest that work
    took after a strike, in seconds; `size` is how many reports a day has.
    """

    def __init__(self, world: World, producer: str, striker: Striker) -> None:
        self.world, self.producer, self.striker = world, producer, striker
        own = (r for r in world.reports_of(1) if world.producer_of(r) == producer)
        self._unsent = list(own)
        self.sent: list[Report] = []
        self.size = REPORTS_A_DAY
        self.hits = 0
        self.slowest = 0.0
        stack = world.stack
        self.points = {
            site.name: HoldPoints(stack.cluster, site.database.name)
            for site in stack.sites
        }
        self.points["producer"].make("recall_completion", "recall_delivery")
        self.points["regulator"].make("recall_completion")
        regulator, maker = stack.regulator, stack.producer
        self.places = {
            "collect": Place(maker, "recall_completion", "WorkerHTTP"),
            "import": Place(maker, "recall_completion", "WorkerCron"),
            "sync": Place(maker, "recall_delivery", "WorkerHTTP"),
            "intake": Place(regulator, "recall_completion", "WorkerCron"),
        }
        self.works: dict[str, Callable[[], None]] = {
            "collect": self.send,
            "import": self.import_file,
            "sync": self.pull,
            "intake": self.pull,
        }

    # === Days === #

    def day(self, **strikes: Strike) -> None:
        """Report, confirm and pull; each strike falls on the work that it is named by.

        One of `collect` and `import`, and one of `sync` and `intake`.
        """
        for site in self.world.stack.sites:
            forget_cut_off(self.world.stack.cluster, site.database.name)
        first = "import" if "import" in strikes else "collect"
        second = "sync" if "sync" in strikes else "intake"
        self._work(first, strikes.get(first))
        self.confirm()
        self._work(second, strikes.get(second))
        self.compare()

    def _work(self, name: str, strike: Strike | None) -> None:
        """Have work begin, strike, and see that it ends in time."""
        place = self.places[name]
        if strike is None:
            self.works[name]()
            return
        with ThreadPoolExecutor(1) as threads:
            if isinstance(strike.moment, float):
                future = threads.submit(self.works[name])
                self.striker.strike_at_random(strike, place)
            else:
                points = self.points[place.site.name]
                with points.hold(place.table, strike.moment) as held:
                    future = threads.submit(self.works[name])
                    self.striker.strike_held(strike, place, held)
            struck = time.monotonic()
            self.hits += not future.done()
            future.result()
        self.slowest = max(self.slowest, time.monotonic() - struck)

    # === What is done on a day === #

    def _take(self) -> list[Report]:
        reports = self._unsent[: self.size]
        del self._unsent[: self.size]
        if not reports:
            raise RuntimeError("the producer has no vehicle left")
        self.sent += reports
        return reports

    def send(self) -> None:
        """The dealers' system sends reports, again and again until it is answered."""
        reports = self._take()
        answer = insist(lambda: self.world.post_batch(self.producer, reports))
        for result in answer["results"]:
            assert result["status"] in ("accepted", "repeated"), result

    def import_file(self) -> None:
        """A clerk takes a file in."""
        reports = self._take()
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(reports)
        job = insist(lambda: self._upload(text.getvalue().encode()))
        insist(lambda: self._start(job))
        query = "SELECT state, taken_count, refused_count FROM recall_import"
        query += f" WHERE id = {job}"

        def done() -> bool:
            self._wake("producer", "recall_base.ir_cron_import")
            [found] = self._ask("producer", query)
            assert found[0] in ("running", "done"), found
            return found == ("done", len(reports), 0)

        self._wait(done)

    def _upload(self, content: bytes) -> int:
        producer_id = self.world.access[self.producer].producer_id
        values = {"kind": "reports", "producer_id": producer_id}
        job = self.world.producer.create("recall.import", values)
        path = f"/recall/import/{job}/file"
        self.world.producer.upload(path, "reports.csv", content)
        return job

    def _start(self, job: int) -> None:
        client = self.world.producer
        [shown] = client.call("recall.import", "read", [job], ["state"])
        if shown["state"] not in ("running", "done"):
            client.call("recall.import", "action_start", [job])

    def confirm(self) -> None:
        """The rules confirm what has come."""

        def done() -> bool:
            self._wake("producer", "recall_enterprise.ir_cron_confirm")
            return self.count("producer") == len(self.sent)

        self._wait(done)

    def pull(self) -> None:
        """The time has come to ask the producer, until all has arrived."""

        def done() -> bool:
            if self.count("regulator") == len(self.sent):
                return True
            self._ask("regulator", DUE, self.producer)
            self._wake("regulator", "recall_management.ir_cron_pull")
            return False

        self._wait(done)

    def _wake(self, side: str, cron: str) -> None:
        stack = self.world.stack
        wake(stack.cluster, getattr(stack, side).database.name, cron)

    def _ask(self, side: str, query: str, *values: Any) -> list[tuple]:
        connection = self.world.stack.cluster.connect(
            getattr(self.world.stack, side).database.name
        )
        try:
            with connection.cursor() as cursor:
                cursor.execute(query, values or None)
                return cursor.fetchall()
        finally:
            connection.close()

    def count(self, side: str) -> int:
        """Records that are confirmed at the producer or the regulator."""
        return self._ask(side, COUNT)[0][0]

    def _wait(self, done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + HEALING
        while True:
            try:
                if done():
                    return
            except psycopg2.Error:  # the server is away, or comes back
                pass
            if time.monotonic() > deadline:
                raise TimeoutError(f"{HEALING} s were not enough: {self._state()}")
            time.sleep(PAUSE)

    def _state(self) -> str:
        counts = [f"{side} {self.count(side)}" for side in ("producer", "regulator")]
        return f"sent {len(self.sent)}, {', '.join(counts)}"

    # === Books === #

    def compare(self) -> None:
        """Lost, doubled and made-up records: none, on either side."""
        ledger = {_entry(report) for report in self.sent}
        for site in self.world.stack.sites:
            books = self.world.ledger(site, [self.producer])
            assert books - ledger == set(), f"made up at the {site.name}"
            assert ledger - books == set(), f"lost at the {site.name}"
            assert self.world.recount_is_right(site), f"counters of the {site.name}"


def insist(call: Callable[[], Any]) -> Any:
    """Repeat a call until it is answered, as a client does whose server is away."""
    deadline = time.monotonic() + HEALING
    while True:
        try:
            return call()
        except TROUBLE:
            if time.monotonic() > deadline:
                raise
            time.sleep(PAUSE)


def _entry(report: Report) -> tuple[str, ...]:
    """A report as both sides' books show it."""
    names = ("recallNum", "vehicleVin", "repairNum", "recallTime", "dealerName")
    phone = report["telNum"]
    return (*(report[name] for name in names), f"{phone[:3]}****{phone[-4:]}")
