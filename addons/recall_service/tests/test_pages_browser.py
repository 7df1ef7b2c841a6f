# SPDX-License-Identifier: LGPL-3.0-only
from odoo.tests import tagged

from .browser import NARROW, BrowserCase
from .common import RecallServiceCommon


@tagged("post_install", "-at_install")
class TestPagesBrowser(RecallServiceCommon, BrowserCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plan.write({"do_not_drive": True, "park_outside": True})
        cls.make_completion(cls.plan, cls.vins[0], repair_date="2025-02-01")
        cls.make_completion(cls.plan, cls.vins[1], repair_date="2025-04-01")
        Progress = cls.env["recall.plan.progress"]
        for day, done in (("2025-02-01", 1), ("2025-04-01", 2)):
            Progress.create(
                {
                    "plan_id": cls.plan.id,
                    "day": day,
                    "vehicles": 10,
                    "countable": 10,
                    "done": done,
                }
            )
        cls.env["recall.open.data"].search([]).unlink()
        cls.env["recall.open.data"]._cron_publish()
        # Read beforehand: while a browser asks, the records are the server's.
        cls.number = cls.plan.recall_number
        cls.one = f"/recall/plan/{cls.number}"
        cls.pages = {
            "/recalls": 200,
            "/recalls?q=nothing-like-this": 200,
            cls.one: 200,
            "/recall/plan/S2099M0001V": 404,
            "/recall/plan/no-number": 404,
            "/recalls/years": 200,
            "/recalls/data": 200,
            "/recalls/data/none.csv": 404,
        }

    def test_pages_are_accessible(self):
        """S-QUERY: axe finds nothing on any page about recalls, nothing is too wide."""
        for visit in self.each_visit():
            with visit as (page, prefix):
                for path, status in self.pages.items():
                    self.visit(page, prefix + path, status)
                    for details in page.locator("details").all():
                        details.evaluate("element => { element.open = true; }")
                    self.assert_accessible(page)

    def test_styles_are_whole(self):
        """S-QUERY: the light bundle compiles; a broken one shows an unstyled page."""
        with self.open_browser() as page:
            self.visit(page, "/recalls")
            styles = [r for r in self.responses if "assets_public.min.css" in r.url]
            self.assertEqual(len(styles), 1)
            self.assertNotIn("css_error_message", styles[0].text())

    def test_walk_without_scripts(self):
        """S-QUERY: search, filter, read, go on to the VIN search without scripts."""
        with self.open_browser(viewport=NARROW, scripts=False) as page:
            self.visit(page, "/recalls")
            page.fill("#o_recall_q", self.number)
            page.select_option("#o_recall_state", "running")
            page.check("#o_recall_warned")
            page.click("form.o_recall_filters button")
            self.assertIn(f"q={self.number}", page.url)
            self.assertEqual(page.locator(".o_recall_list > li").count(), 1)
            page.click(".o_recall_list h2 a")
            self.assertTrue(page.url.endswith(self.one))
            self.assertIn("20.0%", page.locator(".o_recall_rate").inner_text())
            self.assertIn(
                "Do not drive", page.locator(".o_recall_warning").inner_text()
            )
            page.click("summary")
            self.assertTrue(page.get_by_role("cell", name="20.0%").is_visible())
            page.click(".o_recall_owner a[href$='/recall']")
            self.assertTrue(page.locator("#o_recall_vin").is_visible())

    def test_walk_in_chinese(self):
        """S-QUERY: a Chinese visitor stays in Chinese from page to page."""
        with self.open_browser(language="zh-CN") as page:
            self.visit(page, "/zh_CN/recalls")
            self.assertEqual(page.locator("html").get_attribute("lang"), "zh-CN")
            page.fill("#o_recall_q", self.number)
            page.click("form.o_recall_filters button")
            page.click(".o_recall_list h2 a")
            self.assertTrue(page.url.endswith(f"/zh_CN{self.one}"), page.url)
            page.click(".o_recall_sections a[href$='/recalls/years']")
            self.assertTrue(page.url.endswith("/zh_CN/recalls/years"), page.url)

    def test_menu_opens_on_a_phone(self):
        """S-QUERY: light pages open the site's menu, without the site's scripts."""
        with self.open_browser(viewport=NARROW) as page:
            self.visit(page, "/recalls")
            menu = page.locator("#top_menu_collapse_mobile")
            self.assertFalse(menu.is_visible())
            page.click("button[data-bs-target='#top_menu_collapse_mobile']")
            menu.get_by_text("All recalls").wait_for()

    def test_home_page_blocks(self):
        """S-QUERY: the home page searches by VIN and shows the newest recalls."""
        self.plan.announced = "2099-01-01"
        with self.open_browser() as page:
            self.visit(page, "/")
            page.locator(".s_recall_latest .o_recall_list").wait_for()
            newest = page.locator(".s_recall_latest h2 a").first
            self.assertTrue(newest.get_attribute("href").endswith(self.one))
            page.fill("#o_recall_block_vin", self.vins[0])
            page.click(".s_recall_search button")
            page.locator("#o_recall_result").wait_for()
            self.assertIn("/recall/answer/", page.url)
            self.assertNotIn(self.vins[0], page.url)


@tagged("post_install", "-at_install")
class TestLookupAccessible(RecallServiceCommon, BrowserCase):
    def test_search_and_its_answers_are_accessible(self):
        """S-QUERY: axe finds nothing on the search by VIN, whatever it answers."""
        self.make_completion(self.plan, self.vins[1])
        typed = (self.vins[0], self.vins[1], self.make_vin(), "NOVIN")
        for visit in self.each_visit():
            with visit as (page, prefix):
                self.visit(page, f"{prefix}/recall")
                self.assert_accessible(page)
                for text in typed:
                    self.visit(page, f"{prefix}/recall")
                    page.fill("#o_recall_vin", text)
                    page.press("#o_recall_vin", "Enter")
                    page.locator("#o_recall_result").wait_for()
                    self.assert_accessible(page)
