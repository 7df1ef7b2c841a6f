# SPDX-License-Identifier: LGPL-3.0-only
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from .notice_common import TEXT, NoticeCommon

HOSTILE = '<script>alert(1)</script> {{ 7*7 }} {vins} ${x} <t t-out="1"/> %s'


@tagged("post_install", "-at_install")
class TestNoticeText(NoticeCommon):
    def write_messages(self, notice_round):
        Sender = self.env["recall.notice.sender"]
        taken = Sender._take(self.start(notice_round))
        told = taken.filtered(lambda notice: notice.state == "sending")
        return self.env["recall.notice.writer"]._write_messages(
            told, Sender._open_contacts(told)
        )

    def test_owner_is_written_to_in_a_foreign_language(self):
        """E-NOTIFY: each owner is written to in his language, else in Chinese."""
        self.make_contact(self.vins[0], name="张三")
        self.make_contact(self.vins[1], name="Smith", lang="en_US")
        messages = self.write_messages(self.make_round("mail"))
        chinese, english = sorted(messages, key=lambda message: message.lang == "en_US")
        self.assertIn("召回通知 张三", chinese.text)
        self.assertIn("免费", chinese.text)
        self.assertIn("Notice Smith", english.text)
        self.assertIn("free of charge", english.text)
        self.assertEqual(english.subject, f"Recall {self.plan.recall_number}")
        for message, vin in ((chinese, self.vins[0]), (english, self.vins[1])):
            self.assertIn(vin, message.text)
            self.assertIn("400-123-4567", message.text)

    def test_every_placeholder_is_filled_in(self):
        dealer = self.make_dealer(self.producer, name="Good Dealer")
        self.get_vehicle(self.plan, self.vins[0])._assign_dealer(dealer)
        self.make_contact(self.vins[0])
        names = self.make_round("mail").placeholders
        [message] = self.write_messages(self.make_round("mail", body_zh=names))
        self.assertNotRegex(message.text, "[{}]")
        for text in (
            "Good Dealer",
            self.plan.defect,
            self.plan.measure,
            self.plan.consequence,
            self.plan.brand,
            self.producer.name,
            "https://recall.example.cn/recall",
        ):
            self.assertIn(text, message.text)

    def test_hostile_text_becomes_code(self):
        """E-NOTIFY: values and texts are filled in once and are nowhere markup."""
        self.plan.defect = HOSTILE
        self.producer.name = '"><img src=x onerror=alert(1)>'
        self.make_contact(self.vins[0], name="<b>张{hotline}</b>")
        body = f"{TEXT} {{defect}} {{producer}} <i>as typed</i>"
        notice_round = self.make_round("mail", body_zh=body)
        [message] = self.write_messages(notice_round)
        self.assertIn(HOSTILE, message.text)
        self.assertIn("<b>张{hotline}</b>", message.text)
        self.assertNotIn("49", message.text)
        for html in (
            str(message.html),
            self.env["recall.notice.writer"]._write_mail(notice_round, message),
        ):
            self.assertNotRegex(html, "<(script|b>|i>|img src=x|t )")
            self.assertIn("&lt;script&gt;", html)
            self.assertIn("{{ 7*7 }}", html)

    def test_subject_forges_a_header(self):
        self.plan.brand = "Brand\nBcc: victim@example.com"
        self.make_contact(self.vins[0])
        notice_round = self.make_round("mail", subject_zh="{brand}")
        self.plan.line_ids.brand = self.plan.brand
        [message] = self.write_messages(notice_round)
        mail = self.env["recall.notice.sender"]._build_mail(
            notice_round, message._replace(reference="0" * 32)
        )
        self.assertEqual(mail["Subject"], "Brand Bcc: victim@example.com")
        self.assertNotIn("Bcc", mail)

    def test_unknown_placeholder_is_sent_as_it_stands(self):
        for text in ("{price}", "{{ object.name }}", "{", "}", "{Brand}", "{vins"):
            with self.subTest(text=text), self.assertRaises(ValidationError):
                self.make_round("mail", body_en=text)

    def test_text_without_what_the_owner_must_know_is_sent(self):
        for vals, expected in (
            ({"body_zh": "{vins} {recall_number} {hotline}"}, "free_of_charge"),
            ({"body_en": False}, "English text is empty"),
            ({"subject_zh": False}, "Chinese subject is empty"),
            ({"sender": False}, "sender"),
        ):
            with self.subTest(vals=vals), self.assertRaisesRegex(UserError, expected):
                self.make_round("mail", **vals).action_check()
        self.producer.hotline = False
        with self.assertRaisesRegex(UserError, "hotline"):
            self.make_round("mail").action_check()

    def test_preview_shows_an_owner(self):
        """E-NOTIFY: the preview is a real message with masked data."""
        self.make_contact(self.vins[0], name="张三丰", phone="13912345678")
        notice_round = self.make_round("mail")
        notice_round.action_check()
        shown = notice_round.with_user(self.clerk).preview_zh
        self.assertIn("张**", shown)
        self.assertIn(self.vins[0], shown)
        self.assertIn(self.plan.recall_number, shown)
        self.assertNotIn("张三丰", shown)

    def test_template_of_the_channel_is_not_proposed(self):
        for channel in ("mail", "sms", "letter"):
            template = self.env.ref(f"recall_enterprise.template_{channel}")
            self.assertFalse(template._find_gaps(), channel)
            draft = self.env["recall.notice.round"].new(
                {"plan_id": self.plan.id, "channel": channel}
            )
            draft._onchange_channel()
            self.assertEqual(draft.template_id._origin.channel, channel)
            self.assertEqual(draft.body_zh, draft.template_id.body_zh)
