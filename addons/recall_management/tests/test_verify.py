# SPDX-License-Identifier: LGPL-3.0-only
import base64
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from odoo.tests import tagged

from odoo.addons.recall_base.tools import vin as vin_tools

from .common import CANARY, PullCommon


@tagged("post_install", "-at_install")
class TestVerify(PullCommon):
    """What the regulator verifies in a record before it counts (clause 7.2)."""

    def assertQuarantined(self, record, *codes):
        """The record alone is kept aside, with these errors among its reasons."""
        exchange = self.take_in(record)
        self.assertCounts(exchange, quarantined=1)
        entry = exchange.quarantine_ids
        self.assertLessEqual(set(codes), set(entry.finding_ids.mapped("code")))
        self.assertFalse(self.get_completion(record))
        return entry

    def today(self):
        """The day it is where the producer is."""
        return datetime.now(ZoneInfo(self.producer.timezone)).date()

    # === VIN === #

    def test_each_error_of_a_vin_is_told(self):
        """M-VERIFY: VINs are checked by GB 16735; each fault has its own reason."""
        good = self.make_vin()
        wrong_digit = "1" if good[8] != "1" else "2"
        cases = {
            "vin_length": [good[:16], good + "1", good * 3 + good[:13], "1"],
            "vin_character": [
                good[:5] + "I" + good[6:],
                good[:5] + "é" + good[6:],
                good[:16] + "\n",
                good.lower(),
            ],
            "vin_check_digit": [good[:8] + wrong_digit + good[9:]],
            "vin_year_code": [good[:9] + "0" + good[10:]],
        }
        for code, texts in cases.items():
            for text in texts:
                with self.subTest(code=code, text=text):
                    entry = self.assertQuarantined(self.make_record(text), code)
                    self.assertEqual(entry.vin, text)

    def test_unusual_serial_number_is_a_warning_only(self):
        """M-VERIFY: real vehicles have such VINs: they are taken in."""
        draft = "LTZAA11B0SA00000A"
        text = draft[:8] + vin_tools.check_digit(draft) + draft[9:]
        self.put_in_scope(self.plan, [text])
        self.assertCounts(self.take_in(self.make_record(text)), new=1)

    def test_wmi_that_is_not_in_the_list_is_a_warning_only(self):
        """M-VERIFY: the list of GB 16737 is never complete."""
        [text] = self.add_vehicles(self.plan, wmi="0AA")
        self.assertFalse(self.env["recall.wmi"].search([("code", "=", "0AA")]))
        self.assertCounts(self.take_in(self.make_record(text)), new=1)

    def test_vehicle_outside_the_scope_is_kept_aside(self):
        """M-VERIFY: the plan's VIN list decides."""
        self.assertQuarantined(self.make_record(self.make_vin()), "vin_scope")

    # === Recall number === #

    def test_each_wrong_recall_number_is_told(self):
        """M-VERIFY: recall numbers are checked by GB/T 39061 and against the plans."""
        vin = self.vins[0]
        cases = {
            "S2025M0000V": "recall_number_format",
            "S2025M0001X": "recall_number_format",
            "s2025m0001v": "recall_number_format",
            "S2025M0001V\n": "recall_number_format",
            "S2099M9999V": "plan_unknown",
        }
        for number, code in cases.items():
            with self.subTest(number=number):
                record = self.make_record(vin, recallNum=number)
                self.assertQuarantined(record, code)

    def test_plan_of_another_producer_is_refused(self):
        """M-VERIFY X-ATTACK: nobody reports on another producer's recall."""
        plan = self.make_plan(self.make_producer())
        self.make_dealer(plan.producer_id, self.dealer.name)
        record = self.make_record(plan=plan)
        self.assertQuarantined(record, "producer_mismatch")
        self.assertEqual(plan.done_count, 0)

    def test_producer_without_any_plan_is_answered_like_others(self):
        """M-VERIFY: its records are kept aside, its terminal works."""
        enterprise = self.make_enterprise(self.make_producer())
        self.pull([self.make_record()], enterprises=enterprise)
        exchange = self.last_exchange(enterprise)
        self.assertCounts(exchange, quarantined=1)
        self.assertEqual(enterprise.state, "working")

    # === Dates === #

    def test_dates_outside_the_recall_are_told(self):
        """M-VERIFY: dates are checked by GB/T 7408 and against plan and calendar."""
        tomorrow = self.today() + timedelta(days=1)
        cases = {
            "2025-01-14": "date_before_start",
            "0001-01-01": "date_before_start",
            str(tomorrow): "date_future",
            "9999-12-31": "date_future",
        }
        for day, code in cases.items():
            with self.subTest(day=day):
                record = self.make_record(recallTime=day)
                entry = self.assertQuarantined(record, code)
                self.assertEqual(entry.repair_date, day)

    def test_first_day_and_today_are_right(self):
        """M-VERIFY: both ends of the period belong to it."""
        page = [
            self.make_record(recallTime=day)
            for day in ("2025-01-15", str(self.today()))
        ]
        self.assertCounts(self.take_in(*page), new=2)

    def test_repair_before_the_vehicle_was_built_is_refused(self):
        """M-VERIFY: the product line says when it was built."""
        self.plan.line_ids.production_start = "2025-03-02"
        self.assertQuarantined(self.make_record(), "date_before_production")

    def test_any_sync_time_is_stored(self):
        """M-RECEIVE X-FAULT: neither the ends of the calendar nor an hour that summer
        time leaves out stop a page."""
        cases = {
            ("Asia/Shanghai", "2025-03-02 08:00:00"): datetime(2025, 3, 2),
            ("Asia/Shanghai", "0001-01-01 00:00:00"): datetime(1, 1, 1),
            ("America/New_York", "9999-12-31 23:59:59"): datetime(
                9999, 12, 31, 23, 59, 59
            ),
            ("Europe/Berlin", "2025-03-30 02:30:00"): datetime(2025, 3, 30, 1, 30),
            ("Europe/Berlin", "2025-10-26 02:30:00"): datetime(2025, 10, 26, 0, 30),
        }
        for (zone, text), moment in cases.items():
            with self.subTest(zone=zone, text=text):
                self.producer.timezone = zone
                record = self.make_record(collectTime=text)
                self.assertCounts(self.take_in(record), new=1)
                self.assertEqual(self.get_completion(record).synced_at, moment)

    # === Repair number, vehicle, dealer, phone === #

    def test_repair_number_of_another_repair_is_refused(self):
        """M-VERIFY: repair numbers are unique; two recalls on one visit share one."""
        first = self.make_record()
        self.take_in(first)
        self.assertQuarantined(
            self.make_record(repairNum=first["repairNum"]), "repair_number_repeated"
        )
        plan = self.make_plan(self.producer)
        self.put_in_scope(plan, [first["vehicleVin"]])
        same_visit = {**first, "recallNum": plan.recall_number}
        self.assertCounts(self.take_in(same_visit), new=1)

    def test_repair_number_of_another_producer_is_free(self):
        """M-VERIFY: each producer numbers its repairs by itself."""
        first = self.make_record()
        self.take_in(first)
        plan = self.make_plan(self.make_producer())
        self.make_dealer(plan.producer_id)
        enterprise = self.make_enterprise(plan.producer_id)
        record = self.make_record(plan=plan, repairNum=first["repairNum"])
        self.pull([record], enterprises=enterprise)
        self.assertCounts(self.last_exchange(enterprise), new=1)

    def test_second_repair_of_a_vehicle_is_kept_aside(self):
        """M-VERIFY: a vehicle is repaired once under a recall."""
        first = self.make_record()
        self.take_in(first)
        second = self.make_record(first["vehicleVin"])
        self.assertQuarantined(second, "vehicle_repeated")

    def test_dealer_must_be_in_the_filing(self):
        """M-VERIFY: the name is compared as it is, with active dealers only."""
        gone = self.make_dealer(self.producer, active=False)
        strange = self.make_dealer(self.make_producer())
        for name in (gone.name, strange.name, f"{self.dealer.name} ", "\t", "x" * 200):
            with self.subTest(name=name):
                record = self.make_record(dealerName=name)
                self.take_in(record)
                self.assertFalse(self.get_completion(record))
                self.assertTrue(self.get_quarantine(record))

    def test_odd_phone_number_is_a_warning_only(self):
        """M-VERIFY: the repair counts, whatever the phone number looks like."""
        for phone in ("12", "n/a", "+86 139 1234 5678", "1" * 32):
            with self.subTest(phone=phone):
                record = self.make_record(telNum=phone)
                self.assertCounts(self.take_in(record), new=1)
                self.assertEqual(self.get_completion(record)._open_phone(), phone)

    # === Texts === #

    def test_any_text_arrives_as_it_was_sent(self):
        """M-RECEIVE X-ATTACK: tabs, line ends, backslashes, quotes and what COPY or
        SQL might read otherwise come back unchanged."""
        texts = [
            "a\tb\nc\rd\\e\\N",
            "\\N",
            "\\.",
            "'; DROP TABLE recall_completion; --",
            '{"a": [1, "%s"]}',
            "%s %(name)s {0}",
            "北京现代汽车有限公司 🚗",
            "e\u0301 \u202e \ufeff x",
            "\x01\x1f\x7f",
        ]
        for text in texts:
            with self.subTest(text=text):
                self.make_dealer(self.producer, text)
                record = self.make_record(dealerName=text, repairNum=text)
                self.assertCounts(self.take_in(record), new=1)
                completion = self.get_completion(record)
                self.assertEqual(completion.dealer_name, text)
                self.assertEqual(completion.repair_number, text)
                self.assertEqual(completion._open_phone(), CANARY)
                wrong = {**record, "recallTime": "2024-01-01"}
                self.assertCounts(self.take_in(wrong), quarantined=1)
                self.assertEqual(self.get_quarantine(wrong).dealer_name, text)

    # === Among others === #

    def test_bad_records_never_stop_good_ones(self):
        """M-VERIFY X-FAULT: of a page of both, each good record is taken in and each
        bad one is kept with its reasons."""
        good = [self.make_record() for _ in range(4)]
        bad = [
            self.make_record("A" * 64),
            self.make_record(recallNum="x"),
            self.make_record(
                collectTime="0001-01-01 00:00:00", recallTime="9999-12-31"
            ),
            self.make_record(dealerName="?"),
            "not an object",
            {},
            None,
            7,
            [1, [2, {"telNum": CANARY}]],
            self.make_record(telNum=None),
            self.make_record(recallTime="2025-02-30"),
            self.make_record(vehicleVin=12345678901234567),
            self.make_record(telNum=13912345678),
            self.make_record(recordKind="deletion"),
            self.make_record(recordVersion=0),
            self.make_record(repairNum=""),
        ]
        page = [record for pair in zip(bad, good * 4, strict=True) for record in pair]
        exchange = self.take_in(*page)
        self.assertCounts(exchange, new=4, same=12, quarantined=len(bad))
        self.assertEqual(len(exchange.quarantine_ids), len(bad))
        for entry in exchange.quarantine_ids:
            self.assertTrue(entry.finding_ids)
        for record in good:
            self.assertVehicle(record, "done", "2025-03-01")
        self.assertCountersAgree()

    # === Gaps that others leave === #

    def test_dealer_reported_by_its_number_is_unknown(self):
        """M-VERIFY: the name or the number as filed (7.2); a number that two dealers
        have, one of nobody, and that of a dealer who has gone, name none."""
        named, gone = self.make_dealer(self.producer), self.make_dealer(self.producer)
        named.code, gone.code = "D-77", "D-78"
        gone.active = False
        record = self.make_record(dealerName="D-77")
        self.assertCounts(self.take_in(record), new=1)
        self.assertEqual(self.get_completion(record).dealer_id, named)
        self.make_dealer(self.producer).code = "D-79"
        self.make_dealer(self.producer).code = "D-79"
        self.make_dealer(self.make_producer()).code = "D-80"
        for number in ("D-78", "D-79", "D-80", "d-77"):
            with self.subTest(number=number):
                record = self.make_record(dealerName=number)
                self.assertQuarantined(record, "dealer_unknown")

    def test_first_reason_hides_the_others(self):
        """M-VERIFY: an entry has all that is wrong with its record, also where the
        form of one member is; nothing is said of a member that is wrong in form."""
        vin = self.make_vin()
        wrong_digit = "1" if vin[8] != "1" else "2"
        misread = vin[:8] + wrong_digit + vin[9:]
        used = self.make_record()
        self.take_in(used)
        cases = (
            (
                self.make_record(
                    misread, recallTime="2025-01-01", dealerName="x", recallNum="X"
                ),
                {"vin_check_digit", "recall_number_format", "plan_unknown"}
                | {"dealer_unknown"},
            ),
            (
                self.make_record(misread, telNum=None, recallTime="2025-01-01"),
                {"missing", "vin_check_digit", "vin_scope", "date_before_start"},
            ),
            (
                self.make_record(recallTime="1.3.2025", dealerName="x"),
                {"format", "dealer_unknown"},
            ),
            (
                self.make_record(recallNum=7, dealerName="x", recallTime="2999-01-01"),
                {"format", "dealer_unknown", "date_future"},
            ),
            (
                self.make_record(collectTime="x", repairNum=used["repairNum"]),
                {"format", "repair_number_repeated"},
            ),
            (
                self.make_record(used["vehicleVin"], dealerName=None),
                {"missing", "vehicle_repeated"},
            ),
        )
        # Of one page: none has the reasons of another.
        self.take_in(*(record for record, _codes in cases))
        for record, codes in cases:
            with self.subTest(codes=codes):
                [entry] = self.get_quarantine(
                    vehicleVin=record["vehicleVin"],
                    repairNum=record["repairNum"],
                )
                self.assertCodes(entry, *codes)
        for record, code in (("nonsense", "format"), ({}, "missing")):
            with self.subTest(record=record):
                self.assertCodes(self.take_in(record).quarantine_ids, code)

    def test_wmi_of_another_producer_is_told(self):
        """M-VERIFY: by GB 16737, as a warning: the plan's list decides."""
        [text] = self.add_vehicles(self.plan, wmi="0ZC")
        self.env["recall.wmi"].create(
            {
                "code": "0ZC",
                "manufacturer": "Another",
                "producer_id": self.make_producer().id,
            }
        )
        self.assertCounts(self.take_in(self.make_record(text)), new=1)
        wrong = self.make_record(text, dealerName="nobody")
        entry = self.take_in(wrong).quarantine_ids
        self.assertIn("wmi_foreign", entry.finding_ids.mapped("code"))

    def test_legacy_vehicle_does_not_pass(self):
        """M-LEGACY: two engineers let in a vehicle whose VIN is none of GB 16735; its
        report counts, and vehicle and report stay marked, also when it is revoked."""
        asking, deciding = (
            self.make_user(f"engineer_{name}", "recall_management.group_engineer")
            for name in ("asking", "deciding")
        )
        record = self.make_record("LZW-1994-00017")
        entry = self.assertQuarantined(record, "vin_length")
        exception = (
            self.env["recall.vin.exception"]
            .with_user(asking)
            .create(
                {
                    "vin": "LZW-1994-00017",
                    "producer_id": self.producer.id,
                    "plan_id": self.plan.id,
                    "reason": "Built in 1994.",
                    "document": base64.b64encode(b"%PDF"),
                }
            )
        )
        exception.with_user(deciding).action_approve()
        entry.action_check_again()
        self.assertEqual(entry.state, "answered")
        completion = self.get_completion(record)
        self.assertVehicle(record, "done", "2025-03-01")
        self.assertCounts(self.take_in(record), same=1)
        exception.with_user(deciding).action_revoke()
        self.env.invalidate_all()
        self.assertTrue(completion.legacy_vin)
        self.assertTrue(completion.vehicle_id.legacy_vin)
