# SPDX-License-Identifier: LGPL-3.0-only
"""A visitor of the public pages, in a real browser."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Page, sync_playwright
from stack.browser import make_trusting_home

CHROMIUM = "/usr/bin/chromium"
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 375, "height": 740}


@contextmanager
def browser_page(
    ca_file: Path,
    *,
    language: str = "zh-CN",
    viewport: dict[str, int] = DESKTOP,
    scripts: bool = True,
) -> Iterator[Page]:
    """A fresh browser page that trusts the local authority and no other stranger."""
    with TemporaryDirectory() as home, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-background-networking"],
            env=os.environ | make_trusting_home(Path(home), ca_file),
        )
        context = browser.new_context(
            locale=language,
            timezone_id="Asia/Shanghai",
            viewport=viewport,
            java_script_enabled=scripts,
        )
        try:
            yield context.new_page()
        finally:
            browser.close()


def look_up(page: Page, url: str, vin: str, picture: Path | None = None) -> str:
    """Look a VIN up on the public page; returns the heading of the answer."""
    page.goto(f"{url}/recall")
    page.fill("input[name=vin]", vin)
    page.click("form.o_recall_form button[type=submit]")
    heading = page.locator("#o_recall_result")
    heading.wait_for()
    if picture:
        picture.parent.mkdir(parents=True, exist_ok=True)
        # The answer has the focus: a long page would be taken with its head askew.
        page.evaluate("window.scrollTo(0, 0)")
        page.screenshot(path=str(picture), full_page=True)
    return " ".join(heading.inner_text().split())
