# SPDX-License-Identifier: LGPL-3.0-only
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .notice_common import NoticeCommon


class _Killed(BaseException):
    """The server dies: nothing catches it."""


@tagged("post_install", "-at_install")
class TestNoticeMail(NoticeCommon):
    def setUp(self):
        super().setUp()
        self.server = self.use_smtp()

    def make_hang(self, notice_round):
        """Let time pass: what is being sent hangs."""
        past = fields.Datetime.now() - timedelta(hours=1)
        sending = notice_round.notice_ids.filtered(lambda one: one.state == "sending")
        sending.handed_at = past

    def test_mail_does_not_arrive(self):
        """E-NOTIFY: mails go over SMTP, one an owner, in both forms, with a QR code."""
        self.make_contact(self.vins[0], email="zhang@example.com")
        self.make_contact(self.vins[1], email="zhang@example.com")
        self.make_contact(self.vins[2], email="smith@example.com", lang="en_US")
        notice_round = self.start(self.make_round("mail"))
        self.run_sender()
        self.assertEqual(
            sorted(self.server.receivers), ["smith@example.com", "zhang@example.com"]
        )
        received = dict(self.server.received)
        chinese = received["zhang@example.com"]
        english = received["smith@example.com"]
        self.assertEqual(chinese["Subject"], f"召回 {self.plan.recall_number}")
        self.assertEqual(english["Subject"], f"Recall {self.plan.recall_number}")
        self.assertIn("recall@producer.example", chinese["From"])
        plain = chinese.get_body(("plain",)).get_content()
        for vin in self.vins[:2]:
            self.assertIn(vin, plain)
        self.assertIn("cid:recall-qr", chinese.get_body(("html",)).get_content())
        images = [part for part in chinese.walk() if part["Content-ID"]]
        self.assertEqual(images[0]["Content-ID"], "<recall-qr>")
        self.assertEqual(notice_round.sent_count, 3)
        self.assertEqual(notice_round.no_address_count, 7)
        self.assertEqual(notice_round.state, "done")
        notice = self.get_notice(notice_round, self.vins[0])
        self.assertTrue(notice.sent_at and notice.lead_id.reference)
        self.assertEqual(len(notice.lead_id.content_digest), 64)

    def test_address_or_text_is_left_in_the_database(self):
        """E-NOTIFY X-CRYPTO: no mail queue keeps owners' addresses in clear."""
        self.make_contact(self.vins[0], email="zhang@example.com")
        self.start(self.make_round("mail"))
        self.run_sender()
        self.assertFalse(self.env["mail.mail"].search([("email_to", "ilike", "zhang")]))
        self.env.cr.execute("SELECT string_agg(row::text, '') FROM recall_notice row")
        self.assertNotIn("zhang", self.env.cr.fetchone()[0])

    def test_refused_address_counts_as_sent(self):
        """E-NOTIFY: a final refusal is undeliverable, others are tried again."""
        gone, full = "gone@example.com", "full@example.com"
        self.make_contact(self.vins[0], email=gone)
        self.make_contact(self.vins[1], email=full)
        self.make_contact(self.vins[2], email="fine@example.com")
        self.server.answers = {gone: "550 unknown", full: "452 full"}
        notice_round = self.start(self.make_round("mail"))
        self.run_sender()
        states = self.states(notice_round)
        self.assertEqual(states[self.vins[0]], "undeliverable")
        self.assertEqual(states[self.vins[1]], "queued")
        self.assertEqual(states[self.vins[2]], "sent")
        notice = self.get_notice(notice_round, self.vins[0])
        self.assertIn("550", notice.reason)
        self.assertNotIn("gone", notice.reason)
        self.assertEqual(notice_round.state, "running")
        for attempt in (2, 3):
            waiting = self.get_notice(notice_round, self.vins[1])
            waiting.handed_at = fields.Datetime.now() - timedelta(hours=1)
            self.run_sender()
            self.assertEqual(waiting.attempts, attempt)
        self.assertEqual(self.states(notice_round)[self.vins[1]], "undeliverable")
        self.assertEqual(notice_round.state, "done")
        self.assertEqual(self.server.receivers, ["fine@example.com"])

    def test_mail_server_that_is_down_loses_notices(self):
        self.make_contacts(self.vins[:2])
        notice_round = self.start(self.make_round("mail"))
        server = self.env["ir.mail_server"].search([])
        port, server.smtp_port = server.smtp_port, 1
        self.run_sender()
        self.assertIn("mail server", notice_round.problem)
        self.assertEqual(notice_round.queued_count, 2)
        server.smtp_port = port
        self.run_sender()
        self.assertFalse(notice_round.problem)
        self.assertEqual(len(self.server.received), 2)

    def test_refused_sender_makes_owners_undeliverable(self):
        self.make_contacts(self.vins[:2])
        self.server.sender_answer = "553 not you"
        notice_round = self.start(self.make_round("mail"))
        self.run_sender()
        self.assertEqual(notice_round.queued_count, 2)
        self.assertTrue(notice_round.problem)

    def test_broken_connection_sends_twice(self):
        """E-NOTIFY: a mail without an answer hangs; the others of its batch go out."""
        self.make_contacts(self.vins[:3])
        emails = [self.get_contact(vin)._open()["email"] for vin in self.vins[:3]]
        self.server.hang_ups = {emails[1]}
        notice_round = self.start(self.make_round("mail"))
        self.run_sender()
        states = self.states(notice_round)
        self.assertEqual(
            [states[vin] for vin in self.vins[:3]], ["sent", "sending", "sent"]
        )
        self.assertEqual(sorted(self.server.receivers), sorted(emails))

    def get_contact(self, vin):
        return self.env["recall.owner.contact"].search([("vin", "=", vin)])

    def test_kill_sends_a_message_twice(self):
        """E-NOTIFY: whenever the worker dies, nobody is written to twice."""
        sender = type(self.env["recall.notice.sender"])
        writer = type(self.env["recall.notice.writer"])
        steps = (
            (writer, "_write_messages", "before"),
            (sender, "_note_digests", "after"),
            (sender, "_hand_over_mail", "before"),
            (sender, "_send_mail", "after"),
            (sender, "_hand_over_mail", "after"),
            (sender, "_settle", "before"),
            (sender, "_settle", "after"),
        )
        self.make_contacts(self.vins[:3])
        for cls, step, moment in steps:
            with self.subTest(step=step, moment=moment):
                self.server.received.clear()
                notice_round = self.start(self.make_round("mail", told="all"))
                with patch.object(cls, step, self.dying(cls, step, moment)):
                    self.run_sender_until_killed()
                self.run_sender()
                receivers = self.server.receivers
                self.assertEqual(len(receivers), len(set(receivers)))
                self.make_hang(notice_round)
                states = list(self.states(notice_round).values())
                told = states.count("sent") + notice_round.hanging_count
                self.assertEqual(told, 3)
                # Whoever got nothing hangs: no one is counted as told who was not.
                self.assertGreaterEqual(len(receivers), states.count("sent"))

    def dying(self, cls, step, moment):
        """The step as it is, but the server dies before or after it."""
        original = getattr(cls, step)

        def run(*args, **options):
            if moment == "after":
                original(*args, **options)
            raise _Killed

        return run

    def run_sender_until_killed(self):
        """Run the sender; what a death leaves uncommitted is rolled back.

        Without assertRaises, which would roll back what was committed, too.
        """
        self.env.flush_all()
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            try:
                self.env(cr=cr, su=True)["recall.notice.sender"]._cron_send()
                self.fail("The server did not die.")
            except _Killed:
                cr.rollback()
        self.env.invalidate_all()

    def test_hanging_message_cannot_be_decided(self):
        """E-NOTIFY: a person decides about what hung; both ways are logged."""
        self.make_contacts(self.vins[:2])
        notice_round = self.start(self.make_round("mail"))
        sender = type(self.env["recall.notice.sender"])
        dying = self.dying(sender, "_hand_over_mail", "before")
        with patch.object(sender, "_hand_over_mail", dying):
            self.run_sender_until_killed()
        first, second = (self.get_notice(notice_round, vin) for vin in self.vins[:2])
        with self.assertRaisesRegex(UserError, "None of these hangs"):
            first.with_user(self.reviewer).action_send_again()
        self.make_hang(notice_round)
        self.assertEqual(notice_round.hanging_count, 2)
        with self.assertRaises(AccessError):
            first.with_user(self.clerk).action_send_again()
        first.with_user(self.reviewer).action_send_again()
        second.with_user(self.reviewer).action_count_as_sent()
        self.run_sender()
        self.assertEqual(len(self.server.received), 1)
        self.assertEqual(notice_round.sent_count, 2)
        self.assertEqual(notice_round.state, "done")
        self.assertTrue(self.events("notice.send_again"))
        self.assertTrue(self.events("notice.count_as_sent"))

    def test_mail_that_comes_back_is_not_noticed(self):
        """E-NOTIFY: a bounce makes every vehicle of its message undeliverable."""
        self.make_contacts(self.vins[:2], email="zhang@example.com")
        notice_round = self.start(self.make_round("mail"))
        self.run_sender()
        [(_receiver, message)] = self.server.received
        bounce = {
            "bounced_email": False,
            "bounced_partner": self.env["res.partner"],
            "bounced_msg_ids": [message["Message-Id"]],
            "bounced_message": self.env["mail.message"],
            "email_from": "mailer-daemon@example.com",
            "to": "bounce@producer.example",
            "message_id": "<bounce@example.com>",
        }
        self.env["mail.thread"]._routing_handle_bounce(None, bounce)
        states = self.states(notice_round)
        for vin in self.vins[:2]:
            self.assertEqual(states[vin], "undeliverable")
        notice = self.get_notice(notice_round, self.vins[0])
        self.assertEqual(notice.source, "report")

    def test_repaired_vehicle_is_written_to(self):
        self.make_contacts(self.vins[:2])
        notice_round = self.start(self.make_round("mail"))
        self.make_completion(self.plan, self.vins[0])
        self.run_sender()
        self.assertEqual(self.states(notice_round)[self.vins[0]], "skipped")
        self.assertEqual(len(self.server.received), 1)

    def test_stopped_round_goes_on_sending(self):
        """E-NOTIFY: stop, resume and close do what they say."""
        self.make_contacts(self.vins[:2])
        notice_round = self.start(self.make_round("mail")).with_user(self.reviewer)
        notice_round.action_stop()
        self.run_sender()
        self.assertFalse(self.server.received)
        self.assertEqual(notice_round.queued_count, 2)
        notice_round.action_resume()
        self.run_sender()
        self.assertEqual(len(self.server.received), 2)
        other = self.start(self.make_round("mail", told="all"))
        other.action_stop()
        other.action_close()
        self.assertEqual((other.state, other.skipped_count), ("done", 2))
        self.run_sender()
        self.assertEqual(len(self.server.received), 2)

    def test_sample_goes_to_an_owner(self):
        """E-NOTIFY: a test goes to oneself, in both languages, with masked data."""
        self.make_contact(self.vins[0], name="张三丰", email="zhang@example.com")
        notice_round = self.make_round("mail")
        notice_round.with_user(self.clerk).action_test()
        self.assertEqual(self.server.receivers, [self.clerk.email] * 2)
        bodies = [
            message.get_body(("plain",)).get_content()
            for _receiver, message in self.server.received
        ]
        self.assertNotIn("张三丰", "".join(bodies))
        self.assertFalse(notice_round.notice_ids)

    def test_neutralised_copy_writes_to_owners(self):
        """E-NOTIFY X-CRYPTO: a copy sends nothing and holds no owner's address."""
        from odoo.modules import neutralize

        self.make_contacts(self.vins[:2])
        notice_round = self.start(self.make_round("mail"))
        self.env.flush_all()
        for query in neutralize.get_neutralization_queries(["recall_enterprise"]):
            self.env.cr.execute(query)
        self.env.invalidate_all()
        self.run_sender()
        self.assertFalse(self.server.received)
        self.assertEqual(notice_round.state, "stopped")
        notice_round.action_resume()
        self.run_sender()
        self.assertFalse(self.server.received)
        contact = self.get_contact(self.vins[0]).sudo()
        self.assertFalse(contact.sealed or contact.phone_digest)


