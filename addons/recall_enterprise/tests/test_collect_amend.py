# SPDX-License-Identifier: LGPL-3.0-only
from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.recall_base.tools import cipher

from .common import EnterpriseHttpCase


@tagged("post_install", "-at_install")
class TestCollectAmend(EnterpriseHttpCase):
    """The same record id with other content: corrected and sent again."""

    def test_amended_report_becomes_a_second_report(self):
        """E-AUDIT: a report to confirm that is sent anew is amended in place."""
        record = self.make_record()
        self.collect_one(record)
        report = self.find_report(record)
        amended = {
            **record,
            "vehicleVin": self.vins[1],
            "repairNum": "RO-AMENDED",
            "recallTime": "2025-04-01",
            "telNum": "13912043678",
            "parts": ["BH-1"],
        }
        self.assertEqual(self.collect_one(amended), ("accepted", set()))
        self.assertEqual(self.find_report(record), report)
        self.assertRecordValues(
            report,
            [
                {
                    "state": "checked",
                    "vin": self.vins[1],
                    "repair_number": "RO-AMENDED",
                    "part_numbers": "BH-1",
                    "version": 1,
                    "vehicle_id": self.get_vehicle(self.plan, self.vins[1]).id,
                }
            ],
        )
        self.assertEqual(report._open_phone(), "13912043678")
        self.confirm()
        self.assertEqual(self.get_vehicle(self.plan, self.vins[0]).state, "open")
        self.assertEqual(self.get_vehicle(self.plan, self.vins[1]).state, "done")

    def test_report_amended_for_the_worse_is_confirmed(self):
        """E-AUDIT: a report to confirm that is amended with a fault is rejected."""
        record = self.make_record()
        self.collect_one(record)
        bad = {**record, "dealerName": "Nobody"}
        self.assertEqual(self.collect_one(bad), ("rejected", {"dealer_unknown"}))
        report = self.find_report(record)
        self.assertEqual(report.state, "rejected")
        self.assertEqual(report.finding_ids.mapped("code"), ["dealer_unknown"])
        self.confirm()
        self.assertEqual(report.state, "rejected")

    def test_mended_record_stays_rejected(self):
        """E-AUDIT: a rejected record that is sent corrected is accepted."""
        record = self.make_record(dealerName="Nobody", parts=["XX"])
        self.assertEqual(
            self.collect_one(record), ("rejected", {"dealer_unknown", "parts_mismatch"})
        )
        report = self.find_report(record)
        half = {**record, "parts": []}
        self.assertEqual(self.collect_one(half), ("rejected", {"dealer_unknown"}))
        self.assertEqual(report.finding_ids.mapped("code"), ["dealer_unknown"])
        mended = {**half, "dealerName": self.dealer.name}
        self.assertEqual(self.collect_one(mended), ("accepted", set()))
        self.assertEqual(self.find_report(record), report)
        self.assertEqual((report.state, report.version), ("checked", 1))
        self.assertFalse(report.finding_ids)

    def test_correction_of_a_confirmed_record_is_not_delivered(self):
        """E-SYNC: a corrected confirmed record goes out again, as version 2."""
        record = self.make_record()
        report = self.collect_confirmed(record)
        first = self.sync(api_cursor="")
        before = report.changed_at
        corrected = {**record, "telNum": "13912043678", "recallTime": "2025-03-05"}
        self.assertEqual(self.collect_one(corrected), ("accepted", set()))
        self.assertRecordValues(
            report, [{"state": "confirmed", "version": 2, "delivery_id": False}]
        )
        self.assertGreaterEqual(report.changed_at, before)
        second = self.sync(api_cursor=first["next_cursor"])
        self.assertEqual(len(second["records"]), 1)
        self.assertEqual(
            {**second["records"][0], "collectTime": None},
            {
                "recallNum": record["recallNum"],
                "vehicleVin": record["vehicleVin"],
                "recallTime": "2025-03-05",
                "repairNum": record["repairNum"],
                "dealerName": record["dealerName"],
                "telNum": "13912043678",
                "collectTime": None,
                "recordKind": "correction",
                "recordVersion": 2,
            },
        )
        self.assertEqual(self.collect(corrected)[0]["status"], "repeated")
        self.assertEqual(report.version, 2)

    def test_corrected_date_is_not_the_vehicle_s(self):
        record = self.make_record()
        self.collect_confirmed(record)
        vehicle = self.get_vehicle(self.plan, self.vins[0])
        self.assertEqual(str(vehicle.state_date), "2025-03-01")
        self.collect_one({**record, "recallTime": "2025-03-05"})
        vehicle.invalidate_recordset()
        self.assertEqual(str(vehicle.state_date), "2025-03-05")
        self.assertCountersRight()

    def test_faulty_correction_changes_a_confirmed_record(self):
        """E-AUDIT: a faulty correction leaves the confirmed record as it is."""
        record = self.make_record()
        report = self.collect_confirmed(record)
        before = self.stored()[:3]
        bad = {**record, "dealerName": "Nobody"}
        self.assertEqual(self.collect_one(bad), ("rejected", {"dealer_unknown"}))
        self.assertEqual(self.stored()[:3], before)
        self.assertFalse(report.finding_ids)
        self.assertEqual(self.collect(record)[0]["status"], "repeated")

    def test_key_of_a_confirmed_record_changes(self):
        """E-AUDIT: recall number, VIN and repair number of a confirmed record stay."""
        record = self.make_record()
        self.collect_confirmed(record)
        second = self.make_plan(self.producer)
        self.put_in_scope(second, self.vins[:1])
        before = self.stored()[:3]
        for change in (
            {"vehicleVin": self.vins[1]},
            {"repairNum": "RO-OTHER"},
            {"recallNum": second.recall_number, "parts": []},
        ):
            with self.subTest(change=change):
                self.assertEqual(
                    self.collect_one({**record, **change}),
                    ("rejected", {"key_changed"}),
                )
                self.assertEqual(self.stored()[:3], before)

    def test_repeat_after_a_key_rotation_is_taken_for_a_correction(self):
        """X-CRYPTO: new keys do not make an unchanged record a changed one."""
        record = self.make_record()
        report = self.collect_confirmed(record)
        ring = cipher.KeyRing.from_environment()
        keys = {"new": b"n" * 32, **ring.blind_keys}
        rotated = cipher.KeyRing(
            ring.token_keys, ring.seal_keys, keys, {**ring.active, "blind": "new"}
        )
        with patch.object(cipher.KeyRing, "from_environment", lambda: rotated):
            self.assertEqual(self.collect(record)[0]["status"], "repeated")
        self.assertEqual(report.version, 1)

    def test_withdrawn_record_is_changed_by_sending_it(self):
        """E-AUDIT: a withdrawn record is restored by a reviewer only."""
        record = self.make_record()
        report = self.collect_confirmed(record)
        self.withdraw(report)
        before = self.stored()[:3]
        changed = {**record, "telNum": "13912043678"}
        self.assertEqual(self.collect_one(changed), ("rejected", {"record_withdrawn"}))
        renamed = {**record, "recordId": "OTHER-NAME"}
        self.assertEqual(self.stored()[:3], before)
        self.assertEqual(self.collect_one(renamed), ("rejected", {"record_withdrawn"}))
        self.assertEqual(report.state, "withdrawn")

    def test_vehicle_of_a_withdrawn_report_cannot_be_reported_again(self):
        """E-AUDIT: after a withdrawal the right report comes in under a new number."""
        wrong = self.make_record()
        self.withdraw(self.collect_confirmed(wrong))
        right = self.make_record()
        self.assertEqual(self.collect_one(right), ("accepted", set()))
        self.confirm()
        self.assertEqual(self.plan.done_count, 1)

    def test_records_that_swap_their_vehicles_are_stuck(self):
        """E-AUDIT: two reports with swapped VINs can be put right by sending them."""
        one, two = self.make_record(self.vins[0]), self.make_record(self.vins[1])
        self.collect(one, two)
        one["vehicleVin"], two["vehicleVin"] = two["vehicleVin"], one["vehicleVin"]
        self.collect(one, two)
        results = self.collect(one, two)
        self.assertLessEqual(
            {result["status"] for result in results}, {"accepted", "repeated"}
        )
        self.assertEqual(self.find_report(one).vin, self.vins[1])
        self.assertEqual(self.find_report(two).vin, self.vins[0])

    def test_record_that_gives_its_vehicle_up_blocks_another_for_good(self):
        one = self.make_record(self.vins[0])
        self.collect_one(one)
        one["vehicleVin"] = self.vins[1]
        two = self.make_record(self.vins[0])
        self.collect(two, one)
        self.assertEqual(self.collect_one(two), ("accepted", set()))
        self.confirm()
        self.assertEqual(self.plan.done_count, 2)
        self.assertCountersRight()
