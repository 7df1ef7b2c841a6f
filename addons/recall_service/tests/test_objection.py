# SPDX-License-Identifier: LGPL-3.0-only
import datetime
import logging
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.modules import neutralize
from odoo.tests import Form, freeze_time, tagged
from odoo.tools import mute_logger

from odoo.addons.recall_base.tests.common import GUARD_LOGGER
from odoo.addons.recall_service.models.recall_objection_keep import (
    KEEP_EMAIL_DAYS,
    KEEP_PHOTO_DAYS,
)

from .objection_common import ObjectionCommon


@tagged("post_install", "-at_install")
class TestObjection(ObjectionCommon):
    # === Taking in === #

    def test_objection_is_not_taken_or_waits_for_nobody(self):
        """S-QUERY: it is the producer's, has a term and closes no vehicle."""
        with freeze_time("2026-03-06 17:30:00"):  # Saturday, 1:30 in Shanghai
            objection = self.object(repair_number="RO 7")
        self.assertEqual(objection.state, "received")
        self.assertEqual(objection.producer_id, self.producer)
        self.assertEqual(objection.plan_id, self.plan)
        self.assertEqual(
            objection.vehicle_id, self.get_vehicle(self.plan, self.vins[0])
        )
        self.assertEqual(objection.due_on, datetime.date(2026, 3, 20))
        self.assertEqual(objection.vehicle_id.state, "open")
        self.assertRegex(objection.receipt, r"^[2-9A-HJKMNP-Z]{4}(-[2-9A-Z]{4}){2}$")
        self.assertEqual(len(self.get_events("create")), 1)

    def test_form_sent_twice_makes_two_objections(self):
        """X-FAULT: the second one is the first, and so is its photo."""
        photo = self.draw()
        first = self.object(photo=photo, form="same")
        again = self.object(photo=photo, form="same", workshop="Changed")
        self.assertEqual(first, again)
        self.assertEqual(first.photo_count, 1)
        self.assertNotEqual(self.object(form="other"), first)

    def test_vehicle_that_is_not_open_is_objected_to(self):
        """S-QUERY: done, unknown, of another recall, not published: nothing is made."""
        self.make_completion(self.plan, self.vins[1])
        draft = self.make_plan(self.producer, state="filed")
        [hidden] = self.add_vehicles(draft)
        before = self.Objection.search_count([])
        for vin, plan in (
            (self.vins[1], self.plan),
            (self.make_vin(), self.plan),
            (self.vins[0], self.other_plan),
            (hidden, draft),
        ):
            with self.subTest(vin=vin):
                self.assertFalse(self.object(vin, plan))
        self.assertEqual(self.Objection.search_count([]), before)

    def test_one_vehicle_gets_objections_without_end(self):
        """X-ATTACK: three in a month; others are not kept from objecting by that."""
        for number in range(3):
            self.assertTrue(self.object(form=f"form {number}"))
        self.assertFalse(self.object(form="one more"))
        self.assertTrue(self.object(self.vins[1]))
        before = fields.Datetime.now() - timedelta(days=31)
        self.Objection.search([]).received_at = before
        self.assertTrue(self.object(form="a month later"))

    def test_one_network_or_mailbox_gets_objections_without_end(self):
        """X-ATTACK: limits by network address and by e-mail address."""
        public = "odoo.addons.recall_service.models.recall_objection_public"
        with patch(f"{public}.PER_ADDRESS_HOUR", 2):
            self.assertTrue(self.object(self.vins[0]))
            self.assertTrue(self.object(self.vins[1]))
            self.assertFalse(self.object(self.vins[2]))
        with patch(f"{public}.PER_EMAIL_HOUR", 1):
            self.assertTrue(self.object(self.vins[3], email=self.EMAIL))
            self.assertFalse(self.object(self.vins[4], email=self.EMAIL))
            self.assertTrue(self.object(self.vins[5]))

    def test_address_is_stored_or_shown_in_clear(self):
        """X-CRYPTO: the address is sealed for its own record, and masked."""
        objection = self.object(email=self.EMAIL)
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT to_jsonb(o)::text FROM recall_objection o WHERE id = %s",
            (objection.id,),
        )
        self.assertNotIn(self.EMAIL, self.env.cr.fetchone()[0])
        self.assertEqual(objection.email_masked, "o***@e***.com")
        self.assertEqual(objection._open_email(), self.EMAIL)
        for user in (self.account, self.operator):
            seen = objection.with_user(user).read()[0]
            self.assertNotIn("email_sealed", seen)
            self.assertNotIn(self.EMAIL, str(seen))

    # === Photos === #

    def test_photo_keeps_place_or_is_kept_twice(self):
        """X-ACCESS: what a photo tells of place and camera is not stored."""
        photo = self.photo_with_place()
        objection = self.object(photo=photo)
        objection.photo_ids._add(objection, photo)
        [kept] = objection.photo_ids
        attachment = self.env["ir.attachment"].search(
            [("res_model", "=", kept._name), ("res_field", "=", "content")]
        )
        self.assertEqual(attachment.mimetype, "image/jpeg")
        self.assertFalse(attachment.public)
        self.assertNotIn(b"Canarycamera", attachment.raw)
        self.assertNotIn(b"Exif", attachment.raw)
        self.assertIn(b"Canarycamera", photo)

    def test_photos_come_without_end(self):
        """X-ATTACK: five files, and no more."""
        objection = self.object(photo=self.draw())
        for number in range(6):
            photo = self.draw(colour=(number * 40, 0, 0))
            objection.photo_ids._add(objection, photo)
        self.assertEqual(objection.photo_count, 5)
        self.assertEqual(len(objection.photo_ids), 5)

    # === To the producer and back === #

    def pass_on(self, at="2026-03-09 02:00:00"):
        with freeze_time(at):
            self.run_objection_cron("pass")

    def get_digests(self, user):
        return self.get_mails(user.email)

    def test_producer_gets_a_mail_for_each_objection(self):
        """S-QUERY: one mail a day, from eight o'clock, nothing of a visitor in it."""
        with freeze_time("2026-03-06 08:00:00"):
            first = self.object(email=self.EMAIL)
            second = self.object(self.vins[1])
        self.pass_on("2026-03-08 23:30:00")  # 7:30 there
        self.assertFalse(self.get_digests(self.account))
        self.pass_on("2026-03-09 00:30:00")
        self.pass_on("2026-03-09 05:00:00")
        [mail] = self.get_digests(self.account)
        self.assertFalse(self.get_digests(self.other_account))
        self.assertEqual((first | second).mapped("state"), ["passed"] * 2)
        self.assertIn("2 objections", mail.subject)
        self.assertIn(first.receipt, mail.body_html)
        for secret in (self.vins[0], self.EMAIL, first._get_token()):
            self.assertNotIn(secret, mail.body_html)
        self.pass_on("2026-03-10 05:00:00")
        self.assertEqual(len(self.get_digests(self.account)), 1, "nothing is new")
        self.pass_on("2026-03-23 05:00:00")
        self.assertEqual(len(self.get_digests(self.account)), 2, "both are overdue")

    def test_objection_counts_as_passed_on_to_nobody(self):
        """S-QUERY: without anybody to be told it stays with the regulator."""
        self.account.email = False
        objection = self.object()
        self.pass_on()
        self.assertEqual(objection.state, "received")
        contact = self.env["res.partner"].create(
            {"name": "Contact", "email": "contact@example.com"}
        )
        self.producer.technical_contact_id = contact
        self.pass_on()
        self.assertEqual(objection.state, "passed")
        self.assertTrue(self.get_mails("contact@example.com"))

    def test_broken_template_loses_an_objection(self):
        """X-FAULT: what was not told is told an hour later; others are told."""
        mine = self.object()
        other = self.object(self.other_vins[0], self.other_plan)
        with (
            self.break_mails(to=self.account.email),
            mute_logger(GUARD_LOGGER),
        ):
            self.pass_on("2026-03-09 02:00:00")
        self.assertEqual((mine.state, other.state), ("received", "passed"))
        self.pass_on("2026-03-09 03:00:00")
        self.assertEqual(mine.state, "passed")

    def decide(self, objections, purpose, reason, user=None, note=None):
        wizard = Form(
            self.env["recall.objection.decide"]
            .with_user(user or self.account)
            .with_context(default_purpose=purpose, default_objection_ids=objections.ids)
        )
        wizard.reason_id = reason
        if note:
            wizard.note = note
        return wizard.save().action_apply()

    def test_decision_is_not_told_or_not_logged(self):
        """S-QUERY, X-LOG: accepted with a term, told by mail, settled by a report."""
        objection = self.object(email=self.EMAIL)
        self.run_objection_cron("mail")
        [mail] = self.get_mails()
        self.assertIn(objection._get_token(), mail.body_html)
        self.assertNotIn(self.vins[0], mail.body_html)
        self.assertFalse(mail.model or mail.res_id, "a link for the visitor alone")
        with freeze_time("2026-03-09 02:00:00"):
            self.decide(objection, "accept", self.consent)
        self.assertEqual(objection.state, "accepted")
        self.assertEqual(objection.due_on, datetime.date(2026, 3, 16))
        self.assertEqual(objection.decided_by_id, self.account)
        self.assertEqual(self.get_events("accept").detail, {"reason": "not_reported"})
        self.run_objection_cron("mail")
        self.assertIn("accepted", self.get_mails()[-1].body_html)

        self.make_completion(self.plan, self.vins[0])
        self.run_objection_cron("settle")
        self.assertEqual(objection.state, "settled")
        self.assertTrue(objection.ended_at)
        self.run_objection_cron("mail")
        self.run_objection_cron("mail")
        self.assertEqual(len(self.get_mails()), 3)
        self.assertIn("settled", self.get_mails()[-1].body_html)

    def test_refusal_without_a_reason(self):
        """S-QUERY: a reason of the right list, and words where it asks for them."""
        objection = self.object()
        other = self.env.ref("recall_service.objection_reason_refuse_other")
        for reason, note in ((self.consent, None), (other, None), (other, "  ")):
            with self.assertRaises(UserError):
                objection.with_user(self.account)._decide("refuse", reason, note)
        self.decide(objection, "refuse", other, note="Page 2 is missing.")
        self.assertEqual(objection.state, "refused")
        self.assertEqual(objection.decision_note, "Page 2 is missing.")
        with self.assertRaises(UserError):
            self.decide(objection, "accept", self.consent)

    def test_decision_cannot_be_taken_back(self):
        """S-QUERY: a slip is undone, and the producer has its whole term again."""
        objection = self.object()
        self.decide(objection, "refuse", self.refusal)
        with freeze_time("2026-03-09 02:00:00"):
            objection.with_user(self.account).action_reopen()
        self.assertEqual(objection.state, "passed")
        self.assertEqual(objection.due_on, datetime.date(2026, 3, 23))
        self.assertFalse(
            objection.reason_id or objection.decided_at or objection.ended_at
        )
        self.assertEqual(len(self.get_events("reopen")), 1)

    def test_settling_touches_other_objections(self):
        """S-QUERY: only live ones, of vehicles that are done or out of scope."""
        done, open_, removed, refused = (self.object(vin) for vin in self.vins[:4])
        self.decide(refused, "refuse", self.refusal)
        self.make_completion(self.plan, self.vins[0])
        self.make_completion(self.plan, self.vins[3])
        self.env["recall.vehicle"]._take_out(self.plan, [self.vins[2]])
        self.run_objection_cron("settle")
        states = [item.state for item in (done, open_, removed, refused)]
        self.assertEqual(states, ["settled", "received", "settled", "refused"])
        self.assertEqual(self.get_events("settle").detail["count"], 2)

    def test_failing_mail_is_lost_or_logs_the_address(self):
        """X-FAULT, X-LOG: it is made next time; the log names the record alone."""
        self.object(email="canary@example.com")
        self.object(self.vins[1], email=self.EMAIL)
        with self.break_mails(to="canary"), self.assertLogs(level=logging.INFO) as logs:
            self.run_objection_cron("mail")
        self.assertNotIn("canary", "\n".join(logs.output))
        self.assertTrue(self.get_mails(), "the others are told")
        self.run_objection_cron("mail")
        self.assertEqual(len(self.get_mails("canary@example.com")), 1)
        self.assertEqual(len(self.get_mails()), 1)

    def test_address_or_photo_is_kept_for_ever(self):
        """X-ACCESS: both are erased some time after the end, the facts stay."""
        objection = self.object(email=self.EMAIL, photo=self.draw())
        live = self.object(self.vins[1], email=self.EMAIL, photo=self.draw())
        attachments = self.env["ir.attachment"].search(
            [("res_model", "=", "recall.objection.photo"), ("res_field", "!=", False)]
        )
        self.assertEqual(len(attachments), 2)
        objection._withdraw()
        self.assertFalse(objection.mail_due, "the visitor knows")
        for days, address, photos in (
            (KEEP_EMAIL_DAYS - 1, True, 1),
            (KEEP_EMAIL_DAYS + 1, False, 1),
            (KEEP_PHOTO_DAYS + 1, False, 0),
        ):
            objection.ended_at = fields.Datetime.now() - timedelta(days=days)
            self.Objection._gc_personal_data()
            kept = objection.email_sealed, objection.email_digest, objection.origin
            self.assertEqual([bool(item) for item in kept], [address] * 3)
            self.assertEqual(bool(objection.email_masked), address)
            self.assertEqual(len(objection.photo_ids), photos)
        self.assertEqual(len(attachments.exists()), 1)
        self.assertTrue(live.email_sealed and live.photo_ids)
        self.assertEqual(objection.workshop, "Workshop East")

    # === Who may what === #

    def test_account_sees_or_decides_what_is_not_its_own(self):
        """M-ACCESS: search, read, write, decide, look at the photo."""
        objection = self.object(photo=self.draw())
        foreign = objection.with_user(self.other_account)
        self.assertFalse(foreign.search([]))
        self.assertFalse(foreign.photo_ids.search([]))
        photo = objection.photo_ids.with_user(self.other_account)
        for attempt in (
            lambda: foreign.read(["receipt"]),
            foreign.action_accept,
            foreign.action_take,
            foreign.action_reopen,
            lambda: foreign._decide("refuse", self.refusal, None),
            lambda: photo.read(["number"]),
            photo._hand_out,
        ):
            with self.assertRaises(AccessError):
                attempt()
        own = objection.with_user(self.account)
        self.assertEqual(own.search([]), own)
        for attempt in (
            lambda: own.write({"state": "settled"}),
            lambda: own.unlink(),
            lambda: own.create({"plan_id": self.plan.id}),
            lambda: own.photo_ids.read(["content"]),
            lambda: own.read(["email_sealed"]),
        ):
            with self.assertRaises(AccessError):
                attempt()
        self.assertEqual(objection.with_user(self.operator).search([]), objection)
        reader = self.make_user("plain_reader", "recall_base.group_reader")
        with self.assertRaises(AccessError):
            objection.with_user(reader).read(["receipt"])

    def test_account_sees_other_producers_or_their_people(self):
        """M-ACCESS: producers, accounts and contacts of others stay unseen."""
        for model, foreign in (
            ("recall.producer", self.other_producer),
            ("recall.plan", self.other_plan),
            ("res.users", self.other_account),
            ("res.partner", self.other_account.partner_id),
        ):
            with self.subTest(model=model):
                own = self.env[model].with_user(self.account)
                self.assertFalse(own.search([("id", "in", foreign.ids)]))
        self.assertEqual(
            self.env["recall.producer"].with_user(self.account).search([]),
            self.producer,
        )

    def test_look_at_a_photo_goes_unlogged(self):
        """X-LOG: each look is an entry; the attachment itself is read by nobody."""
        objection = self.object(photo=self.draw())
        photo = objection.photo_ids.with_user(self.account)
        self.assertTrue(photo._hand_out().startswith(b"\xff\xd8"))
        event = self.get_events("photo_view")
        self.assertEqual((event.user_id, event.res_id), (self.account, objection.id))
        attachment = self.env["ir.attachment"].search(
            [("res_model", "=", photo._name), ("res_field", "=", "content")]
        )
        for user in (self.account, self.other_account, self.operator):
            with self.assertRaises(AccessError):
                attachment.with_user(user).read(["raw"])

    def test_overdue_objections_are_in_no_menu(self):
        """S-QUERY: the producer counts its own, the regulator those of all."""
        with freeze_time("2026-03-06 08:00:00"):
            mine = self.object()
            self.object(self.other_vins[0], self.other_plan)

        def count(user):
            groups = self.env["res.users"].with_user(user)._get_activity_groups()
            found = [item for item in groups if item["model"] == "recall.objection"]
            return sum(item["overdue_count"] for item in found)

        with freeze_time("2026-03-20 08:00:00"):
            self.assertEqual(count(self.operator), 0)
            self.assertFalse(mine.overdue)
        with freeze_time("2026-03-20 16:00:00"):  # midnight in Shanghai
            mine.invalidate_recordset(["overdue"])
            self.assertTrue(mine.overdue)
            self.assertEqual(count(self.account), 1)
            self.assertEqual(count(self.operator), 2)
            self.assertEqual(count(self.reader()), 0)

    def reader(self):
        return self.make_user("menu_reader", "recall_base.group_reader")

    def test_taken_over_by_a_colleague(self):
        """S-QUERY: "mine" is what an account took over, until it gives it back."""
        objection = self.object().with_user(self.account)
        objection.action_take()
        self.assertEqual(objection.user_id, self.account)
        objection.action_give_back()
        self.assertFalse(objection.user_id)

    def test_term_of_the_settings_is_ignored_or_absurd(self):
        """S-QUERY: the regulator sets the working days; not none and not a year."""
        settings = self.env["res.config.settings"].create(
            {"recall_objection_answer_days": 3}
        )
        settings.set_values()
        with freeze_time("2026-03-09 02:00:00"):
            self.assertEqual(self.object().due_on, datetime.date(2026, 3, 12))
        for days in (0, 61):
            with self.assertRaises(ValidationError):
                settings.recall_objection_report_days = days

    def test_forms_open_for_their_roles(self):
        """X-ACCESS: no form asks for a field that its reader may not see."""
        objection = self.object(photo=self.draw())
        for user in (self.account, self.operator):
            with self.subTest(user=user.login):
                form = Form(objection.with_user(user))
                self.assertIn("/recall/objection/photo/", form.photos_html)

    def test_copy_of_the_database_writes_to_visitors(self):
        """X-ACCESS: a neutralised copy knows no visitor's address."""
        objection = self.object(email=self.EMAIL)
        self.env.flush_all()
        for query in neutralize.get_neutralization_queries(["recall_service"]):
            self.env.cr.execute(query)
        self.env.invalidate_all()
        self.assertFalse(objection.mail_due or objection.email_sealed)
