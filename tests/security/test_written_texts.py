# SPDX-License-Identifier: LGPL-3.0-only
"""Scripts and formulas in every text that is stored, wherever it is shown again.

Last of the attacks: it leaves a database in which nothing is what it seems.
"""

import csv
import html
import io
import json
from types import SimpleNamespace
from urllib.parse import urlsplit

import openpyxl
import pytest
from conftest import FULL, TIMEOUT
from planted_texts import FIXTURES, MACHINE, SCRIPT
from playwright.sync_api import sync_playwright
from test_forms import log_in
from test_ssrf import Canary

CHROMIUM = "/usr/bin/chromium"
#: What makes a spreadsheet run a cell.
SIGNS = ["=", "+", "-", "@", "\t", "\r"]
LINK = "javascript:recallCanary()//"
#: Fields of models that the database lets hold a free text, at least.
MOST_TEXTS = 250
#: Mails that tell no text of a record.
TEXTLESS = {
    "recall_service.mail_template_link",
    "recall_service.mail_template_push_stuck",
}
PAGES = (
    *("/recall", "/recalls", "/recalls/latest", "/recalls/years", "/recalls/data"),
    *("/recall/plan/{number}", "/recall/partners", "/recall/developers"),
)
PORTAL = (
    *("/my", "/my/recall", "/my/recall/fleets", "/my/recall/webhooks"),
    "/my/recall/{recall.share.interface}",
    "/my/recall/fleet/{recall.data.user}",
    "/my/recall/webhook/{recall.webhook}",
)
#: Shows a record by one of our views, in the web client that the page has open.
SHOW = """async ([model, kind, view, id]) => {
    const action = odoo.__WOWL_DEBUG__.root.env.services.action;
    try {
        await action.doAction({
            type: "ir.actions.act_window", res_model: model, name: model,
            views: [[view, kind]], res_id: kind === "form" ? id : undefined,
            domain: [["id", "=", id]], context: {active_test: false},
        }, {clearBreadcrumbs: true});
    } catch (error) {
        return [`${error.cause || error}`, false];
    }
    await new Promise(resolve => setTimeout(resolve, 50));
    const shown = document.querySelector(`.o_${kind}_view`);
    const links = [...document.querySelectorAll("a[href^='javascript:recall']")];
    return [shown ? "shown" : "not there", Boolean(window.recallSung || links.length)];
}"""


@pytest.fixture(scope="module")
def canary():
    canary = Canary()
    yield canary
    canary.close()


@pytest.fixture(scope="module")
def planted(site, canary) -> SimpleNamespace:
    """The server with an attack in every text; it runs no scheduled actions."""
    site.server.stop()
    attack = f"""1'"><img src="http://127.0.0.1:{canary.port}/" """
    attack += 'onerror="recallCanary()"><script>recallCanary()</script>{{7*7}}'
    found = site.database.shell(
        SCRIPT,
        fixtures=str(FIXTURES),
        machine=MACHINE,
        signs=SIGNS,
        attack=attack,
        link=LINK,
    )
    site.server.cron_threads = 0
    site.server.start()
    return SimpleNamespace(**found, attack=attack)


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        yield browser
        browser.close()


def open_page(site, browser, login: str | None = None):
    """A page of a visitor or of an account, in which the canary can be heard."""
    context = browser.new_context(ignore_https_errors=True)
    if login:
        session, _token = log_in(site, login)
        cookies = session.cookies.get_dict().items()
        context.add_cookies(
            [{"name": name, "value": value, "url": site.url} for name, value in cookies]
        )
    context.add_init_script("window.recallCanary = () => { window.recallSung = true }")
    page = context.new_page()
    page.set_default_timeout(TIMEOUT * 1000)
    return page


def check(page, canary, place: object) -> None:
    assert not page.evaluate("Boolean(window.recallSung)"), place
    assert not page.query_selector_all("a[href^='javascript:recall']"), place
    assert canary.visits == 0, place


def test_too_few_texts_are_attacked(planted):
    assert len(planted.planted) > MOST_TEXTS


def test_text_runs_in_a_view(site, planted, browser, canary):
    """X-ATTACK: forms, lists and cards show what is stored as text."""
    page = open_page(site, browser, "admin")
    page.goto(f"{site.url}/odoo")
    page.wait_for_function("window.odoo?.__WOWL_DEBUG__?.root?.env?.services?.action")
    for model, kind, view in planted.views:
        if kind == "list" and not FULL:
            continue  # made of the same parts as the forms
        place = (model, kind, view)
        shown, sung = page.evaluate(SHOW, [model, kind, view, planted.records[model]])
        assert (shown, sung) == ("shown", False), place
        assert canary.visits == 0, place


def test_text_runs_on_a_public_page(site, planted, browser, canary):
    """X-ATTACK: so do the pages for everybody and those behind links of mails."""
    page = open_page(site, browser)
    for path in (*PAGES, *planted.pages):
        answer = page.goto(site.url + path.format(number=planted.number))
        assert answer.status < 400, path
        check(page, canary, path)


