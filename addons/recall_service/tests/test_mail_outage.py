# SPDX-License-Identifier: LGPL-3.0-only
from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from odoo.addons.recall_base.models.mail_mail import KEEP_UNDELIVERED_DAYS

from ..models.recall_push_mail import OUTAGE, REFUSED, UNCLEAR
from ..models.recall_push_watch import TOLD_EVERY
from .mail_common import MailQueueCommon
from .objection_common import ObjectionCommon


@tagged("post_install", "-at_install")
class TestMailOutage(MailQueueCommon, ObjectionCommon):
    """The mail server is away, for a while or for too long, or refuses."""

    def setUp(self):
        super().setUp()
        self.server = self.use_smtp()

    def push_one(self):
        """A message to a subscriber, in the mail queue."""
        subscription = self.subscribe()
        self.push()
        [push] = subscription.push_ids
        return push

    def test_short_outage_loses_mails_to_visitors(self):
        """S-PUSH X-FAULT: each goes out once when the server is back."""
        port, self.mail_server.smtp_port = self.mail_server.smtp_port, 1
        self.subscribe("new@example.com", confirmed=False)
        self.subscribe()
        self.object(email="visitor@example.com")
        self.run_cron("ask")
        self.push()
        self.run_objection_cron("mail")
        emails = [f"{name}@example.com" for name in ("new", "owner", "visitor")]
        mails = self.env["mail.mail"].union(*map(self.get_mails, emails))
        self.assertEqual(len(mails), 3)
        self.hand_over(mails)
        self.assertEqual(set(mails.mapped("state")), {"outgoing"})
        self.assertFalse(self.env["recall.push"].search([("unclear", "=", True)]))
        self.mail_server.smtp_port = port
        for _run in range(2):
            self.hand_over(mails.exists())
        self.assertEqual(sorted(self.server.receivers), emails)
        self.assertFalse(mails.exists())

    def test_mail_that_never_left_is_unclear(self):
        """S-PUSH X-FAULT: given up or refused it has failed, and can be made anew."""
        for failure in (OUTAGE, REFUSED):
            with self.subTest(failure):
                push = self.push_one()
                if failure == OUTAGE:
                    self.give_up(push.mail_id)
                else:
                    self.server.answers = {self.EMAIL: "550 no such user"}
                    self.hand_over(push.mail_id)
                self.assertEqual((push.state, push.failure), ("failed", failure))
                self.assertGreater(len(push.failure_text), 30, "it says what to do")
                self.assertFalse(push.unclear or push.sent_at or self.get_mails())
                self.mail_server.smtp_port = self.server.port
                self.server.answers = {}
                push.action_retry()
                self.run_cron("send")
                self.hand_over(push.mail_id)
                self.assertEqual(self.server.receivers, [self.EMAIL])
                self.assertEqual(push.state, "sent")
                self.server.received.clear()
                push.subscription_id.unlink()

    def test_mail_that_may_have_left_goes_out_again(self):
        """S-PUSH X-FAULT: broken off behind its content, it waits for a person."""
        self.server.hang_ups = {self.EMAIL}
        push, shown = self.push_one(), self.get_tile("mails")
        self.hand_over(push.mail_id)
        self.assertTrue(push.unclear)
        self.assertEqual(self.get_tile("mails"), shown, "it is a message that failed")
        self.hand_over(push.mail_id)
        self.assertEqual(self.server.receivers, [self.EMAIL])
        self.assertTrue(push.unclear)

    def test_lost_mail_goes_unseen(self):
        """X-FAULT: the operator is told of mails that were given up, once."""
        count_stuck = self.env["recall.push"]._count_stuck
        stuck, shown = count_stuck(), self.get_tile("mails")
        self.subscribe("new@example.com", confirmed=False)
        self.object(email="visitor@example.com")
        self.run_cron("ask")
        self.run_objection_cron("mail")
        mails = self.get_mails("new@example.com") | self.get_mails(
            "visitor@example.com"
        )
        self.give_up(mails)
        self.assertEqual(set(mails.mapped("state")), {"exception"})
        self.assertEqual(count_stuck() - stuck, 2)
        self.assertEqual(self.get_tile("mails") - shown, 2)
        self.let_pass(mails, TOLD_EVERY)
        self.assertEqual(count_stuck(), stuck)
        self.assertEqual(self.get_tile("mails") - shown, 2)

    def test_address_stays_in_the_queue(self):
        """X-CRYPTO: what could not be delivered is deleted after some days."""
        self.subscribe("new@example.com", confirmed=False)
        self.object(email="visitor@example.com")
        self.run_cron("ask")
        self.run_objection_cron("mail")
        push = self.push_one()
        emails = ("new@example.com", "visitor@example.com", self.EMAIL)
        mails = self.env["mail.mail"].union(*map(self.get_mails, emails))
        mails.state = "exception"
        self.let_pass(mails, timedelta(days=KEEP_UNDELIVERED_DAYS - 1))
        mails._gc_undelivered()
        self.assertEqual(len(mails.exists()), 3)
        self.let_pass(mails, timedelta(days=KEEP_UNDELIVERED_DAYS))
        mails._gc_undelivered()
        self.assertFalse(mails.exists())
        self.assertEqual((push.state, push.failure), ("failed", UNCLEAR))

    def let_pass(self, mails, time):
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE mail_mail SET write_date = %s WHERE id IN %s",
            [fields.Datetime.now() - time - timedelta(minutes=1), mails._ids],
        )
        self.env.invalidate_all()
