# SPDX-License-Identifier: LGPL-3.0-only
import random

from odoo.tests import tagged

from odoo.addons.recall_base.tools.phone import NO_NUMBER

from .common import EnterpriseHttpCase

SEEDS = (1, 41047, 2021)
STEPS = 60


class Peer:
    """A management terminal as the protocol sees it: what it holds, and its cursor."""

    def __init__(self):
        self.cursor = ""
        self.held = {}

    def take_in(self, answer):
        """Take an answer in; AssertionError when a record goes back in time."""
        self.cursor = answer["next_cursor"]
        keys = set()
        for record in answer["records"]:
            key = record["recallNum"], record["vehicleVin"], record["repairNum"]
            assert key not in keys, f"{key} stands twice in one answer"
            keys.add(key)
            version, kind = record["recordVersion"], record["recordKind"]
            content = record["recallTime"], record["dealerName"], record["telNum"]
            held = self.held.get(key)
            assert held is None or version >= held[0], f"{key} went back to {version}"
            if held and version == held[0]:
                assert held == (version, kind, content), f"{key} came as two contents"
            self.held[key] = version, kind, content


@tagged("post_install", "-at_install")
class TestSyncRandom(EnterpriseHttpCase):
    """Dealers and reviewers at work while answers get lost."""

    def _choose(self, state):
        reports = self.env["recall.completion"].search(
            [("producer_id", "=", self.producer.id), ("state", "=", state)]
        )
        return reports and self.chance.choice(reports)

    def _phone(self):
        return f"139{self.chance.randrange(10**8):08}"

    def act_report(self):
        record = self.make_record(self.chance.choice(self.vins), telNum=self._phone())
        if self.chance.random() < 0.2:
            record["dealerName"] = "Nobody"
        self.sent[record["recordId"]] = record
        self.collect(record)

    def act_resend(self):
        """Send a record again: unchanged, amended or with another key."""
        if not self.sent:
            return
        record = self.sent[self.chance.choice(list(self.sent))]
        change = self.chance.choice(
            (
                {},
                {"telNum": self._phone()},
                {"recallTime": f"2025-03-{self.chance.randint(1, 28):02}"},
                {"vehicleVin": self.chance.choice(self.vins)},
                {"dealerName": self.chance.choice((self.dealer.name, "Nobody"))},
            )
        )
        record.update(change)
        self.collect(record)

    def act_confirm(self):
        self.confirm()

    def act_withdraw(self):
        if report := self._choose("confirmed"):
            self.withdraw(report)

    def act_withdraw_rejected(self):
        if report := self._choose("rejected"):
            self.withdraw(report)

    def act_restore(self):
        report = self._choose("withdrawn")
        if report and not self._is_replaced(report):
            report.action_restore()

    def _is_replaced(self, report):
        return self.env["recall.completion"].search_count(
            [
                ("recall_number", "=", report.recall_number),
                ("vin", "=", report.vin),
                ("state", "in", ("checked", "confirmed")),
            ]
        )

    def act_pull(self):
        answer = self.sync(
            api_cursor=self.peer.cursor, api_limit=self.chance.randint(1, 4)
        )
        self.peer.take_in(answer)
        return answer

    def act_pull_in_vain(self):
        """Pull, but the answer never arrives."""
        self.sync(api_cursor=self.peer.cursor, api_limit=self.chance.randint(1, 4))

    def act_forget_the_cursor(self):
        """The terminal starts again, as after a restored backup."""
        self.peer.cursor = ""

    def _expected(self):
        """What the terminal must hold: key -> (state, content)."""
        return {
            (report.recall_number, report.vin, report.repair_number): (
                report.state,
                report.version,
                (
                    str(report.repair_date),
                    report.dealer_name,
                    NO_NUMBER if report.state == "withdrawn" else report._open_phone(),
                ),
            )
            for report in self.env["recall.completion"].search(
                [
                    ("producer_id", "=", self.producer.id),
                    ("state", "in", ("confirmed", "withdrawn")),
                ]
            )
        }

    def _compare(self):
        expected = self._expected()
        for key, (state, version, content) in expected.items():
            held = self.peer.held.get(key)
            if state == "confirmed":
                self.assertIsNotNone(held, f"{key} was lost")
                self.assertNotEqual(held[1], "withdrawal")
            if held:
                self.assertEqual(held[1] == "withdrawal", state == "withdrawn")
                self.assertEqual((held[0], held[2]), (version, content))
        self.assertLessEqual(set(self.peer.held), set(expected), "made up or doubled")

    def test_lost_answers_lose_or_double_records(self):
        """E-SYNC, X-FAULT: after any work and any lost answers both sides agree."""
        actions = (
            *(self.act_report,) * 4,
            *(self.act_resend,) * 4,
            *(self.act_confirm,) * 3,
            *(self.act_withdraw,) * 2,
            self.act_withdraw_rejected,
            self.act_restore,
            *(self.act_pull,) * 3,
            *(self.act_pull_in_vain,) * 3,
            self.act_forget_the_cursor,
        )
        self.peer, self.sent = Peer(), {}
        for seed in SEEDS:
            self.chance = random.Random(seed)
            for step in range(STEPS):
                action = self.chance.choice(actions)
                with self.subTest(seed=seed, step=step, action=action.__name__):
                    action()
            self.confirm()
            for _ in range(100):
                # A delivery is empty whose records were all changed since.
                answer = self.act_pull()
                if not (answer["count"] or answer["has_more"]):
                    break
            self._compare()
            self.assertCountersRight()
        self.assertGreater(len(self.peer.held), 5)
