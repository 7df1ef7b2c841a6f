# SPDX-License-Identifier: LGPL-3.0-only
import psycopg2

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged
from odoo.tools import SQL, mute_logger

from .dealer_common import PHONE, DealerCommon


@tagged("post_install", "-at_install")
class TestEntry(DealerCommon):
    """Repair reports that a dealer enters by hand."""

    def codes(self, report):
        return set(report.sudo().finding_ids.mapped("code"))

    def test_good_report_is_not_taken(self):
        """E-COLLECT: a dealer enters a report and hands it in; the checks pass it."""
        entry = self.make_entry()
        self.assertRecordValues(
            entry.sudo(),
            [
                {
                    "state": "draft",
                    "producer_id": self.producer.id,
                    "dealer_id": self.dealer.id,
                    "dealer_name": self.dealer.name,
                    "plan_id": self.plan.id,
                    "vehicle_id": self.get_vehicle(self.plan, self.vins[0]).id,
                    "interface_id": False,
                }
            ],
        )
        entry.action_hand_in()
        self.assertEqual(entry.state, "checked")
        self.assertFalse(self.codes(entry))
        event = self.last_event("completion.hand_in")
        self.assertEqual((event.user_id, event.res_id), (self.adviser, entry.id))
        entry.with_user(self.reviewer).action_confirm()
        self.assertEqual(entry.state, "confirmed")
        self.assertEqual(self.get_vehicle(self.plan, self.vins[0]).state, "done")

    def test_form_does_not_prefill_measure_and_parts(self):
        """E-COLLECT: from the look-up, the adviser types number and phone only."""
        action = self.desk.record_repair(self.vins[0], self.plan.recall_number)
        view_id = action["view_id"][0]
        form = Form(self.entries.with_context(**action["context"]), view=view_id)
        self.assertEqual(form.vin, self.vins[0])
        self.assertEqual(form.reported_measure, self.plan.measure)
        self.assertEqual(form.part_numbers, "BH-1")
        self.assertTrue(form.repair_date)
        form.repair_number, form.phone = "WO-1", PHONE
        entry = form.save()
        self.assertEqual(entry.phone_masked, "138****4321")
        self.assertFalse(entry.phone)
        self.assertEqual(entry.plan_parts, [{"number": "BH-1", "name": "Brake hose"}])

    def test_rejected_report_cannot_be_corrected(self):
        """E-COLLECT, E-AUDIT: what is wrong is said; corrected it passes."""
        entry = self.make_entry(repair_date="2024-01-01", part_numbers="XX-9")
        entry.action_hand_in()
        self.assertEqual(entry.state, "rejected")
        self.assertEqual(self.codes(entry), {"date_before_start", "parts_mismatch"})
        self.assertTrue(all(entry.finding_ids.mapped("name")))
        entry.write({"repair_date": "2025-03-01", "part_numbers": "BH-1"})
        self.assertEqual(entry.state, "rejected")
        entry.action_hand_in()
        self.assertEqual(entry.state, "checked")
        self.assertFalse(self.codes(entry))

    def test_report_rejected_by_the_reviewer_is_lost_to_the_dealer(self):
        """E-AUDIT: what a reviewer rejects comes back to the dealer with the words."""
        entry = self.make_entry()
        entry.action_hand_in()
        reason = self.env["recall.review.reason"].search([], limit=1)
        entry.with_user(self.reviewer)._reject(reason, "Wrong number")
        view = self.env.ref("recall_enterprise.recall_completion_view_form_entry")
        with Form(entry, view=view) as form:
            self.assertEqual(form.reject_note, "Wrong number")
            form.repair_number = "WO-RIGHT"
        entry.action_hand_in()
        self.assertEqual(entry.state, "checked")

    def test_handed_in_report_is_changed_or_deleted(self):
        """X-ACCESS: what was handed in or confirmed cannot be touched by the dealer."""
        entry = self.make_entry()
        entry.action_hand_in()
        for state in ("checked", "confirmed"):
            with self.subTest(state=state):
                for attempt in (
                    lambda: entry.write({"repair_number": "WO-X"}),
                    lambda: entry.unlink(),
                ):
                    with self.assertRaises(UserError):
                        attempt()
            entry.with_user(self.reviewer).action_confirm()
        entry.action_hand_in()
        self.assertEqual(entry.state, "confirmed")

    def test_dealer_sets_what_the_system_sets(self):
        """X-ACCESS: over RPC too a dealer writes nothing but what the report says."""
        entry = self.make_entry()
        for vals in (
            {"state": "confirmed"},
            {"producer_id": self.foreign_producer.id},
            {"dealer_id": self.other_dealer.id},
            {"dealer_name": "Other"},
            {"plan_id": self.foreign_plan.id},
            {
                "vehicle_id": self.get_vehicle(
                    self.foreign_plan, self.foreign_vins[0]
                ).id
            },
            {"phone_masked": "1"},
            {"phone_sealed": "x"},
            {"record_key": "x"},
            {"synced_at": "2025-01-01 00:00:00"},
            {"version": 7},
            {"finding_ids": [(5,)]},
        ):
            with self.subTest(vals=vals):
                with self.assertRaises(AccessError):
                    entry.write(vals)
                with self.assertRaises(AccessError):
                    self.entries.create(self.entry_vals(self.vins[1], **vals))
                [(name, value)] = vals.items()
                sneaked = self.entries.with_context(**{f"default_{name}": value})
                with self.subTest("context"), self.env.cr.savepoint() as savepoint:
                    report = sneaked.create(self.entry_vals(self.vins[1])).sudo()
                    self.assertEqual(report.state, "draft")
                    self.assertEqual(report.dealer_id, self.dealer)
                    self.assertEqual(report.plan_id, self.plan)
                    self.assertFalse(report.synced_at)
                    self.assertEqual(report.version, 1)
                    savepoint.rollback()

    def test_dealer_reaches_reports_of_another(self):
        """X-ACCESS: search, groups, names, export and writing stay with the own."""
        own = self.make_entry(self.vins[0])
        others = self.make_entry(self.vins[1], user=self.rival)
        seen = self.entries.search([])
        self.assertEqual(seen, own)
        self.assertFalse(self.entries.name_search(others.sudo().vin))
        self.assertFalse(self.entries.search([("vin", "=", others.sudo().vin)]))
        groups = self.entries._read_group([], ["dealer_id"], ["__count"])
        self.assertEqual([count for _dealer, count in groups], [1])
        foreign = others.with_user(self.adviser)
        for attempt in (
            lambda: foreign.read(["vin"]),
            lambda: foreign.export_data(["vin"]),
            lambda: foreign.write({"repair_number": "WO-X"}),
            lambda: foreign.action_hand_in(),
            lambda: foreign.unlink(),
        ):
            with self.assertRaises(AccessError):
                attempt()
        self.assertEqual(others.sudo().state, "draft")

    def test_clerk_or_stray_login_enters_reports(self):
        """X-ACCESS: manual entry needs the role and a dealer."""
        with self.assertRaises(AccessError):
            self.entries.with_user(self.clerk).create(self.entry_vals())
        stray = self.make_user("entry_stray", "recall_enterprise.group_dealer")
        with self.assertRaisesRegex(UserError, "belongs to no dealer"):
            self.entries.with_user(stray).create(self.entry_vals())

    def test_phone_number_is_stored_or_logged_in_clear(self):
        """E-COLLECT: the phone is sealed, also when a correction moves the report."""
        entry = self.make_entry()
        entry.write({"repair_number": "WO-MOVED", "vin": self.vins[3]})
        sudo = entry.sudo()
        self.assertEqual(sudo._open_phone(), PHONE)
        self.assertEqual(sudo.vehicle_id.vin, self.vins[3])
        entry.write({"phone": "13700001111"})
        self.assertEqual(sudo._open_phone(), "13700001111")
        entry.action_hand_in()
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT row::text FROM recall_completion row WHERE id = %s", [entry.id]
        )
        stored = self.env.cr.fetchone()[0]
        details = str(self.env["recall.audit.event"].search([]).mapped("detail"))
        for phone in (PHONE, "13700001111"):
            self.assertNotIn(phone, stored)
            self.assertNotIn(phone, details)
        self.assertFalse(entry.read(["phone"])[0]["phone"])

    def test_report_without_phone_is_handed_in(self):
        entry = self.make_entry(phone=False)
        with self.assertRaisesRegex(UserError, "phone"):
            entry.action_hand_in()
        self.assertEqual(entry.state, "draft")

    def test_second_click_or_tab_makes_a_second_report(self):
        """E-COLLECT: handing in twice makes one report."""
        entry = self.make_entry(repair_number="WO-ONE")
        with mute_logger("odoo.sql_db"), self.assertRaises(psycopg2.IntegrityError):
            self.make_entry(repair_number="WO-ONE")
            self.env.flush_all()
        entry.action_hand_in()
        entry.action_hand_in()
        second = self.make_entry(repair_number="WO-ONE")
        action = second.action_hand_in()
        self.assertEqual(action["res_id"], entry.id)
        self.assertFalse(second.exists())
        self.assertEqual(self.entries.search([("state", "!=", "draft")]), entry)

    def test_draft_cannot_be_deleted_or_a_rejected_one_can(self):
        """E-COLLECT: a draft can be deleted, and it is logged; a rejected one stays."""
        draft = self.make_entry()
        draft_id = draft.id
        draft.unlink()
        self.assertEqual(self.last_event("completion.unlink").res_id, draft_id)
        rejected = self.make_entry(part_numbers="XX-9")
        rejected.action_hand_in()
        with self.assertRaisesRegex(UserError, "Only a draft"):
            rejected.unlink()

    def test_report_of_the_internal_system_is_changed_here(self):
        """E-COLLECT: a report of an interface is corrected where it came from."""
        report = self.make_completion(
            self.plan,
            self.vins[0],
            state="rejected",
            dealer_id=self.dealer.id,
            interface_id=self.collect_interface.id,
        ).with_user(self.adviser)
        for attempt in (
            lambda: report.write({"repair_number": "WO-X"}),
            lambda: report.action_hand_in(),
        ):
            with self.assertRaises(UserError):
                attempt()

    def test_vin_is_stored_as_it_was_typed(self):
        vin = self.vins[0]
        entry = self.make_entry(f" {vin[:8].lower()} {vin[8:]} ")
        self.assertEqual(entry.vin, vin)

    def test_vehicle_or_plan_of_another_producer_is_matched(self):
        """X-ACCESS: naming another producer's recall matches and tells nothing."""
        entry = self.make_entry(
            self.foreign_vins[0], recall_number=self.foreign_plan.recall_number
        )
        self.assertFalse(entry.sudo().plan_id or entry.sudo().vehicle_id)
        self.assertFalse(entry.plan_parts)
        entry.action_hand_in()
        self.assertEqual(entry.state, "rejected")
        self.assertEqual(entry.sudo().dealer_id, self.dealer)

    def test_copy_makes_a_report_past_the_rules(self):
        confirmed = self.make_completion(
            self.plan, self.vins[0], dealer_id=self.dealer.id
        )
        with self.assertRaises(AccessError):
            confirmed.with_user(self.adviser).copy()

    def test_draft_reaches_the_regulator_or_closes_the_vehicle(self):
        """E-SYNC: a draft is nobody's business but the dealer's."""
        entry = self.make_entry()
        self.env["recall.completion"]._confirm(SQL("vin = %s", entry.vin))
        entry.with_user(self.reviewer).action_confirm()
        self.assertEqual(entry.state, "draft")
        self.assertEqual(self.get_vehicle(self.plan, self.vins[0]).state, "open")
