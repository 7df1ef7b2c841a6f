# SPDX-License-Identifier: LGPL-3.0-only
import base64

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .notice_common import NoticeCommon

PAPER = base64.b64encode(b"customs paper")


@tagged("post_install", "-at_install")
class TestVehicleReport(NoticeCommon):
    def make_report(self, vehicle_state="scrapped", **vals):
        document = {"document": PAPER, "document_name": "paper.pdf"}
        return self.env["recall.vehicle.report"].create(
            {
                "name": "Test",
                "producer_id": self.producer.id,
                "vehicle_state": vehicle_state,
                "state_date": "2025-03-01",
                "vins": self.vins[0],
                **(document if vehicle_state != "unreachable" else {}),
                **vals,
            }
        )

    def vehicle_states(self, plan=None):
        self.env.invalidate_all()
        plan = plan or self.plan
        found = self.env["recall.vehicle"].search([("plan_id", "=", plan.id)])
        return {vehicle.vin: vehicle.state for vehicle in found}

    def assertCountersRight(self):
        self.assertFalse(self.plan._recount())

    def test_reported_vehicle_stays_open(self):
        """E-NOTIFY: a list of VINs is reported at once; each line says its outcome."""
        self.make_completion(self.plan, self.vins[3])
        unknown = self.make_vin()
        text = f"{self.vins[0]}, {self.vins[1].lower()}\n{self.vins[1]}\t{unknown}"
        listed = f"车架号\n{self.vins[2]}\n{self.vins[3]}\nLTZAA11B1SA000001\n"
        report = self.make_report(
            "exported", vins=text, list_file=base64.b64encode(listed.encode("gb18030"))
        ).with_user(self.reviewer)
        report.action_apply()
        states = self.vehicle_states()
        for vin in self.vins[:3]:
            self.assertEqual(states[vin], "exported")
        self.assertEqual(states[self.vins[3]], "done")
        outcomes = {line.vin: line.outcome for line in report.line_ids}
        self.assertEqual(outcomes[self.vins[3]], "done")
        self.assertEqual(outcomes[unknown], "not_in_scope")
        self.assertEqual(outcomes["LTZAA11B1SA000001"], "no_vin")
        self.assertEqual((report.moved_count, report.problem_count), (3, 3))
        self.assertEqual(self.plan.exported_count, 3)
        self.assertCountersRight()
        self.assertEqual(len(self.events("vehicle_report.apply")), 1)

    def test_vehicle_with_a_legacy_vin_cannot_be_reported(self):
        """M-LEGACY E-NOTIFY: a VIN that passed by an exception is read from a list."""
        self.make_exception("OLD-1984")
        self.put_in_scope(self.plan, ["OLD-1984"])
        report = self.make_report("exported", vins=f"old-1984, {self.vins[1]} HEADER-1")
        report.with_user(self.reviewer).action_apply()
        self.assertEqual(
            {line.vin: line.outcome for line in report.line_ids},
            {"OLD-1984": "moved", self.vins[1]: "moved"},
        )
        self.assertEqual(self.vehicle_states()["OLD-1984"], "exported")

    def make_exception(self, vin):
        exception = self.env["recall.vin.exception"].create(
            {
                "producer_id": self.producer.id,
                "vin": vin,
                "reason": "Built before the standard.",
                "document": PAPER,
            }
        )
        exception.with_user(self.reviewer).action_approve()

    def test_report_without_a_document_is_applied(self):
        """E-NOTIFY: exported, scrapped and stolen need a document, unreachable none."""
        for state in ("exported", "scrapped", "stolen"):
            report = self.make_report(state, document=False)
            with (
                self.subTest(state=state),
                self.assertRaisesRegex(UserError, "document"),
            ):
                report.action_apply()
        self.make_report("unreachable").action_apply()
        self.assertEqual(self.vehicle_states()[self.vins[0]], "unreachable")

    def test_report_reaches_other_plans(self):
        second = self.make_plan(self.producer)
        self.put_in_scope(second, self.vins[:2])
        foreign = self.make_plan(self.make_producer())
        self.put_in_scope(foreign, self.vins[:2])
        self.make_report().action_apply()
        self.assertEqual(self.vehicle_states(second)[self.vins[0]], "scrapped")
        self.assertEqual(self.vehicle_states(foreign)[self.vins[0]], "open")
        self.make_report(vins=self.vins[1], plan_id=self.plan.id).action_apply()
        self.assertEqual(self.vehicle_states()[self.vins[1]], "scrapped")
        self.assertEqual(self.vehicle_states(second)[self.vins[1]], "open")

    def test_reversal_does_not_give_back_the_state(self):
        """E-NOTIFY: a report is reversed with a reason; repairs stay."""
        first = self.make_report("unreachable", vins=" ".join(self.vins[:3]))
        first.action_apply()
        second = self.make_report(vins=" ".join(self.vins[:4]))
        second.action_apply()
        self.make_completion(self.plan, self.vins[1])  # it turned up after all
        third = self.make_report("stolen", vins=self.vins[2])
        third.action_apply()
        with self.assertRaisesRegex(UserError, "why"):
            second.action_reverse()
        second.reversal_reason = "wrong list"
        second.with_user(self.reviewer).action_reverse()
        states = self.vehicle_states()
        self.assertEqual(states[self.vins[0]], "unreachable")
        self.assertEqual(states[self.vins[1]], "done")
        self.assertEqual(states[self.vins[2]], "stolen")
        self.assertEqual(states[self.vins[3]], "open")
        self.assertCountersRight()
        self.assertEqual(second.state, "reversed")
        self.assertTrue(self.events("vehicle_report.reverse"))

    def test_role_does_more_than_it_may(self):
        """E-NOTIFY X-ACCESS: clerks enter reports, reviewers apply and reverse them."""
        report = self.make_report().with_user(self.clerk)
        report.note = "seen"
        with self.assertRaises(AccessError):
            report.action_apply()
        with self.assertRaises(AccessError):
            report.state = "applied"
        with self.assertRaises(AccessError):
            report.with_user(self.dealer_user).read(["name"])
        report.with_user(self.reviewer).action_apply()
        with self.assertRaises(UserError):
            report.with_user(self.reviewer).note = "other"
        with self.assertRaises(UserError):
            report.with_user(self.reviewer).unlink()
        with self.assertRaises(AccessError):
            report.action_reverse()

    def test_list_that_is_none_is_taken(self):
        for vals in (
            {"vins": "nothing here"},
            {"vins": False},
            {"vins": False, "list_file": base64.b64encode(b"\x00\xff\xfePK")},
        ):
            with self.subTest(vals=vals), self.assertRaises(UserError):
                self.make_report(**vals).action_apply()
        with self.assertRaisesRegex(UserError, "future"):
            self.make_report(state_date="2999-01-01").action_apply()

    def test_owner_of_a_scrapped_vehicle_is_told(self):
        self.make_report().action_apply()
        notice_round = self.make_round("mail")
        notice_round.action_check()
        self.assertEqual(notice_round.check_result["vehicles"], 9)
