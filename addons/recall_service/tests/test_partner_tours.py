# SPDX-License-Identifier: LGPL-3.0-only
from odoo import Command, fields
from odoo.tests import HttpCase, tagged

from odoo.addons.recall_base.tests.browser_common import LANGUAGES, RecallBrowserCase

from .partner_common import PartnerCommon


class PartnerTour(HttpCase, PartnerCommon):
    """A partner's way in a browser: applying, and keeping its tokens."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        chinese = cls.env["res.lang"]._activate_lang("zh_CN")
        english = cls.env["res.lang"]._activate_lang("en_US")
        cls.env["ir.module.module"]._load_module_terms(["recall_service"], ["zh_CN"])
        cls.env["website"].search([]).write(
            {
                "language_ids": [Command.set((chinese | english).ids)],
                "default_lang_id": english.id,
            }
        )
        cls.add_usage(cls.interface, fields.Datetime.now(), requests=5, vins=5)

    def walk_as_partner(self):
        for prefix, language in (("", "english"), ("/zh_CN", "chinese")):
            with self.subTest(language=language):
                self.start_tour(
                    f"{prefix}/recall/partners", f"recall_partner_applies_{language}"
                )
                self.start_tour(
                    f"{prefix}/my/recall",
                    "recall_partner_keeps_tokens",
                    login=self.account.login,
                )
        self.env.invalidate_all()
        self.assertEqual(
            self.env["recall.data.application"].search_count(
                [("email", "=", "tour@partner.example"), ("allow_many", "=", True)]
            ),
            2,
        )
        tokens = self.own._get_own_tokens()
        self.assertEqual(
            tokens.mapped("state"), ["revoked", "revoked", "live"], "the first lives on"
        )


@tagged("post_install", "-at_install")
class TestPartnerDesktop(PartnerTour):
    browser_size = "1280x800"

    def test_partner_gets_stuck_on_a_desktop(self):
        """S-SHARE: application and tokens on a desktop, in English and Chinese."""
        self.walk_as_partner()


@tagged("post_install", "-at_install")
class TestPartnerPhone(PartnerTour):
    browser_size = "375x667"
    touch_enabled = True

    def test_partner_gets_stuck_on_a_phone(self):
        """S-SHARE: application and tokens on a phone, in English and Chinese."""
        self.walk_as_partner()


@tagged("post_install", "-at_install")
class TestOperatorTour(RecallBrowserCase, PartnerCommon):
    def test_operator_gets_stuck(self):
        """S-SHARE: from the board to the application, a question, the approval."""
        for lang in LANGUAGES:
            with self.subTest(lang=lang):
                application = self.make_application(
                    email=f"{lang.lower()}@partner.example"
                )
                self.walk(
                    "recall_operator_approves",
                    self.operator,
                    "/odoo/recall-service-today",
                    lang,
                )
                self.assertEqual(application.state, "approved")
                granted = application.data_user_id.interface_ids.mapped("quota_day")
                self.assertIn(750, granted)
