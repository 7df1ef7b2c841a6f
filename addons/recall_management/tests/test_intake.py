# SPDX-License-Identifier: LGPL-3.0-only
import base64
import threading
from unittest.mock import patch

from odoo.tests import tagged
from odoo.tools import SQL

from odoo.addons.recall_base.tools.phone import NO_NUMBER

from .common import CANARY, PullCommon


@tagged("post_install", "-at_install")
class TestIntake(PullCommon):
    """What becomes of a record, by what stands under its key."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_dealer = cls.make_dealer(cls.producer)

    def correct(self, record, version=2, **members):
        return {
            **record,
            "recordKind": "correction",
            "recordVersion": version,
            "dealerName": self.other_dealer.name,
            **members,
        }

    def withdraw(self, record, version=2):
        return {**record, "recordKind": "withdrawal", "recordVersion": version}

    def assertStands(self, record, version, state="confirmed"):
        completion = self.get_completion(record)
        self.assertRecordValues(completion, [{"state": state, "version": version}])
        return completion

    # === What a thread prepares === #

    def test_answer_is_taken_apart_before_it_meets_the_database(self):
        """M-PERF: decoded, judged and sealed where it was fetched."""
        threads = set()
        Check = type(self.env["recall.completion.check"])
        find_in_text = Check._find_in_text

        def note_thread(model, *arguments):
            threads.add(threading.current_thread().name.rpartition("_")[0])
            return find_in_text(model, *arguments)

        with patch.object(Check, "_find_in_text", note_thread):
            self.assertCounts(self.take_in(self.make_record()), new=1)
        self.assertEqual(threads, {"recall-pull"})

    def test_excepted_vin_is_not_blamed_for_its_form(self):
        """M-LEGACY M-RECEIVE: a thread cannot know the exceptions; beside it stands a
        VIN that is just wrong."""
        old = self.except_vin("OLD0000001")
        record, wrong = self.make_record(old), self.make_record("OLD0000002")
        good = self.make_record()
        self.assertCounts(self.take_in(record, wrong, good), new=2, quarantined=1)
        self.assertVehicle(record, "done", "2025-03-01")
        self.assertTrue(self.get_quarantine(wrong))
        self.assertEqual(self.get_completion(record)._open_phone(), CANARY)

    def except_vin(self, text):
        exception = self.env["recall.vin.exception"].create(
            {
                "vin": text,
                "producer_id": self.producer.id,
                "reason": "Built before the standard.",
                "document": base64.b64encode(b"document"),
                "document_name": "document.txt",
            }
        )
        another = self.env.ref("base.user_admin").id
        exception.sudo().write({"state": "approved", "decided_by_id": another})
        self.env.flush_all()
        self.put_in_scope(self.plan, [text])
        return text

    def test_new_record_of_a_vehicle_that_is_done_already_gives_its_day(self):
        """M-RECEIVE: the day of a vehicle is that of the report that stands for it."""
        record = self.make_record()
        vehicle = self.get_vehicle(self.plan, record["vehicleVin"])
        done = SQL(
            "SELECT %s AS vehicle_id, 'done' AS state, '2025-02-01' AS state_date",
            vehicle.id,
        )
        self.env["recall.vehicle"]._move(done, allowed_from=("open",))
        self.assertCounts(self.take_in(record, self.make_record()), new=2)
        self.assertVehicle(record, "done", "2025-03-01")

    # === New and again === #

    def test_new_record_is_stored_whole_and_closes_its_vehicle(self):
        """M-RECEIVE: a good record is stored, matched and counted."""
        record = self.make_record()
        exchange = self.take_in(record)
        self.assertCounts(exchange, new=1)
        completion = self.get_completion(record)
        self.assertRecordValues(
            completion,
            [
                {
                    "state": "confirmed",
                    "version": 1,
                    "producer_id": self.producer.id,
                    "exchange_id": exchange.id,
                    "plan_id": self.plan.id,
                    "dealer_id": self.dealer.id,
                    "dealer_name": self.dealer.name,
                    "phone_masked": "139****5678",
                }
            ],
        )
        self.assertEqual(str(completion.repair_date), "2025-03-01")
        self.assertEqual(str(completion.synced_at), "2025-03-02 00:00:00")
        self.assertEqual(completion._open_phone(), record["telNum"])
        self.assertEqual(completion.vehicle_id.vin, record["vehicleVin"])
        self.assertVehicle(record, "done", "2025-03-01")
        self.assertEqual(self.plan.done_count, 1)
        self.assertCountersAgree()

    def test_same_record_again_changes_nothing(self):
        """M-RECEIVE X-FAULT: taking in is idempotent."""
        record = self.make_record()
        first = self.take_in(record)
        again = self.take_in({**record, "collectTime": "2025-03-09 08:00:00"})
        self.assertCounts(again, same=1)
        self.assertEqual(self.assertStands(record, 1).exchange_id, first)
        self.assertEqual(self.plan.done_count, 1)

    def test_page_given_twice_doubles_nothing(self):
        """X-FAULT: a delivery that is given again, because its acknowledgement was
        lost, doubles nothing."""
        page = [self.make_record() for _ in range(5)]
        self.assertCounts(self.take_in(*page), new=5)
        self.assertCounts(self.take_in(*page), same=5)
        self.assertEqual(self.plan.done_count, 5)
        self.assertCountersAgree()

    def test_pages_out_of_order_end_the_same(self):
        """X-FAULT: pages of other records may come in any order, and again."""
        first, second = ([self.make_record() for _ in range(3)] for _ in range(2))
        for page in (second, first, second):
            self.take_in(*page)
        for record in first + second:
            self.assertStands(record, 1)
        self.assertEqual(self.plan.done_count, 6)
        self.assertFalse(self.get_quarantine())

    def test_same_record_after_a_new_blind_key_is_still_the_same(self):
        """X-CRYPTO: after a rotation of the keys nothing counts as changed."""
        record = self.make_record()
        self.take_in(record)
        self.rotate_blind_key()
        self.assertCounts(self.take_in(record), same=1)
        changed = {**record, "telNum": "13800000000"}
        self.assertCounts(self.take_in(changed), quarantined=1)

    # === Corrections === #

    def test_newer_correction_replaces_what_stands(self):
        """M-RECEIVE: a marked correction is taken over, its date shown anew."""
        record = self.make_record()
        self.take_in(record)
        correction = self.correct(record, recallTime="2025-03-05", telNum="13700000000")
        exchange = self.take_in(correction)
        self.assertCounts(exchange, corrected=1)
        completion = self.assertStands(record, 2)
        self.assertEqual(completion.exchange_id, exchange)
        self.assertEqual(completion.dealer_id, self.other_dealer)
        self.assertEqual(completion._open_phone(), "13700000000")
        self.assertVehicle(record, "done", "2025-03-05")
        self.assertEqual(self.plan.done_count, 1)
        self.assertCounts(self.take_in(correction), same=1)

    def test_older_correction_is_kept_aside(self):
        """M-RECEIVE X-FAULT: a late old version does not undo a newer one."""
        record = self.make_record()
        self.take_in(self.correct(record, 3))
        old = self.correct(record, 2, recallTime="2025-02-01")
        self.assertCounts(self.take_in(old), quarantined=1)
        completion = self.assertStands(record, 3)
        self.assertEqual(str(completion.repair_date), "2025-03-01")
        entry = self.get_quarantine(record)
        self.assertCodes(entry, "version_outdated")
        self.assertEqual(entry.completion_id, completion)

    def test_unmarked_change_is_kept_aside_with_both_versions(self):
        """M-RECEIVE: other content under the same key, not marked as a correction,
        stands in quarantine beside the record that stands."""
        record = self.make_record()
        self.take_in(record)
        changed = {**record, "recallTime": "2025-03-04"}
        self.assertCounts(self.take_in(changed), quarantined=1)
        entry = self.get_quarantine(record)
        self.assertIn("content_differs", entry.finding_ids.mapped("code"))
        self.assertEqual(entry.completion_id, self.assertStands(record, 1))
        self.assertEqual(entry.repair_date, "2025-03-04")
        self.assertVehicle(record, "done", "2025-03-01")

    def test_correction_of_an_unknown_record_is_taken_in_as_new(self):
        """M-RECEIVE X-FAULT: the correction may be the first the regulator hears."""
        record = self.make_record()
        self.assertCounts(self.take_in(self.correct(record)), new=1)
        self.assertStands(record, 2)
        self.assertVehicle(record, "done", "2025-03-01")
        self.assertCounts(self.take_in(record), quarantined=1)
        self.assertStands(record, 2)

    def test_wrong_correction_leaves_the_record_as_it_stands(self):
        """M-VERIFY: a correction is verified like any record."""
        record = self.make_record()
        self.take_in(record)
        wrong = self.correct(record, recallTime="2099-01-01")
        self.assertCounts(self.take_in(wrong), quarantined=1)
        self.assertStands(record, 1)
        self.assertCodes(self.get_quarantine(record), "date_future")

    # === Withdrawals === #

    def test_newer_withdrawal_opens_the_vehicle(self):
        """M-RECEIVE: a withdrawn repair counts no more."""
        record = self.make_record()
        self.take_in(record)
        exchange = self.take_in(self.withdraw(record))
        self.assertCounts(exchange, withdrawn=1)
        completion = self.assertStands(record, 2, "withdrawn")
        self.assertEqual(completion.exchange_id, exchange)
        self.assertVehicle(record, "open")
        self.assertEqual(self.plan.done_count, 0)
        self.assertCountersAgree()
        self.assertCounts(self.take_in(self.withdraw(record)), same=1)

    def test_withdrawal_of_an_unknown_record_does_nothing(self):
        """M-RECEIVE: there is nothing to withdraw."""
        record = self.make_record()
        self.assertCounts(self.take_in(self.withdraw(record)), same=1)
        self.assertFalse(self.get_completion(record))
        self.assertFalse(self.get_quarantine(record))

    def test_old_withdrawal_is_kept_aside(self):
        """M-RECEIVE X-FAULT: a late withdrawal does not undo a newer correction, and
        one without a new version is not lost silently."""
        record = self.make_record()
        self.take_in(self.correct(record, 3))
        for version in (2, 3):
            late = self.withdraw(self.correct(record), version)
            self.assertCounts(self.take_in(late), quarantined=1)
            entry = self.get_quarantine(record)[0]
            self.assertIn("version_outdated", entry.finding_ids.mapped("code"))
        self.assertStands(record, 3)
        self.assertVehicle(record, "done", "2025-03-01")

    def test_withdrawal_without_a_number_changes_the_one_that_stands(self):
        """M-RECEIVE X-CRYPTO: the producer sends none once the person's was erased; it
        is neither stored for one nor doubted, not even in quarantine."""
        record = self.make_record()
        self.take_in(record)
        phone = self.get_completion(record).phone_masked
        late = {**self.withdraw(record, 1), "telNum": NO_NUMBER}
        self.assertCounts(self.take_in(late), quarantined=1)
        entry = self.get_quarantine(record)
        self.assertEqual(entry.finding_ids.mapped("code"), ["version_outdated"])
        self.assertFalse(entry.sudo().phone_sealed or entry.phone_masked)
        self.assertNotIn(NO_NUMBER, str(entry.comparison))
        self.assertFalse(entry.standing["otherPhone"])
        gone = {**self.withdraw(record), "telNum": NO_NUMBER}
        self.assertCounts(self.take_in(gone), withdrawn=1)
        completion = self.assertStands(record, 2, "withdrawn")
        self.assertEqual(completion.phone_masked, phone)

    def test_correction_restores_a_withdrawn_record(self):
        """M-RECEIVE: what was withdrawn by mistake counts again."""
        record = self.make_record()
        self.take_in(record)
        self.take_in(self.withdraw(record))
        self.assertCounts(self.take_in(self.correct(record, 3)), corrected=1)
        self.assertStands(record, 3)
        self.assertVehicle(record, "done", "2025-03-01")
        self.assertCountersAgree()

    def test_withdrawn_record_sent_unmarked_is_kept_aside(self):
        """M-RECEIVE X-FAULT: a copy from before the withdrawal does not undo it."""
        record = self.make_record()
        self.take_in(record)
        self.take_in(self.withdraw(record))
        self.assertCounts(self.take_in(record), quarantined=1)
        self.assertStands(record, 2, "withdrawn")
        self.assertCodes(self.get_quarantine(record), "record_withdrawn")
        self.assertVehicle(record, "open")

    def test_late_withdrawal_cannot_undo_an_unseen_restoration(self):
        """X-FAULT: version 2 withdrew and 3 restored; 3 arrives first."""
        record = self.make_record()
        self.take_in(record)
        restored = {**record, "recordKind": "correction", "recordVersion": 3}
        self.take_in(restored)
        self.assertStands(record, 3)
        self.assertCounts(self.take_in(self.withdraw(record)), quarantined=1)
        self.assertStands(record, 3)

    def test_second_withdrawal_outdates_corrections_before_it(self):
        """X-FAULT: versions 3 (correction) and 4 (withdrawal) arrive swapped."""
        record = self.make_record()
        self.take_in(record)
        self.take_in(self.withdraw(record, 2))
        self.take_in(self.withdraw(record, 4))
        self.assertCounts(self.take_in(self.correct(record, 3)), quarantined=1)
        self.assertStands(record, 4, "withdrawn")

    def test_withdrawal_and_new_report_for_one_vehicle_in_one_page(self):
        """M-RECEIVE: the new report is judged after the withdrawal, whichever of the
        two comes first in the page."""
        for swapped in (False, True):
            with self.subTest(swapped=swapped):
                record = self.make_record()
                self.take_in(record)
                fresh = self.make_record(record["vehicleVin"], recallTime="2025-04-01")
                page = [self.withdraw(record), fresh]
                exchange = self.take_in(*(page[::-1] if swapped else page))
                self.assertCounts(exchange, withdrawn=1, new=1)
                self.assertStands(record, 2, "withdrawn")
                self.assertVehicle(record, "done", "2025-04-01")
        self.assertCountersAgree()

    def test_producer_cannot_withdraw_or_correct_what_another_reported(self):
        """X-ATTACK: a terminal changes its own producer's records only."""
        record = self.make_record()
        self.take_in(record)
        rival = self.make_enterprise(self.make_producer())
        page = [self.withdraw(record, 5), self.correct(record, 9)]
        for one in page:
            self.pull([one], enterprises=rival)
        self.assertStands(record, 1)
        self.assertVehicle(record, "done", "2025-03-01")

    def test_record_that_stands_for_a_former_owner_of_the_plan_stops_no_page(self):
        """M-RECEIVE X-FAULT: a plan passed to another producer, who sends the records
        again; the page with them is taken in."""
        record = self.make_record()
        self.take_in(record)
        heir = self.make_producer()
        self.make_dealer(heir, self.dealer.name)
        enterprise = self.make_enterprise(heir)
        self.plan.producer_id = heir
        fresh = self.make_record()
        self.pull([record, fresh], enterprises=enterprise)
        exchange = self.last_exchange(enterprise)
        self.assertEqual(exchange.outcome, "success")
        self.assertCounts(exchange, new=1, quarantined=1)
        self.assertCodes(exchange.quarantine_ids, "producer_mismatch")

    def test_vehicle_with_another_confirmed_report_stays_done(self):
        """M-RECEIVE: a withdrawal opens no vehicle that another report closes."""
        record = self.make_record()
        self.take_in(record)
        self.make_completion(self.plan, record["vehicleVin"])
        self.take_in(self.withdraw(record))
        self.assertVehicle(record, "done", "2025-03-01")

    def test_scrapped_vehicle_keeps_its_state(self):
        """M-RECEIVE: a report does not bring a scrapped vehicle back, nor does its
        withdrawal."""
        record = self.make_record()
        vehicle = self.get_vehicle(self.plan, record["vehicleVin"])
        vehicle.state = "scrapped"
        self.plan._recount()
        for one in (record, self.withdraw(record)):
            self.take_in(one)
            self.assertEqual(vehicle.state, "scrapped")
        self.assertCountersAgree()
