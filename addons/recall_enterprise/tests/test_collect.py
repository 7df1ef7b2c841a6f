# SPDX-License-Identifier: LGPL-3.0-only
from odoo.tests import tagged

from .common import COLLECT, EnterpriseHttpCase

#: Members of a record in a wrong form, and the code of the finding.
WRONG_FORMS = (
    ("recallNum", None, "missing"),
    ("recallNum", "", "missing"),
    ("recallNum", 2025, "format"),
    ("recallNum", "S" * 65, "format"),
    ("vehicleVin", None, "missing"),
    ("vehicleVin", ["LTZ"], "format"),
    ("vehicleVin", "L" * 65, "format"),
    ("recallTime", None, "missing"),
    ("recallTime", "2025-3-1", "format"),
    ("recallTime", "2025/03/01", "format"),
    ("recallTime", "20250301", "format"),
    ("recallTime", "2025-02-30", "format"),
    ("recallTime", "2025-03-01 10:00:00", "format"),
    ("recallTime", "２０２５-03-01", "format"),
    ("recallTime", 20250301, "format"),
    ("repairNum", None, "missing"),
    ("repairNum", "  ", "missing"),
    ("repairNum", 17, "format"),
    ("dealerName", None, "missing"),
    ("dealerName", "D" * 201, "format"),
    ("telNum", None, "missing"),
    ("telNum", 13800138000, "format"),
    ("telNum", "1" * 33, "format"),
    ("parts", "BH-1", "format"),
    ("parts", [1], "format"),
    ("parts", [""], "missing"),
    ("repairMethod", 5, "format"),
)


