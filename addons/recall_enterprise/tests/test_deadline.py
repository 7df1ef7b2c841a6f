# SPDX-License-Identifier: LGPL-3.0-only
from datetime import date, datetime, timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import freeze_time, tagged
from odoo.tools import SQL

from .common import EnterpriseHttpCase

NOW = "2026-03-11 04:00:00"  # 12:00 in Shanghai
TODAY = date(2026, 3, 11)

#: Moment (UTC), the producer's zone, repair day -> how it stands while not there.
BORDERS = (
    ("2026-03-11 15:59:59", "Asia/Shanghai", "2026-03-10", "due"),
    ("2026-03-11 16:00:00", "Asia/Shanghai", "2026-03-10", "late"),
    ("2026-03-11 16:00:00", "Asia/Shanghai", "2026-03-11", "due"),
    ("2026-03-11 15:59:59", "Asia/Shanghai", "2026-03-11", False),
    ("2026-03-29 21:59:59", "Europe/Berlin", "2026-03-28", "due"),
    ("2026-03-29 22:00:00", "Europe/Berlin", "2026-03-28", "late"),
    ("2026-10-25 22:59:59", "Europe/Berlin", "2026-10-24", "due"),
    ("2026-10-25 23:00:00", "Europe/Berlin", "2026-10-24", "late"),
    ("2028-02-29 15:59:59", "Asia/Shanghai", "2028-02-28", "due"),
    ("2028-02-29 16:00:00", "Asia/Shanghai", "2028-02-28", "late"),
    ("2026-12-31 16:00:00", "Asia/Shanghai", "2026-12-30", "late"),
)


