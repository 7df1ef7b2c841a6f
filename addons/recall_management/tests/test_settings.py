# SPDX-License-Identifier: LGPL-3.0-only
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from .common import PullCommon

ADDRESSES = "recall_management.alarm_addresses"


@tagged("post_install", "-at_install")
class TestSettings(PullCommon):
    """The settings page of the regulator."""

    def save(self, **vals):
        settings = self.env["res.config.settings"].create(vals)
        settings.execute()
        return settings

    def get(self, name):
        return self.env["ir.config_parameter"].get_param(name)

    def test_setting_is_lost(self):
        self.save(
            recall_alarm_addresses="duty@regulator.example, Head <head@r.example>",
            recall_refusal_mail_hour=6,
            recall_public_address="https://recall.example.gov.cn",
        )
        self.assertIn("duty@regulator.example", self.get(ADDRESSES))
        self.assertEqual(self.get("recall_management.refusal_mail_hour"), "6")
        self.assertEqual(self.get("web.base.url"), "https://recall.example.gov.cn")
        self.assertEqual(self.get("web.base.url.freeze"), "True")

    def test_wrong_setting_is_kept(self):
        for vals in (
            {"recall_alarm_addresses": "duty@regulator.example, nobody"},
            {"recall_refusal_mail_hour": 24},
            {"recall_refusal_mail_hour": 0},
            {"recall_public_address": "recall.example.gov.cn"},
            {"recall_public_address": "javascript:alert(1)"},
        ):
            with self.subTest(vals=vals), self.assertRaises(ValidationError):
                self.save(**vals)

    def test_settings_open_for_an_engineer(self):
        """M-ACCESS: only administrators set whom alarms go to."""
        for role in ("engineer", "officer", "producer"):
            user = self.make_user(f"settings_{role}", f"recall_management.group_{role}")
            with self.assertRaises(AccessError):
                self.env["res.config.settings"].with_user(user).create({})

    def test_test_mail_goes_nowhere(self):
        """M-MONITOR: the test mail goes to the operator's addresses at once."""
        sent = []
        Mail = self.env.registry["mail.mail"]

        def send(mails, **options):
            sent.extend((mail.email_to, options) for mail in mails)

        self.patch(Mail, "send", send)
        settings = self.env["res.config.settings"].create(
            {"recall_alarm_addresses": "duty@regulator.example"}
        )
        settings.action_recall_test_mail()
        self.assertEqual(sent, [("duty@regulator.example", {"raise_exception": True})])
        self.env.user.email = False
        settings.recall_alarm_addresses = False
        with self.assertRaises(UserError):
            settings.action_recall_test_mail()

    def test_terminal_cannot_be_tested_from_the_settings(self):
        """M-MONITOR: the chosen terminal is the one that is asked."""
        settings = self.env["res.config.settings"].create({})
        with self.assertRaises(UserError):
            settings.action_recall_test_enterprise()
        settings.recall_test_enterprise_id = self.enterprise
        asked = []
        Enterprise = self.env.registry["recall.enterprise"]
        self.patch(Enterprise, "action_test_call", lambda item: asked.append(item))
        settings.action_recall_test_enterprise()
        self.assertEqual(asked, [self.enterprise])
