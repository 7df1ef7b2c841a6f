# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields
from odoo.tests import HttpCase, tagged

from odoo.addons.recall_base.tests.browser_common import LANGUAGES, RecallBrowserCase

from .common import BilingualSite
from .partner_common import PartnerCommon


@tagged("post_install", "-at_install")
class TestPartnerTour(BilingualSite, HttpCase, PartnerCommon):
    """A partner keeps its tokens in a browser."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.add_usage(cls.interface, fields.Datetime.now(), requests=5, vins=5)

    def test_partner_gets_stuck(self):
        """S-SHARE: tokens on both screens, in English and Chinese."""
        self.walk_on_screens(self.walk_as_partner)
        self.env.invalidate_all()
        states = self.own._get_own_tokens().mapped("state")
        self.assertEqual(states, [*["revoked"] * 4, "live"], "the first lives on")

    def walk_as_partner(self):
        for prefix in ("", "/zh_CN"):
            with self.subTest(prefix=prefix):
                self.start_tour(
                    f"{prefix}/my/recall",
                    "recall_partner_keeps_tokens",
                    login=self.account.login,
                )


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
