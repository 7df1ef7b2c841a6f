# SPDX-License-Identifier: LGPL-3.0-only
from datetime import timedelta
from unittest.mock import patch

from odoo import Command, fields
from odoo.tests import TransactionCase, tagged
from odoo.tools import mute_logger

from odoo.addons.base.models.ir_mail_server import MailDeliveryException

from ..models import mail_mail as model
from .smtp_common import SmtpCommon

LOGS = (
    "odoo.addons.mail.models.mail_mail",
    "odoo.addons.base.models.ir_mail_server",
)


@tagged("post_install", "-at_install")
class TestMailQueue(SmtpCommon, TransactionCase):
    """Odoo's mail queue when the mail server is away, busy, or breaks off."""

    def setUp(self):
        super().setUp()
        self.server = self.use_smtp()

    def queue(self, *names, **vals):
        return self.env["mail.mail"].create(
            [
                {
                    "subject": "Alarm",
                    "body_html": "<p>Alarm</p>",
                    "email_from": "recall@example.com",
                    "email_to": f"{name}@example.com",
                    "auto_delete": True,
                    **vals,
                }
                for name in names
            ]
        )

    def run_queue(self, mails):
        with mute_logger(*LOGS):
            mails.process_email_queue(email_ids=mails.ids)
        self.env.invalidate_all()

    def let_pause_end(self, mails, lasted=timedelta(0)):
        now = fields.Datetime.now()
        mails.scheduled_date = now - timedelta(seconds=1)
        mails.recall_failing_since = now - lasted

    def test_outage_loses_or_doubles_a_mail(self):
        """X-FAULT: whatever keeps it from being taken, it is taken once, later."""
        port = self.server.port
        busy = "451 4.7.1 come back later"
        for fault, state in {
            "no connection": {"port": 1},
            "connection refused": {"greeting": "421 too busy"},
            "sender": {"sender_answer": busy},
            "sender, connection closed": {"sender_answer": "421 bye"},
            "greylisting": {"answers": {"a@example.com": busy}},
            "broken off": {"early_hang_ups": {"a@example.com"}},
            "content": {"content_answer": busy},
        }.items():
            with self.subTest(fault):
                mail = self.queue("a")
                self.mail_server.smtp_port = state.pop("port", port)
                sound = {name: getattr(self.server, name) for name in state}
                for name, value in state.items():
                    setattr(self.server, name, value)
                self.run_queue(mail)
                self.assertEqual(mail.state, "outgoing")
                self.assertGreater(mail.scheduled_date, fields.Datetime.now())
                self.run_queue(mail)
                self.assertTrue(mail.exists(), "it pauses")
                self.mail_server.smtp_port = port
                for name, value in sound.items():
                    setattr(self.server, name, value)
                self.server.received.clear()
                self.let_pause_end(mail)
                self.run_queue(mail)
                self.assertEqual(self.server.receivers, ["a@example.com"])
                self.assertFalse(mail.exists())

    def test_mail_that_may_have_left_is_sent_again(self):
        """X-FAULT: the connection ended behind the content: a person decides."""
        self.server.hang_ups = {"a@example.com"}
        broken, other = self.queue("a", "b")
        self.run_queue(broken | other)
        self.assertEqual(broken.state, "exception")
        self.assertIn("may have been sent or not", broken.failure_reason)
        self.assertOthersAreDue(other)
        self.server.hang_ups.clear()
        self.run_queue(broken | other)
        self.assertEqual(self.server.receivers, ["a@example.com", "b@example.com"])
        self.assertEqual(broken.state, "exception")
        broken.action_retry()
        self.run_queue(broken)
        self.assertFalse(broken.exists())

    def test_refusal_is_tried_for_ever(self):
        self.server.answers = {"a@example.com": "550 no such user"}
        refused, taken = self.queue("a", "b")
        self.run_queue(refused | taken)
        self.assertEqual(refused.state, "exception")
        self.assertEqual(self.server.receivers, ["b@example.com"])

    def test_log_tells_whom_the_server_refused(self):
        """X-LOG X-CRYPTO: neither the sentence nor the traceback has the address."""
        for answer in ("451 come back later", "550 no such user"):
            with self.subTest(answer), self.assertLogs(level="INFO") as logs:
                self.server.answers = {"canary@example.com": answer}
                mail = self.queue("canary")
                mail.process_email_queue(email_ids=mail.ids)
                self.assertIn(answer[4:], "\n".join(logs.output))
                self.assertNotIn("canary@", "\n".join(logs.output))

    def test_closed_connection_harms_the_other_mails(self):
        """X-FAULT: those behind it are due at once, and leave by another one."""
        self.server.sender_answer = "421 too many mails in this session"
        first, *others = self.queue("a", "b", "c")
        self.run_queue(first.union(*others))
        self.assertTrue(first.recall_failing_since)
        self.assertOthersAreDue(*others)

    def assertOthersAreDue(self, *mails):
        for mail in mails:
            self.assertEqual(mail.state, "outgoing")
            self.assertFalse(mail.scheduled_date or mail.recall_failing_since)
        cron = self.env.ref("mail.ir_cron_mail_scheduler_action")
        due = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        self.assertLessEqual(min(due.mapped("call_at")), fields.Datetime.now())

    def test_pauses_grow_and_end(self):
        """X-FAULT: tried less and less, then given up; a person's try starts anew."""
        self.mail_server.smtp_port = 1
        mail = self.queue("a")
        pauses = {
            timedelta(0): model.FIRST_PAUSE,
            timedelta(minutes=40): timedelta(minutes=40),
            timedelta(days=2): model.LONGEST_PAUSE,
        }
        for lasted, pause in pauses.items():
            self.let_pause_end(mail, lasted)
            self.run_queue(mail)
            waits = mail.scheduled_date - fields.Datetime.now()
            self.assertAlmostEqual(waits, pause, delta=timedelta(seconds=30))
        self.let_pause_end(mail, model.GIVE_UP)
        self.run_queue(mail)
        self.assertEqual(mail.state, "exception")
        mail.action_retry()
        self.run_queue(mail)
        self.assertEqual(mail.state, "outgoing")

    def test_receiver_gets_a_mail_twice_as_another_is_busy(self):
        """X-FAULT: only those are tried again who have not got it."""
        partners = self.env["res.partner"].create(
            [{"name": name, "email": f"{name}@example.com"} for name in ("b", "c")]
        )
        mail = self.queue("a", recipient_ids=[Command.set(partners.ids)])
        self.server.answers = {"c@example.com": "451 come back later"}
        self.run_queue(mail)
        self.assertEqual(self.server.receivers, ["a@example.com", "b@example.com"])
        self.server.answers.clear()
        self.let_pause_end(mail)
        self.run_queue(mail)
        self.assertEqual(self.server.receivers[2:], ["c@example.com"])

    def test_copy_is_sent_again_as_another_is_busy(self):
        """X-FAULT: who has a copy has it, also of a mail to partners alone."""
        partner = self.env["res.partner"].create(
            {"name": "b", "email": "b@example.com"}
        )
        vals = {"email_to": False, "email_cc": "a@example.com"}
        mail = self.queue("a", recipient_ids=[Command.set(partner.ids)], **vals)
        self.server.answers = {"b@example.com": "451 come back later"}
        for _run in range(3):
            self.run_queue(mail)
            self.let_pause_end(mail)
        self.server.answers.clear()
        self.run_queue(mail)
        self.assertEqual(self.server.receivers, ["a@example.com", "b@example.com"])

    def test_deleted_mail_stops_the_queue(self):
        """X-FAULT: one that is gone when its turn comes is passed over."""
        gone, other = self.queue("a", "b")
        Server = self.env.registry["ir.mail_server"]
        real = Server._connect__

        def connect(*args, **options):
            session = real(*args, **options)
            gone.unlink()
            return session

        with patch.object(Server, "_connect__", connect):
            self.run_queue(gone | other)
        self.assertEqual(self.server.receivers, ["b@example.com"])

    def test_caller_that_asks_for_errors_gets_none(self):
        """A test mail says at once that the server does not take it."""
        self.server.sender_answer = "451 come back later"
        with mute_logger(*LOGS), self.assertRaises(MailDeliveryException) as caught:
            self.queue("a").send(raise_exception=True)
        self.assertIn("SMTPSenderRefused", str(caught.exception))
