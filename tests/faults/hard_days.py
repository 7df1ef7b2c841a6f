# SPDX-License-Identifier: LGPL-3.0-only
"""Working days on which parts die, and the books that are compared after each."""

import csv
import io
from collections.abc import Callable

from simulation.reports import Report
from simulation.world import World
from striker import Place, Strike
from supervisor import wait_for
from workshop import Workshop, insist

REPORTS_A_DAY, PAGE_SIZE = 5, 2
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
    """A producer's days: its reports, and the ledger of what was sent.

    `size` is how many reports a day has.
    """

    def __init__(self, world: World, producer: str, workshop: Workshop) -> None:
        self.world, self.producer, self.workshop = world, producer, workshop
        own = (r for r in world.reports_of(1) if world.producer_of(r) == producer)
        self._unsent = list(own)
        self.sent: list[Report] = []
        self.size = REPORTS_A_DAY
        workshop.points["producer"].make("recall_completion", "recall_delivery")
        workshop.points["regulator"].make("recall_completion")
        regulator, maker = world.stack.regulator, world.stack.producer
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
        self.workshop.forget_cut_off()
        first = "import" if "import" in strikes else "collect"
        second = "sync" if "sync" in strikes else "intake"
        self._do(first, strikes.get(first))
        self.confirm()
        self._do(second, strikes.get(second))
        self.workshop.insist(self.compare)

    def _do(self, name: str, strike: Strike | None) -> None:
        self.workshop.do(self.works[name], self.places[name], strike)

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
            self.workshop.wake("producer", "recall_base.ir_cron_import")
            [found] = self.workshop.ask("producer", query)
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
            self.workshop.wake("producer", "recall_enterprise.ir_cron_confirm")
            return self.count("producer") == len(self.sent)

        self._wait(done)

    def pull(self) -> None:
        """The time has come to ask the producer, until all has arrived."""

        def done() -> bool:
            if self.count("regulator") == len(self.sent):
                return True
            self.workshop.ask("regulator", DUE, self.producer)
            self.workshop.wake("regulator", "recall_management.ir_cron_pull")
            return False

        self._wait(done)

    def count(self, side: str) -> int:
        """Records that are confirmed at the producer or the regulator."""
        return self.workshop.ask(side, COUNT)[0][0]

    def _wait(self, done: Callable[[], bool]) -> None:
        wait_for(done, self._state)

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


def _entry(report: Report) -> tuple[str, ...]:
    """A report as both sides' books show it."""
    names = ("recallNum", "vehicleVin", "repairNum", "recallTime", "dealerName")
    phone = report["telNum"]
    return (*(report[name] for name in names), f"{phone[:3]}****{phone[-4:]}")
