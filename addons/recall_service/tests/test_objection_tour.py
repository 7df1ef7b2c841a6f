# SPDX-License-Identifier: LGPL-3.0-only
from odoo.tests import tagged

from odoo.addons.recall_base.tests.browser_common import LANGUAGES, RecallBrowserCase

from .objection_common import ObjectionCommon


@tagged("post_install", "-at_install")
class TestObjectionDesktop(RecallBrowserCase, ObjectionCommon):
    def test_producer_cannot_answer(self):
        """S-QUERY: look at the photo, take over, refuse, take back; both languages."""
        objection = self.object(photo=self.draw())
        self.object(self.other_vins[0], self.other_plan)
        for lang in LANGUAGES:
            with self.subTest(lang=lang):
                self.walk(
                    "recall_objection_producer",
                    self.account,
                    url="/odoo/recall-objections",
                    lang=lang,
                )
                self.assertEqual(objection.state, "passed")
                objection.user_id = False
        self.assertEqual(len(self.get_events("refuse")), 2)
        self.assertTrue(self.get_events("photo_view"))
