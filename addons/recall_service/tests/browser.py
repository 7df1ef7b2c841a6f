# SPDX-License-Identifier: LGPL-3.0-only
import resource
from contextlib import contextmanager
from importlib.resources import files

from playwright.sync_api import sync_playwright

from odoo.tests import HttpCase

from .common import BilingualSite

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

#: Texts that end as no Chinese sentence does, or begin with the end of one.
_FIND_STOPS = """() => {
    if (!document.documentElement.lang.startsWith("zh")) return [];
    const walker = document.createTreeWalker(
        document.querySelector("#wrap"), NodeFilter.SHOW_TEXT);
    const found = [];
    while (walker.nextNode()) {
        const text = walker.currentNode.data.trim();
        if (/^[.](\\s|$)|[\u4e00-\u9fff\uff00-\uffef][ ]?[.](?![\\w.])/.test(text)) {
            found.push(walker.currentNode.parentElement.textContent.trim());
        }
    }
    return found;
}"""
#: Everything a keyboard must reach, and how it looks; one radio button stands for its
#: group.
_LIST_CONTROLS = """() => {
    document.activeElement.blur();
    window.recallLooks = item => [item, item.parentElement].map(one => {
        const style = getComputedStyle(one);
        const outline = style.outlineStyle === "none" ? "" : style.outline;
        return [outline, style.boxShadow, style.borderColor, style.backgroundColor];
    }).join();
    const groups = new Set();
    const controls = [...document.querySelectorAll(
        "a[href], button, input, select, textarea, summary, [tabindex='0']"
    )].filter(item => {
        if (item.disabled || item.tabIndex < 0 || !item.checkVisibility(
                {visibilityProperty: true})) return false;
        if (item.type !== "radio") return true;
        const known = groups.has(item.name);
        groups.add(item.name);
        return !known;
    });
    window.recallControls = controls.map(item => [item, recallLooks(item)]);
    return controls.map(item => item.type === "radio" ? `radio ${item.name}` :
        `${item.tagName} ${item.id || item.name || item.textContent.trim()}`);
}"""
#: Which of them has the focus, and whether that is to be seen.
_READ_FOCUS = """() => {
    const item = document.activeElement;
    const place = recallControls.findIndex(([one]) => one === item ||
        (one.type === "radio" && item.type === "radio" && one.name === item.name));
    if (place < 0) return null;
    const [control, plain] = recallControls[place];
    return {place, visible: control !== item || recallLooks(item) !== plain};
}"""


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


class BrowserCase(BilingualSite, HttpCase):
    """Tests of public pages in Chromium, as a visitor with or without scripts."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.axe = (files("axe_playwright_python") / "axe.min.js").read_text()

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
            page.set_default_timeout(15_000)
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
        """axe finds no violation of WCAG 2.1 AA; nothing is wider than the page; and
        Chinese sentences end as such."""
        page.evaluate(self.axe)
        self.assertEqual(page.evaluate(_RUN_AXE, RULES), [], page.url)
        self.assertEqual(page.evaluate(_FIND_STOPS), [], page.url)
        wide = page.evaluate("document.documentElement.scrollWidth")
        self.assertLessEqual(wide, page.viewport_size["width"], page.url)

    def assert_keyboard(self, page):
        """Tab alone reaches every control, and shows each time where one is."""
        page.add_style_tag(content="* { transition: none !important; }")
        controls = page.evaluate(_LIST_CONTROLS)
        left = set(controls)
        # A page may begin with its message focused: go round by way of its end. Day,
        # month and year of a date take a press each.
        for _press in range(2 * len(controls) + 16):
            page.keyboard.press("Tab")
            focus = page.evaluate(_READ_FOCUS)
            if focus and (name := controls[focus["place"]]) in left:
                self.assertTrue(focus["visible"], f"{name} on {page.url}")
                left.remove(name)
            if not left:
                break
        self.assertEqual(left, set(), page.url)

    def each_visit(self):
        """Kinds of visits: both languages, on a desktop and on the narrowest phone.

        Each gives a page and the beginning of its paths::

            for visit in self.each_visit():
                with visit as (page, prefix):
                    self.visit(page, f"{prefix}/recall")
        """
        for language, prefix in LANGUAGES.items():
            for viewport in (DESKTOP, NARROW):
                yield self._open_visit(language, prefix, viewport)

    @contextmanager
    def _open_visit(self, language, prefix, viewport):
        with (
            self.subTest(language=language, width=viewport["width"]),
            self.open_browser(language=language, viewport=viewport) as page,
        ):
            yield page, prefix
