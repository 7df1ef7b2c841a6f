# SPDX-License-Identifier: LGPL-3.0-only
import itertools
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path

from odoo.tests import tagged

from .browser import DESKTOP, LANGUAGES, BrowserCase
from .fleet_common import FleetCommon

PHONE = {"width": 375, "height": 667}
VISITS = list(itertools.product(LANGUAGES.items(), (DESKTOP, PHONE)))
_numbers = itertools.count(1)
#: Where each page is to be pictured, for somebody to look at.
PICTURES = os.environ.get("RECALL_PICTURES")


@tagged("post_install", "-at_install")
class TestFleetBrowser(FleetCommon, BrowserCase):
    """A partner's pages about fleets and webhooks in Chromium."""

    @contextmanager
    def open_as_partner(self, viewport, language="en-US", **options):
        """A page of a browser in which the partner is logged in already."""
        self.authenticate(self.account.login, self.account.login)
        with (
            self.subTest(language=language, width=viewport["width"]),
            self.open_browser(language=language, viewport=viewport, **options) as page,
        ):
            page.context.add_cookies(
                [
                    {
                        "name": "session_id",
                        "value": self.session.sid,
                        "url": self.base_url(),
                    }
                ]
            )
            page.set_default_timeout(15_000)
            yield page

    def check(self, page, name):
        for details in page.locator("#wrap details").all():
            details.evaluate("element => { element.open = true; }")
        self.assert_accessible(page)
        if PICTURES:
            width = page.viewport_size["width"]
            language = page.evaluate("document.documentElement.lang")
            path = f"{PICTURES}/{name}-{language}-{width}.png"
            page.screenshot(path=path, full_page=True)

    def write_file(self, vins):
        path = Path(self.folder) / f"fleet-{next(_numbers)}.csv"
        path.write_bytes(self.make_csv([[text] for text in vins]).getvalue())
        return path

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    @contextmanager
    def keep_quiet(self, page):
        """While a test works on records the page asks the server nothing."""
        page.route("**/state", lambda route: route.abort())
        self._wait_remaining_requests()
        yield
        page.unroute("**/state")

    # === Walks === #

    def test_partner_gets_stuck_with_its_fleet(self):
        """S-PUSH: upload to result on phone and desktop, in both languages."""
        vins = [*self.vins, *self.new_vins(60)]
        file = self.write_file([*vins, "BAD", vins[0][:16] + "I"])
        fleet = f"/my/recall/fleet/{self.own.id}"
        for (language, prefix), viewport in VISITS:
            with self.open_as_partner(viewport, language) as page:
                self.walk_fleet(page, prefix + fleet, file)
            self.env.invalidate_all()
            self.assertFalse(self.get_fleet())

    def walk_fleet(self, page, fleet, file):
        self.visit(page, fleet)
        self.check(page, "fleet-empty")
        page.set_input_files("#o_recall_file", file)
        page.click("form[action$='/upload'] button")
        page.wait_for_selector("[data-state=mapped]")
        self.check(page, "file-mapped")
        page.click("form[action$='/test'] button")
        page.wait_for_selector("[data-state=tested]")
        self.check(page, "file-tested")
        page.click("form[action$='/start'] button")
        page.wait_for_selector("[data-state=running]")
        self.check(page, "file-running")
        again = page.locator(".o_recall_file_again")
        again.wait_for(state="hidden")
        page.locator("form[action$='/pause'] button").focus()
        with self.keep_quiet(page):
            self.run_imports()
        # The page refreshes itself; it is the same document all the time.
        page.wait_for_selector("[data-state=done]")
        focused = page.evaluate("document.activeElement.className")
        self.assertIn("o_recall_file_said", focused)
        self.check(page, "file-done")
        with page.expect_download() as download:
            page.click("a[href$='/errors']")
        self.assertTrue(download.value.suggested_filename.endswith(".xlsx"))
        self.visit(page, fleet)
        self.check(page, "fleet")
        page.click("button[name=only][value=open]")
        page.wait_for_selector("button[value=open][aria-pressed=true]")
        shown = page.locator(".o_recall_fleet_vehicle")
        self.assertEqual(shown.count(), len(self.vins))
        page.click("details summary.text-danger")
        page.check("#o_recall_sure")
        page.click("form[action$='/delete'] button")
        page.wait_for_selector(".alert-success")

    def test_partner_gets_stuck_with_its_webhook(self):
        """S-PUSH: address, secret, test message, pause, on phone and desktop."""
        for (language, prefix), viewport in VISITS:
            with self.open_as_partner(viewport, language) as page:
                self.walk_webhook(page, prefix)

    def walk_webhook(self, page, prefix):
        self.visit(page, f"{prefix}/my/recall/webhooks")
        self.check(page, "webhooks")
        page.fill("#o_recall_hook_name", "Fleet system")
        page.fill("#o_recall_hook_url", "https://partner.example.com/recalls")
        page.click("form[action$='/webhooks'] button")
        page.wait_for_selector("form[action$='/secret']")
        self.check(page, "webhook-new")
        page.click("form[action$='/secret'] button")
        page.wait_for_selector("#o_recall_secret")
        self.check(page, "webhook-secret")
        page.click("a.btn-primary[href*='/webhook/']")
        page.click("form[action$='/test'] button")
        page.wait_for_selector(".o_recall_hook_message")
        self.check(page, "webhook")
        page.click("form[action$='/pause'] button")
        page.wait_for_selector("form[action$='/resume']")
        self.check(page, "webhook-paused")

    def test_page_without_scripts_tells_nothing(self):
        """S-PUSH: without JavaScript a link shows how far a file is."""
        file = self.write_file(self.new_vins(2))
        with self.open_as_partner(PHONE, scripts=False) as page:
            self.visit(page, f"/my/recall/fleet/{self.own.id}")
            page.set_input_files("#o_recall_file", file)
            page.click("form[action$='/upload'] button")
            page.click("form[action$='/start'] button")
            page.wait_for_selector("[data-state=running]")
            self._wait_remaining_requests()
            self.run_imports()
            page.click(".o_recall_file_again")
            page.wait_for_selector("[data-state=done]")
