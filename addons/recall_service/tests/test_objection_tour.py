# SPDX-License-Identifier: LGPL-3.0-only
from odoo import Command
from odoo.tests import tagged

from odoo.addons.recall_base.tests.browser_common import LANGUAGES, RecallBrowserCase

from .objection_common import ObjectionCommon

# The tour cannot be told which VIN to type: see static/tests/tours.
OPEN = "LTZAA11B4SA900001"


class ObjectionTour(RecallBrowserCase, ObjectionCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        languages = cls.env["res.lang"].search([("code", "in", LANGUAGES)])
        english = languages.filtered(lambda lang: lang.code == "en_US")
        cls.env["website"].search([]).write(
            {
                "language_ids": [Command.set(languages.ids)],
                "default_lang_id": english.id,
            }
        )
        cls.put_in_scope(cls.plan, [OPEN])

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


@tagged("post_install", "-at_install")
class TestObjectionDesktop(ObjectionTour):
    def test_visitor_cannot_object_on_a_desktop(self):
        """S-QUERY: search, object, slip, photo, withdraw, in both languages."""
        for lang in LANGUAGES:
            with self.subTest(lang=lang):
                self.walk_as_visitor(lang)

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


@tagged("post_install", "-at_install")
class TestObjectionPhone(ObjectionTour):
    browser_size = "320x640"
    touch_enabled = True

    def test_visitor_cannot_object_on_a_phone(self):
        """S-QUERY: the same on a screen 320 pixels wide, in both languages."""
        for lang in LANGUAGES:
            with self.subTest(lang=lang):
                self.walk_as_visitor(lang)