@tagged("post_install", "-at_install")
class TestDeadline(EnterpriseHttpCase):
    """Clause 7.3: by 24:00 of the day after the repair, on the producer's clock."""

    def _make(self, days_ago=1, state="checked", vin=0, **vals):
        """Make a report of a repair so many days before TODAY."""
        return self.make_completion(
            self.plan,
            self.vins[vin],
            state=state,
            repair_date=TODAY - timedelta(days=days_ago),
            record_key=f"key-{state}-{vin}",
            **vals,
        )

    def _find(self, lateness, env=None):
        Completion = (env or self.env)["recall.completion"]
        return Completion.search(
            [("lateness", "=", lateness), ("producer_id", "=", self.producer.id)]
        )

    def _fetch(self):
        """Be the regulator once: acknowledge what came and get the next page."""
        answer = self.sync(api_cursor=getattr(self, "last_cursor", ""))
        self.last_cursor = answer["next_cursor"]
        return answer["records"]

    def test_midnight_or_clock_change_moves_the_limit(self):
        """E-DEADLINE: due today till midnight of the producer's clock, then late."""
        report = self._make()
        for now, zone, day, expected in BORDERS:
            with self.subTest(now=now, zone=zone, day=day), freeze_time(now):
                self.producer.timezone = zone
                report.repair_date = day
                self.env.flush_all()
                self.env.invalidate_all()
                self.assertEqual(report.lateness, expected)
                for name in ("due", "late"):
                    self.assertEqual(report in self._find(name), name == expected)
                late = fields.Datetime.now() >= report.deadline
                self.assertEqual(late, expected == "late")

    def test_readers_clock_moves_the_filter(self):
        """E-DEADLINE: who looks from another zone sees the same reports."""
        due, late = self._make(1), self._make(2, vin=1)
        reviewer = self.make_user(
            "abroad",
            "recall_enterprise.group_reviewer",
            recall_producer_ids=self.producer.ids,
        )
        for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Shanghai"):
            reviewer.tz = zone
            env = self.env(user=reviewer, context={"tz": zone})
            with self.subTest(zone=zone), freeze_time(NOW):
                self.assertEqual(self._find("due", env), due)
                self.assertEqual(self._find("late", env), late)

    def test_two_producers_share_one_clock(self):
        """E-DEADLINE: each producer's reports are judged by its own midnight."""
        other = self.make_producer(timezone="America/New_York")
        plan = self.make_plan(other)
        far = self.make_completion(
            plan, self.add_vehicles(plan)[0], state="checked", repair_date=TODAY
        )
        near = self._make(0)
        with freeze_time("2026-03-12 17:00:00"):  # past midnight in Shanghai only
            self.assertEqual(near.lateness, "late")
            self.assertEqual(far.lateness, "due")
            found = self.env["recall.completion"].search([("lateness", "=", "late")])
            self.assertIn(near, found)
            self.assertNotIn(far, found)

    def test_reason_is_wrong(self):
        """E-DEADLINE: each report that is not there says what it waits for."""
        with freeze_time(NOW):
            for number, state in enumerate(("draft", "rejected", "checked")):
                report = self._make(2, state, vin=number)
                self.assertEqual(report.stuck, state)
            confirmed = self._make(2, "confirmed", vin=4, changed_at=NOW)
            self.assertEqual(confirmed.stuck, "confirmed")
            withdrawn = self._make(2, "withdrawn", vin=5)
            self.assertFalse(withdrawn.stuck)
            self.assertFalse(withdrawn.lateness)
            self._fetch()
            self.env.invalidate_all()
            self.assertEqual(confirmed.stuck, "sent")
            self.assertEqual(confirmed.lateness, "late")
            self._fetch()
            self.env.invalidate_all()
            self.assertFalse(confirmed.stuck)
            self.assertEqual(confirmed.lateness, "arrived_late")

    def test_rejection_counts_though_another_report_stands(self):
        """E-DEADLINE: a rejected report that was sent anew is not owed any more."""
        with freeze_time(NOW):
            rejected = self._make(2, "rejected")
            self.assertIn(rejected, self._find("late"))
            standing = self._make(2, "checked")
            self.assertEqual(self._find("late"), standing)
            counts = self.env["recall.completion"]._count_owed(self.producer)
            self.assertEqual(counts[self.producer.id, "rejected"], (0, 0, 0))

    def test_acknowledged_report_is_still_owed(self):
        """E-DEADLINE: arrived is what was acknowledged, in time or late."""
        with freeze_time(NOW):
            on_time = self._make(1, "confirmed", vin=1, changed_at=NOW)
            late = self._make(2, "confirmed", vin=2, changed_at=NOW)
            self._fetch()
            self.assertEqual(self._find("due"), on_time)
            self.assertEqual(self._find("late"), late)
        with freeze_time("2026-03-11 15:59:59"):
            self._fetch()
            self.env.invalidate_all()
            self.assertFalse(self._find("due") | self._find("late"))
            self.assertEqual(self._find("arrived_late"), late)
            delivery = on_time.first_delivery_id
            self.assertEqual(delivery.arrived_count, 2)

    def test_correction_makes_an_arrived_report_late(self):
        """E-DEADLINE: the first version counts; a correction later changes nothing."""
        with freeze_time(NOW):
            report = self._make(1, "confirmed", changed_at=NOW)
            self._fetch()
            self._fetch()
        self.env.cr.execute(
            SQL(
                "UPDATE recall_completion SET version = 2, delivery_id = NULL"
                " WHERE id = %s",
                report.id,
            )
        )
        self.env.invalidate_all()
        with freeze_time("2026-03-20 04:00:00"):
            self.assertFalse(report.lateness)
            self._fetch()
            self._fetch()
            self.env.invalidate_all()
            self.assertFalse(report.arrived_late)
        figures = self.env["recall.punctuality"].search(
            [("producer_id", "=", self.producer.id)]
        )
        self.assertEqual(figures.mapped("arrived_count"), [1])

    def test_plain_answer_does_not_count_as_arrival(self):
        """E-DEADLINE: a plain answer arrives when it is given, and counts once."""
        with freeze_time(NOW):
            report = self._make(2, "confirmed", changed_at=NOW)
            for _again in range(2):
                self.assertEqual(len(self.sync()["records"]), 1)
            self.env.invalidate_all()
            self.assertEqual(report.lateness, "arrived_late")
            counts = self.env["recall.delivery"].search(
                [("producer_id", "=", self.producer.id)]
            )
            self.assertEqual(sorted(counts.mapped("arrived_count")), [0, 1])

    def test_plain_answer_leaves_a_waiting_delivery_late(self):
        """E-DEADLINE: what waits for an acknowledgement arrives by a plain answer."""
        with freeze_time(NOW):
            report = self._make(1, "confirmed", changed_at=NOW)
            self._fetch()
            self.assertEqual(report.lateness, "due")
            self.sync()
            self.env.invalidate_all()
            self.assertFalse(report.lateness)
            self._fetch()
        figures = self.env["recall.punctuality"].search(
            [("producer_id", "=", self.producer.id)]
        )
        self.assertEqual(sum(figures.mapped("arrived_count")), 1)

    def test_unsealable_report_counts_as_sent(self):
        """E-DEADLINE: a report that no delivery can carry has not arrived."""
        with freeze_time(NOW):
            report = self._make(2, "confirmed", changed_at=NOW)
            report.sudo().phone_sealed = "broken"
            self._fetch()
            self._fetch()
            self.env.invalidate_all()
            self.assertEqual(report.lateness, "late")
            self.assertEqual(report.stuck, "faulty")
            counts = self.env["recall.completion"]._count_owed(self.producer)
            self.assertEqual(counts[self.producer.id, "faulty"], (0, 1, 1))

    def test_counts_differ_from_the_lists(self):
        """E-DEADLINE: what the dashboard and the mail count is what the lists show."""
        with freeze_time(NOW):
            states = ("draft", "rejected", "checked", "confirmed", "withdrawn")
            for number, state in enumerate(states * 2):
                self._make(number % 4, state, vin=number, changed_at=NOW)
            self._fetch()
            counts = self.env["recall.completion"]._count_owed(self.producer)
            for position, name in enumerate(("due", "late")):
                total = sum(numbers[position] for numbers in counts.values())
                self.assertEqual(total, len(self._find(name)), name)
            self.assertTrue(self._find("due") and self._find("late"))

    def test_lists_read_the_whole_table(self):
        """E-DEADLINE: due, late and delivered late are found through an index."""
        # A small table in a test: leave the planner no cheaper way.
        self.env.cr.execute(
            """SET LOCAL enable_seqscan = off;
               DROP INDEX recall_completion_repair_number_idx"""
        )
        for name, index in {
            "due": "recall_completion_owed_idx",
            "arrived_late": "recall_completion_arrived_late_idx",
        }.items():
            query = self.env["recall.completion"]._search(
                [("lateness", "=", name), ("producer_id", "=", self.producer.id)]
            )
            self.env.cr.execute(SQL("EXPLAIN %s", query.select()))
            plan = "\n".join(row[0] for row in self.env.cr.fetchall())
            self.assertIn(index, plan)

    def test_share_in_time_is_wrong(self):
        """E-DEADLINE: by dealer: in time / (arrived + late and not there yet)."""
        now = datetime.now()
        old = (now - timedelta(days=5)).date()
        late_dealer = self.make_dealer(self.producer)
        for number in range(2):
            self.make_completion(
                self.plan,
                self.vins[number],
                repair_date=now.date(),
                dealer_id=self.dealer.id,
                changed_at=now,
                record_key=f"in-time-{number}",
            )
        self._fetch()
        self._fetch()
        for number, state in ((2, "confirmed"), (3, "confirmed")):
            self.make_completion(
                self.plan,
                self.vins[number],
                state=state,
                repair_date=old,
                dealer_id=late_dealer.id,
                changed_at=now,
                record_key=f"late-{number}",
            )
        self._fetch()
        self._fetch()
        self.make_completion(
            self.plan,
            self.vins[4],
            state="rejected",
            repair_date=old,
            dealer_id=self.dealer.id,
        )
        self.env.flush_all()
        groups = self.env["recall.punctuality.report"]._read_group(
            [("producer_id", "=", self.producer.id)],
            ["dealer_id"],
            [
                "total_count:sum",
                "late_count:sum",
                "missing_count:sum",
                "on_time_share:avg",
            ],
        )
        figures = {dealer: numbers for dealer, *numbers in groups}
        self.assertEqual(figures[self.dealer], [3, 0, 1, 2 / 3])
        self.assertEqual(figures[late_dealer], [2, 2, 0, 0])

    def test_other_producers_figures_show(self):
        """X-ACCESS: punctuality shows the account's producers only; dealers none."""
        other = self.make_producer()
        for producer in (self.producer, other):
            self.env["recall.punctuality"].create(
                {"producer_id": producer.id, "month": "2026-03-01", "arrived_count": 1}
            )
        self.env.flush_all()
        clerk = self.make_user(
            "punctual_clerk",
            "recall_enterprise.group_clerk",
            recall_producer_ids=self.producer.ids,
        )
        dealer = self.make_user("punctual_dealer", "recall_enterprise.group_dealer")
        for model in ("recall.punctuality", "recall.punctuality.report"):
            with self.subTest(model=model):
                found = self.env[model].with_user(clerk).search([])
                self.assertEqual(found.producer_id, self.producer)
                with self.assertRaises(AccessError):
                    self.env[model].with_user(dealer).search([])
                with self.assertRaises(AccessError):
                    found.unlink()
