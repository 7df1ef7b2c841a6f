# SPDX-License-Identifier: LGPL-3.0-only
from .browser import BrowserCase
from .test_lookup_guard import GuardCommon

# Made up once for all: the slips of the wrong one are at known places.
OPEN, DONE, UNKNOWN = "LTZAA11B4SA900001", "LTZAA11B6SA900002", "LTZAA11B8SA900003"
WRONG = "LTZAA11B4SA9OOOO1"


class SearchBrowserCase(GuardCommon, BrowserCase):
    """The public search in a browser, with one vehicle open and one done."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.put_in_scope(cls.plan, [OPEN, DONE])
        cls.make_completion(cls.plan, DONE)

    def forget_visits(self):
        """Give the network back what it has free; while no browser asks."""
        self.env.cr.execute("DELETE FROM recall_lookup_visit")

    def look_up(self, page, text):
        """Type and check."""
        page.fill("#o_recall_vin", text)
        page.press("#o_recall_vin", "Enter")

    def assert_answer(self, page, case, words=""):
        """The answer is of that case, and fits the screen."""
        title = page.locator(f".o_recall_case_{case} #o_recall_result")
        title.wait_for()
        self.assertIn(words, title.inner_text())
        self.assert_fits(page)

    def assert_fits(self, page):
        wide = page.evaluate("document.documentElement.scrollWidth")
        self.assertLessEqual(wide, page.viewport_size["width"], page.url)
