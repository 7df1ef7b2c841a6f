# SPDX-License-Identifier: LGPL-3.0-only
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.recall_enterprise.models import recall_completion

from .common import EnterpriseHttpCase


@tagged("post_install", "-at_install")
class TestConfirm(EnterpriseHttpCase):
    """From the report that waits to the confirmed one and back."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        own = {"recall_producer_ids": cls.producer.ids}
        cls.reviewer = cls.make_user(
            "confirm_reviewer", "recall_enterprise.group_reviewer", **own
        )
        cls.clerk = cls.make_user(
            "confirm_clerk", "recall_enterprise.group_clerk", **own
        )

    def _waiting(self, count):
        self.producer.auto_confirm = False
        records = [self.make_record(vin) for vin in self.vins[:count]]
        self.collect(*records)
        return self.env["recall.completion"].union(*map(self.find_report, records))

    def _last_event(self, action):
        return self.env["recall.audit.event"].search([("action", "=", action)], limit=1)

    def test_rule_confirms_nothing(self):
        """E-AUDIT: where rules confirm, a good report is confirmed by itself."""
        record = self.make_record()
        report = self.collect_confirmed(record)
        self.assertTrue(report.confirmed_at)
        self.assertEqual(report.changed_at, report.confirmed_at)
        vehicle = self.get_vehicle(self.plan, self.vins[0])
        self.assertRecordValues(vehicle, [{"state": "done"}])
        self.assertEqual(str(vehicle.state_date), "2025-03-01")
        self.assertRecordValues(
            self.plan, [{"done_count": 1, "completion_rate": 0.1, "raw_rate": 0.1}]
        )
        self.assertCountersRight()

    def test_rule_confirms_what_a_reviewer_has_to(self):
        """E-AUDIT: where people confirm, the scheduled action leaves reports alone."""
        waiting = self._waiting(2)
        self.confirm()
        self.assertEqual(set(waiting.mapped("state")), {"checked"})
        self.assertEqual(self.plan.done_count, 0)

    def test_more_drafts_than_a_batch_are_left_behind(self):
        """E-DEADLINE: the scheduled action goes on until no report waits."""
        records = [self.make_record(vin) for vin in self.vins]
        with patch.object(recall_completion, "CONFIRM_BATCH", 3):
            reports = self.collect_confirmed(*records)
        self.assertEqual(len(reports), 10)
        self.assertEqual(self.plan.done_count, 10)
        self.assertCountersRight()

    def test_reviewer_cannot_confirm(self):
        """E-AUDIT: a reviewer confirms reports; the deed is logged."""
        waiting = self._waiting(3)
        waiting[:2].with_user(self.reviewer).action_confirm()
        self.assertEqual(waiting.mapped("state"), ["confirmed", "confirmed", "checked"])
        self.assertEqual(self.plan.done_count, 2)
        event = self._last_event("completion.confirm")
        self.assertEqual(event.user_id, self.reviewer)
        self.assertEqual(event.detail["count"], 2)
        self.assertCountersRight()

    def test_reviewer_confirms_only_the_first_batch_of_a_selection(self):
        waiting = self._waiting(7)
        with patch.object(recall_completion, "CONFIRM_BATCH", 3):
            waiting.with_user(self.reviewer).action_confirm()
        self.assertEqual(set(waiting.mapped("state")), {"confirmed"})
        self.assertEqual(self.plan.done_count, 7)

    def test_rejected_report_is_confirmed_by_a_button(self):
        """E-AUDIT: nobody confirms a report that a check has refused."""
        record = self.make_record(dealerName="Nobody")
        self.collect_one(record)
        report = self.find_report(record)
        report.with_user(self.reviewer).action_confirm()
        self.assertEqual(report.state, "rejected")

    def test_second_confirmation_counts_again(self):
        waiting = self._waiting(1)
        waiting.with_user(self.reviewer).action_confirm()
        first = waiting.confirmed_at
        waiting.with_user(self.reviewer).action_confirm()
        self.assertEqual((waiting.confirmed_at, waiting.version), (first, 1))
        self.assertEqual(self.plan.done_count, 1)

    def test_clerk_confirms_withdraws_or_restores(self):
        """X-ACCESS: confirming and withdrawing are the reviewer's."""
        waiting = self._waiting(1).with_user(self.clerk)
        confirmed = self.make_completion(self.plan, self.vins[1])
        with self.assertRaises(AccessError):
            waiting.action_confirm()
        with self.assertRaises(AccessError):
            confirmed.with_user(self.clerk).action_withdraw()
        self.withdraw(confirmed)
        with self.assertRaises(AccessError):
            confirmed.with_user(self.clerk).action_restore()

    def test_reviewer_confirms_for_another_producer(self):
        """X-ACCESS: a reviewer decides on reports of the account's producers only."""
        other = self.make_producer()
        plan = self.make_plan(other)
        [vin] = self.add_vehicles(plan)
        report = self.make_completion(plan, vin, state="checked")
        for action in ("action_confirm", "action_withdraw", "action_restore"):
            with self.assertRaises(AccessError):
                getattr(report.with_user(self.reviewer), action)()
        self.assertEqual(report.state, "checked")

    def test_reviewer_writes_a_report_past_the_buttons(self):
        """X-ACCESS: no role writes to a report by other ways than its actions."""
        [waiting] = self._waiting(1)
        for vals in (
            {"state": "confirmed"},
            {"vin": self.vins[5]},
            {"dealer_name": "Other"},
            {"delivery_id": False, "version": 7},
        ):
            with self.subTest(vals=vals), self.assertRaises(AccessError):
                waiting.with_user(self.reviewer).write(vals)
        with self.assertRaises(AccessError):
            waiting.with_user(self.reviewer).unlink()

    def test_withdrawal_leaves_the_vehicle_done(self):
        """E-SYNC: a withdrawal opens the vehicle, a restoration closes it again."""
        report = self.collect_confirmed(self.make_record())
        vehicle = self.get_vehicle(self.plan, self.vins[0])
        self.withdraw(report.with_user(self.reviewer))
        self.assertRecordValues(report, [{"state": "withdrawn", "version": 2}])
        self.assertRecordValues(vehicle, [{"state": "open", "state_date": False}])
        self.assertEqual((self.plan.done_count, self.plan.completion_rate), (0, 0))
        self.assertEqual(
            self._last_event("completion.withdrawn").user_id, self.reviewer
        )
        report.with_user(self.reviewer).action_restore()
        self.assertRecordValues(report, [{"state": "confirmed", "version": 3}])
        self.assertEqual(vehicle.state, "done")
        self.assertEqual(str(vehicle.state_date), "2025-03-01")
        self.assertRecordValues(self.plan, [{"done_count": 1, "completion_rate": 0.1}])
        self.assertTrue(self._last_event("completion.confirmed"))
        self.assertCountersRight()

    def test_report_in_another_state_is_withdrawn_or_restored(self):
        """E-AUDIT: what waits for a decision is not withdrawn; only what was withdrawn
        is restored."""
        confirmed = self.make_completion(self.plan, self.vins[0])
        others = [
            self.make_completion(self.plan, vin, state=state)
            for vin, state in zip(self.vins[1:3], ("checked", "draft"), strict=True)
        ]
        for other in others:
            with self.assertRaisesRegex(UserError, other.repair_number):
                self.withdraw(confirmed | other)
            with self.assertRaises(UserError):
                other.action_restore()
        rejected = self.make_completion(self.plan, self.vins[3], state="rejected")
        for other in (confirmed, rejected):
            with self.assertRaises(UserError):
                other.action_restore()
        self.assertEqual(confirmed.state, "confirmed")
        self.assertEqual(self.plan.done_count, 1)

    def test_restoring_makes_a_second_confirmed_report_of_a_vehicle(self):
        """E-AUDIT: a withdrawn report is not restored beside the one in its place."""
        wrong = self.collect_confirmed(self.make_record())
        self.withdraw(wrong)
        right = self.collect_confirmed(self.make_record())
        with self.assertRaisesRegex(UserError, wrong.repair_number):
            wrong.action_restore()
        self.withdraw(right)
        wrong.action_restore()
        self.assertEqual((wrong.state, right.state), ("confirmed", "withdrawn"))
        self.assertEqual(self.plan.done_count, 1)
        self.assertCountersRight()

    def test_withdrawal_opens_a_vehicle_that_another_report_closes(self):
        """E-AUDIT: a vehicle stays done while a confirmed report of it stands."""
        first, second = (
            self.make_completion(self.plan, self.vins[0]) for _number in range(2)
        )
        self.withdraw(first)
        vehicle = self.get_vehicle(self.plan, self.vins[0])
        self.assertEqual(vehicle.state, "done")
        self.withdraw(second)
        self.assertEqual(vehicle.state, "open")
        self.assertCountersRight()

    def test_vehicle_that_left_the_count_comes_back(self):
        """M-STAT: a repair does not bring an exported or scrapped vehicle back."""
        vehicle = self.get_vehicle(self.plan, self.vins[0])
        self.env.cr.execute(
            "UPDATE recall_vehicle SET state = 'scrapped' WHERE id = %s", [vehicle.id]
        )
        self.env.invalidate_all()
        self.plan._recount()
        report = self.collect_confirmed(self.make_record())
        self.assertEqual(vehicle.state, "scrapped")
        self.withdraw(report)
        self.assertEqual(vehicle.state, "scrapped")
        self.assertCountersRight()
