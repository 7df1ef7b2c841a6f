# SPDX-License-Identifier: LGPL-3.0-only
"""`make pictures`: screenshots of the demo's screens for the documents.

Needs the databases that `make demo` has made.
"""

import sys

from playwright.sync_api import Page
from simulation.accounts import PASSWORD
from simulation.public_page import DESKTOP, PHONE, browser_page, look_up
from stack.settings import ROOT, StackError
from stack.stack import Site, Stack

IMAGES = ROOT / "docs" / "images"
OPEN_VEHICLE = "SELECT vin FROM recall_vehicle WHERE state = 'open' ORDER BY id LIMIT 1"
# Plots are drawn in motion.
SETTLE_MS = 1500
LIST = ".o_list_view .o_data_row"
# picture -> (site, log-in, address of the screen, what is there when it is ready)
SCREENS = {
    "producer-dashboard": (
        "producer",
        "reviewer",
        "/odoo/recall-dashboard",
        ".o_recall_dashboard canvas",
    ),
    "producer-look-up": ("producer", "dealer", "/odoo/recall-look-up", "input"),
    "producer-reports": ("producer", "reviewer", "/odoo/recall-repairs", LIST),
    "producer-deliveries": ("producer", "reviewer", "/odoo/recall-deliveries", LIST),
    "regulator-plans": ("regulator", "officer", "/odoo/recall-plans", LIST),
    "regulator-terminals": ("regulator", "officer", "/odoo/recall-terminals", LIST),
    "regulator-quarantine": ("regulator", "officer", "/odoo/recall-quarantine", LIST),
}


def main() -> int:
    """Start the demo's servers, take the pictures, stop."""
    stack = Stack("demo", guarded=True)
    IMAGES.mkdir(parents=True, exist_ok=True)
    try:
        with stack.running():
            take_public(stack)
            take_screens(stack)
    except StackError as error:
        print(f"pictures: {error}", file=sys.stderr)
        return 1
    return 0


def take_public(stack: Stack) -> None:
    connection = stack.cluster.connect(stack.regulator.database.name)
    with connection.cursor() as cursor:
        cursor.execute(OPEN_VEHICLE)
        vin = cursor.fetchone()[0]
    connection.close()
    for name, viewport in (("desktop", DESKTOP), ("phone", PHONE)):
        with browser_page(stack.ca_file, viewport=viewport) as page:
            look_up(page, stack.regulator.url, vin, IMAGES / f"public-{name}.png")


def take_screens(stack: Stack) -> None:
    sites = {site.name: site for site in stack.sites}
    for name, (site, login, path, ready) in SCREENS.items():
        with browser_page(stack.ca_file, viewport=DESKTOP) as page:
            log_in(page, sites[site], login)
            page.goto(sites[site].url + path)
            page.wait_for_selector(ready)
            page.wait_for_timeout(SETTLE_MS)
            page.screenshot(path=str(IMAGES / f"{name}.png"))


def log_in(page: Page, site: Site, login: str) -> None:
    page.goto(f"{site.url}/web/login")
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", PASSWORD)
    page.click(".oe_login_form button[type=submit]")
    page.wait_for_selector(".o_main_navbar")


if __name__ == "__main__":
    raise SystemExit(main())
