# SPDX-License-Identifier: LGPL-3.0-only
import resource
from contextlib import contextmanager
from importlib.resources import files

from playwright.sync_api import sync_playwright

from odoo import Command
from odoo.tests import HttpCase

CHROMIUM = "/usr/bin/chromium"
DESKTOP = {"width": 1280, "height": 800}
#: WCAG 1.4.10: nothing may need scrolling in two directions at this width.
NARROW = {"width": 320, "height": 640}
#: Rules of WCAG 2.1, levels A and AA.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
LANGUAGES = {"en-US": "", "zh-CN": "/zh_CN"}

_RUN_AXE = """rules => axe.run(document, {runOnly: rules}).then(result =>
    result.violations.flatMap(rule => rule.nodes.map(
        node => `${rule.id} at ${node.target.join(" ")}: ${node.failureSummary}`)))"""


@contextmanager
def start_playwright():
    """Start what drives the browser without the server's own limit of memory.

    Chromium reserves far more room than it uses, and ends at once where it cannot.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
    try:
        driver = sync_playwright()
        playwright = driver.__enter__()
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    try:
        yield playwright
    finally:
        driver.__exit__()


class BrowserCase(HttpCase):
    """Tests of public pages in Chromium, as a visitor with or without scripts."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.axe = (files("axe_playwright_python") / "axe.min.js").read_text()
        found = [
            cls.env["res.lang"]._activate_lang(code) for code in ("en_US", "zh_CN")
        ]
        cls.env["ir.module.module"]._load_module_terms(["recall_service"], ["zh_CN"])
        cls.env["website"].search([]).write(
            {
                "language_ids": [Command.set([language.id for language in found])],
                "default_lang_id": found[0].id,
            }
        )

    @contextmanager
    def open_browser(self, *, language="en-US", viewport=None, scripts=True):
        """Give a page of a fresh browser; the requests of it are in ``responses``."""
        self.responses = []
        with self.allow_requests(all_requests=True), start_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=CHROMIUM, args=["--no-sandbox"]
            )
            context = browser.new_context(
                locale=language,
                timezone_id="Asia/Shanghai",
                viewport=viewport or DESKTOP,
                java_script_enabled=scripts,
            )
            page = context.new_page()
            page.on("response", lambda found: self.responses.append(found))
            try:
                yield page
            finally:
                browser.close()
                self._wait_remaining_requests()

    def visit(self, page, path, status=200):
        response = page.goto(self.base_url() + path)
        self.assertEqual(response.status, status, path)

    def assert_accessible(self, page):
        """axe finds no violation of WCAG 2.1 AA; nothing is wider than the page."""
        page.evaluate(self.axe)
        self.assertEqual(page.evaluate(_RUN_AXE, RULES), [], page.url)
        wide = page.evaluate("document.documentElement.scrollWidth")
        self.assertLessEqual(wide, page.viewport_size["width"], page.url)

    def each_visit(self):
        """Kinds of visits: both languages, on a desktop and on the narrowest phone."""
        for language, prefix in LANGUAGES.items():
            for viewport in (DESKTOP, NARROW):
                with (
                    self.subTest(language=language, width=viewport["width"]),
                    self.open_browser(language=language, viewport=viewport) as page,
                ):
                    yield page, prefix
