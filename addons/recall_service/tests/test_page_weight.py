# SPDX-License-Identifier: LGPL-3.0-only
import gzip
from urllib.parse import urlsplit

from odoo.tests import tagged

from .objection_common import ObjectionCommon
from .search_browser import DONE, OPEN, UNKNOWN, WRONG, SearchBrowserCase
from .test_lookup_guard import GUARDED_FORM

#: Bytes of a page with all that belongs to it, as a gateway sends them.
WEIGHT = 200_000
TEXT = ("text/", "javascript", "json", "svg")
#: Pages whose address holds a number, or what nothing is found by.
MORE_PAGES = (
    "/recalls?q=nothing-like-this",
    "/recall/plan/S2099M0001V",
    "/recalls/data/none.csv",
    "/recall/answer/forged",
    "/recall/objection/AAAA-BBBB-CCCC",
    "/recall/subscription/1/confirm",
    "/recall/partners/application/1/confirm",
)


@tagged("post_install", "-at_install")
class TestPageWeight(SearchBrowserCase, ObjectionCommon):
    """Each public page with its styles, scripts, fonts and pictures: a first visit."""

    def get_paths(self):
        """Addresses of pages that anybody opens and that are complete as they are."""
        rules = self.env["ir.http"].routing_map().iter_rules()
        return {
            rule.rule
            for rule in rules
            if rule.endpoint.func.__module__.startswith("odoo.addons.recall_service.")
            and rule.endpoint.routing["auth"] == "public"
            and rule.endpoint.routing.get("website")
            and "GET" in (rule.methods or {"GET"})
            and not rule.arguments
        }

    def assert_light(self, page):
        """What has been asked for since the browser was opened."""
        page.wait_for_load_state("networkidle")
        found = {response.url: self.weigh(response) for response in self.responses}
        self.assertIn("assets_public.min.css", "".join(found), "known ones count, too")
        self.assertLess(sum(found.values()), WEIGHT, found)
        hosts = {urlsplit(url).netloc for url in found}
        self.assertEqual(hosts, {urlsplit(self.base_url()).netloc})
        self.assertFalse(
            page.locator("link[rel=preconnect], script[src^='http']").count()
        )

    def weigh(self, response):
        if response.status in range(300, 400):
            return 0
        body = response.body()
        kind = response.headers.get("content-type", "")
        return len(gzip.compress(body, 6) if any(t in kind for t in TEXT) else body)

    def test_page_is_heavy_or_asks_other_hosts(self):
        """S-QUERY: under 200 kB with everything, all of it from the own host."""
        paths = self.get_paths()
        self.assertIn("/recall", paths)
        self.assertIn("/recall/developers", paths)
        weighed = 0
        with self.open_browser() as page:
            for path in sorted({*paths, *MORE_PAGES}):
                answer = page.context.request.get(self.base_url() + path)
                if 'id="wrapwrap"' in answer.text():
                    self.responses.clear()
                    page.goto(self.base_url() + path)
                    self.assert_light(page)
                    weighed += 1
        self.assertGreater(weighed, 12)

    def test_answer_is_heavy(self):
        """S-QUERY: so is what a form leads to: each answer, slips and the hurdle."""
        about = {"vin": OPEN, "recall": self.plan.recall_number}
        repair = {"repair_date": "2025-03-01", "workshop": "Workshop East"}
        with self.open_browser() as page:
            for path, members in (
                *(("/recall", {"vin": vin}) for vin in (OPEN, DONE, UNKNOWN, WRONG)),
                ("/recall/objection", about),
                ("/recall/objection/send", about),
                ("/recall/objection/send", about | repair),
                ("/recall/partners/apply", {"name": "x"}),
                ("/recall/subscribe", {"email": "x"}),
                ("/recall/my-vehicles", {"email": "owner@example.com"}),
            ):
                self.send(page, path, members)
                self.assert_light(page)

    def test_hurdle_is_heavy(self):
        """S-QUERY: nor does the page that asks to wait weigh more."""
        self.use_up(kind=GUARDED_FORM)
        self.env.flush_all()
        with self.open_browser() as page:
            page.route("**/puzzle_worker.js", lambda route: route.abort())
            self.send(page, "/recall/partners/apply", {"name": "x"})
            self.assertEqual(self.responses[0].status, 429)
            self.assert_light(page)

    def send(self, page, path, members):
        """Send a form, from a page that is none of ours."""
        fields = "".join(
            f"<input name='{name}' value='{text}'>" for name, text in members.items()
        )
        page.goto("about:blank")
        page.set_content(
            f"<form method='post' action='{self.base_url()}{path}'>"
            f"{fields}<button>Send</button></form>"
        )
        self.responses.clear()
        page.click("button")
        page.locator("#wrap").wait_for()
