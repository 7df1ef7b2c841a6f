# SPDX-License-Identifier: LGPL-3.0-only
from odoo import Command
from odoo.tests import HttpCase, tagged

from .common import RecallServiceCommon

# The tours cannot be told which VINs to type: these are made up once for all.
OPEN, DONE = "LTZAA11B4SA900001", "LTZAA11B6SA900002"


class RecallPageTour(HttpCase, RecallServiceCommon):
    """The cases of the page in a browser; the fifth is shown in test_page."""

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
        cls.put_in_scope(cls.plan, [OPEN, DONE])
        cls.make_completion(cls.plan, DONE)

    def show_cases(self):
        self.start_tour("/recall", "recall_lookup_english")
        self.start_tour("/zh_CN/recall", "recall_lookup_chinese")


@tagged("post_install", "-at_install")
class TestPageDesktop(RecallPageTour):
    browser_size = "1280x800"

    def test_cases_on_a_desktop(self):
        """S-QUERY: the cases on a desktop screen, in English and Chinese."""
        self.show_cases()


@tagged("post_install", "-at_install")
class TestPagePhone(RecallPageTour):
    browser_size = "320x640"
    touch_enabled = True

    def test_cases_on_a_phone(self):
        """S-QUERY: the cases on a phone 320 pixels wide, in English and Chinese."""
        self.show_cases()
