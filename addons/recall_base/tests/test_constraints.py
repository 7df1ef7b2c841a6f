# SPDX-License-Identifier: LGPL-3.0-only
from contextlib import contextmanager

import psycopg2

from odoo import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..tools import recall_number
from .common import RecallCommon

RIGHT_NUMBERS = ("S2025M0149I", "E2000A0001V", "S2099Z9999O")
WRONG_NUMBERS = (
    "S2025M0000V",
    "s2025M0149I",
    "A2025M0149I",
    "S1925M0149I",
    "S2025m0149I",
    "S2025M149I",
    "S2025M00149I",
    "S2025M0149X",
    "S2025M0149I\n",
    " S2025M0149I",
    "S2025M0149I ",
    "S２０２５M0149I",
    "S2025M٠١٤٩I",
    "",
)


@tagged("post_install", "-at_install")
class TestConstraints(RecallCommon):
    @contextmanager
    def assertRefused(self, constraint):
        """The database refuses what happens inside, by the constraint named."""
        with (
            self.subTest(constraint=constraint),
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.IntegrityError) as caught,
        ):
            yield
        self.assertEqual(caught.exception.diag.constraint_name, constraint)

    def test_number_of_gb_t_39061_is_taken(self):
        """M-VERIFY: the database takes what the tool takes as a recall number."""
        for number in RIGHT_NUMBERS:
            with self.subTest(number=number):
                self.make_plan(self.producer, recall_number=number)
                self.assertTrue(recall_number.is_recall_number(number))

    def test_text_that_is_no_recall_number_becomes_a_plan(self):
        """M-VERIFY: the database refuses what the tool refuses."""
        for number in WRONG_NUMBERS:
            self.assertFalse(recall_number.is_recall_number(number), number)
            with self.assertRefused("recall_plan_recall_number_form"):
                self.make_plan(self.producer, recall_number=number)

    def test_recall_number_is_used_twice(self):
        with self.assertRefused("recall_plan_recall_number_uniq"):
            self.make_plan(self.producer, recall_number=self.plan.recall_number)

    def test_plan_extends_itself(self):
        with self.assertRefused("recall_plan_not_itself"):
            self.plan.extends_id = self.plan
            self.plan.flush_recordset()

    def test_wmi_of_a_wrong_form_is_kept(self):
        Wmi = self.env["recall.wmi"]
        for code in ("LT", "LTZA", "LTZ12", "ltz", "LTI", "LTO", "LTQ", "LT ", "L夏Z"):
            with self.assertRefused("recall_wmi_code_form"):
                Wmi.create({"code": code, "manufacturer": "Test"})
        for code in ("8TT", "8T9AB1"):
            Wmi.create({"code": code, "manufacturer": "Test"})
        with self.assertRefused("recall_wmi_code_uniq"):
            Wmi.create({"code": "8TT", "manufacturer": "Test"})

    def test_region_of_a_wrong_form_is_kept(self):
        for region in ("31011", "31011A", "３１０１１５"):
            with self.assertRefused("recall_dealer_region_form"):
                self.make_dealer(self.producer, region=region)
        self.assertFalse(self.make_dealer(self.producer, region=False).region)

    def test_production_period_that_ends_before_it_starts_is_kept(self):
        with self.assertRefused("recall_plan_line_production_order"):
            self.plan.line_ids.write(
                {"production_start": "2024-02-01", "production_end": "2024-01-31"}
            )
            self.env.flush_all()

    def test_two_producers_of_one_name(self):
        with self.assertRefused("recall_producer_name_uniq"):
            self.make_producer(self.producer.name)

    def test_dealer_name_is_unique_within_its_producer_only(self):
        self.make_dealer(self.make_producer(), self.dealer.name)
        with self.assertRefused("recall_dealer_name_uniq"):
            self.make_dealer(self.producer, self.dealer.name)

    def test_part_number_stands_twice_in_a_plan(self):
        with self.assertRefused("recall_plan_part_number_uniq"):
            self.plan.part_ids = [Command.create({"number": "BH-1"})]

    def test_vehicle_stands_twice_in_a_plan(self):
        with self.assertRefused("recall_vehicle_vin_plan_uniq"):
            self.env["recall.vehicle"].create(
                {"plan_id": self.plan.id, "vin": self.vins[0]}
            )

    def test_finding_code_is_used_twice(self):
        with self.assertRefused("recall_finding_code_uniq"):
            self.env["recall.finding"].create({"code": "vin_scope", "name": "Again"})

    def test_repair_is_kept_twice_under_one_natural_key(self):
        """M-VERIFY: recall number, VIN and repair number name one record at most."""
        first = self.make_completion(self.plan, self.vins[0])
        same = {"repair_number": first.repair_number}
        with self.assertRefused("recall_completion_natural_key_uniq"):
            self.make_completion(self.plan, self.vins[0], **same)
        rejected = self.make_completion(
            self.plan, self.vins[0], state="rejected", **same
        )
        with self.assertRefused("recall_completion_natural_key_uniq"):
            rejected.state = "checked"
            rejected.flush_recordset()

    def test_names_of_records_leave_out_what_is_empty(self):
        line = self.plan.line_ids
        self.assertEqual(line.display_name, "Testbrand Series A TST7000A")
        line.model = False
        self.assertEqual(line.display_name, "Testbrand Series A")
        self.assertEqual(self.plan.part_ids.display_name, "BH-1 Brake hose")
        self.assertEqual(
            self.plan.display_name, f"{self.plan.recall_number} Testbrand Series A"
        )
        wmi = self.env["recall.wmi"].create({"code": "8TT", "manufacturer": "Test"})
        self.assertEqual(wmi.display_name, "8TT Test")
