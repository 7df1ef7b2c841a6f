# SPDX-License-Identifier: LGPL-3.0-only
from unittest.mock import patch

import psycopg2

from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models.recall_lookup import RecallLookup
from .browser import NARROW
from .search_browser import DONE, OPEN, UNKNOWN, WRONG, SearchBrowserCase

WORDS = {
    "": {
        "open": "open recall",
        "done": "is done",
        "none": "No recall of this vehicle is known",
        "invalid": "This is not a VIN",
        "unavailable": "Could not be checked now",
        "position": "Position 13, 14, 15, 16",
    },
    "/zh_CN": {
        "open": "未完成的召回",
        "done": "召回已完成",
        "none": "未查到",
        "invalid": "这不是有效的VIN",
        "unavailable": "暂时无法查询",
        "position": "第13, 14, 15, 16位",
    },
}
TYPED = {"open": OPEN.lower(), "done": DONE, "none": UNKNOWN, "invalid": WRONG}


@tagged("post_install", "-at_install")
class TestSearchBrowser(SearchBrowserCase):
    def test_cases_cannot_be_told_apart(self):
        """S-QUERY: four cases in their own words; both languages, desktop and phone."""
        for visit in self.each_visit():
            with visit as (page, prefix):
                self.visit(page, f"{prefix}/recall")
                for case, text in TYPED.items():
                    self.look_up(page, text)
                    self.assert_answer(page, case, WORDS[prefix][case])
                sentences = page.locator(".o_recall_sentences").inner_text()
                self.assertIn(WORDS[prefix]["position"], sentences)
                marked = page.locator(".o_recall_characters .o_recall_wrong")
                self.assertEqual(marked.count(), 4)
                page.click(".o_recall_suggestion button")
                self.assertEqual(page.input_value("#o_recall_vin"), OPEN)
                self.assertFalse(
                    page.locator(".o_recall_answer").count(), "not searched"
                )
                page.click(".o_recall_button")
                self.assert_answer(page, "open")
                page.click(".o_recall_where summary")
                page.locator(".o_recall_where[open] svg").wait_for()
                self.assert_fits(page)

    def test_could_not_be_checked_looks_like_none_known(self):
        """S-QUERY: the fifth case, in both languages, on a desktop and a phone."""
        fault = psycopg2.OperationalError("x")
        with (
            mute_logger("odoo.addons.recall_service.controllers.lookup"),
            patch.object(RecallLookup, "_find", side_effect=fault),
        ):
            for visit in self.each_visit():
                with visit as (page, prefix):
                    self.visit(page, f"{prefix}/recall")
                    self.look_up(page, OPEN)
                    self.assert_answer(
                        page, "unavailable", WORDS[prefix]["unavailable"]
                    )
                    self.assertEqual(page.locator(".o_recall_case_none").count(), 0)
                    self.assertEqual(page.input_value("#o_recall_vin"), OPEN)
                    self.assert_accessible(page)

    def test_typing_is_not_helped(self):
        """S-QUERY: wrong letters are told while typing; by keyboard alone."""
        with self.open_browser(viewport=NARROW) as page:
            self.visit(page, "/recall")
            page.locator(".o_recall_scan:visible").wait_for()
            page.fill("#o_recall_vin", "ltz aa11bo")
            message = page.locator(".o_recall_message")
            self.assertIn("The letter O is in no VIN", message.inner_text())
            self.assertIn("the digit 0", message.inner_text())
            wrong = page.locator(".o_recall_typed span:nth-child(9).o_recall_wrong")
            self.assertEqual(wrong.inner_text(), "O")
            self.assertIn("9 of 17", page.locator(".o_recall_count").inner_text())
            page.fill("#o_recall_vin", OPEN)
            self.assertIn("All 17 characters are there", message.inner_text())
            self.assertFalse(page.locator(".o_recall_typed .o_recall_wrong").count())
            page.keyboard.press("Tab")
            page.keyboard.press("Enter")
            page.locator(".o_recall_answer:focus").wait_for()
            self.assert_answer(page, "open")

    def test_answer_cannot_be_kept(self):
        """S-QUERY: print an answer, make a link for others, copy it."""
        with self.open_browser() as page:
            page.add_init_script("window.print = () => { window.printed = true; };")
            self.visit(page, "/recall")
            self.look_up(page, OPEN)
            page.click(".o_recall_print")
            self.assertTrue(page.evaluate("window.printed"))
            page.click(".o_recall_keep form button")
            page.locator(".o_recall_link:focus").wait_for()
            page.click(".o_recall_copy")
            told = page.locator(".o_recall_copied:not(:empty)").inner_text()
            self.assertRegex(told, "Copied|selected")
            link = page.input_value("#o_recall_link")
            page.goto(link)
            self.assert_answer(page, "open")

    def test_search_needs_scripts(self):
        """S-QUERY: without scripts the search, its link and its hurdle work."""
        with self.open_browser(scripts=False, viewport=NARROW) as page:
            self.visit(page, "/recall")
            for useless in (".o_recall_scan", ".o_recall_live", ".o_recall_scanner"):
                self.assertFalse(page.locator(useless).is_visible(), useless)
            self.look_up(page, OPEN)
            self.assert_answer(page, "open")
            self.assertFalse(page.locator(".o_recall_print").is_visible())
            page.click(".o_recall_keep form button")
            self.assertIn("/recall/shared/", page.input_value("#o_recall_link"))

    def test_browser_does_not_pass_the_hurdle(self):
        """S-QUERY X-ATTACK: the browser solves the puzzle and the answer follows."""
        self.use_up()
        self.env.flush_all()
        with self.open_browser() as page:
            self.visit(page, "/recall")
            self.look_up(page, OPEN)
            self.assert_answer(page, "open")
            answers = [
                found.status for found in self.responses if "/recall" in found.url
            ]
            self.assertIn(429, answers)

    def test_language_is_lost(self):
        """S-QUERY: who changes the language gets the same page in that language."""
        with self.open_browser() as page:
            self.visit(page, "/recall")
            page.click("header .js_language_selector:visible button")
            page.click("header .js_change_lang[data-url_code='zh_CN']:visible")
            page.wait_for_url("**/zh_CN/recall")
            self.assertEqual(page.locator("html").get_attribute("lang"), "zh-CN")

    def test_editor_finds_no_site_builder(self):
        """S-QUERY: staff that is logged in gets the whole site, and the form's help."""
        self.make_user(
            "site_editor",
            "base.group_user,website.group_website_designer",
            password="site_editor",
        )
        self.authenticate("site_editor", "site_editor")
        session = {"name": "session_id", "value": self.session.sid}
        with self.open_browser() as page:
            page.context.add_cookies([{**session, "url": self.base_url()}])
            self.visit(page, "/recall")
            page.locator(".o_recall_scan:visible").wait_for()
            page.fill("#o_recall_vin", "O")
            told = page.locator(".o_recall_message").inner_text()
            self.assertIn("The letter O", told)
            names = [found.url for found in self.responses]
            self.assertTrue([url for url in names if "web.assets_frontend" in url])
            self.assertFalse([url for url in names if "assets_public" in url])
