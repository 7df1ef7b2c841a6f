# SPDX-License-Identifier: LGPL-3.0-only
from odoo.tests import tagged

from ..models.recall_phone_code import MAX_TRIES
from .browser import NARROW, BrowserCase
from .sms_common import SmsCommon


@tagged("post_install", "-at_install")
class TestPhoneBrowser(BrowserCase, SmsCommon):
    """The pages of the code as a visitor sees them, in Chromium."""

    def choose_sms(self, page, prefix, number=SmsCommon.NUMBER):
        self.visit(page, f"{prefix}/recall/subscribe")
        page.fill("#o_recall_watch_vin", self.vins[0])
        page.check("#o_recall_channel_sms")
        page.fill("#o_recall_phone", number)
        self.assert_accessible(page)
        page.click(".o_recall_subscribe_button")

    def test_pages_shut_somebody_out(self):
        """S-PUSH S-QUERY: WCAG 2.1 AA on each page, both languages, 320 px."""
        for count, visit in enumerate(self.each_visit()):
            with visit as (page, prefix):
                self.walk_to_the_end(page, prefix, f"1380013800{count}")

    def walk_to_the_end(self, page, prefix, number):
        self.choose_sms(page, prefix, "123")
        page.wait_for_selector(".o_recall_mail_bad_phone")
        self.assertEqual(page.input_value("#o_recall_phone"), "123")
        self.assert_accessible(page)
        self.choose_sms(page, prefix, number)
        page.wait_for_selector(".o_recall_code_asked")
        self.assert_accessible(page)
        page.fill("#o_recall_code", "x")
        page.keyboard.press("Enter")
        page.wait_for_selector(".o_recall_code_wrong")
        self.assert_accessible(page)
        page.wait_for_load_state("networkidle")
        self._wait_remaining_requests()
        page.fill("#o_recall_code", self.send_codes(number)[0])
        page.keyboard.press("Enter")
        page.wait_for_selector(".o_recall_code_done")
        self.assert_accessible(page)
        page.click(".o_recall_code_done button")
        page.wait_for_selector(".o_recall_my_vehicles")
        self.assertIn("138****800", page.inner_text("#wrap"))
        self.assert_accessible(page)

    def test_walk_without_scripts(self):
        """S-PUSH: from the search's answer to the subscription without scripts."""
        with self.open_browser(viewport=NARROW, scripts=False) as page:
            self.visit(page, "/recall")
            page.fill("#o_recall_vin", self.vins[0])
            page.click("form.o_recall_form button[type=submit]")
            page.click("button[name=channel]")
            self.assertEqual(page.input_value("#o_recall_watch_vin"), self.vins[0])
            page.fill("#o_recall_phone", self.NUMBER)
            page.click(".o_recall_subscribe_button")
            for _try in range(MAX_TRIES - 1):
                page.fill("#o_recall_code", "x")
                page.click(".o_recall_subscribe_button")
            self._wait_remaining_requests()
            page.fill("#o_recall_code", self.send_codes()[0])
            page.click(".o_recall_subscribe_button")
            page.wait_for_selector(".o_recall_code_done")
