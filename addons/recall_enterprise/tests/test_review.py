# SPDX-License-Identifier: LGPL-3.0-only
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .common import EnterpriseHttpCase


@tagged("post_install", "-at_install")
class TestReview(EnterpriseHttpCase):
    """What reviewers do: reject, take back, withdraw, many at once, with reasons."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        own = {"recall_producer_ids": cls.producer.ids}
        cls.reviewer = cls.make_user(
            "review_reviewer", "recall_enterprise.group_reviewer", **own
        )
        cls.clerk = cls.make_user(
            "review_clerk", "recall_enterprise.group_clerk", **own
        )
        cls.producer.auto_confirm = False

    def _collect(self, count=1):
        records = [self.make_record(vin) for vin in self.vins[:count]]
        self.collect(*records)
        reports = self.env["recall.completion"].union(*map(self.find_report, records))
        return records, reports.with_user(self.reviewer)

    def _rejected(self, code="no_evidence", note=None):
        [record], report = self._collect()
        report._reject(self.reason(code), note)
        return record, report

    def _history(self, report):
        return [
            (event.deed, event.user_id, event.reason_id.code, event.note)
            for event in report.event_ids.sorted("id")
        ]

    def _draft(self, **vals):
        """A report as a dealer enters it: stored, and not handed in."""
        report = self.make_completion(
            self.plan, vals.pop("vin", self.vins[0]), state="draft", **vals
        )
        report.write({"vehicle_id": False, "record_key": f"manual-{report.id}"})
        return report

    # === Rejecting === #

    def test_rejected_report_loses_who_and_why(self):
        """E-AUDIT: rejecting keeps reviewer, reason and words; the deed is logged."""
        _record, report = self._rejected("other", "The order is missing.")
        self.assertRecordValues(
            report,
            [
                {
                    "state": "rejected",
                    "reject_reason_id": self.reason("other").id,
                    "reject_note": "The order is missing.",
                }
            ],
        )
        self.assertEqual(report.finding_ids.mapped("code"), ["rejected_by_reviewer"])
        self.assertEqual(
            self._history(report),
            [("rejected", self.reviewer, "other", "The order is missing.")],
        )
        event = self.env["recall.audit.event"].search(
            [("action", "=", "completion.rejected")], limit=1
        )
        self.assertEqual(event.user_id, self.reviewer)
        self.assertEqual(event.detail, {"ids": report.ids, "reason": "other"})

    def test_report_is_rejected_without_a_reason(self):
        """E-AUDIT: a reason is mandatory, for `other` words as well."""
        _records, report = self._collect()
        none = self.env["recall.review.reason"]
        for reason, note in (
            (none, "words"),
            (self.reason("other"), " "),
            (self.reason("wrong_vehicle", "withdraw"), None),
        ):
            with self.subTest(reason=reason), self.assertRaises(UserError):
                report._reject(reason, note)
        self.assertEqual(report.state, "checked")

    def test_repeat_of_rejected_content_is_accepted(self):
        """E-AUDIT: the same content stays rejected, and the sender reads why."""
        record, report = self._rejected("wrong_date", "The shop was closed.")
        [result] = self.collect(record)
        self.assertEqual(result["status"], "rejected")
        [finding] = result["findings"]
        self.assertEqual(finding["code"], "rejected_by_reviewer")
        self.assertIn(self.reason("wrong_date").name, finding["message"])
        self.assertIn("The shop was closed.", finding["message"])
        self.assertEqual(report.reject_reason_id, self.reason("wrong_date"))
        self.assertEqual(report.state, "rejected")

    def test_repeat_under_another_record_id_is_accepted(self):
        """E-AUDIT: a new record id does not make rejected content a new report."""
        record, report = self._rejected(note="No order.")
        again = {**record, "recordId": "DMS-UNDER-ANOTHER-ID"}
        [result] = self.collect(again)
        self.assertEqual(result["status"], "rejected")
        self.assertIn("No order.", result["findings"][0]["message"])
        self.assertEqual(self.find_report(again).state, "rejected")
        self.assertEqual(report.state, "rejected")

    def test_amended_report_is_not_looked_at_anew(self):
        """E-AUDIT: other content is checked anew, and waits for a reviewer."""
        record, report = self._rejected()
        self.producer.auto_confirm = True
        amended = {**record, "recallTime": "2025-03-07"}
        self.assertEqual(self.collect_one(amended), ("accepted", set()))
        self.assertRecordValues(
            report,
            [
                {
                    "state": "checked",
                    "held_back": "review",
                    "reject_reason_id": False,
                    "reject_note": False,
                }
            ],
        )
        self.confirm()
        self.assertEqual(report.state, "checked")
        self.assertEqual(
            [deed for deed, *_rest in self._history(report)], ["rejected", "amended"]
        )
        # There and back again is no way round.
        self.assertEqual(
            self.collect_one(record), ("rejected", {"rejected_by_reviewer"})
        )
        self.assertEqual(report.reject_reason_id, self.reason("no_evidence"))
        self.collect_one(amended)
        report.action_confirm()
        self.assertEqual(report.state, "confirmed")

    def test_rejected_content_corrects_a_confirmed_report(self):
        record, report = self._rejected()
        self.collect_one({**record, "recallTime": "2025-03-07"})
        report.action_confirm()
        self.assertEqual(
            self.collect_one(record), ("rejected", {"rejected_by_reviewer"})
        )
        self.assertEqual(str(report.repair_date), "2025-03-07")
        self.assertEqual(report.state, "confirmed")

    def test_vehicle_of_a_rejected_report_stays_taken(self):
        """E-AUDIT: the right report passes beside the rejected one."""
        self._rejected()
        right = self.make_record()
        self.assertEqual(self.collect_one(right), ("accepted", set()))

    # === Many at once === #

    def test_batch_stops_at_the_first_report_in_another_state(self):
        """E-AUDIT: hundreds at once; what was left out is told, with its state."""
        records, reports = self._collect(6)
        reports[:2].action_confirm()
        reports[2]._reject(self.reason("no_evidence"))
        dialogue = reports.action_reject()
        self.assertEqual(dialogue["res_model"], "recall.completion.review")
        form = Form(
            self.env["recall.completion.review"]
            .with_user(self.reviewer)
            .with_context(**dialogue["context"])
        )
        self.assertEqual(form.ready_count, 3)
        self.assertIn("2 Confirmed", form.skipped)
        self.assertIn("1 Rejected", form.skipped)
        form.reason_id = self.reason("owner_denies")
        result = form.save().action_apply()
        self.assertIn("3 reports rejected", result["params"]["message"])
        self.assertIn("2 Confirmed", result["params"]["message"])
        self.assertEqual(reports.mapped("state"), ["confirmed"] * 2 + ["rejected"] * 4)
        self.assertEqual(len(records), 6)

    def test_dialogue_without_a_fitting_report_says_nothing(self):
        _records, reports = self._collect(2)
        reports.action_confirm()
        review = (
            self.env["recall.completion.review"]
            .with_user(self.reviewer)
            .create(
                {
                    "purpose": "reject",
                    "completion_ids": reports.ids,
                    "reason_id": self.reason("no_evidence").id,
                }
            )
        )
        with self.assertRaises(UserError):
            review.action_apply()
        self.assertEqual(set(reports.mapped("state")), {"confirmed"})

    def test_confirmation_does_not_say_what_it_left_out(self):
        """E-AUDIT: confirming tells how many were confirmed and skipped, and why."""
        _records, reports = self._collect(4)
        reports[0]._reject(self.reason("no_evidence"))
        result = reports.action_confirm()
        self.assertIn("3 reports confirmed", result["params"]["message"])
        self.assertIn("1 Rejected", result["params"]["message"])
        self.assertEqual(result["params"]["type"], "warning")
        self.assertEqual(
            [event[:2] for event in self._history(reports[1])],
            [("confirmed", self.reviewer)],
        )

    # === Taking back, withdrawing === #

    def test_rejection_cannot_be_taken_back(self):
        """E-AUDIT: a reviewer takes a rejection back; the rules do not confirm it."""
        record, report = self._rejected()
        self.producer.auto_confirm = True
        report.action_take_back()
        self.assertRecordValues(
            report,
            [{"state": "checked", "reject_reason_id": False, "held_back": "review"}],
        )
        self.assertFalse(report.finding_ids)
        self.assertEqual(self.collect(record)[0]["status"], "repeated")
        self.confirm()
        self.assertEqual(report.state, "checked")
        report.action_confirm()
        self.assertEqual(
            [deed for deed, *_rest in self._history(report)],
            ["rejected", "taken_back", "confirmed"],
        )

    def test_rejection_is_taken_back_against_a_rule(self):
        """E-AUDIT: nothing is taken back that a check stands against by now."""
        record, report = self._rejected("wrong_date", "Closed.")
        other = self.make_record()
        self.assertEqual(self.collect_one(other), ("accepted", set()))
        result = report.action_take_back()
        self.assertIn("1 stay rejected", result["params"]["message"])
        self.assertRecordValues(
            report, [{"state": "rejected", "reject_note": "Closed."}]
        )
        # And it is still known as what a reviewer rejected.
        self.find_report(other)._reject(self.reason("no_evidence"))
        self.assertEqual(
            self.collect_one(record), ("rejected", {"rejected_by_reviewer"})
        )

    def test_rejection_by_a_rule_is_taken_back(self):
        record = self.make_record(dealerName="Nobody")
        self.collect_one(record)
        report = self.find_report(record).with_user(self.reviewer)
        report.action_take_back()
        self.assertEqual(report.state, "rejected")

    def test_withdrawal_needs_no_reason(self):
        """E-AUDIT: withdrawing asks for a reason; the history tells it."""
        _records, report = self._collect()
        report.action_confirm()
        with self.assertRaises(UserError):
            report._withdraw(self.env["recall.review.reason"])
        dialogue = report.action_withdraw()
        form = Form(
            self.env["recall.completion.review"]
            .with_user(self.reviewer)
            .with_context(**dialogue["context"])
        )
        form.reason_id = self.reason("repair_undone", "withdraw")
        form.note = "Recalled part."
        form.save().action_apply()
        self.assertEqual(report.state, "withdrawn")
        report.action_restore()
        self.assertEqual(
            self._history(report),
            [
                ("confirmed", self.reviewer, False, False),
                ("withdrawn", self.reviewer, "repair_undone", "Recalled part."),
                ("restored", self.reviewer, False, False),
            ],
        )

    def test_sender_s_correction_is_not_in_the_history(self):
        [record], report = self._collect()
        report.action_confirm()
        self.collect_one({**record, "recallTime": "2025-03-07"})
        self.assertEqual(
            [(deed, bool(user)) for deed, user, *_rest in self._history(report)],
            [("confirmed", True), ("corrected", False)],
        )

    # === Handing in === #

    def test_draft_is_not_checked_when_it_is_handed_in(self):
        """E-COLLECT: a stored draft goes through the same rules."""
        good, bad = self._draft(), self._draft(vin=self.vins[1], dealer_name="Nobody")
        self.assertEqual((good | bad)._check_in(), good)
        self.assertRecordValues(
            good | bad,
            [
                {
                    "state": "checked",
                    "vehicle_id": self.get_vehicle(self.plan, self.vins[0]).id,
                },
                {
                    "state": "rejected",
                    "vehicle_id": self.get_vehicle(self.plan, self.vins[1]).id,
                },
            ],
        )
        self.assertEqual(bad.finding_ids.mapped("code"), ["dealer_unknown"])
        bad.dealer_name = self.dealer.name
        self.assertEqual(bad._check_in(), bad)
        self.assertFalse(bad.finding_ids)
        self.assertEqual(
            [deed for deed, *_rest in self._history(bad)], ["handed_in"] * 2
        )

    def test_two_drafts_that_exclude_each_other_are_both_handed_in(self):
        one = self._draft(repair_number="RO-TWICE")
        two = self._draft(repair_number="RO-TWICE", vin=self.vins[1])
        self.assertEqual((one | two)._check_in(), one)
        self.assertEqual(two.finding_ids.mapped("code"), ["repair_number_repeated"])
        confirmed = self.make_completion(self.plan, self.vins[3])
        self.assertFalse(confirmed._check_in())
        self.assertEqual(confirmed.state, "confirmed")

    def test_dealer_hands_in_what_a_reviewer_rejected(self):
        """E-AUDIT: unchanged it stays rejected, amended it is looked at anew."""
        draft = self._draft()
        draft._check_in()
        draft._reject(self.reason("wrong_date"))
        self.assertFalse(draft._check_in())
        self.assertEqual(draft.reject_reason_id, self.reason("wrong_date"))
        self.assertEqual(draft.finding_ids.mapped("code"), ["rejected_by_reviewer"])
        draft.repair_date = "2025-03-09"
        self.assertEqual(draft._check_in(), draft)
        self.assertFalse(draft.reject_reason_id)
        self.assertEqual(draft.held_back, "review")

    # === Access === #

    def test_clerk_decides(self):
        """X-ACCESS: only reviewers reject, take back or withdraw, or read who did."""
        _record, report = self._rejected()
        mine = report.with_user(self.clerk)
        for attempt in (
            mine.action_reject,
            mine.action_withdraw,
            mine.action_take_back,
            lambda: mine._reject(self.reason("no_evidence")),
            lambda: mine.event_ids,
            lambda: (
                self.env["recall.completion.event"].with_user(self.clerk).search([])
            ),
            lambda: self.reason("other").with_user(self.reviewer).write({"name": "x"}),
        ):
            with self.assertRaises(AccessError):
                attempt()
        self.assertEqual(mine.reject_reason_id, self.reason("no_evidence"))

    def test_reviewer_decides_for_another_producer(self):
        """X-ACCESS: neither by the buttons nor by the dialogue, nor by its history."""
        other = self.make_producer()
        plan = self.make_plan(other)
        [vin] = self.add_vehicles(plan)
        foreign = self.make_completion(plan, vin, state="checked")
        foreign._log_review("taken_back")
        mine = foreign.with_user(self.reviewer)
        with self.assertRaises(AccessError):
            mine._reject(self.reason("no_evidence"))
        with self.assertRaises(AccessError):
            self.env["recall.completion.review"].with_user(self.reviewer).create(
                {
                    "purpose": "reject",
                    "completion_ids": foreign.ids,
                    "reason_id": self.reason("no_evidence").id,
                }
            ).action_apply()
        self.assertEqual(foreign.state, "checked")
        seen = self.env["recall.completion.event"].with_user(self.reviewer).search([])
        self.assertNotIn(foreign, seen.sudo().completion_id)
