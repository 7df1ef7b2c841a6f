# SPDX-License-Identifier: LGPL-3.0-only
"""The main job: from filed plans over repair reports to the regulator's figures."""

import datetime
import json
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from stack.stack import Site, Stack

from .accounts import PASSWORD, grant_producers, make_accounts
from .plans import Plan, make_plans
from .reports import (
    Report,
    make_repeated,
    make_reports,
    make_unsent,
    make_wrong,
)
from .web_client import WebClient
from .website import dress_website

BATCH = 1000
# This producer runs software of its own that knows only the standard's members.
PLAIN_PRODUCER = "大众汽车(中国)销售有限公司"
DAY_PARAMETER = "recall_demo.day"
SYNC_PATH = "/recall/v1/sync"
COLLECT_PATH = "/recall/v1/collect"
WAIT_SECONDS = 180


@dataclass
class Posted:
    """What the dealers' system was answered."""

    accepted: int = 0
    repeated: int = 0
    rejected: Counter = field(default_factory=Counter)  # code -> reports
    surprises: list[str] = field(default_factory=list)

    def total(self) -> int:
        """Number of reports answered, for those wrong on purpose."""
        return self.rejected.total() + len(self.surprises)


@dataclass
class Access:
    """What one producer handed out: interface names and tokens."""

    producer_id: int
    sync: tuple[str, str]  # (api_cfg, token)
    collect: tuple[str, str]


