# SPDX-License-Identifier: LGPL-3.0-only
from datetime import datetime

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import ValidationError
from odoo.tests import tagged

from ..models.recall_completion_check import Report
from .common import RecallCommon


@tagged("post_install", "-at_install")
class TestCompletionCheck(RecallCommon):
    """Both sides of each rule by which a repair report is judged."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Check = cls.env["recall.completion.check"]
        cls.plan.line_ids.production_start = "2024-05-01"

    def _report(self, **vals):
        return Report(
            **{
                "recall_number": self.plan.recall_number,
                "vin": self.vins[0],
                "repair_date": "2025-03-01",
                "repair_number": "RO-CHECK",
                "dealer_name": self.dealer.name,
                "phone": "13800138000",
                **vals,
            }
        )

    def _check(self, *reports, producer=None):
        """Check reports in one batch: for each ``(refused, set of codes)``."""
        self.env.flush_all()
        staged = self.Check._stage((producer or self.producer).id, list(reports))
        self.Check._check(staged)
        self.env.cr.execute(
            "SELECT refused, codes FROM recall_report_checked ORDER BY idx"
        )
        rows = self.env.cr.fetchall()
        self.assertTrue(all(len(codes) == len(set(codes)) for _bad, codes in rows))
        return [(refused, set(codes)) for refused, codes in rows]

    def assertFinds(self, report, *codes, refused=True, **options):
        self.assertEqual(self._check(report, **options), [(refused, set(codes))])

    def assertPasses(self, report, **options):
        self.assertFinds(report, refused=False, **options)

    def test_good_report_has_a_finding(self):
        """E-AUDIT: a report that agrees with plan, scope and filing passes."""
        self.assertPasses(self._report())
        self.env.cr.execute(
            "SELECT plan_id, vehicle_id, dealer_id FROM recall_report_checked"
        )
        self.assertEqual(
            self.env.cr.fetchone(),
            (
                self.plan.id,
                self.get_vehicle(self.plan, self.vins[0]).id,
                self.dealer.id,
            ),
        )

    def test_unknown_plan_passes(self):
        """E-AUDIT: a recall number that no plan has is found."""
        self.assertFinds(self._report(recall_number="S2001M0001V"), "plan_unknown")
        self.assertFinds(
            self._report(recall_number="S2001M1V"),
            "plan_unknown",
            "recall_number_format",
        )

    def test_plan_of_another_producer_passes(self):
        """E-AUDIT: a producer reports repairs of its own plans only."""
        other = self.make_producer()
        self.make_dealer(other, self.dealer.name)
        self.assertFinds(self._report(), "producer_mismatch", producer=other)

    def test_vehicle_out_of_scope_passes(self):
        """E-AUDIT: a VIN that is not in the scope of the plan is found."""
        self.assertFinds(self._report(vin=self.make_vin()), "vin_scope")
        elsewhere = self.add_vehicles(self.make_plan(self.producer))[0]
        self.assertFinds(self._report(vin=elsewhere), "vin_scope")

    def test_wrong_vin_passes(self):
        """E-AUDIT: VINs are checked by GB 16735, each fault with its own code."""
        good = self.vins[0]
        wrong_digit = "0" if good[8] != "0" else "1"
        for text, code in (
            (good[:16], "vin_length"),
            (good + "1", "vin_length"),
            (good.replace("A", "I", 1), "vin_character"),
            (good.lower(), "vin_character"),
            (good[:8] + wrong_digit + good[9:], "vin_check_digit"),
            (good[:9] + "U" + good[10:], "vin_year_code"),
        ):
            with self.subTest(text=text):
                [(refused, codes)] = self._check(self._report(vin=text))
                self.assertTrue(refused)
                self.assertIn(code, codes)

    def test_unknown_maker_is_refused(self):
        """M-VERIFY: a WMI that is not in the list is a warning, by GB 16737."""
        vins = [self.make_vin("1ZZ"), self.make_vin("1Z9")]
        self.put_in_scope(self.plan, vins)
        for text in vins:
            self.assertFinds(self._report(vin=text), "wmi_unknown", refused=False)
        small = vins[1]
        self.env["recall.wmi"].create(
            [
                {"code": "1ZZ", "manufacturer": "Big"},
                {"code": small[:3] + small[11:14], "manufacturer": "Small"},
            ]
        )
        for text in vins:
            self.assertPasses(self._report(vin=text))

    def test_repair_before_the_recall_started_passes(self):
        """E-AUDIT: repair dates lie between the start of the recall and today."""
        self.assertPasses(self._report(repair_date="2025-01-15"))
        self.assertFinds(self._report(repair_date="2025-01-14"), "date_before_start")

    def test_repair_in_the_future_passes(self):
        """E-AUDIT: today is the day in the producer's zone, not in UTC."""
        with freeze_time(datetime(2025, 6, 1, 16, 30)):  # 00:30 of 2 June in Shanghai
            self.assertPasses(self._report(repair_date="2025-06-02"))
            self.assertFinds(self._report(repair_date="2025-06-03"), "date_future")
            self.producer.timezone = "America/Los_Angeles"
            self.assertPasses(self._report(repair_date="2025-06-01"))
            self.assertFinds(self._report(repair_date="2025-06-02"), "date_future")

    def test_repair_before_the_vehicle_was_built_passes(self):
        """E-AUDIT: a repair cannot precede the production of the vehicle's line."""
        self.plan.recall_start = "2024-01-01"
        self.assertPasses(self._report(repair_date="2024-05-01"))
        self.assertFinds(
            self._report(repair_date="2024-04-30"), "date_before_production"
        )

    def test_dealer_that_is_not_in_the_filing_passes(self):
        """E-AUDIT: the dealer is one of the producer's filing, and not a closed one."""
        other = self.make_dealer(self.make_producer())
        for name in ("Nobody", other.name, self.dealer.name + " "):
            self.assertFinds(self._report(dealer_name=name), "dealer_unknown")
        self.dealer.active = False
        self.assertFinds(self._report(), "dealer_unknown")

    def test_foreign_part_passes(self):
        """E-AUDIT: the parts used are parts of the plan; none is no fault."""
        self.env["recall.plan.part"].create({"plan_id": self.plan.id, "number": "C-2"})
        for numbers in (None, "", "BH-1", "BH-1, C-2", "C-2,BH-1"):
            self.assertPasses(self._report(part_numbers=numbers))
        for numbers in ("X-9", "BH-1, X-9", "bh-1"):
            self.assertFinds(self._report(part_numbers=numbers), "parts_mismatch")

    def test_other_measure_passes(self):
        """E-AUDIT: the measure reported is the plan's; none is no fault."""
        for measure in (None, "", self.plan.measure):
            self.assertPasses(self._report(measure=measure))
        self.assertFinds(self._report(measure="Washed."), "measure_mismatch")

    def test_odd_phone_number_is_refused(self):
        for phone in ("13800138000", "+86 138-0013-8000", "010-85260123"):
            self.assertPasses(self._report(phone=phone))
        for phone in ("12345", "owner has none", "１３８００１３８０００"):
            self.assertFinds(self._report(phone=phone), "phone_format", refused=False)

    def test_repair_number_of_another_vehicle_passes(self):
        """E-AUDIT: a repair record number belongs to one vehicle of the producer."""
        stored = self.make_completion(self.plan, self.vins[1])
        number = stored.repair_number
        same = self._report(repair_number=number)
        self.assertFinds(same, "repair_number_repeated")
        stored.state = "rejected"
        self.assertPasses(same)
        stored.state = "checked"
        self.assertFinds(same, "repair_number_repeated")
        self.assertPasses(same._replace(replaces_id=stored.id))

    def test_one_visit_for_two_recalls_is_refused(self):
        second = self.make_plan(self.producer)
        self.put_in_scope(second, self.vins[:1])
        stored = self.make_completion(self.plan, self.vins[0])
        report = self._report(
            recall_number=second.recall_number, repair_number=stored.repair_number
        )
        self.assertPasses(report)

    def test_second_repair_of_a_vehicle_passes(self):
        """E-AUDIT: one repair of a vehicle is reported once for a recall."""
        stored = self.make_completion(self.plan, self.vins[0])
        self.assertFinds(self._report(), "vehicle_repeated")
        stored.state = "withdrawn"
        self.assertPasses(self._report())

    def test_withdrawn_record_comes_back_unnoticed(self):
        """E-AUDIT: a withdrawn report is restored by a person, not by sending it."""
        stored = self.make_completion(self.plan, self.vins[0], state="withdrawn")
        report = self._report(repair_number=stored.repair_number)
        self.assertFinds(report, "record_withdrawn")
        self.assertPasses(report._replace(replaces_id=stored.id))

    def test_repeats_within_a_batch_pass(self):
        """E-AUDIT: of two good reports that stand against each other the first wins."""
        one, two = self.vins[:2]
        results = self._check(
            self._report(vin=one, repair_number="A"),
            self._report(vin=one, repair_number="B"),
            self._report(vin=two, repair_number="A"),
            self._report(vin=two, repair_number="C"),
        )
        self.assertEqual(
            results,
            [
                (False, set()),
                (True, {"vehicle_repeated"}),
                (True, {"repair_number_repeated"}),
                (False, set()),
            ],
        )

    def test_bad_report_stands_in_the_way_of_a_good_one(self):
        """E-AUDIT: a refused report does not keep the right one behind it out."""
        results = self._check(
            self._report(repair_number="A", dealer_name="Nobody"),
            self._report(repair_number="A"),
            self._report(repair_number="B"),
        )
        self.assertEqual(
            results,
            [
                (True, {"dealer_unknown"}),
                (False, set()),
                (True, {"vehicle_repeated"}),
            ],
        )

    def test_several_faults_are_told_one_at_a_time(self):
        self.assertFinds(
            self._report(
                dealer_name="Nobody", part_numbers="X", repair_date="2025-01-01"
            ),
            "dealer_unknown",
            "parts_mismatch",
            "date_before_start",
        )

    def test_severity_set_by_the_operator_has_no_effect(self):
        """E-AUDIT: the catalogue decides which findings refuse a report."""
        finding = self.env["recall.finding"].search([("code", "=", "phone_format")])
        report = self._report(phone="none")
        self.assertFinds(report, "phone_format", refused=False)
        finding.own_severity = "error"
        self.assertFinds(report, "phone_format")
        event = self.env["recall.audit.event"].search(
            [("action", "=", "finding.write")], limit=1
        )
        self.assertEqual(event.res_id, finding.id)
        self.assertEqual(event.detail, {"changes": {"own_severity": [None, "error"]}})
        finding.own_severity = False
        self.assertFinds(report, "phone_format", refused=False)

    def test_identity_finding_becomes_a_warning(self):
        """E-AUDIT: what tells a report's identity, or a repeat, always refuses."""
        finding = self.env["recall.finding"].search([("code", "=", "plan_unknown")])
        with self.assertRaises(ValidationError):
            finding.own_severity = "warning"

    def test_report_dated_today_is_in_the_future(self):
        self.assertPasses(
            self._report(repair_date=fields.Date.to_string(fields.Date.today()))
        )
