# SPDX-License-Identifier: LGPL-3.0-only
from odoo.tests import tagged

from odoo.addons.recall_base.tests.browser_common import LANGUAGES, RecallBrowserCase

from .common import BilingualSite
from .objection_common import ObjectionCommon

# The tour cannot be told which VIN to type: see static/tests/tours.
OPEN = "LTZAA11B4SA900001"


@tagged("post_install", "-at_install")
class TestObjectionTour(BilingualSite, RecallBrowserCase, ObjectionCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.put_in_scope(cls.plan, [OPEN])

    # A test each: one vehicle can be objected to so often.

    def test_visitor_cannot_object_in_english(self):
        """S-QUERY: search, object, slip, photo, withdraw; on both screens."""
        self.walk_on_screens(lambda: self.walk_as_visitor("en_US"))

    def test_visitor_cannot_object_in_chinese(self):
        """S-QUERY: search, object, slip, photo, withdraw; on both screens."""
        self.walk_on_screens(lambda: self.walk_as_visitor("zh_CN"))

    def walk_as_visitor(self, lang):
        prefix = "/zh_CN" if lang == "zh_CN" else ""
        self.start_tour(f"{prefix}/recall", "recall_objection_visitor", timeout=90)
        self.env.invalidate_all()
        objection = self.Objection.search(
            [("vin", "=", OPEN)], limit=1, order="id desc"
        )
        self.assertEqual(objection.lang, lang)
        self.assertEqual(objection.state, "withdrawn")
        self.assertEqual(objection.photo_count, 1)

    def test_producer_cannot_answer(self):
        """S-QUERY: look at the photo, take over, refuse, take back; both languages."""
        objection = self.object(OPEN, photo=self.draw())
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
