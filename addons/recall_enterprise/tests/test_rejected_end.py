# SPDX-License-Identifier: LGPL-3.0-only
from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

from .common import EnterpriseHttpCase


@tagged("post_install", "-at_install")
class TestRejectedEnd(EnterpriseHttpCase):
    """A rejected report in whose place nothing will come: a reviewer withdraws it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        own = {"recall_producer_ids": cls.producer.ids}
        cls.reviewer = cls.make_user(
            "end_reviewer", "recall_enterprise.group_reviewer", **own
        )
        cls.clerk = cls.make_user("end_clerk", "recall_enterprise.group_clerk", **own)
        cls.producer.auto_confirm = False

    def reject(self, **members):
        """Have a report rejected by a check; returns the record and its report."""
        record = self.make_record(dealerName="Nobody", **members)
        self.assertEqual(self.collect_one(record), ("rejected", {"dealer_unknown"}))
        return record, self.find_report(record).with_user(self.reviewer)

    def withdraw_by_dialogue(self, reports, code="reported_in_error"):
        """Withdraw as a reviewer does; returns the dialogue and the message."""
        form = Form(
            self.env["recall.completion.review"]
            .with_user(self.reviewer)
            .with_context(**reports.action_withdraw()["context"])
        )
        form.reason_id = self.reason(code, "withdraw")
        dialogue = form.save()
        message = dialogue.action_apply()["params"]["message"]
        self.env.invalidate_all()
        return dialogue, message

    def owed(self):
        """What list, dashboard and mail, and the punctuality report say is owed."""
        self.env.flush_all()
        self.env.invalidate_all()
        own = ("producer_id", "=", self.producer.id)
        late = [own, ("lateness", "in", ["due", "late"])]
        counts = self.env["recall.completion"]._count_owed(self.producer)
        figures = self.env["recall.punctuality.report"].search([own])
        return (
            self.env["recall.completion"].search(late),
            sum(total for _due, _late, total in counts.values()),
            sum(figures.mapped("missing_count")),
        )

    def test_rejected_report_counts_as_late_for_ever(self):
        """E-DEADLINE E-AUDIT: withdrawn with a reason it is owed no more; history and
        log tell it, and the regulator never hears of it."""
        _record, report = self.reject()
        self.assertEqual(self.owed(), (report, 1, 1))
        self.withdraw_by_dialogue(report, "wrong_vehicle")
        self.assertEqual(self.owed(), (report.browse(), 0, 0))
        self.assertEqual(report.state, "withdrawn")
        self.assertFalse(report.stuck)
        [event] = report.event_ids
        self.assertEqual(
            (event.deed, event.user_id, event.reason_id.code),
            ("withdrawn", self.reviewer, "wrong_vehicle"),
        )
        logged = self.env["recall.audit.event"].search(
            [("action", "=", "completion.withdrawn"), ("res_id", "=", report.id)]
        )
        self.assertEqual(logged.detail, {"ids": report.ids, "reason": "wrong_vehicle"})
        self.assertEqual(self.sync(api_cursor="")["count"], 0)
        self.assertEqual(self.sync()["count"], 0)

    def test_withdrawn_rejection_opens_a_vehicle_that_is_done(self):
        """E-AUDIT: it never closed the vehicle, so it does not open it either."""
        _record, report = self.reject()
        vehicle = self.get_vehicle(self.plan, self.vins[0])
        vehicle.sudo().state = "done"
        self.withdraw_by_dialogue(report)
        self.assertEqual(vehicle.state, "done")

    def test_sender_brings_a_withdrawn_rejection_back_unnoticed(self):
        """E-AUDIT: same or amended it is refused with its reason, never "repeated";
        under another repair number the repair can be reported."""
        record, report = self.reject()
        self.withdraw_by_dialogue(report)
        amended = {**record, "dealerName": self.dealer.name}
        for again in (record, amended):
            status, codes = self.collect_one(again)
            self.assertEqual(status, "rejected")
            self.assertIn("record_withdrawn", codes)
        self.assertEqual(report.state, "withdrawn")
        self.assertEqual(self.owed()[1], 0)
        anew = {**amended, "recordId": "ANEW", "repairNum": "RO-ANEW"}
        self.assertEqual(self.collect_one(anew), ("accepted", set()))

    def test_restoring_confirms_what_was_only_rejected(self):
        """E-AUDIT: it is rejected again, owed again, and can be amended."""
        record, report = self.reject()
        self.withdraw_by_dialogue(report)
        report.action_restore()
        self.assertEqual(report.state, "rejected")
        self.assertEqual(self.owed(), (report, 1, 1))
        self.assertEqual(report.event_ids[0].deed, "restored")
        amended = {**record, "dealerName": self.dealer.name}
        self.assertEqual(self.collect_one(amended), ("accepted", set()))
        report.action_confirm()
        [sent] = self.sync(api_cursor="")["records"]
        self.assertEqual((sent["recordKind"], sent["recordVersion"]), ("completion", 1))

    def test_same_rejected_report_sent_twice_stays_owed(self):
        """E-DEADLINE: of several under one key one is withdrawn, none is owed then."""
        record, report = self.reject()
        _again, twin = self.reject(repairNum=record["repairNum"])
        _dialogue, message = self.withdraw_by_dialogue(report | twin)
        self.assertEqual((report | twin).mapped("state"), ["withdrawn", "rejected"])
        self.assertIn("1 reports withdrawn", message)
        self.assertIn("1 stay rejected", message)
        self.assertEqual(self.owed()[1:], (0, 0))

    def test_withdrawn_report_sent_anew_is_owed_for_ever(self):
        """E-DEADLINE: under another record id it is refused, and nothing is owed."""
        record = self.make_record()
        self.collect(record)
        report = self.find_report(record)
        report.action_confirm()
        self.withdraw(report)
        renamed = {**record, "recordId": "RENAMED"}
        self.assertEqual(self.collect_one(renamed), ("rejected", {"record_withdrawn"}))
        self.assertEqual(self.owed()[1:], (0, 0))

    def test_dialogue_does_not_tell_rejected_from_confirmed(self):
        """E-AUDIT: both are withdrawn at once; what is in no such state is left."""
        _record, rejected = self.reject()
        others = [self.make_record(vin) for vin in self.vins[1:3]]
        self.collect(*others)
        confirmed, checked = map(self.find_report, others)
        confirmed.action_confirm()
        chosen = rejected | confirmed.with_user(self.reviewer) | checked
        dialogue, message = self.withdraw_by_dialogue(chosen)
        self.assertIn("2 reports withdrawn", message)
        self.assertIn("1 To confirm", message)
        self.assertEqual((rejected | confirmed).mapped("state"), ["withdrawn"] * 2)
        self.assertRecordValues(dialogue, [{"ready_count": 0, "rejected_count": 0}])

    def test_clerk_withdraws_a_rejected_report(self):
        """X-ACCESS: only reviewers do."""
        _record, report = self.reject()
        reason = self.reason("reported_in_error", "withdraw")
        for attempt in (
            report.with_user(self.clerk).action_withdraw,
            lambda: report.with_user(self.clerk)._withdraw(reason),
        ):
            with self.assertRaises(AccessError):
                attempt()
        self.assertEqual(report.state, "rejected")
