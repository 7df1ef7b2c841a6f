# SPDX-License-Identifier: LGPL-3.0-only
import io
from unittest.mock import patch

import psycopg2

from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models import recall_quarantine_recheck
from .test_quarantine_decisions import DecisionCommon

LOG = "odoo.addons.recall_management.models.recall_quarantine_recheck"


class Killed(BaseException):
    """What ends a server in the middle of its work."""


@tagged("post_install", "-at_install")
class TestQuarantineRecheck(DecisionCommon):
    """Records that came before their filing count as soon as it is here."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.recheck = cls.env.ref("recall_management.ir_cron_quarantine_recheck")
        cls.env["recall.quarantine.recheck"].search([]).unlink()
        cls.number = "S2025M9996V"

    def run_recheck(self, times=1):
        with self.enter_registry_test_mode():
            for _ in range(times):
                self.recheck.method_direct_trigger()
        self.env.invalidate_all()

    def waiting(self):
        return self.env["recall.quarantine.recheck"].search([])

    def make_early(self, count, pages=1, **members):
        """Have reports of a plan that is not here yet kept aside, in pages."""
        records = [
            self.make_record(self.make_vin(), recallNum=self.number, **members)
            for _ in range(count * pages)
        ]
        for page in range(pages):
            exchange = self.take_in(*records[page * count : (page + 1) * count])
            self.assertCounts(exchange, quarantined=count)
        return records

    def entries(self, records):
        return self.get_quarantine(recallNum=records[0]["recallNum"])

    def file_plan(self, records):
        """File the plan, with the vehicles of these records in its scope."""
        plan = self.make_plan(self.producer, recall_number=self.number)
        self.put_in_scope(plan, [record["vehicleVin"] for record in records])
        return plan

    def assertCount(self, records, plan):
        """Each record counts once, its vehicle is done, the entries are answered."""
        for record in records:
            self.assertEqual(self.get_completion(record).state, "confirmed")
            self.assertVehicle(record, "done", "2025-03-01")
        self.assertState(self.entries(records), "answered")
        self.assertEqual(plan.done_count, len(records))
        self.assertCountersAgree()

    def test_report_waits_for_an_officer_though_its_plan_has_come(self):
        """M-VERIFY: reports before their plan are kept aside; plan and vehicles come,
        and they count, with the reason, in the history and in the log."""
        records = self.make_early(3, pages=2)
        plan = self.file_plan(records)
        self.assertState(self.entries(records), "open")
        self.run_recheck()
        self.assertCount(records, plan)
        self.assertFalse(self.waiting())
        entries = self.entries(records)
        reason = self.env.ref("recall_management.quarantine_reason_recheck_filed")
        self.assertEqual(entries.reason_id, reason)
        self.assertFalse(entries.decided_by_id)
        for entry in entries:
            self.assertEqual(entry.event_ids.deed, "rechecked")
            self.assertEqual(entry.completion_id.exchange_id, entry.exchange_id)
            self.assertTrue(entry.closed_at)
        logged = self.env["recall.audit.event"].search(
            [("action", "=", "quarantine.recheck")], limit=2
        )
        ids = {entry_id for event in logged for entry_id in event.detail["ids"]}
        self.assertEqual(ids, set(entries.ids))

    def test_vehicle_of_a_file_wakes_no_check(self):
        """M-VERIFY: a VIN list that is imported later brings its records in; those of
        other vehicles stay, with the reason of now."""
        records = self.make_early(3)
        plan = self.make_plan(self.producer, recall_number=self.number)
        self.run_recheck()
        entries = self.entries(records)
        self.assertState(entries, "open")
        for entry in entries:
            self.assertCodes(entry, "vin_scope")
        job = self.env["recall.import"].create({"kind": "vins", "plan_id": plan.id})
        vins = [record["vehicleVin"] for record in records[:2]]
        job._upload(io.BytesIO("\n".join(["VIN", *vins]).encode()), "vins.csv")
        job.action_start()
        with self.enter_registry_test_mode():
            self.env.ref("recall_base.ir_cron_import").method_direct_trigger()
        self.run_recheck()
        states = [self.get_quarantine(record).state for record in records]
        self.assertEqual(states, ["answered", "answered", "open"])
        self.assertEqual(plan.done_count, 2)

    def test_dealer_date_or_exception_wakes_no_check(self):
        """M-VERIFY, M-LEGACY: a dealer, another start and an exception for a VIN let
        what waited for them pass, whoever enters them."""
        number = self.plan.recall_number
        legacy = self.make_record("LTZAA11BOLD7", recallNum=number)
        cases = {
            "dealer": self.make_record(dealerName="Late dealer"),
            "number": self.make_record(dealerName="D-77"),
            "start": self.make_record(recallTime="2025-01-02"),
            "legacy": legacy,
        }
        self.assertCounts(self.take_in(*cases.values()), quarantined=4)
        self.run_recheck()
        self.assertFalse(self.get_completion(cases["dealer"]))
        self.make_dealer(self.producer, "Late dealer")
        self.make_dealer(self.producer, "Other", code="D-77")
        self.plan.recall_start = "2025-01-01"
        self.approve(legacy["vehicleVin"])
        self.run_recheck()
        for name, record in cases.items():
            with self.subTest(name=name):
                self.assertEqual(self.get_completion(record).state, "confirmed")
                self.assertState(self.get_quarantine(record), "answered")
        self.assertCountersAgree()

    def approve(self, vin):
        first = self.make_user("legacy_asks", "recall_management.group_engineer")
        second = self.make_user("legacy_decides", "recall_management.group_engineer")
        exception = (
            self.env["recall.vin.exception"]
            .with_user(first)
            .create(
                {
                    "producer_id": self.producer.id,
                    "plan_id": self.plan.id,
                    "vin": vin,
                    "reason": "Built in 1989.",
                    "document": b"cGxhdGU=",
                    "document_name": "plate.jpg",
                }
            )
        )
        exception.with_user(second).action_approve()

    def test_vehicle_moved_to_its_line_wakes_no_check(self):
        """M-VERIFY: a report that was before the wrong line's production passes."""
        self.plan.line_ids.production_start = "2025-06-01"
        right = self.plan.line_ids.copy({"production_start": "2024-06-01"})
        record = self.make_record()
        self.assertCounts(self.take_in(record), quarantined=1)
        self.run_recheck()
        self.assertCodes(self.get_quarantine(record), "date_before_production")
        moves = [(record["vehicleVin"], right.id)]
        self.assertEqual(self.env["recall.vehicle"]._assign_lines(self.plan, moves), 1)
        self.run_recheck()
        self.assertEqual(self.get_completion(record).state, "confirmed")
        self.assertCountersAgree()

    def test_what_is_wrong_beside_the_filing_counts(self):
        """M-VERIFY: who has another error, or was given back for another reason, waits
        on; one given back until the filing is amended does not."""
        records = self.make_early(3)
        wrong = self.make_record(
            self.make_vin(), recallNum=self.number, telNum=None, repairNum="RO-W"
        )
        self.take_in(wrong)
        self.decide(self.get_quarantine(records[0]), "return", "withdraw", False)
        self.decide(self.get_quarantine(records[1]), "return", "amend_filing", False)
        self.file_plan([*records, wrong])
        self.run_recheck()
        states = [self.get_quarantine(record).state for record in (*records, wrong)]
        self.assertEqual(states, ["returned", "answered", "answered", "open"])

    def test_older_version_takes_the_place_of_a_newer_one(self):
        """M-VERIFY: of two versions that waited the newer one counts, and answers the
        other; two of one version that differ wait for an officer."""
        [record], [unclear] = self.make_early(1), self.make_early(1)
        newer = {**record, "recallTime": "2025-03-05", "recordVersion": 2}
        self.take_in({**newer, "recordKind": "correction"})
        self.take_in({**unclear, "recallTime": "2025-03-09"})
        plan = self.file_plan([record, unclear])
        self.run_recheck()
        completion = self.get_completion(record)
        self.assertEqual(
            (str(completion.repair_date), completion.version), ("2025-03-05", 2)
        )
        self.assertState(self.get_quarantine(record), "answered")
        self.assertFalse(self.get_completion(unclear))
        self.assertState(self.get_quarantine(unclear), "open")
        self.assertEqual(plan.done_count, 1)
        self.assertCountersAgree()

    def test_second_run_doubles_something(self):
        """X-FAULT: run again, and the records sent again, nothing changes."""
        records = self.make_early(2)
        plan = self.file_plan(records)
        self.run_recheck(2)
        self.env["recall.quarantine.recheck"]._cron_note_all()
        self.run_recheck()
        self.assertCounts(self.take_in(*records), same=2)
        self.assertCount(records, plan)
        self.assertEqual(len(self.entries(records).event_ids), 2)

    def test_kill_in_between_loses_or_doubles(self):
        """X-FAULT: each exchange is a transaction; after a kill it goes on there."""
        records = self.make_early(2, pages=3)
        plan = self.file_plan(records)
        Quarantine = type(self.env["recall.quarantine"])
        original, calls = Quarantine._recheck, []

        def die_at_second(entries):
            calls.append(entries.ids)
            taken = original(entries)
            if len(calls) == 2:
                raise Killed
            return taken

        with (
            patch.object(Quarantine, "_recheck", die_at_second),
            self.assertRaises(Killed),
        ):
            self.run_recheck()
        self.env.invalidate_all()
        self.run_recheck()
        self.assertCount(records, plan)
        self.assertEqual(len(self.entries(records).event_ids), 6)

    def test_window_ends_within_an_exchange(self):
        """M-VERIFY: however the entries are cut into windows, each has its turn."""
        records = self.make_early(3, pages=2)
        plan = self.file_plan(records)
        with patch.object(recall_quarantine_recheck, "WINDOW", 2):
            self.run_recheck()
        self.assertCount(records, plan)

    def test_terminal_that_is_at_work_is_forgotten(self):
        """X-FAULT: what others hold at this moment is checked the next time."""
        records = self.make_early(1)
        plan = self.file_plan(records)
        Enterprise = type(self.env["recall.enterprise"])
        busy = psycopg2.errors.LockNotAvailable()
        with patch.object(Enterprise, "_lock", side_effect=busy):
            self.run_recheck()
        self.assertState(self.entries(records), "open")
        self.assertTrue(self.waiting())
        self.run_recheck()
        self.assertCount(records, plan)

    def test_fault_of_one_terminal_stops_the_others(self):
        """X-FAULT: an unexpected fault is logged, and tried again the next day."""
        records = self.make_early(1)
        plan = self.file_plan(records)
        Quarantine = type(self.env["recall.quarantine"])
        with (
            patch.object(Quarantine, "_recheck", side_effect=ValueError),
            mute_logger(LOG),
        ):
            self.run_recheck()
        self.assertFalse(self.waiting())
        self.env["recall.quarantine.recheck"]._cron_note_all()
        self.run_recheck()
        self.assertCount(records, plan)

    def test_producer_is_not_told(self):
        """M-VERIFY: who was told of the refusal is told that the record counts now."""
        records = self.make_early(1)
        self.pull([])  # tells of it, and is answered
        entry = self.entries(records)
        self.assertTrue(entry.told_at)
        self.file_plan(records)
        self.run_recheck()
        [(_url, request)] = self.pull([])
        [told] = request["api_refused"]
        self.assertEqual((told["refusalId"], told["status"]), (entry.id, "answered"))
        self.assertIn("has been filed", told["message"])
