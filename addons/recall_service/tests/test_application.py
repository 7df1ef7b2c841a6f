# SPDX-License-Identifier: LGPL-3.0-only
from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, freeze_time, tagged

from odoo.addons.recall_base.tests.common import GUARD_LOGGER

from .partner_common import EMAIL, PartnerCommon


@tagged("post_install", "-at_install")
class TestApplication(PartnerCommon):
    """What an operator does with applications."""

    def decide(self, application, decision, user=None, **vals):
        """Press the dialogue's button as the operator does."""
        dialogue = application.with_user(user or self.operator)
        action = {
            "approve": dialogue.action_approve,
            "refuse": dialogue.action_refuse,
            "more": dialogue.action_ask_more,
        }[decision]()
        Decide = self.env[action["res_model"]].with_user(user or self.operator)
        form = Form(Decide.with_context(**action["context"]))
        for name, value in vals.items():
            setattr(form, name, value)
        form.save().action_apply()
        self.env.invalidate_all()
        return application

    @contextmanager
    def break_mails_of(self, record):
        Template = self.env.registry["mail.template"]
        real = Template.send_mail

        def send_mail(template, res_id, **options):
            if res_id == record.id:
                raise ValueError(record.email)
            return real(template, res_id, **options)

        with patch.object(Template, "send_mail", send_mail):
            yield

    def get_events(self, record, action):
        return self.env["recall.audit.event"].search(
            [("action", "=", action), ("res_id", "=", record.id)]
        )

    def test_approval_makes_no_access(self):
        """S-SHARE: data user, portal account, sandbox at once, interface as granted."""
        application = self.make_application(share_dealer=True)
        self.decide(application, "approve", quota_day=300, allow_changes=True)
        data_user = application.data_user_id
        self.assertEqual(data_user.credit_code, application.credit_code)
        self.assertEqual(data_user.purpose, application.purpose)
        self.assertEqual(data_user.legal_basis, "Agreement No. 7")
        sandbox = data_user.interface_ids.filtered("sandbox")
        productive = data_user.interface_ids - sandbox
        self.assertEqual((len(sandbox), len(productive)), (1, 1))
        self.assertEqual(productive.quota_day, 300)
        granted = ("allow_many", "allow_changes", "share_dealer")
        self.assertTrue(all(productive[name] for name in granted))
        self.assertFalse(productive.allow_export or productive.share_phone)
        account = application.account_id
        self.assertTrue(account._is_portal())
        self.assertEqual(account.login, EMAIL)
        self.assertEqual(data_user.account_ids, account)
        visible = self.env["recall.share.interface"].with_user(account).search([])
        self.assertEqual(visible, data_user.interface_ids)
        self.assertTrue(self.get_events(application, "application.approved"))

    def test_mails_are_doubled_or_lost(self):
        """S-SHARE: one mail for each step, however often the action runs."""
        application = self.make_application("unconfirmed", mail_due="confirm")
        for step in (
            lambda: None,
            lambda: (
                application._confirm(),
                self.decide(application, "more", words="Which system?"),
            ),
            lambda: (
                application._take_answer("Ours"),
                self.decide(application, "approve"),
            ),
        ):
            before = len(self.get_mails())
            step()
            self.run_cron("application")
            self.run_cron("application")
            self.assertEqual(len(self.get_mails()), before + 1)
        invitation = self.get_mails()[-1]
        self.assertIn("/web/signup?", invitation.body_html)
        application.with_user(self.operator).action_invite_again()
        self.run_cron("application")
        self.assertEqual(len(self.get_mails()), 4)

    def test_mail_that_cannot_be_made_is_forgotten(self):
        """S-SHARE: a broken template stops no other mail, and its mail comes later."""
        broken = self.make_application("refused", mail_due="refused", reason="No")
        whole = self.make_application("more", mail_due="more", question="Why?")
        with self.break_mails_of(broken), self.assertLogs(GUARD_LOGGER) as logs:
            self.run_cron("application")
        self.assertNotIn(EMAIL, str(logs.output))
        self.assertEqual((broken.mail_due, whole.mail_due), ("refused", False))
        self.run_cron("application")
        self.assertFalse(broken.mail_due)
        self.assertEqual(len(self.get_mails()), 2)

    def test_applicant_learns_no_reason(self):
        """S-SHARE: a refusal has a reason, in the mail and in the application."""
        application = self.make_application()
        with self.assertRaises(UserError):
            self.decide(application, "refuse", words="   ")
        self.decide(application, "refuse", words="No purpose for it.")
        self.assertEqual((application.state, application.reason[:2]), ("refused", "No"))
        self.assertEqual(application.decided_id, self.operator)
        self.run_cron("application")
        self.assertIn("No purpose for it.", self.get_mails().body_html)

    def test_second_operator_decides_once_more(self):
        """S-SHARE: two operators at once: the second is told."""
        application = self.make_application()
        self.decide(application, "approve")
        for decision in ("approve", "refuse", "more"):
            with self.subTest(decision=decision), self.assertRaises(UserError):
                self.decide(
                    application,
                    decision,
                    **({} if decision == "approve" else {"words": "x"}),
                )
        self.assertEqual(len(application.data_user_id.interface_ids), 2)

    def test_account_of_the_regulator_becomes_a_partner(self):
        """X-ACCESS: an internal account is never taken over by an application."""
        self.operator.login = EMAIL
        with self.assertRaises(UserError):
            self.decide(self.make_application(), "approve")
        partner = self.env.ref("recall_service.group_partner")
        self.assertNotIn(partner, self.operator.all_group_ids)

    def test_second_person_of_an_organisation_makes_it_twice(self):
        """S-SHARE: the same code leads to the same data user, by another account."""
        first = self.decide(self.make_application(), "approve")
        second = self.make_application(email="second@partner.example")
        self.decide(second, "approve")
        self.assertEqual(first.data_user_id, second.data_user_id)
        data_user = first.data_user_id
        self.assertEqual(data_user.account_ids, first.account_id | second.account_id)
        self.assertEqual(len(data_user.interface_ids.filtered("sandbox")), 1)

    def test_name_of_a_data_user_is_taken_over(self):
        """X-ACCESS: a known name with another code needs a person's choice."""
        with self.assertRaises(UserError):
            self.decide(self.make_application(name=self.own.name), "approve")

    def test_operator_grants_phone_numbers(self):
        """X-ACCESS: what administrators alone grant is not granted by the way."""
        application = self.make_application(share_phone=True)
        self.decide(application, "approve")
        self.assertFalse(application.data_user_id.interface_ids.filtered("share_phone"))
        application = self.make_application(share_phone=True, email="b@partner.example")
        administrator = self.make_user("ptn_adm", "recall_service.group_administrator")
        self.decide(
            application, "approve", administrator, phone_basis="Order 12 of the court"
        )
        self.assertTrue(application.data_user_id.interface_ids.filtered("share_phone"))

    def test_wish_for_more_changes_something_else(self):
        """S-SHARE: approving a wish changes this interface, and makes nothing new."""
        self.own.credit_code = "91350100M000100Y43"
        values = {"allow_export": True, "quota_day": 90_000}
        application = self.env["recall.data.application"]._ask_more(
            self.interface,
            self.account,
            {"purpose": "Nightly copy", "legal_basis": "Agreement 8", **values},
        )
        interfaces = self.own.interface_ids
        self.decide(application, "approve")
        self.assertTrue(self.interface.allow_export)
        self.assertEqual(self.interface.quota_day, 90_000)
        self.assertEqual(self.own.interface_ids, interfaces)
        self.assertEqual(self.own.legal_basis, "Agreement 8")
        self.assertFalse(self.other_interface.allow_export)

    def test_applicants_stay_for_ever(self):
        """X-ACCESS: unconfirmed and long refused applications go with their address."""
        unconfirmed = self.make_application("unconfirmed")
        refused = self.make_application("refused", decided_at=fields.Datetime.now())
        waiting = self.make_application()
        template = self.env.ref("recall_service.mail_template_application_confirm")
        mail = self.env["mail.mail"].browse(template.send_mail(unconfirmed.id))
        mail.state = "exception"
        Application = self.env["recall.data.application"]
        Application._gc_ended()
        self.assertEqual(len((unconfirmed | refused | waiting).exists()), 3)
        with freeze_time(fields.Datetime.now() + timedelta(days=8)):
            Application._gc_ended()
        self.assertEqual((unconfirmed | refused | waiting).exists(), refused | waiting)
        self.assertFalse(mail.exists(), "nor does a mail with it")
        with freeze_time(fields.Datetime.now() + timedelta(days=366)):
            Application._gc_ended()
        self.assertEqual((refused | waiting).exists(), waiting)

    def test_operator_writes_an_application(self):
        """X-ACCESS: what was asked stays as it was asked."""
        application = self.make_application().with_user(self.operator)
        for deed in (
            lambda: application.write({"purpose": "Other"}),
            lambda: application.unlink(),
            lambda: application.copy(),
        ):
            with self.assertRaises(AccessError):
                deed()
        application.message_post(body="Called them.")

    def test_suspension_has_no_reason(self):
        """S-SHARE: suspending asks why, logs it, and is undone by one button."""
        data_user = self.own.with_user(self.operator)
        with self.assertRaises(AccessError):
            data_user.active = False
        action = data_user.action_archive()
        Dialogue = self.env[action["res_model"]].with_user(self.operator)
        dialogue = Dialogue.with_context(**action["context"]).create({"reason": "Sold"})
        dialogue.action_apply()
        self.assertEqual((self.own.active, self.own.suspended_reason), (False, "Sold"))
        [event] = self.get_events(self.own, "data_user.write")[:1]
        self.assertEqual(event.detail["changes"]["suspended_reason"], [None, "Sold"])
        data_user.action_unarchive()
        self.assertTrue(self.own.active)
        self.assertFalse(self.own.suspended_reason)

    def test_data_user_has_three_live_tokens(self):
        """S-SHARE: two live tokens are what it takes to replace one."""
        self.issue_share_token(self.own)
        with self.assertRaises(UserError):
            self.issue_share_token(self.own)
        self.token.action_revoke()
        self.issue_share_token(self.own)

    def test_token_expires_without_a_word(self):
        """S-SHARE: 30 and 7 days ahead each account is told, once."""
        now = fields.Datetime.now()
        self.token.expires_at = now + timedelta(days=40)
        address = self.account.email
        for day, mails in ((0, 0), (11, 1), (12, 1), (34, 2), (35, 2), (41, 2)):
            with self.subTest(day=day), freeze_time(now + timedelta(days=day)):
                self.run_cron("token_reminder")
                self.assertEqual(len(self.get_mails(address)), mails)
        self.assertIn(self.token.key_id, self.get_mails(address)[0].body_html)
        self.assertNotIn(self.secret, self.get_mails(address)[0].body_html)
        self.token.expires_at = now + timedelta(days=5)
        self.run_cron("token_reminder")
        self.assertEqual(len(self.get_mails(address)), 3, "a new date is told anew")
        self.assertFalse(self.get_mails(self.other_account.email))

    def test_suspended_data_user_is_reminded(self):
        """S-SHARE: who is not answered is not asked to make a new token."""
        self.token.expires_at = fields.Datetime.now() + timedelta(days=5)
        self.own._suspend("x")
        self.run_cron("token_reminder")
        self.assertFalse(self.get_mails(self.account.email))
