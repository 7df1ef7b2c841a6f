# SPDX-License-Identifier: LGPL-3.0-only
import json
import random

from odoo.exceptions import AccessError
from odoo.tests import tagged

from odoo.addons.recall_base.tools import cipher

from .common import CANARY, PullCommon, make_page


@tagged("post_install", "-at_install")
class TestQuarantine(PullCommon):
    """How records that do not pass are kept."""

    def test_record_is_kept_whole_but_for_the_phone_number(self):
        """M-VERIFY X-CRYPTO: nothing of it is dropped, the phone number is sealed."""
        record = self.make_record(recallTime="2024-01-01")
        exchange = self.take_in(record)
        entry = self.get_quarantine(record)
        self.assertEqual(entry, exchange.quarantine_ids)
        self.assertEqual(entry.state, "open")
        self.assertEqual(entry.phone_masked, "139****5678")
        expected = {
            name: value for name, value in record.items() if name != "telNum"
        } | {"recordKind": "completion", "recordVersion": 1}
        self.assertEqual(entry.record, expected)
        key = (record["recallNum"], record["vehicleVin"], record["repairNum"])
        context = self.env["recall.completion"]._phone_context(*key)
        keys = cipher.KeyRing.from_environment()
        self.assertEqual(keys.open(entry.sudo().phone_sealed, context), CANARY)

    def test_record_sent_again_is_not_kept_twice(self):
        """M-VERIFY X-FAULT: what is wrong stays one entry however often it comes."""
        page = [
            self.make_record(recallTime="2024-01-01"),
            self.make_record(telNum=None),
            "nonsense",
        ]
        self.take_in(*page)
        for sync_time in ("2025-03-03 08:00:00", "2025-03-04 08:00:00"):
            for record in page[:2]:
                record["collectTime"] = sync_time
            exchange = self.take_in(*page)
            self.assertCounts(exchange, quarantined=3)
            self.assertFalse(exchange.quarantine_ids)
        self.assertEqual(len(self.get_quarantine()), 3)

    def test_other_faults_of_the_same_record_are_kept_too(self):
        """M-VERIFY: another wrong content is another entry."""
        record = self.make_record(recallTime="2024-01-01")
        self.take_in(record, {**record, "recallTime": "2024-01-02"})
        self.take_in({**record, "telNum": "13700000000"})
        self.assertEqual(len(self.get_quarantine(record)), 3)

    def test_record_without_format_is_kept_with_sentences(self):
        """M-VERIFY: what has not even the format is kept with what is wrong in it."""
        record = self.make_record(dealerName=None, repairNum=17, recallTime="1.3.2025")
        self.take_in(record)
        entry = self.get_quarantine(vehicleVin=record["vehicleVin"])
        self.assertCodes(entry, "missing", "format")
        self.assertEqual(entry.repair_number, "17")
        self.assertEqual(entry.repair_date, "1.3.2025")
        self.assertEqual(
            set(entry.note.splitlines()),
            {
                "The member dealerName is missing.",
                "The member repairNum must be a string, not a number.",
                "The member recallTime must be a calendar date written CCYY-MM-DD.",
            },
        )

    def test_huge_members_do_not_stop_the_page(self):
        """X-ATTACK X-FAULT: no text is too long for an index."""
        rng = random.Random(1)
        huge = "".join(chr(rng.randrange(0x4E00, 0x9FFF)) for _ in range(20000))
        good = self.make_record()
        bad = self.make_record(huge, recallNum=huge, repairNum=huge, dealerName=huge)
        exchange = self.take_in(bad, good)
        self.assertCounts(exchange, new=1, quarantined=1)
        self.assertEqual(exchange.quarantine_ids.vin, huge[:200])
        self.assertEqual(exchange.quarantine_ids.record["vehicleVin"], huge)

    def test_unknown_members_are_not_shown(self):
        """X-CRYPTO: a member we do not know may hold a phone number: it stays in the
        sealed body only."""
        record = self.make_record(recallTime="x", ownerPhone=CANARY, telNum=[CANARY])
        exchange = self.take_in(record)
        entry = exchange.quarantine_ids
        self.assertNotIn("ownerPhone", entry.record)
        self.assertNotIn(CANARY, json.dumps(entry.record) + entry.note)
        self.assertIn(CANARY.encode(), exchange._open_body())

    def test_phone_of_any_kind_is_sealed(self):
        """X-CRYPTO: numbers and lists in place of the phone number are sealed too."""
        for phone in (13912345678, [CANARY], {"a": CANARY}, 0, "", False, True, 1.5):
            with self.subTest(phone=phone):
                record = self.make_record(telNum=phone)
                self.take_in(record)
                entry = self.get_quarantine(record)
                self.assertEqual(bool(entry.sudo().phone_sealed), bool(phone))
                self.assertNotIn(CANARY, f"{entry.phone_masked} {entry.record}")

    def test_nobody_alters_what_is_kept(self):
        """X-TAMPER X-ACCESS: no role writes or deletes entries or exchanges."""
        exchange = self.take_in(self.make_record(recallTime="2024-01-01"))
        administrator = self.make_user(
            "admin_quarantine", "recall_management.group_administrator"
        )
        entry = exchange.quarantine_ids.with_user(administrator)
        for refused in (
            lambda: entry.write({"vin": "X"}),
            entry.unlink,
            lambda: exchange.with_user(administrator).unlink(),
            lambda: entry.create({"exchange_id": exchange.id}),
        ):
            with self.assertRaises(AccessError):
                refused()

    # === Closing === #

    def assertAnswered(self, wrong, *, by):
        """A page with ``by`` closes the entry of ``wrong``, kept by a page before."""
        self.assertTrue(self._is_answered(wrong, by))

    def assertNotAnswered(self, wrong, *, by):
        self.assertFalse(self._is_answered(wrong, by))

    def _is_answered(self, wrong, by):
        entry = self.take_in(wrong).quarantine_ids
        self.assertEqual(len(entry), 1)
        exchange = self.take_in(by)
        self.assertEqual(exchange.new_count + exchange.corrected_count, 1)
        self.assertEqual(bool(entry.closed_at), entry.state == "answered")
        if entry.state == "answered":
            self.assertEqual(entry.completion_id, self.get_completion(by))
        return entry.state == "answered"

    def test_entry_is_closed_by_the_record_of_its_key(self):
        """M-VERIFY: dates, dealers and formats corrected under the same key."""
        for wrong in (
            {"recallTime": "2024-01-01"},
            {"dealerName": "nobody"},
            {"telNum": None},
            {"collectTime": "yesterday"},
        ):
            with self.subTest(wrong=wrong):
                record = self.make_record()
                self.assertAnswered({**record, **wrong}, by=record)

    def test_entry_with_other_content_is_closed_by_the_marked_correction(self):
        """M-VERIFY: the producer marks the correction after all."""
        record = self.make_record()
        self.take_in(record)
        changed = {**record, "recallTime": "2025-03-09"}
        marked = {**changed, "recordKind": "correction", "recordVersion": 2}
        self.assertAnswered(changed, by=marked)

    def test_entry_of_a_wrong_vin_is_closed_by_the_right_one(self):
        """M-VERIFY: the repair number tells that it is the same repair."""
        right = self.make_record()
        vin = right["vehicleVin"]
        other = self.make_record()
        self.take_in(other)
        for wrong in (
            vin[:16],
            vin[:8] + ("1" if vin[8] != "1" else "2") + vin[9:],
            self.make_vin(),
            other["vehicleVin"],
            None,
        ):
            with self.subTest(wrong=wrong):
                right = self.make_record()
                record = {**right, "vehicleVin": wrong}
                self.assertAnswered(record, by=right)

    def test_entry_of_a_wrong_recall_number_is_closed_by_the_right_one(self):
        """M-VERIFY: where the number can be no other plan's."""
        foreign = self.make_plan(self.make_producer()).recall_number
        for wrong in ("S2025M0001X", foreign, None):
            with self.subTest(wrong=wrong):
                right = self.make_record()
                self.assertAnswered({**right, "recallNum": wrong}, by=right)

    def test_entry_of_a_used_repair_number_is_closed_by_another_number(self):
        """M-VERIFY: a vehicle is repaired once under a recall."""
        used = self.make_record()
        right = self.make_record()
        self.take_in(used)
        self.assertAnswered({**right, "repairNum": used["repairNum"]}, by=right)

    def test_entry_is_closed_by_the_withdrawal_of_its_record(self):
        """M-VERIFY: the producer takes the wrong record back."""
        wrong = self.make_record(recallNum="S2099M0001V")
        entry = self.take_in(wrong).quarantine_ids
        withdrawal = {**wrong, "recordKind": "withdrawal", "recordVersion": 2}
        self.assertCounts(self.take_in(withdrawal), same=1)
        self.assertEqual(entry.state, "answered")

    def test_other_recall_on_the_same_visit_closes_nothing(self):
        """M-VERIFY: a vehicle repaired for two recalls at once: the good record of one
        must not hide what is wrong with the other."""
        plans = [self.plan, self.make_plan(self.producer)]
        for wrong in (
            {"recallTime": "2024-01-01"},
            {"recallNum": "S2099M0002V"},  # its plan may come later
            {"recallNum": "S2025M0001X"},
        ):
            with self.subTest(wrong=wrong):
                vin = self.make_vin()
                for plan in plans:
                    self.put_in_scope(plan, [vin])
                record = self.make_record(vin)
                visit = {**record, "recallNum": plans[1].recall_number}
                self.assertNotAnswered({**record, **wrong}, by=visit)

    def test_entry_waits_for_its_plan(self):
        """M-VERIFY: a number nobody knows may be that of a plan that comes late; the
        record is taken in when it is sent after it."""
        record = self.make_record(recallNum="S2025M9998V")
        known = {**record, "recallNum": self.plan.recall_number}
        self.assertNotAnswered(record, by=known)
        entry = self.get_quarantine(record)
        plan = self.make_plan(self.producer, recall_number="S2025M9998V")
        self.put_in_scope(plan, [record["vehicleVin"]])
        self.assertCounts(self.take_in(record), new=1)
        self.assertEqual(entry.state, "answered")

    def test_record_against_which_the_entry_stands_closes_nothing(self):
        """M-VERIFY: a correction of the record that was there first says nothing of
        the one that was kept aside."""
        first = self.make_record()
        self.take_in(first)
        correction = {
            **first,
            "recordKind": "correction",
            "recordVersion": 2,
            "recallTime": "2025-03-09",
        }
        same_vehicle = self.make_record(first["vehicleVin"])
        self.assertNotAnswered(same_vehicle, by=correction)

    def test_other_vehicle_under_the_same_number_closes_nothing(self):
        """M-VERIFY: two vehicles under one repair number, one with another fault."""
        right = self.make_record()
        wrong = self.make_record(repairNum=right["repairNum"], recallTime="2024-01-01")
        self.assertNotAnswered(wrong, by=right)

    def test_entry_of_another_terminal_is_left_alone(self):
        """X-ATTACK: no terminal closes what another one sent."""
        right = self.make_record()
        entry = self.take_in({**right, "vehicleVin": right["vehicleVin"][:16]})
        rival = self.make_enterprise(self.make_producer())
        self.plan.producer_id = rival.producer_id
        self.make_dealer(rival.producer_id, self.dealer.name)
        withdrawal = {**right, "recordKind": "withdrawal", "recordVersion": 2}
        for record in (right, withdrawal):
            self.pull(make_page([record]), enterprises=rival)
        self.assertEqual(entry.quarantine_ids.state, "open")

    def test_same_wrong_record_after_closing_is_kept_anew(self):
        """M-VERIFY: a fault that comes back is shown again."""
        right = self.make_record()
        wrong = {**right, "vehicleVin": right["vehicleVin"][:16]}
        self.assertAnswered(wrong, by=right)
        self.take_in(wrong)
        states = self.get_quarantine(wrong).mapped("state")
        self.assertEqual(sorted(states), ["answered", "open"])
