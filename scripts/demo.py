# SPDX-License-Identifier: LGPL-3.0-only
"""`make demo`: two terminals behind HTTPS do the main job once and go on serving."""

import argparse
import json
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from simulation.accounts import ACCOUNTS, PASSWORD
from simulation.plain_peer import PlainPeer, sync_record
from simulation.public_page import browser_page, look_up
from simulation.reports import AUDIT_ONLY, Report, make_wrong
from simulation.webhook_receiver import NOBODY, WebhookReceiver, enter_webhook
from simulation.world import PLAIN_PRODUCER, Access, Posted, World
from stack.settings import LOCAL, StackError
from stack.stack import Stack

SHARE_PATH = "/recall/v1/share"
SECRETS = LOCAL / "keys" / "demo-tokens.json"
PICTURE = LOCAL / "demo-lookup.png"
LOOK_SECONDS = 0.5
PLAIN_ACCESS = ("plain-cfg", "plain-token-of-the-demo")


def main() -> int:
    """Run the demo; exit code 0 when the books of both sides agree."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--once", action="store_true", help="stop after the summary")
    once = parser.parse_args().once
    signal.signal(signal.SIGTERM, lambda *_args: sys.exit(1))
    stack = Stack("demo", guarded=True, say=say)
    try:
        stack.prepare()
        stack.start()
        certificate = stack.authority.server
        with (
            PlainPeer(certificate, *reversed(PLAIN_ACCESS)) as plain_peer,
            WebhookReceiver(certificate) as receiver,
        ):
            agreed = Demo(stack, plain_peer, receiver).run()
            if not once:
                wait_for_interrupt(stack)
    except StackError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    finally:
        stack.stop()
    return 0 if agreed else 1


def say(line: str) -> None:
    """One step, with the time it was reached."""
    print(f"  {time.strftime('%H:%M:%S')}  {line}", flush=True)


def wait_for_interrupt(stack: Stack) -> None:
    """Return on Ctrl-C, or when `make stop` has stopped the servers."""
    print("\nServing. Press Ctrl-C to stop.", flush=True)
    try:
        while any(server.pid for server in stack.servers):
            time.sleep(LOOK_SECONDS)
        print("\nThe servers were stopped.", flush=True)
    except KeyboardInterrupt:
        print("\nStopping.", flush=True)


class Demo:
    """The main job, step by step."""

    def __init__(
        self, stack: Stack, plain_peer: PlainPeer, receiver: WebhookReceiver
    ) -> None:
        self.stack = stack
        self.plain_peer = plain_peer
        self.receiver = receiver
        self.world = World(stack)
        self.rows: list[tuple[str, str]] = []

    def run(self) -> bool:
        """Do the job and print the summary; whether all figures agree."""
        world = self.world
        day = world.begin_day()
        if day == 1:
            world.set_up()
        world.enter()
        if day == 1:
            self.file_and_connect()
        else:
            self.remember()
        world.connect(PLAIN_PRODUCER, self.plain_peer.url, *PLAIN_ACCESS)
        sent = self.report_repairs(day)
        world.wait_confirmed()
        say("reports confirmed by rule")
        self.fill_plain_peer(day)
        world.pull()
        say("all terminals asked over HTTPS")
        agreed = self.compare()
        self.look_up_in_public(sent)
        self.share(sent)
        self.push()
        self.print_summary(day)
        return agreed

    # === Steps === #

    def file_and_connect(self) -> None:
        filed = self.world.file_everywhere()
        say(f"{filed['taken_count']} plans filed")
        if filed["state"] != "done" or filed["refused_count"]:
            raise StackError(f"plans were refused: {filed}")
        self.world.open_interfaces()
        self.world.connect_terminals()
        share = self.open_share_interface()
        self.webhook = self.open_webhooks()
        state = {
            "share": share,
            "webhook": self.webhook,
            "access": self._access_as_json(),
        }
        SECRETS.touch(mode=0o600)
        SECRETS.write_text(json.dumps(state))
        self.share_access = share
        say(f"{len(self.world.access)} producers opened interfaces and gave tokens")

    def remember(self) -> None:
        """Take up the tokens of an earlier run: they are shown only once."""
        if not SECRETS.exists():
            raise StackError(f"{SECRETS} is gone: run `make clean`, then `make demo`")
        state = json.loads(SECRETS.read_text())
        if "webhook" not in state:
            raise StackError("an older demo: run `make clean`, then `make demo`")
        self.share_access = state["share"]
        self.webhook = state["webhook"]
        self.world.access = {
            name: Access(producer, tuple(sync), tuple(collect))
            for name, (producer, sync, collect) in state["access"].items()
        }
        say("plans, interfaces and tokens of the last run are there")

    def _access_as_json(self) -> dict[str, Any]:
        return {
            name: (access.producer_id, access.sync, access.collect)
            for name, access in self.world.access.items()
        }

    def report_repairs(self, day: int) -> list[Report]:
        world = self.world
        sent = world.reports_of(day)
        posted = world.post_reports(sent)
        again = world.post_reports(sent[:500])
        wrong = world.post_wrong(day, sent)
        plans = world.regulator.search_read("recall.plan", [], ["vehicle_count"])
        self.note("Day of this world", day)
        self.note("Plans filed", len(plans))
        self.note("Vehicles in scope", sum(plan["vehicle_count"] for plan in plans))
        self.note("Reports posted by dealers", len(sent) + 500 + wrong.total())
        self.note("  accepted", posted.accepted)
        self.note("  repeated, nothing changed", posted.repeated + again.repeated)
        self.note("  rejected with reasons", wrong.rejected.total())
        for code, count in sorted(wrong.rejected.items()):
            self.note(f"    {code}", count)
        self.surprises = self._surprises(posted, again, wrong)
        say(f"{len(sent)} repair reports posted, {wrong.total()} wrong on purpose")
        return sent

    def _surprises(self, posted: Posted, again: Posted, wrong: Posted) -> list[str]:
        unexpected = [f"good report rejected: {dict(posted.rejected)}"]
        changed = [f"a repeated report was taken for a new one: {again.accepted}"]
        return (
            wrong.surprises
            + (unexpected if posted.rejected else [])
            + (changed if again.accepted else [])
        )

    def fill_plain_peer(self, day: int) -> None:
        """Give the plain producer's terminal its records, some of them wrong."""
        good = [
            report
            for past in range(1, day + 1)
            for report in self.world.reports_of(past, plain=True)
        ]
        unsent = self.world.unsent_reports(PLAIN_PRODUCER)
        wrong = [
            report for code, report in make_wrong(unsent, day) if code not in AUDIT_ONLY
        ]
        other_content = {**good[0], "dealerName": good[1]["dealerName"] + "2"}
        records = [*good, *wrong, other_content]
        self.plain_peer.records = [sync_record(report) for report in records]
        self.plain_good = good

    def compare(self) -> bool:
        """Compare the books of all three sides, record by record."""
        world, stack = self.world, self.stack
        own = list(world.access)
        producer = world.ledger(stack.producer, own)
        taken = world.ledger(stack.regulator, own)
        plain = world.ledger(stack.regulator, [PLAIN_PRODUCER])
        plain_keys = {record[:3] for record in plain}
        expected = {
            (r["recallNum"], r["vehicleVin"], r["repairNum"]) for r in self.plain_good
        }
        self.note("Confirmed at the producers", len(producer))
        self.note("Delivered and acknowledged", self.count_delivered())
        self.note("Taken in by the regulator", len(taken))
        self.note("  lost", len(producer - taken))
        self.note("  not known to the producer", len(taken - producer))
        self.note("Taken in from the plain terminal", len(plain))
        self.note("  lost", len(expected - plain_keys))
        self.note("  not known to the producer", len(plain_keys - expected))
        self.note_quarantine()
        return producer == taken and expected == plain_keys and not self.surprises

    def count_delivered(self) -> int:
        deliveries = self.world.producer.search_read(
            "recall.delivery",
            [("acknowledged_at", "!=", False)],
            ["record_count"],
        )
        return sum(delivery["record_count"] for delivery in deliveries)

    def note_quarantine(self) -> None:
        regulator = self.world.regulator
        entries = regulator.search_read(
            "recall.quarantine", [("state", "=", "open")], ["finding_ids"]
        )
        names = {
            finding["id"]: finding["code"]
            for finding in regulator.search_read("recall.finding", [], ["code"])
        }
        reasons = Counter(names[f] for entry in entries for f in entry["finding_ids"])
        self.note("In quarantine at the regulator", len(entries))
        for code, count in sorted(reasons.items()):
            self.note(f"    {code}", count)

    def look_up_in_public(self, sent: list[Report]) -> None:
        done = sent[0]["vehicleVin"]
        reported = {report["vehicleVin"] for report in sent}
        with browser_page(self.stack.ca_file) as page:
            url = self.stack.regulator.url
            self.note("Public page, repaired vehicle", look_up(page, url, done))
            plan = self.world.plans[0]
            still_open = self.find_open(plan["recallNum"], reported)
            heading = look_up(page, url, still_open, PICTURE)
            self.note("Public page, open vehicle", heading)
        say(f"public page looked at in Chromium: {PICTURE.relative_to(Path.cwd())}")

    def find_open(self, recall_number: str, reported: set[str]) -> str:
        rows = self.world.regulator.search_read(
            "recall.vehicle",
            [("plan_id.recall_number", "=", recall_number), ("state", "=", "open")],
            ["vin"],
            limit=1,
        )
        return rows[0]["vin"]

    # === Sharing === #

    def open_share_interface(self) -> list[str]:
        """An operator admits an insurer and opens an interface to it."""
        operator = self.world.log_in(self.stack.regulator, "operator")
        user = operator.create(
            "recall.data.user",
            {
                "name": "演示保险公司",
                "kind": "insurer",
                "purpose": "投保时核实车辆是否有未实施的召回",
            },
        )
        interface = operator.create(
            "recall.share.interface", {"name": "投保时查询", "data_user_id": user}
        )
        cfg = operator.call("recall.share.interface", "read", [interface], ["api_cfg"])
        dialogue = operator.create(
            "recall.token.issue",
            {"name": "演示保险公司", "purpose": "share", "data_user_id": user},
        )
        action = operator.call("recall.token.issue", "action_issue", [dialogue])
        return [cfg[0]["api_cfg"], action["context"]["default_secret"]]

    def share(self, sent: list[Report]) -> None:
        cfg, token = self.share_access
        answer = self.world.regulator.post(
            SHARE_PATH,
            {
                "api_exchange_token": token,
                "api_exchange_cfg": cfg,
                "api_exchange_vin": sent[0]["vehicleVin"],
            },
        )
        states = [
            f"{record['recallNum']} isRecalled={record['isRecalled']}"
            for record in answer["exchange_records"]
        ]
        text = f"api_status {answer['api_status']}, {', '.join(states)}"
        self.note("Sharing interface, repaired vehicle", text)
        say("sharing interface asked by the insurer")

    # === Push === #

    def open_webhooks(self) -> list[Any]:
        """The insurer's server that takes messages, and one that is down."""
        operator = self.world.log_in(self.stack.regulator, "operator")
        [down, _secret] = enter_webhook(operator, "停用的系统", NOBODY)
        operator.call("recall.webhook", "action_test", [down])
        return enter_webhook(operator, "承保系统", self.receiver.url)

    def push(self) -> None:
        """Have a test message sent to the insurer, whose server verifies it."""
        operator = self.world.log_in(self.stack.regulator, "operator")
        hook, self.receiver.secret = self.webhook
        # The server has another port each time.
        operator.call("recall.webhook", "write", [hook], {"url": self.receiver.url})
        operator.call("recall.webhook", "action_test", [hook])
        came = self.receiver.wait("test")
        count = len(self.receiver.taken)
        self.note("Webhook, signed messages taken", count if came else "NONE")
        say("webhook of the insurer told" if came else "NO MESSAGE CAME BY WEBHOOK")

    # === Summary === #

    def note(self, name: str, value: object) -> None:
        self.rows.append((name, str(value)))

    def print_summary(self, day: int) -> None:
        print("\nSummary")
        for name, value in self.rows:
            print(f"  {name:<44} {value}")
        self.print_rates()
        for surprise in self.surprises:
            print(f"  NOT AS EXPECTED: {surprise}")
        self.print_addresses()

    def print_rates(self) -> None:
        print("\n  recall number  vehicles    done    rate  brand")
        fields = [
            "recall_number",
            "brand",
            "vehicle_count",
            "done_count",
            "completion_rate",
        ]
        for plan in self.world.regulator.search_read("recall.plan", [], fields):
            print(
                f"  {plan['recall_number']:<13} {plan['vehicle_count']:>9}"
                f" {plan['done_count']:>7} {plan['completion_rate']:>7.1%}"
                f"  {plan['brand']}"
            )

    def print_addresses(self) -> None:
        print("\nAddresses")
        print(f"  public page   {self.stack.regulator.url}/recall")
        for site in self.stack.sites:
            logins = ", ".join(ACCOUNTS[site.name])
            print(f"  {site.name:<13} {site.url}/odoo   log-ins: admin, {logins}")
        print(f"  password of all log-ins: {PASSWORD}")
        print(f"  authority for your browser: {self.stack.ca_file}")


if __name__ == "__main__":
    raise SystemExit(main())