@tagged("post_install", "-at_install")
class TestNoticeSms(NoticeCommon):
    def setUp(self):
        super().setUp()
        self.gateway = self.use_gateway()

    def test_short_message_is_not_sent(self):
        """E-NOTIFY: short messages go through Odoo's provider class."""
        self.make_contact(self.vins[0], phone="13900000001")
        self.make_contact(self.vins[1], phone="+4915112345678", lang="en_US")
        self.make_contact(self.vins[2], phone="021-55556666")
        notice_round = self.start(self.make_round("sms"))
        self.run_sender()
        first, second = sorted(
            self.gateway.sent(), key=lambda item: item["number"], reverse=True
        )
        self.assertEqual(first["number"], "+8613900000001")
        self.assertIn(self.vins[0], first["content"])
        self.assertEqual(second["number"], "+4915112345678")
        self.assertIn("free of charge", second["content"])
        self.assertTrue(self.gateway.batches[0][1].endswith("/sms/status"))
        self.assertEqual(self.states(notice_round)[self.vins[2]], "no_address")
        self.assertFalse(self.env["sms.sms"].search([("number", "ilike", "139000")]))

    def test_delivery_report_is_lost(self):
        """E-NOTIFY: reports of the gateway become delivered or undeliverable."""
        self.make_contacts(self.vins[:3])
        notice_round = self.start(self.make_round("sms"))
        self.run_sender()
        for vin, status, expected in (
            (self.vins[0], "delivered", "delivered"),
            (self.vins[1], "not_delivered", "undeliverable"),
            (self.vins[2], "sent", "sent"),
        ):
            with self.subTest(status=status):
                notice = self.get_notice(notice_round, vin)
                self.report_sms(notice.reference, status)
                self.assertEqual(self.states(notice_round)[vin], expected)
        self.assertIn(
            "not_delivered", self.get_notice(notice_round, self.vins[1]).reason
        )

    def test_refused_number_counts_as_sent(self):
        self.make_contact(self.vins[0], phone="13900000001")
        self.make_contact(self.vins[1], phone="13900000002")
        self.gateway.answers = {"+8613900000001": "wrong_number_format"}
        notice_round = self.start(self.make_round("sms"))
        self.run_sender()
        states = self.states(notice_round)
        self.assertEqual(states[self.vins[0]], "undeliverable")
        self.assertEqual(states[self.vins[1]], "sent")

    def test_empty_account_makes_owners_undeliverable(self):
        self.make_contacts(self.vins[:2])
        notice_round = self.start(self.make_round("sms"))
        numbers = [
            f"+86{contact._open()['phone']}"
            for contact in notice_round.mapped("notice_ids.contact_id")
        ]
        self.gateway.answers = dict.fromkeys(numbers, "insufficient_credit")
        self.run_sender()
        self.assertEqual(notice_round.queued_count, 2)
        self.assertIn("insufficient_credit", notice_round.problem)
        self.gateway.answers = {}
        self.run_sender()
        self.assertFalse(notice_round.problem)
        self.assertEqual(notice_round.sent_count, 2)

    @mute_logger("odoo.addons.recall_base.tools.short_message")
    def test_silent_gateway_sends_twice(self):
        """E-NOTIFY: a gateway that breaks off leaves messages for a person."""
        self.make_contacts(self.vins[:2])
        self.gateway.failure = TimeoutError()
        notice_round = self.start(self.make_round("sms"))
        self.run_sender()
        self.gateway.failure = None
        self.run_sender()
        self.assertEqual(len(self.gateway.sent()), 2)
        self.assertEqual(notice_round.sending_count, 2)
        self.assertTrue(notice_round.problem)
        # A report that comes later settles what hung.
        notice = self.get_notice(notice_round, self.vins[0])
        self.report_sms(notice.reference, "delivered")
        self.assertEqual(self.states(notice_round)[self.vins[0]], "delivered")
