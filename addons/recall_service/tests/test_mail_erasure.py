# SPDX-License-Identifier: LGPL-3.0-only
from contextlib import suppress
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from ..models import recall_push_digest
from ..models.recall_objection_keep import KEEP_EMAIL_DAYS
from ..models.recall_subscription import CONFIRM_DAYS
from .mail_common import MailQueueCommon
from .objection_common import ObjectionCommon

#: States of mails that were not delivered.
UNDELIVERED = ("outgoing", "exception")


@tagged("post_install", "-at_install")
class TestMailErasure(MailQueueCommon, ObjectionCommon):
    """With a person go the mails that wait for it or could not be delivered."""

    def setUp(self):
        super().setUp()
        self.server = self.use_smtp()

    def make_all_mails(self):
        """One of each kind of mail to one address; returns them."""
        subscriber = self.subscribe().subscriber_id
        self.push()
        self.subscribe(vin=self.vins[1])
        with patch.object(recall_push_digest, "MANY", 0):
            self.run_cron("expand")
        self.run_cron("digest")
        self.subscribe(brand="Other", confirmed=False)
        self.env["recall.subscriber"]._ask_link(self.EMAIL)
        self.run_cron("ask")
        self.object(email=self.EMAIL)
        self.run_objection_cron("mail")
        mails = self.get_mails()
        self.assertEqual(len(mails), 5, "message, digest, confirmation, link, receipt")
        self.assertEqual(subscriber.push_ids.mail_id & mails, mails[:2])
        return mails

    def assertForgotten(self, *texts):
        self.env.flush_all()
        for table in ("mail_mail", "mail_message"):
            self.env.cr.execute(f"SELECT row::text FROM {table} AS row")
            rows = str(self.env.cr.fetchall())
            for text in texts:
                self.assertNotIn(text, rows)

    def test_erased_address_stays_in_a_mail_or_gets_one(self):
        """X-CRYPTO: no row of the queue holds it, whatever became of the mails."""
        for state in UNDELIVERED:
            with self.subTest(state), suppress(_Undone), self.env.cr.savepoint():
                mails = self.make_all_mails()
                if state == "exception":
                    self.server.answers = {self.EMAIL: "550 no such user"}
                    self.hand_over(mails[1:])
                    mails[0].state = "exception"
                erasure = self.env["recall.erasure"].create({"sought": self.EMAIL})
                erasure.action_erase()
                self.assertForgotten(self.EMAIL, *self.vins[:2])
                self.server.answers = {}
                self.env["mail.mail"].process_email_queue()
                self.assertFalse(self.server.received)
                raise _Undone

    def test_end_of_a_subscription_leaves_its_mails(self):
        """X-CRYPTO S-PUSH: unsubscribed, nothing that waited is sent or kept."""
        for end in ("action_cancel", "_cancel_many", "unlink"):
            for state in UNDELIVERED:
                with self.subTest(end, state=state):
                    subscription = self.subscribe()
                    self.push()
                    self.get_mails().state = state
                    push = subscription.push_ids
                    getattr(subscription, end)()
                    self.assertForgotten(self.EMAIL, self.vins[0])
                    if end != "unlink":
                        self.assertEqual(push.state, "cancelled")

    def test_never_confirmed_address_stays_in_a_mail(self):
        """X-CRYPTO: it goes with the subscription, after the days of the link."""
        subscription = self.subscribe(confirmed=False)
        self.run_cron("ask")
        self.get_mails().state = "exception"
        subscription.asked_at = fields.Datetime.subtract(
            fields.Datetime.now(), days=CONFIRM_DAYS + 1
        )
        self.env["recall.subscription"]._gc_ended()
        self.assertForgotten(self.EMAIL)

    def test_address_of_an_objection_outlives_its_days(self):
        """X-CRYPTO: what could not be mailed goes when the address does."""
        objection = self.object(email=self.EMAIL)
        other = self.object(self.vins[1], email="other@example.com")
        self.run_objection_cron("mail")
        self.get_mails().state = "exception"
        objection._withdraw()
        objection.ended_at = fields.Datetime.subtract(
            fields.Datetime.now(), days=KEEP_EMAIL_DAYS + 1
        )
        self.Objection._gc_personal_data()
        self.assertForgotten(self.EMAIL, self.vins[0])
        self.assertTrue(other.email_sealed and self.get_mails("other@example.com"))

    def test_end_of_one_vehicle_loses_news_of_another(self):
        """S-PUSH X-CRYPTO: a digest that waits is made anew without the vehicle."""
        ended, kept = self.subscribe(), self.subscribe(vin=self.vins[1])
        subscriber = kept.subscriber_id
        for state in UNDELIVERED:
            with self.subTest(state), suppress(_Undone), self.env.cr.savepoint():
                with patch.object(recall_push_digest, "MANY", 0):
                    self.run_cron("expand")
                self.run_cron("digest")
                [mail] = self.get_mails()
                self.assertEqual(subscriber.push_ids.mail_id, mail)
                mail.state = state
                ended.action_cancel()
                self.assertForgotten(self.vins[0])
                self.assertEqual(ended.push_ids.state, "cancelled")
                if state == "exception":
                    self.assertEqual(kept.push_ids.state, "failed", "it may have left")
                    kept.push_ids.action_retry()
                self.run_cron("digest")
                [mail] = self.get_mails()
                self.assertIn(self.vins[1], mail.body_html)
                self.assertNotIn(self.vins[0], mail.body_html)
                raise _Undone

    def test_end_of_a_vehicle_takes_other_mails(self):
        """S-PUSH: a link that was asked for comes, and another vehicle's message."""
        ended = self.subscribe()
        self.push()
        self.subscribe(vin=self.vins[1])
        self.push()
        self.env["recall.subscriber"]._ask_link(self.EMAIL)
        self.run_cron("ask")
        mails = self.get_mails()
        ended.action_cancel()
        self.assertEqual(mails.exists(), mails[1:])


class _Undone(Exception):
    """Ends a part of a test without a trace of it."""