@tagged("post_install", "-at_install")
class TestCollect(EnterpriseHttpCase):
    def wrong_in_every_way(self):
        """Records wrong in each way that E-AUDIT names: code -> changed members."""
        elsewhere = self.add_vehicles(self.make_plan(self.producer))[0]
        foreign = self.make_plan(self.make_producer())
        good = self.vins[0]
        return {
            "recall_number_format": {"recallNum": "S2025M149I"},
            "plan_unknown": {"recallNum": "S2001M0001V"},
            "producer_mismatch": {"recallNum": foreign.recall_number},
            "vin_length": {"vehicleVin": good[:16]},
            "vin_character": {"vehicleVin": good[:3] + "I" + good[4:]},
            "vin_check_digit": {
                "vehicleVin": good[:8] + ("1" if good[8] != "1" else "2") + good[9:]
            },
            "vin_year_code": {"vehicleVin": good[:9] + "Z" + good[10:]},
            "vin_scope": {"vehicleVin": elsewhere},
            "date_before_start": {"recallTime": "2025-01-01"},
            "date_future": {"recallTime": "2999-01-01"},
            "dealer_unknown": {"dealerName": "Nobody's garage"},
            "parts_mismatch": {"parts": ["BH-1", "XX-9"]},
            "measure_mismatch": {"repairMethod": "Washed the car."},
        }

    def test_good_record_is_not_stored_as_it_was_sent(self):
        """E-COLLECT: a good record waits to be confirmed with what it says."""
        record = self.make_record(
            parts=["BH-1"], repairMethod=self.plan.measure, dealerName=self.dealer.name
        )
        [result] = self.collect(record)
        self.assertEqual(
            result,
            {
                "recordId": record["recordId"],
                "index": 0,
                "status": "accepted",
                "findings": [],
            },
        )
        report = self.find_report(record)
        self.assertRecordValues(
            report,
            [
                {
                    "state": "checked",
                    "producer_id": self.producer.id,
                    "interface_id": self.collect_interface.id,
                    "recall_number": record["recallNum"],
                    "vin": record["vehicleVin"],
                    "repair_number": record["repairNum"],
                    "dealer_name": self.dealer.name,
                    "dealer_id": self.dealer.id,
                    "plan_id": self.plan.id,
                    "vehicle_id": self.get_vehicle(self.plan, self.vins[0]).id,
                    "part_numbers": "BH-1",
                    "reported_measure": self.plan.measure,
                    "phone_masked": "138****8000",
                    "version": 1,
                    "finding_ids": [],
                    "delivery_id": False,
                }
            ],
        )
        self.assertEqual(str(report.repair_date), "2025-03-01")
        self.assertEqual(report._open_phone(), "13800138000")

    def test_record_that_is_wrong_in_substance_is_lost(self):
        """E-AUDIT: each fault is answered and stored with its reason, as rejected."""
        cases = self.wrong_in_every_way()
        records = [
            self.make_record(self.vins[index % 10]) for index in range(len(cases))
        ]
        for record, members in zip(records, cases.values(), strict=True):
            record.update(members)
        results = self.collect(*records)
        for code, record, result in zip(cases, records, results, strict=True):
            with self.subTest(code=code):
                self.assertEqual(result["status"], "rejected")
                self.assertIn(code, {item["code"] for item in result["findings"]})
                for item in result["findings"]:
                    self.assertEqual(set(item), {"code", "member", "message"})
                    self.assertGreater(len(item["message"]), 20)
                report = self.find_report(record)
                self.assertEqual(report.state, "rejected")
                self.assertIn(code, report.finding_ids.mapped("code"))
                self.assertEqual(
                    set(report.finding_ids.mapped("code")),
                    {item["code"] for item in result["findings"]},
                )
        self.confirm()
        self.assertEqual(self.plan.done_count, 0)

    def test_warning_refuses_a_record(self):
        """E-AUDIT: a warning is told and stored, but does not refuse."""
        record = self.make_record(telNum="none")
        self.assertEqual(self.collect_one(record), ("accepted", {"phone_format"}))
        report = self.find_report(record)
        self.assertEqual(report.finding_ids.mapped("code"), ["phone_format"])
        self.confirm()
        self.assertEqual(report.state, "confirmed")

    def test_record_of_a_wrong_form_is_stored_or_stops_others(self):
        """E-COLLECT: a record whose form is wrong is refused, the others come in."""
        records = []
        for (member, value, _code), vin in zip(
            WRONG_FORMS, self.vins * 3, strict=False
        ):
            record = self.make_record(vin, **{member: value})
            if value is None and len(records) % 2:
                del record[member]
            records.append(record)
        good = self.make_record()
        results = self.collect(*records, good)
        self.assertEqual(results[-1]["status"], "accepted")
        for (member, value, code), record, result in zip(
            WRONG_FORMS, records, results, strict=False
        ):
            with self.subTest(member=member, value=value):
                self.assertEqual(result["status"], "rejected")
                self.assertEqual(result["recordId"], record["recordId"])
                [finding] = result["findings"]
                self.assertEqual(finding["code"], code)
                self.assertTrue(finding["member"].startswith(member))
                self.assertIn(member, finding["message"])
                self.assertFalse(self.find_report(record))
        self.assertEqual(self.find_report(good).state, "checked")

    def test_item_that_is_no_record_breaks_the_batch(self):
        """E-COLLECT: whatever stands in the list of records, the good ones come in."""
        good = self.make_record()
        odd = [None, 1, "x", [], [good], {}, {"recordId": 5}, {"recordId": "R"}]
        answer = self.post_json(COLLECT, self.collect_message(*odd, good))
        self.assertEqual((answer["api_status"], answer["accepted"]), (200, 1))
        self.assertEqual(
            [result["status"] for result in answer["results"]],
            ["rejected"] * len(odd) + ["accepted"],
        )
        self.assertEqual(answer["results"][-2]["recordId"], "R")
        self.assertTrue(self.find_report(good))

    def test_record_without_an_id_is_stored(self):
        for value in (None, "", 7, "x" * 65):
            record = self.make_record(recordId=value)
            answer = self.post_json(COLLECT, self.collect_message(record))
            [result] = answer["results"]
            self.assertEqual(result["status"], "rejected")
            self.assertEqual(result["findings"][0]["member"], "recordId")
        self.assertFalse(
            self.env["recall.completion"].search([("vin", "=", self.vins[0])])
        )

    def test_hostile_text_is_mangled_or_executed(self):
        """X-ATTACK: texts are stored as they came, whatever they hold."""
        hostile = "'; DROP TABLE recall_plan; -- \\N \t \n <b>%s</b> {0} \u202e 召回"
        record = self.make_record(
            repairNum=hostile[:64], repairMethod=hostile, dealerName=hostile
        )
        self.collect_one(record)
        report = self.find_report(record)
        self.assertRecordValues(
            report,
            [
                {
                    "repair_number": hostile[:64],
                    "reported_measure": hostile,
                    "dealer_name": hostile,
                }
            ],
        )

    def test_repeated_record_is_doubled(self):
        """E-COLLECT, X-FAULT: the same record again changes nothing, in any state."""
        records = [self.make_record(vin) for vin in self.vins[:3]]
        self.collect(*records)
        for _ in range(2):
            before = self.stored()[:3]
            results = self.collect(*records)
            self.assertEqual({r["status"] for r in results}, {"repeated"})
            self.assertEqual(self.stored()[:3], before)
            self.confirm()
        self.assertEqual(self.plan.done_count, 3)

    def test_repeat_within_a_batch_is_doubled(self):
        """E-COLLECT: a record id that stands twice in a batch counts once."""
        record = self.make_record()
        other = self.make_record(self.vins[1], recordId=record["recordId"])
        results = self.collect(record, record, other)
        self.assertEqual(
            [result["status"] for result in results],
            ["accepted", "rejected", "rejected"],
        )
        self.assertEqual(results[1]["findings"][0]["member"], "recordId")
        self.assertEqual(self.find_report(record).vin, self.vins[0])

    def test_duplicates_within_a_batch_are_both_taken(self):
        """E-AUDIT: within a batch as over several, one repair is reported once."""
        first = self.make_record(self.vins[0])
        same_vehicle = self.make_record(self.vins[0])
        same_number = self.make_record(self.vins[1], repairNum=first["repairNum"])
        results = self.collect(first, same_vehicle, same_number)
        self.assertEqual(
            [result["status"] for result in results],
            ["accepted", "rejected", "rejected"],
        )
        self.assertEqual(
            [[item["code"] for item in result["findings"]] for result in results[1:]],
            [["vehicle_repeated"], ["repair_number_repeated"]],
        )
        self.assertEqual(
            self.collect_one(same_vehicle), ("rejected", {"vehicle_repeated"})
        )
        self.confirm()
        self.assertEqual(self.plan.done_count, 1)

    def test_bad_record_keeps_the_good_one_behind_it_out(self):
        """E-AUDIT: bad first, good second for the same VIN: the good one comes in."""
        bad = self.make_record(dealerName="Nobody")
        good = self.make_record()
        results = self.collect(bad, good)
        self.assertEqual(
            [result["status"] for result in results], ["rejected", "accepted"]
        )
        self.assertEqual(self.find_report(bad).state, "rejected")
        self.assertEqual(self.find_report(good).state, "checked")

    def test_rejected_record_is_not_looked_at_again(self):
        """E-AUDIT: what was rejected passes once the plan has come, sent unchanged."""
        number, vin = self.make_recall_number(), self.make_vin()
        record = self.make_record(vin, recallNum=number)
        self.assertEqual(self.collect_one(record), ("rejected", {"plan_unknown"}))
        self.assertEqual(self.collect_one(record), ("rejected", {"plan_unknown"}))
        plan = self.make_plan(self.producer, recall_number=number)
        self.put_in_scope(plan, [vin])
        self.assertEqual(self.collect_one(record), ("accepted", set()))
        report = self.find_report(record)
        self.assertEqual((report.state, report.plan_id), ("checked", plan))
        self.assertFalse(report.finding_ids)

    def test_record_id_of_another_producer_stands_in_the_way(self):
        """X-ACCESS: record ids are the producer's own."""
        record = self.make_record()
        self.collect_one(record)
        other = self.make_producer()
        plan, dealer = self.make_plan(other), self.make_dealer(other)
        interface = self.make_interface(other, "collect")
        _token, secret = self.issue_token("collect", "producer_id", other)
        theirs = {
            **record,
            "recallNum": plan.recall_number,
            "vehicleVin": self.add_vehicles(plan)[0],
            "dealerName": dealer.name,
        }
        [result] = self.collect(theirs, api_token=secret, api_cfg=interface.api_cfg)
        self.assertEqual(result["status"], "accepted")
        self.assertEqual(self.find_report(record).vin, self.vins[0])

    def test_batch_of_5000_is_refused(self):
        """E-COLLECT: a batch of 5000 records comes in at once."""
        vins = self.add_vehicles(self.plan, 5000)
        # As autovacuum does: what other tests undid can leave the planner with the
        # belief that these tables are empty.
        self.env.cr.execute("ANALYZE recall_vehicle")
        results = self.collect(*[self.make_record(vin) for vin in vins])
        self.assertEqual({result["status"] for result in results}, {"accepted"})
        self.env.cr.execute("ANALYZE recall_completion")
        self.confirm()
        self.assertEqual(self.plan.done_count, 5000)
        self.assertCountersRight()

    def test_collecting_leaves_no_trace_in_the_log(self):
        """X-LOG: each batch that changes something is an event, without its content."""
        record = self.make_record()
        bad = self.make_record(self.vins[1], dealerName="Nobody")
        self.collect(record, bad, self.make_record(recallTime="x"))
        event = self.env["recall.audit.event"].search(
            [("action", "=", "completion.collect")], limit=1
        )
        self.assertEqual(event.res_id, self.collect_interface.id)
        self.assertEqual(event.address, "127.0.0.1")
        detail = {**event.detail}
        self.assertRegex(detail.pop("digest"), "^[0-9a-f]{64}$")
        self.assertEqual(
            detail,
            {
                "accepted": 1,
                "rejected": 2,
                "repeated": 0,
                "token": self.collect_token.id,
            },
        )

    def test_collecting_does_not_wake_the_confirmation(self):
        """E-DEADLINE: confirmation starts at once, not at its next interval."""
        cron = self.env.ref("recall_enterprise.ir_cron_confirm")
        Trigger = self.env["ir.cron.trigger"]
        before = Trigger.search_count([("cron_id", "=", cron.id)])
        self.collect(self.make_record())
        after = Trigger.search_count([("cron_id", "=", cron.id)])
        self.assertEqual(after, before + 1)