class World:
    """The actors around a stack: filers, dealers' systems, officers, a plain peer."""

    def __init__(self, stack: Stack, total: int = 50_000) -> None:
        self.stack = stack
        self.plans = make_plans(total)
        self.today = datetime.date.today()
        self.access: dict[str, Access] = {}

    def log_in(self, site: Site, login: str) -> WebClient:
        client = WebClient(site.url, self.stack.ca_file, site.database.name)
        return client.log_in(login, PASSWORD)

    # === Setting up, once === #

    def set_up(self) -> None:
        """Make the accounts of both sides and dress the public site."""
        for site in self.stack.sites:
            make_accounts(site)
        dress_website(self.stack.regulator)

    def enter(self) -> None:
        self.producer = self.log_in(self.stack.producer, "producer")
        self.regulator = self.log_in(self.stack.regulator, "engineer")

    def file_plans(self, client: WebClient, plans: list[Plan]) -> dict[str, int]:
        """Import plans from a file; returns the counters of the import."""
        content = json.dumps({"plans": plans}, ensure_ascii=False).encode()
        job = client.create("recall.import", {"kind": "filings"})
        client.upload(f"/recall/import/{job}/file", "plans.json", content)
        client.call("recall.import", "action_start", [job])
        deadline = time.monotonic() + WAIT_SECONDS
        fields = ["state", "taken_count", "refused_count", "failure"]
        while True:
            shown = client.call("recall.import", "read", [job], fields)[0]
            if shown["state"] not in ("running", "testing"):
                return shown
            if time.monotonic() > deadline:
                raise TimeoutError(f"the import of plans does not end: {shown}")
            time.sleep(0.5)

    def file_everywhere(self) -> dict[str, int]:
        """File all plans on both sides; the plain producer's only at the regulator."""
        own = [p for p in self.plans if p["producerName"] != PLAIN_PRODUCER]
        self.file_plans(self.producer, own)
        grant_producers(self.stack.producer)
        filed = self.file_plans(self.regulator, self.plans)
        grant_producers(self.stack.regulator)
        return filed

    def open_interfaces(self) -> None:
        """Each producer opens its interfaces and issues a token for each."""
        for producer in self.producer.search_read("recall.producer", [], ["name"]):
            pairs = {}
            for purpose in ("sync", "collect"):
                interface = self.producer.create(
                    "recall.interface",
                    {
                        "name": f"{producer['name']} {purpose}",
                        "producer_id": producer["id"],
                        "purpose": purpose,
                    },
                )
                pairs[purpose] = self._issue_token(interface, producer, purpose)
            self.access[producer["name"]] = Access(producer["id"], **pairs)

    def _issue_token(
        self, interface: int, producer: dict[str, Any], purpose: str
    ) -> tuple[str, str]:
        cfg = self.producer.call("recall.interface", "read", [interface], ["api_cfg"])
        dialogue = self.producer.create(
            "recall.token.issue",
            {
                "name": f"{producer['name']} {purpose}",
                "purpose": purpose,
                "producer_id": producer["id"],
            },
        )
        action = self.producer.call("recall.token.issue", "action_issue", [dialogue])
        return cfg[0]["api_cfg"], action["context"]["default_secret"]

    def connect_terminals(self) -> None:
        """The regulator enters address, interface name and token of each terminal."""
        for name, access in self.access.items():
            self.connect(name, self.stack.producer.url + SYNC_PATH, *access.sync)

    def connect(self, name: str, url: str, cfg: str, token: str) -> None:
        """Connect one terminal, or tell the regulator its new address."""
        values = {"url": url, "api_cfg": cfg, "api_token": token}
        known = self.regulator.search_read(
            "recall.enterprise", [("name", "=", name)], ["id"]
        )
        if known:
            self.regulator.call("recall.enterprise", "write", [known[0]["id"]], values)
            return
        producer = self.regulator.search_read(
            "recall.producer", [("name", "=", name)], ["id"]
        )
        values |= {"producer_id": producer[0]["id"], "interval_minutes": 1440}
        self.regulator.create("recall.enterprise", values)

    # === A working day === #

    def begin_day(self) -> int:
        """Count the days of this world, in the producer's database."""
        script = (
            "parameters = env['ir.config_parameter']\n"
            "result = int(parameters.get_param(values['name'], 0)) + 1\n"
            "parameters.set_param(values['name'], result)\n"
        )
        return self.stack.producer.database.shell(script, name=DAY_PARAMETER)

    def reports_of(self, day: int, *, plain: bool = False) -> list[Report]:
        """Good reports of a day: of the plain producer, or of all the others."""
        reports = make_reports(self.plans, day, self.today)
        return [r for r in reports if (self.producer_of(r) == PLAIN_PRODUCER) == plain]

    def unsent_reports(self, producer: str) -> list[Report]:
        """Good reports of a producer's vehicles that nobody sends."""
        return [
            report
            for position, plan in enumerate(self.plans)
            if plan["producerName"] == producer
            for report in make_unsent(plan, position, self.today)
        ]

    def post_reports(self, reports: list[Report]) -> Posted:
        """Post good reports in batches, each to its producer's interface."""
        posted = Posted()
        for producer, mine in self._by_producer(reports).items():
            for begin in range(0, len(mine), BATCH):
                answer = self.post_batch(producer, mine[begin : begin + BATCH])
                for result in answer["results"]:
                    self._count(posted, result)
        return posted

    def post_wrong(self, day: int, sent: list[Report]) -> Posted:
        """Post a report for each fault, and see that each is found."""
        posted = Posted()
        first = sent[0]
        producer = self.producer_of(first)
        unsent = self.unsent_reports(producer)
        spoiled = make_wrong(unsent, day) + make_repeated(first, unsent[-1], day)
        answer = self.post_batch(producer, [report for _code, report in spoiled])
        for (code, _report), result in zip(spoiled, answer["results"], strict=True):
            found = [finding["code"] for finding in result["findings"]]
            posted.rejected[code] += result["status"] == "rejected"
            if code not in found or result["status"] != "rejected":
                posted.surprises.append(f"{code}: {result['status']} {found}")
        return posted

    def post_batch(self, producer: str, reports: list[Report]) -> dict[str, Any]:
        cfg, token = self.access[producer].collect
        answer = self.producer.post(
            COLLECT_PATH, {"api_token": token, "api_cfg": cfg, "records": reports}
        )
        if answer["api_status"] != 200:
            raise RuntimeError(f"collect answered {answer}")
        return answer

    def _count(self, posted: Posted, result: dict[str, Any]) -> None:
        if result["status"] == "rejected":
            posted.rejected.update(finding["code"] for finding in result["findings"])
        elif result["status"] == "repeated":
            posted.repeated += 1
        else:
            posted.accepted += 1

    def _by_producer(self, reports: list[Report]) -> dict[str, list[Report]]:
        grouped: dict[str, list[Report]] = {}
        for report in reports:
            grouped.setdefault(self.producer_of(report), []).append(report)
        return grouped

    def producer_of(self, report: Report) -> str:
        return self.plans[int(report["recordId"][:2])]["producerName"]

    def wait_confirmed(self) -> None:
        """Wait until the producer's scheduled action has confirmed all that wait."""
        self._wait_until(
            lambda: (
                not self.producer.call(
                    "recall.completion", "search_count", [("state", "=", "checked")]
                )
            ),
            "reports to be confirmed",
        )

    def pull(self) -> None:
        """Have all terminals asked; wait until none has more to give."""
        self.start_pull()
        self.wait_pulled()

    def start_pull(self) -> None:
        """An officer presses "Ask now" for all terminals."""
        # Odoo clears the triggers of the second in which a scheduled action ends.
        time.sleep(1.1)
        ids = self.regulator.call("recall.enterprise", "search", [])
        self.regulator.call("recall.enterprise", "action_pull_now", ids)

    def wait_pulled(self) -> None:
        now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M:%S")
        due = ["|", ("next_pull_at", "<=", now), ("lease_until", "!=", False)]
        self._wait_until(
            lambda: not self.regulator.call("recall.enterprise", "search_count", due),
            "terminals to be asked",
        )

    def _wait_until(self, done: Any, what: str) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while not done():
            if time.monotonic() > deadline:
                raise TimeoutError(f"waited {WAIT_SECONDS} s for {what}")
            time.sleep(0.5)

    # === Both sides' books === #

    def ledger(self, site: Site, producers: list[str]) -> set[tuple[str, ...]]:
        """All confirmed records of these producers, read from the database itself."""
        rows = self.ask(
            site,
            """SELECT recall_number, vin, repair_number, repair_date::text,
                      dealer_name, phone_masked
                 FROM recall_completion completion
                 JOIN recall_producer producer ON producer.id = producer_id
                WHERE state = 'confirmed' AND producer.name = ANY(%s)""",
            producers,
        )
        records = set(rows)
        if len(records) != len(rows):
            raise RuntimeError(f"{len(rows) - len(records)} records are doubled")
        return records

    def recount_is_right(self, site: Site) -> bool:
        """Whether the kept counters of all plans are what counting anew gives."""
        wrong = self.ask(
            site,
            """SELECT plan.recall_number FROM recall_plan plan
                 LEFT JOIN recall_vehicle vehicle ON vehicle.plan_id = plan.id
                GROUP BY plan.id
               HAVING plan.vehicle_count != count(vehicle.id)
                   OR plan.done_count
                      != count(vehicle.id) FILTER (WHERE vehicle.state = 'done')""",
        )
        return not wrong

    def ask(self, site: Site, query: str, *values: Any) -> list[tuple]:
        """Rows of a query on a site's database, past Odoo."""
        connection = self.stack.cluster.connect(site.database.name)
        try:
            with connection.cursor() as cursor:
                cursor.execute(query, values)
                return cursor.fetchall()
        finally:
            connection.close()
