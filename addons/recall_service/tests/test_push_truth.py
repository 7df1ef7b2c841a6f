# SPDX-License-Identifier: LGPL-3.0-only
from contextlib import contextmanager
from datetime import timedelta

from odoo import fields
from odoo.tests import freeze_time, tagged
from odoo.tools import SQL, mute_logger

from odoo.addons.recall_base.tools import cipher, key_file

from .sms_common import SmsCommon


@tagged("post_install", "-at_install")
class TestPushTruth(SmsCommon):
    """What waited says what is still so, and no passing reason ends it."""

    def tell_all(self, **later):
        """Run all that finds whom to tell, and tells them; returns their mails."""
        with freeze_time(fields.Datetime.now() + timedelta(**later)):
            for name in ("expand", "send", "digest", "sms"):
                self.run_cron(name)
        return self.get_mails()

    def close(self, vin, state="done"):
        """Move a vehicle to a state as an intake or an amendment does."""
        self.env["recall.vehicle"]._move(
            SQL(
                "SELECT id AS vehicle_id, %s AS state, NULL::date AS state_date"
                " FROM recall_vehicle WHERE vin = %s",
                state,
                vin,
            ),
            allowed_from=("open", "done", "removed"),
        )
        self.env.invalidate_all()

    # === The recall === #

    def test_withdrawn_recall_is_told_or_never_when_public_again(self):
        """S-PUSH: what waited for a recall that was withdrawn, or finished, leaves when
        it is public again, once, whatever was subscribed to."""
        about = ({"brand": "Newbrand"}, {"vin": self.make_vin()})
        for number, (end, back) in enumerate(
            (("withdrawn", "published"), ("finished", "running"))
        ):
            with self.subTest(end=end):
                plan = self.make_plan(self.producer, brand="Newbrand")
                emails = [f"{end}{n}@example.com" for n in range(3)]
                for email, target in zip(
                    emails, (*about, {"plan_id": plan.id}), strict=True
                ):
                    self.subscribe(email, **target)
                self.put_in_scope(plan, [about[1]["vin"]])
                self.run_cron("expand")
                plan.state = end
                for day in range(2):
                    self.tell_all(days=10 * number + day)
                self.assertFalse(self.count_mails(emails, plan))
                plan.state = back
                for day in range(2):
                    self.tell_all(days=10 * number + 2 + day)
                self.assertEqual(self.count_mails(emails, plan), 3)

    def count_mails(self, emails, plan):
        mails = self.env["mail.mail"].search([("email_to", "in", emails)])
        return sum(plan.recall_number in mail.body_html for mail in mails)

    def test_withdrawn_recall_is_told_in_a_digest_or_short_message(self):
        """S-PUSH: the other ways to a subscriber keep to the same."""
        mail, phone = self.subscribe(), self.subscribe_phone()
        mail.subscriber_id._set_choices("daily", "en_US")
        self.run_cron("expand")
        self.plan.state = "withdrawn"
        self.assertFalse(self.tell_all(days=2) or self.gateway.taken)
        self.plan.state = "running"
        self.assertEqual(len(self.tell_all(days=3)), 1)
        self.assertEqual(len(self.gateway.taken), 1)
        self.assertEqual(
            set((mail.push_ids | phone.push_ids).mapped("state")), {"sent"}
        )

    def test_what_waits_for_a_recall_raises_the_alarm(self):
        """X-FAULT: only messages that could go out count as standing still."""
        self.subscribe()
        self.run_cron("expand")
        with freeze_time(fields.Datetime.now() + timedelta(days=1)):
            self.assertEqual(self.Push._count_stuck(), 1)
            self.plan.state = "withdrawn"
            self.assertEqual(self.Push._count_stuck(), 0)

    # === The vehicle === #

    def test_repaired_vehicle_is_told_to_be_in_scope(self):
        """S-PUSH: nobody is sent to the dealer for what was repaired, or taken out of
        the scope, while the message waited; open again, it is told, once."""
        self.subscribe()
        daily = self.subscribe("daily@example.com").subscriber_id
        daily._set_choices("daily", "en_US")
        phone = self.subscribe_phone()
        phone._set_choices("daily", "en_US")
        self.run_cron("expand")
        for day, state in enumerate(("done", "removed")):
            self.close(self.vins[0], state)
            self.tell_all(days=day + 2)
            self.assertFalse(self.Push.search([("state", "=", "sent")]))
            self.close(self.vins[0], "open")
            self.run_cron("expand")
        for day in range(4, 6):
            self.tell_all(days=day)
        self.assertEqual(len(self.get_mails()), 1)
        self.assertEqual(len(self.get_mails("daily@example.com")), 1)
        self.assertEqual(len(self.gateway.taken), 1)

    def test_digest_names_a_repaired_vehicle(self):
        """S-PUSH: of two vehicles the digest names the one that is open."""
        first, second = self.subscribe(), self.subscribe(vin=self.vins[1])
        first.subscriber_id._set_choices("daily", "en_US")
        self.run_cron("expand")
        self.close(self.vins[0])
        [mail] = self.tell_all(days=2)
        self.assertIn(self.vins[1], mail.body_html)
        self.assertNotIn(self.vins[0], mail.body_html)
        self.assertEqual(second.push_ids.state, "sent")

    # === The key of the address === #

    @contextmanager
    def without_key(self, kid):
        """Take a key out of this server's file for a while."""
        whole = self.key_file.read_bytes()
        key_file.retire(self.key_file, kid)
        yield
        self._restore_keys(whole)

    def seal_under_another(self):
        """A key that seals the mail and the number of two subscribers; returns it."""
        kid = self.rotate_keys(year=2020)
        keys = cipher.KeyRing.from_environment()
        mail, phone = self.subscribe(), self.subscribe_phone()
        for record, column, text in (
            (mail, "email_sealed", self.EMAIL),
            (phone, "phone_sealed", self.NUMBER),
        ):
            context = record._get_seal_context(column)
            record[column] = keys.seal(text, context, kid)
        self.env.flush_all()
        return kid

    @mute_logger("odoo.addons.recall_service.models.recall_push_sms")
    def test_key_that_is_missing_for_a_while_loses_messages(self):
        """X-CRYPTO S-PUSH: a server whose key file lacks a key keeps what it cannot
        send, says why, and sends it when the key is back."""
        kid = self.seal_under_another()
        with self.without_key(kid):
            self.assertFalse(self.tell_all() or self.gateway.taken)
        pushes = self.Push.search([])
        self.assertEqual(set(pushes.mapped("state")), {"waiting"})
        for push in pushes:
            self.assertIn("key is not in the key file", push.failure_text)
        self.assertEqual(len(self.tell_all(minutes=6)), 1)
        self.assertEqual(len(self.gateway.taken), 1)
        self.assertEqual(set(pushes.mapped("state")), {"sent"})

    @mute_logger("odoo.addons.recall_service.models.recall_push_sms")
    def test_destroyed_key_leaves_failures_for_the_operator(self):
        """X-CRYPTO S-PUSH: messages to who was erased end without a word, once the
        count of the keys has found it out."""
        key_file.retire(self.key_file, self.seal_under_another())
        self.reseal()
        self.assertFalse(self.tell_all() or self.gateway.taken)
        self.assertEqual(set(self.Push.search([]).mapped("state")), {"cancelled"})

    def test_key_that_is_missing_for_a_while_loses_confirmations(self):
        """X-CRYPTO S-PUSH: the mail to confirm a subscription waits for it as well."""
        kid = self.rotate_keys(year=2020)
        keys = cipher.KeyRing.from_environment()
        asked = self.subscribe(confirmed=False)
        context = asked._get_seal_context("email_sealed")
        asked.email_sealed = keys.seal(self.EMAIL, context, kid)
        self.env.flush_all()
        with self.without_key(kid):
            self.run_cron("ask")
            self.assertFalse(self.get_mails())
        for _run in range(2):
            self.run_cron("ask")
        self.assertEqual(len(self.get_mails()), 1)
