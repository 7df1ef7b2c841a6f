# SPDX-License-Identifier: LGPL-3.0-only
import copy

from odoo.tests import tagged

from ..tools import messages
from ..tools.messages import ApiStatus, MessageError
from ..tools.plan_messages import PlanMessage
from .common import RecallCommon


class PlanMessages(RecallCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.filed = {
            "producerName": "Filed Motors",
            "brand": "Filed",
            "series": "F",
            "model": "F1",
            "recallNum": cls.make_recall_number(),
            "recallStartTime": "2025-02-01",
            "announced": "2025-01-20",
            "numRecall": 4,
            "vinRange": "LTZ…0001 to LTZ…0004",
            "defectDesc": "The seat belt may not lock.",
            "possibleConsequence": "Injuries in a crash.",
            "repairMethod": "Dealers replace the buckle.",
            "parts": [{"partNumber": "SB-1", "partName": "Buckle"}],
            "lines": [
                {"model": "F1", "productionStart": "2024-01-01", "numRecall": 2},
                {"brand": "Filed Plus", "series": "FP", "model": "FP2"},
            ],
            "dealers": [
                {"dealerName": "Dealer North", "dealerCode": "N", "region": "110000"}
            ],
            "vins": [{"vin": cls.make_vin()}, {"vin": cls.make_vin(), "line": 1}],
        }

    def take_in(self, filed=None, **changes):
        data = {**copy.deepcopy(filed or self.filed), **changes}
        return self.env["recall.plan"]._take_in(messages.validate(PlanMessage, data))

    def fingerprint(self, plan):
        """All that is stored of a plan, without the columns that time moves."""
        self.env.flush_all()
        self.env.cr.execute(
            """SELECT (SELECT to_jsonb(plan) FROM recall_plan plan WHERE id = %(id)s),
                      array(SELECT to_jsonb(line) FROM recall_plan_line line
                             WHERE plan_id = %(id)s ORDER BY id),
                      array(SELECT to_jsonb(part) FROM recall_plan_part part
                             WHERE plan_id = %(id)s ORDER BY id),
                      array(SELECT to_jsonb(vehicle) FROM recall_vehicle vehicle
                             WHERE plan_id = %(id)s ORDER BY id),
                      array(SELECT to_jsonb(dealer) FROM recall_dealer dealer
                             WHERE producer_id = %(producer)s ORDER BY id)""",
            {"id": plan.id, "producer": plan.producer_id.id},
        )
        return self.env.cr.fetchone()


@tagged("post_install", "-at_install")
class TestPlanTakeIn(PlanMessages):
    def test_filed_plan_lacks_what_the_filing_says(self):
        """M-PLAN: a filed plan comes in with lines, parts, dealers and its VIN list."""
        result = self.take_in()
        plan = result["plan"]
        self.assertEqual((result["added"], result["refused"]), (2, []))
        self.assertRecordValues(
            plan,
            [
                {
                    "recall_number": self.filed["recallNum"],
                    "brand": "Filed",
                    "version": 1,
                    "vehicle_count": 2,
                    "announced_count": 4,
                    "measure": "Dealers replace the buckle.",
                    "extends_id": False,
                }
            ],
        )
        self.assertEqual(plan.producer_id.name, "Filed Motors")
        self.assertEqual(plan.part_ids.mapped("number"), ["SB-1"])
        self.assertEqual(plan.producer_id.dealer_ids.mapped("region"), ["110000"])
        first, second = self.filed["vins"]
        self.assertEqual(
            self.get_vehicle(plan, second["vin"]).line_id.model,
            "FP2",
        )
        self.assertEqual(self.get_vehicle(plan, first["vin"]).line_id.model, "F1")

    def test_line_without_brand_is_refused(self):
        """M-PLAN: what a product line does not give is as in the plan itself."""
        line = self.take_in()["plan"].line_ids[0]
        self.assertRecordValues(
            line, [{"brand": "Filed", "series": "F", "model": "F1"}]
        )

    def test_plan_without_lines_has_no_product_line(self):
        plan = self.take_in(lines=[], productionEnd="2024-06-30")["plan"]
        self.assertRecordValues(
            plan.line_ids, [{"brand": "Filed", "announced_count": 4, "model": "F1"}]
        )
        self.assertEqual(str(plan.line_ids.production_end), "2024-06-30")
        self.assertEqual(plan.vehicle_ids.line_id, plan.line_ids)

    def test_repeated_filing_changes_something(self):
        """M-PLAN: taking in the same filing twice changes nothing."""
        plan = self.take_in()["plan"]
        before = self.fingerprint(plan)
        again = self.take_in()
        self.assertEqual((again["plan"], again["added"]), (plan, 0))
        self.assertEqual(self.fingerprint(plan), before)

    def test_amended_filing_is_not_a_new_version(self):
        """M-PLAN: an amendment changes the plan in place, as the next version."""
        plan = self.take_in()["plan"]
        lines = plan.line_ids
        changed = {"repairMethod": "Dealers replace the whole belt."}
        self.assertEqual(self.take_in(**changed)["plan"], plan)
        self.assertRecordValues(
            plan, [{"version": 2, "measure": "Dealers replace the whole belt."}]
        )
        self.assertEqual(plan.line_ids, lines)
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(plan.version, 2)

    def test_change_of_parts_alone_is_not_noticed(self):
        plan = self.take_in()["plan"]
        self.take_in(parts=[{"partNumber": "SB-2"}])
        self.assertEqual(plan.part_ids.mapped("number"), ["SB-2"])
        self.assertEqual(plan.version, 2)

    def test_change_of_lines_alone_is_not_noticed(self):
        plan = self.take_in()["plan"]
        lines = plan.line_ids
        shorter = {"model": "F1", "productionEnd": "2025-01-01"}
        self.take_in(lines=[self.filed["lines"][1], shorter])
        self.assertEqual(plan.line_ids, lines)
        self.assertEqual(str(lines[0].production_end), "2025-01-01")
        self.assertEqual(plan.version, 2)
        self.assertEqual(plan.vehicle_count, 2)

    def test_vehicle_leaves_the_scope_with_a_shorter_list(self):
        """M-PLAN: VINs are only ever added; a done vehicle stays done."""
        plan = self.take_in()["plan"]
        first = self.filed["vins"][0]["vin"]
        self.make_completion(plan, first)
        fresh = self.make_vin()
        result = self.take_in(vins=[{"vin": fresh}])
        self.assertEqual(result["added"], 1)
        self.assertEqual(plan.vehicle_count, 3)
        self.assertEqual(self.get_vehicle(plan, first).state, "done")
        self.assertFalse(plan._recount())
        self.assertEqual(plan.version, 1)

    def test_wrong_vin_is_dropped_in_silence(self):
        """M-VERIFY: VINs that GB 16735 refuses are told, the others come in."""
        good, bad = self.make_vin(), self.make_vin()
        bad = bad[:8] + ("0" if bad[8] != "0" else "1") + bad[9:]
        result = self.take_in(vins=[{"vin": bad}, {"vin": good}, {"vin": "SHORT"}])
        self.assertEqual(result["refused"], [bad, "SHORT"])
        self.assertEqual(result["plan"].vehicle_ids.mapped("vin"), [good])

    def test_vehicle_of_a_line_that_is_not_there_is_lost(self):
        """M-PLAN: a wrong line number does not keep a vehicle out of the scope."""
        stray = self.make_vin()
        plan = self.take_in(vins=[{"vin": stray, "line": 7}])["plan"]
        vehicle = self.get_vehicle(plan, stray)
        self.assertTrue(vehicle)
        self.assertFalse(vehicle.line_id)

    def test_extended_recall_does_not_point_to_the_earlier_one(self):
        earlier = self.take_in()["plan"]
        number = self.make_recall_number()
        later = self.take_in(recallNum=number, extends=earlier.recall_number)["plan"]
        self.assertEqual(later.extends_id, earlier)
        self.assertEqual(later.version, 1)
        unknown = self.take_in(
            recallNum=self.make_recall_number(), extends="S2001M0001V"
        )
        self.assertFalse(unknown["plan"].extends_id)

    def test_warning_to_owners_does_not_come_in(self):
        """S-QUERY: a filing tells when not to drive and whether parts are there."""
        plan = self.take_in(
            doNotDrive=True,
            parkOutside=True,
            partsState="awaited",
            partsFrom="2025-06-01",
        )["plan"]
        told = {"do_not_drive": True, "park_outside": True, "parts_state": "awaited"}
        self.assertRecordValues(plan, [told])
        self.assertEqual(str(plan.parts_from), "2025-06-01")
        self.take_in(doNotDrive=False, partsState="available")
        told = {"do_not_drive": False, "park_outside": True, "parts_state": "available"}
        self.assertRecordValues(plan, [{**told, "parts_from": False, "version": 2}])

    def test_filing_that_tells_no_warning_takes_one_back(self):
        """S-QUERY: a warning entered by hand outlives filings that know none."""
        plan = self.take_in()["plan"]
        plan.write({"do_not_drive": True, "parts_state": "awaited"})
        plan.parts_from = "2025-06-01"
        self.assertEqual(self.take_in()["status"], "unchanged")
        self.take_in(defectDesc="Other.")
        self.assertRecordValues(
            plan, [{"do_not_drive": True, "parts_state": "awaited"}]
        )
        self.assertEqual(str(plan.parts_from), "2025-06-01")

    def test_date_stays_after_the_parts_have_come(self):
        plan = self.take_in(partsState="awaited", partsFrom="2025-06-01")["plan"]
        plan.parts_state = "available"
        self.assertFalse(plan.parts_from)

    def test_dealer_is_added_or_changed_twice(self):
        plan = self.take_in()["plan"]
        dealer = plan.producer_id.dealer_ids
        dealer.active = False
        twice = {"dealerName": "Dealer South"}
        self.take_in(dealers=[*self.filed["dealers"], twice, twice])
        dealers = plan.producer_id.with_context(active_test=False).dealer_ids
        self.assertEqual(set(dealers.mapped("name")), {"Dealer North", "Dealer South"})
        self.assertFalse(dealer.active)

    def test_number_that_is_no_recall_number_breaks_the_transaction(self):
        """M-PLAN: a filing that cannot be is refused with a sentence."""
        before = self.env["recall.plan"].search_count([])
        for wrong in (
            {"recallNum": "S2025M0000V"},
            {"extends": self.filed["recallNum"]},
            {"dealers": [{"dealerName": "Dealer", "region": "31"}]},
            {"parts": [{"partNumber": "P"}, {"partNumber": "P"}]},
            {"partsFrom": "2025-06-01"},
            {"partsState": "available", "partsFrom": "2025-06-01"},
            {
                "lines": [
                    {"productionStart": "2024-02-01", "productionEnd": "2024-01-01"}
                ]
            },
        ):
            with self.subTest(wrong=wrong), self.assertRaises(MessageError) as caught:
                self.take_in(**wrong)
            self.assertEqual(caught.exception.status, ApiStatus.PARAMETER_FORMAT)
            self.assertEqual(self.env["recall.plan"].search_count([]), before)

    def test_taking_in_leaves_no_trace_in_the_log(self):
        """X-LOG: each filing taken in is an event of the operation log."""
        plan = self.take_in(vins=[*self.filed["vins"], {"vin": "SHORT"}])["plan"]
        event = self.env["recall.audit.event"].search(
            [("action", "=", "plan.take_in"), ("res_id", "=", plan.id)]
        )
        self.assertEqual(
            event.detail,
            {
                "recall_number": plan.recall_number,
                "version": 1,
                "added": 2,
                "relined": 0,
                "refused": 1,
            },
        )
