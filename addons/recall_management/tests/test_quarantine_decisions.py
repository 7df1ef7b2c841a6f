# SPDX-License-Identifier: LGPL-3.0-only
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import CANARY, PullCommon


class DecisionCommon(PullCommon):
    """An officer before the quarantine."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.officer = cls.make_user("officer", "recall_management.group_officer")

    @classmethod
    def reason(cls, purpose, code="other"):
        return cls.env.ref(f"recall_management.quarantine_reason_{purpose}_{code}")

    def keep(self, record):
        """Have a record kept aside; returns its entry as the officer sees it."""
        entry = self.take_in(record).quarantine_ids
        self.assertEqual(len(entry), 1)
        return entry.with_user(self.officer)

    def decide(self, entries, purpose, code="other", note="Settled by telephone."):
        """Decide by the dialogue, as the officer does."""
        entries = entries.with_user(self.officer)
        action = getattr(entries, f"action_{purpose}")()
        dialogue = (
            self.env[action["res_model"]]
            .with_user(self.officer)
            .with_context(**action["context"])
            .create({"reason_id": self.reason(purpose, code).id, "note": note})
        )
        return dialogue.action_apply()

    def assertState(self, entries, state):
        self.env.invalidate_all()
        self.assertEqual(set(entries.mapped("state")), {state})

    def logged(self, action):
        return self.env["recall.audit.event"].search([("action", "=", action)], limit=1)


@tagged("post_install", "-at_install")
class TestQuarantineDecisions(DecisionCommon):
    """What officers do to quarantined records."""

    # === Release === #

    def test_released_record_does_not_count(self):
        """M-VERIFY: a released record counts, its vehicle is done, and it is told who
        released it, when and why."""
        for wrong in (
            {"recallTime": "2025-01-01"},
            {"dealerName": "Not in the filing"},
        ):
            with self.subTest(wrong=wrong):
                record = self.make_record(**wrong)
                entry = self.keep(record)
                self.assertTrue(entry.may_release)
                self.decide(entry, "release", "proved", "Seen the repair order.")
                self.assertState(entry, "released")
                completion = self.get_completion(record)
                self.assertEqual(completion.state, "confirmed")
                self.assertEqual(entry.completion_id, completion)
                self.assertEqual(completion.exchange_id, entry.exchange_id)
                self.assertEqual(completion._open_phone(), CANARY)
                self.assertVehicle(record, "done", record["recallTime"])
                self.assertEqual(entry.decided_by_id, self.officer)
                self.assertEqual(entry.reason_id, self.reason("release", "proved"))
                self.assertEqual(entry.decision_note, "Seen the repair order.")
                self.assertTrue(entry.decided_at and entry.closed_at)
                [event] = entry.event_ids
                self.assertEqual(event.deed, "released")
                self.assertEqual(event.user_id, self.officer)
                self.assertEqual(
                    self.logged("quarantine.release").detail["ids"], entry.ids
                )
        self.assertCountersAgree()

    def test_released_record_is_taken_in_twice(self):
        """M-VERIFY: sent again it is known; a second decision finds nothing to do."""
        record = self.make_record(recallTime="2025-01-01")
        entry = self.keep(record)
        self.decide(entry, "release")
        self.assertCounts(self.take_in(record), same=1)
        with self.assertRaises(UserError):
            self.decide(entry, "release")
        self.assertEqual(len(self.get_completion(record)), 1)
        self.assertEqual(self.plan.done_count, 1)

    def test_released_content_does_not_replace_the_one_that_stands(self):
        """M-VERIFY: with other content, the released version is the one that counts;
        the former one stays on the entry, and the next correction is newer still."""
        record = self.make_record()
        self.take_in(record)
        changed = {**record, "recallTime": "2025-03-09", "telNum": "13700000000"}
        entry = self.keep(changed)
        self.assertEqual(entry.standing["recallTime"], "2025-03-01")
        self.assertTrue(entry.standing["otherPhone"])
        self.decide(entry, "release")
        completion = self.get_completion(record)
        self.assertEqual(str(completion.repair_date), "2025-03-09")
        self.assertEqual(completion._open_phone(), "13700000000")
        self.assertVehicle(record, "done", "2025-03-09")
        self.assertEqual(entry.standing["recallTime"], "2025-03-01")
        correction = {**changed, "recallTime": "2025-03-10", "recordVersion": 2}
        exchange = self.take_in({**correction, "recordKind": "correction"})
        self.assertCounts(exchange, corrected=1)
        self.assertCountersAgree()

    def test_second_repair_of_a_vehicle_cannot_be_released(self):
        """M-VERIFY: two visits for one recall both happened; the vehicle counts once,
        by its first day."""
        first = self.make_record(recallTime="2025-03-05")
        self.take_in(first)
        second = self.make_record(first["vehicleVin"], recallTime="2025-03-07")
        entry = self.keep(second)
        self.assertCodes(entry, "vehicle_repeated")
        self.decide(entry, "release")
        self.assertState(entry, "released")
        self.assertEqual(self.plan.done_count, 1)
        self.assertVehicle(first, "done", "2025-03-05")
        self.assertCountersAgree()

    def test_what_nobody_may_overrule_is_released(self):
        """M-VERIFY: without vehicle, plan or right form nothing can be counted, and
        nobody takes another producer's record."""
        foreign = self.make_plan(self.make_producer())
        [foreign_vin] = self.add_vehicles(foreign)
        good = self.make_record()
        self.take_in(good)
        outdated = self.make_record()
        self.take_in(outdated)
        correction = {**outdated, "recordKind": "correction", "recordVersion": 3}
        self.take_in({**correction, "recallTime": "2025-03-09"})
        cases = {
            "vin_scope": self.make_record(self.make_vin()),
            "vin_length": self.make_record("LTZAA11B"),
            "plan_unknown": self.make_record(recallNum="S2099M0001V"),
            "recall_number_format": self.make_record(recallNum="X"),
            "date_future": self.make_record(recallTime="2999-01-01"),
            "producer_mismatch": self.make_record(
                foreign_vin, recallNum=foreign.recall_number
            ),
            "missing": self.make_record(telNum=None),
            "format": self.make_record(recallTime="1.3.2025"),
            "version_outdated": {
                **correction,
                "recordVersion": 2,
                "dealerName": "nobody",
                "recallTime": "2999-01-01",
            },
        }
        for code, record in cases.items():
            with self.subTest(code=code):
                entry = self.keep(record)
                self.assertIn(code, entry.finding_ids.mapped("code"))
                self.assertFalse(entry.may_release)
                self.assertIn(
                    entry.finding_ids.filtered(
                        lambda f, code=code: f.code == code
                    ).name,
                    entry.advice,
                )
                with self.assertRaises(UserError):
                    self.decide(entry, "release")
                self.assertState(entry, "open")
        self.assertEqual(foreign.done_count, 0)
        self.assertCountersAgree()

    def test_hundreds_are_decided_one_by_one(self):
        """M-VERIFY: what can be released is, the others stay, as the answer says."""
        page = [self.make_record(dealerName="Nobody") for _ in range(30)]
        page += [self.make_record(self.make_vin(), dealerName="Nobody")]
        entries = self.take_in(*page).quarantine_ids
        self.assertEqual(len(entries), 31)
        answer = self.decide(entries, "release", "late_filing", False)
        self.assertIn("30", answer["params"]["message"])
        self.assertEqual(answer["params"]["type"], "warning")
        states = sorted(entries.mapped("state"))
        self.assertEqual(states, ["open"] + ["released"] * 30)
        self.assertEqual(self.plan.done_count, 30)
        self.assertCountersAgree()

    def test_two_versions_of_one_record_are_released_at_once(self):
        """M-VERIFY: the officer has to choose."""
        record = self.make_record(recallTime="2025-01-01")
        self.take_in(record, {**record, "recallTime": "2025-01-02"})
        entries = self.get_quarantine(record)
        self.assertEqual(len(entries), 2)
        with self.assertRaises(UserError):
            self.decide(entries, "release")
        self.decide(entries[0], "release")
        # The other one is answered: it says the same repair otherwise.
        self.assertEqual(sorted(entries.mapped("state")), ["answered", "released"])

    # === Check again === #

    def test_record_waits_for_ever_for_what_was_filed_late(self):
        """M-VERIFY: plan, scope and dealer filed late: checked again, the record counts
        without anybody overruling anything."""
        number = "S2025M9997V"
        vin = self.make_vin()
        record = self.make_record(vin, recallNum=number, dealerName="Late dealer")
        entry = self.keep(record)
        self.assertCodes(entry, "plan_unknown", "dealer_unknown")
        plan = self.make_plan(self.producer, recall_number=number)
        entry.action_check_again()
        self.assertState(entry, "open")
        self.assertCodes(entry, "vin_scope", "dealer_unknown")
        self.put_in_scope(plan, [vin])
        self.make_dealer(self.producer, "Late dealer")
        entry.action_check_again()
        self.assertState(entry, "answered")
        self.assertEqual(entry.completion_id, self.get_completion(record))
        self.assertFalse(entry.decided_by_id)
        self.assertVehicle(record, "done", "2025-03-01")
        self.assertEqual(plan.done_count, 1)

    # === Return, close, open again === #

    def test_withdrawal_becomes_a_report(self):
        """M-VERIFY: a withdrawal that contradicts a record of the same answer stays in
        quarantine, whether checked again or released, with or without a version that
        stands: it never counts as a repair."""
        for standing in (False, True):
            for deed in ("check_again", "release"):
                with self.subTest(standing=standing, deed=deed):
                    number = 2 if standing else 1
                    record = self.make_record()
                    if standing:
                        self.take_in(record)
                    wrong = {
                        **record,
                        "dealerName": f"Filed late {standing} {deed}",
                        "recordKind": "correction",
                        "recordVersion": number,
                    }
                    withdrawal = {**wrong, "recordKind": "withdrawal"}
                    exchange = self.take_in(wrong, withdrawal)
                    self.assertCounts(exchange, quarantined=2)
                    self.make_dealer(self.producer, wrong["dealerName"])
                    [entry] = exchange.quarantine_ids.filtered(
                        lambda entry: entry.record["recordKind"] == "withdrawal"
                    ).with_user(self.officer)
                    if deed == "release":
                        with self.assertRaises(UserError):
                            self.decide(entry, "release")
                    else:
                        entry.action_check_again()
                        self.assertCodes(entry, "content_differs")
                    self.assertState(entry, "open")
                    completion = self.get_completion(record)
                    self.assertEqual(bool(completion), standing)
                    self.assertEqual(completion.version, standing)
        self.assertCountersAgree()

    def test_returned_record_is_not_answered_by_its_correction(self):
        """M-VERIFY: it stays returned until the record comes corrected; the same
        content again changes nothing."""
        record = self.make_record()
        wrong = {**record, "dealerName": "nobody"}
        entry = self.keep(wrong)
        self.decide(entry, "return", "correct", "Which dealer?")
        self.assertState(entry, "returned")
        self.take_in(wrong)
        self.assertEqual(self.get_quarantine(record), entry)
        self.assertState(entry, "returned")
        self.assertCounts(self.take_in(record), new=1)
        self.assertState(entry, "answered")
        self.assertEqual(entry.completion_id, self.get_completion(record))

    def test_closed_record_comes_back_with_every_answer(self):
        """M-VERIFY: a plain peer sends it again and again: it stays closed."""
        wrong = self.make_record(dealerName="nobody")
        entry = self.keep(wrong)
        self.decide(entry, "close", "test", False)
        self.assertCounts(self.take_in(wrong), quarantined=1)
        self.assertEqual(self.get_quarantine(wrong), entry)
        self.assertState(entry, "closed")
        self.assertFalse(self.get_completion(wrong))

    def test_closing_cannot_be_undone(self):
        """M-VERIFY: with a reason; the history tells both deeds."""
        entry = self.keep(self.make_record(dealerName="nobody"))
        self.decide(entry, "close")
        self.decide(entry, "reopen", "mistake", False)
        self.assertState(entry, "open")
        self.assertFalse(entry.closed_at)
        self.assertEqual(entry.event_ids.mapped("deed"), ["reopened", "closed"])
        self.decide(entry, "release")
        self.assertState(entry, "released")
        with self.assertRaises(UserError):
            self.decide(entry, "reopen")

    def test_decision_is_made_without_a_reason(self):
        """M-VERIFY: each deed asks for a reason, and “other” for words."""
        entry = self.keep(self.make_record(dealerName="nobody"))
        for purpose, reason, note in (
            ("release", self.env["recall.quarantine.reason"], "words"),
            ("release", self.reason("close"), "words"),
            ("release", self.reason("release"), " "),
            ("return", self.reason("return"), False),
        ):
            with self.subTest(purpose=purpose, reason=reason.code):
                with self.assertRaises(UserError):
                    getattr(entry, f"_{purpose}")(reason, note)
                self.assertState(entry, "open")
                self.assertFalse(entry.event_ids)

    # === Who may === #

    def test_viewer_or_producer_decides(self):
        """M-ACCESS: only officers decide; nobody writes entries or their history."""
        entry = self.keep(self.make_record(dealerName="nobody"))
        viewer = self.make_user("viewer_q", "recall_management.group_viewer")
        for name in ("release", "return", "close", "reopen", "check_again"):
            with self.subTest(name=name), self.assertRaises(AccessError):
                getattr(entry.with_user(viewer), f"action_{name}")()
        with self.assertRaises(AccessError):
            entry.with_user(viewer)._release(self.reason("release", "proved"))
        self.decide(entry, "close")
        administrator = self.make_user("adm_q", "recall_management.group_administrator")
        event = entry.event_ids.with_user(administrator)
        for refused in (
            lambda: event.write({"note": "x"}),
            event.unlink,
            lambda: entry.with_user(administrator).write({"state": "open"}),
        ):
            with self.assertRaises(UserError):  # AccessError is one
                refused()
        with self.assertRaises(UserError):
            entry.sudo().unlink()

    # === What the screen tells === #

    def test_versions_are_not_shown_side_by_side(self):
        """M-VERIFY: what differs is marked, and no phone number is in clear."""
        record = self.make_record()
        self.take_in(record)
        entry = self.keep({**record, "recallTime": "2025-03-09"})
        rows = {row["label"]: row for row in entry._compare()}
        self.assertEqual(rows["Repair date"]["old"], "2025-03-01")
        self.assertEqual(rows["Repair date"]["new"], "2025-03-09")
        marked = [label for label, row in rows.items() if row["differs"]]
        self.assertEqual(marked, ["Repair date"])
        self.assertNotIn(CANARY, entry.comparison)
        evil = self.keep(self.make_record(dealerName="<img src=x onerror=alert(1)>"))
        self.assertNotIn("<img", evil.comparison)