def test_text_runs_in_the_portal(site, planted, browser, canary):
    """X-ATTACK: so do the pages of partners."""
    page = open_page(site, browser, "partner")
    for path in PORTAL:
        parts = urlsplit(path).path
        for model, number in planted.records.items():
            parts = parts.replace(f"{{{model}}}", str(number))
        answer = page.goto(site.url + parts)
        assert answer.status < 400, parts
        check(page, canary, parts)


def test_text_runs_in_a_document(site, planted, browser, canary):
    """X-ATTACK: so do documents, before and after they become PDF."""
    assert planted.reports
    session, _token = log_in(site, "admin")
    page = open_page(site, browser, "admin")
    for name, model in planted.reports:
        number = planted.records[model]
        assert page.goto(f"{site.url}/report/html/{name}/{number}").status == 200, name
        check(page, canary, name)
        if not page.query_selector("main"):
            continue  # a sheaf of letters that were not written: no page of a PDF
        answer = session.get(f"{site.url}/report/pdf/{name}/{number}", timeout=TIMEOUT)
        assert answer.content.startswith(b"%PDF"), name
        assert canary.visits == 0, name


def test_text_runs_in_a_mail(site, planted, browser, canary):
    """X-ATTACK: and mails, each as the add-ons send it; no text is an expression."""
    page = open_page(site, browser)
    telling = set()
    for name, mails in planted.mails.items():
        assert mails, name
        for subject, body in mails:
            page.set_content(body)
            check(page, canary, name)
            assert "script>49" not in html.unescape(subject + body), name
            if "recallCanary" in subject + body:
                telling.add(name)
    assert planted.mails.keys() - telling == TEXTLESS
    page.set_content("<script>recallCanary()</script>")
    assert page.evaluate("window.recallSung")  # whose page would have heard it


def test_text_breaks_out_of_a_feed(site, planted):
    """X-ATTACK: feeds and structured data hold it as a text of theirs."""
    session = site.session()
    number = planted.number
    feed = session.get(f"{site.url}/recalls.json", timeout=TIMEOUT).json()
    assert any(number in json.dumps(item) for item in feed["items"])
    for path in ("/recalls.atom", f"/recall/plan/{number}", "/recalls"):
        text = session.get(site.url + path, timeout=TIMEOUT).text
        assert number in text and "<script>recallCanary" not in text, path


def export(site, session, token: str, form: str, model: str, names: list, **more):
    fields = [{"name": name, "label": name, "type": "char"} for name in names]
    data = {"model": model, "fields": fields, "domain": [], "ids": [], **more}
    data |= {"import_compat": False, "context": {"active_test": False}}
    return session.post(
        f"{site.url}/web/export/{form}",
        data={"data": json.dumps(data), "csrf_token": token},
        timeout=TIMEOUT,
    ).content


def test_exported_cell_is_a_formula(site, planted):
    """X-ATTACK: what a list exports are texts: no cell is run."""
    session, token = log_in(site, "admin")
    by_model: dict[str, list[str]] = {}
    for place in planted.planted:
        model, name = place.rsplit(".", 1)
        if model in planted.readable:
            by_model.setdefault(model, []).append(name)
    seen = 0
    for model, names in by_model.items():
        content = export(site, session, token, "csv", model, names).decode()
        for row in list(csv.reader(io.StringIO(content)))[1:]:
            for cell in row:
                assert not cell.startswith(tuple(SIGNS)), (model, cell)
                seen += "recallCanary" in cell
    assert seen > MOST_TEXTS // 2
    model, names = max(by_model.items(), key=lambda item: len(item[1]))
    for more in ({}, {"groupby": [names[0]]}):
        content = export(site, session, token, "xlsx", model, names, **more)
        assert_texts(content, (model, more))


def test_pivot_makes_a_formula(site, planted):
    """X-ATTACK: nor is one of a pivot, whose heads are names of groups."""
    session, token = log_in(site, "admin")
    title = f"={planted.attack}"
    header = [{"title": title, "width": 1, "height": 1, "is_bold": False}]
    row = {"title": title, "indent": 0, "values": [{"value": 1, "is_bold": False}]}
    table = {"title": "x", "model": "recall.plan", "measure_count": 1, "rows": [row]}
    table |= {"origin_count": 1, "col_group_headers": [header]}
    table |= {"measure_headers": header, "origin_headers": []}
    answer = session.post(
        f"{site.url}/web/pivot/export_xlsx",
        data={"csrf_token": token},
        files={"data": ("data.json", json.dumps(table))},
        timeout=TIMEOUT,
    )
    assert_texts(answer.content, "pivot")


def assert_texts(content: bytes, place: object) -> None:
    """Some cell begins as a formula, and none is one."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    cells = [cell for row in book.active.iter_rows() for cell in row]
    assert not [cell.value for cell in cells if cell.data_type == "f"], place
    assert any(str(cell.value).lstrip().startswith("=1") for cell in cells), place
