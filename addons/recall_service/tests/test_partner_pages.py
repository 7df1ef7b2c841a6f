# SPDX-License-Identifier: LGPL-3.0-only
import logging
from urllib.parse import urlsplit

from lxml import html

from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .partner_common import CODE, EMAIL, PartnerCommon

FORM = {
    "name": "Inspection station No. 7",
    "credit_code": f"{CODE[:8]} {CODE[8:].lower()}",
    "kind": "inspection",
    "contact_name": "Zhang San",
    "email": f" {EMAIL.upper()} ",
    "phone": "021-55550000",
    "purpose": "Open recalls at the annual inspection",
    "legal_basis": "Agreement No. 7",
    "allow_many": "1",
    "quota_day": "1,500",
    "allowed_addresses": "203.0.113.0/24",
}


@tagged("post_install", "-at_install")
class TestPartnerPages(HttpCase, PartnerCommon):
    """Applying as a partner does, with plain requests: no script takes part."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.leave_forms_unguarded()

    def apply(self, **changes):
        return self.url_open("/recall/partners/apply", data={**FORM, **changes})

    def find(self, email=EMAIL):
        self.env.invalidate_all()
        return self.env["recall.data.application"].search([("email", "=", email)])

    def press(self, page, **values):
        [form] = html.fromstring(page.content).xpath(
            "//*[contains(@class, 'o_recall_answer')]//form"
        )
        hidden = {item.get("name"): item.get("value") for item in form.iter("input")}
        return self.url_open(form.get("action"), data={**hidden, **values})

    def assertCase(self, response, case, status=200):
        self.assertEqual(response.status_code, status)
        tree = html.fromstring(response.content)
        self.assertEqual(len(tree.find_class(f"o_recall_application_{case}")), 1)
        self.assertEqual(len(tree.xpath("//h1")), 1)
        self.assertEqual(response.headers["Cache-Control"], "no-store")
        self.assertEqual(response.headers["Referrer-Policy"], "no-referrer")
        self.assertNotIn("session_id", response.cookies)
        return " ".join(tree.find_class("o_recall_answer")[0].text_content().split())

    def test_applicant_does_not_get_to_the_operator(self):
        """S-SHARE: page, form, mail, confirmation, question, answer."""
        page = self.url_open("/recall/partners")
        self.assertIn("/recall/partners/apply", page.text)
        self.assertEqual(self.url_open("/recall/partners/apply").status_code, 200)
        self.assertIn(EMAIL, self.assertCase(self.apply(), "asked"))
        application = self.find()
        self.assertEqual(application.state, "unconfirmed")
        self.assertEqual(application.credit_code, CODE)
        self.assertEqual(application.quota_day, 1500)
        self.assertTrue(application.allow_many)
        self.assertFalse(application.allow_changes)
        self.run_cron("application")
        link = self.get_link(self.get_mails(), "/confirm")
        page = self.url_open(link)
        self.assertIn(CODE, self.assertCase(page, "confirm"))
        self.assertEqual(self.find().state, "unconfirmed", "a GET confirms nothing")
        self.assertCase(self.press(page), "confirmed")
        self.assertEqual(self.find().state, "waiting")

        application.with_user(self.operator)._ask_applicant("Which system asks?")
        self.run_cron("application")
        link = self.get_link(self.get_mails()[-1], "/answer")
        page = self.url_open(link)
        self.assertIn("Which system asks?", self.assertCase(page, "question"))
        self.assertCase(self.press(page, answer="  "), "question", status=422)
        self.assertCase(self.press(page, answer="Ours"), "answered")
        self.assertEqual((self.find().state, self.find().answer), ("waiting", "Ours"))
        self.assertCase(self.press(page, answer="Again"), "ended", status=404)

    def test_wrong_field_is_taken_or_lost(self):
        """S-SHARE: each wrong field is named beside it, and the rest stays typed."""
        for name, wrong in (
            ("name", " "),
            ("credit_code", CODE[:17]),
            ("credit_code", CODE[:17] + "4"),
            ("credit_code", "I" * 18),
            ("kind", "nobody"),
            ("contact_name", ""),
            ("email", "a@b"),
            ("email", "a@example.com\r\nBcc: victim@example.com"),
            ("phone", ""),
            ("purpose", ""),
            ("legal_basis", "\t"),
            ("quota_day", "many"),
            ("quota_day", "0"),
            ("quota_day", "9" * 30),
            ("allowed_addresses", "everywhere"),
            ("name", "<script>alert(1)</script>" * 40),
        ):
            with self.subTest(name=name, wrong=wrong[:20]):
                page = self.apply(**{name: wrong})
                if "script" in wrong:
                    self.assertEqual(page.status_code, 200)
                    continue
                self.assertEqual(page.status_code, 422)
                tree = html.fromstring(page.content)
                [field] = tree.xpath("//*[@aria-invalid='true']")
                self.assertEqual(field.get("name"), name)
                [error] = tree.xpath(f"//*[@id='o_recall_{name}_error']")
                self.assertTrue(error.text_content().strip())
                self.assertIn(error.get("id"), field.get("aria-describedby"))
                other = "phone" if name != "phone" else "contact_name"
                [kept] = tree.xpath(f"//input[@name='{other}']")
                self.assertEqual(kept.get("value"), FORM[other])
                self.assertTrue(tree.xpath("//input[@name='allow_many']/@checked"))
        self.assertEqual(len(self.find()), 1, "that of the script, as text")
        self.run_cron("application")
        page = self.url_open(self.get_link(self.get_mails(), "/confirm"))
        self.assertNotIn("<script>alert(1)", page.text)

    def test_one_address_is_flooded(self):
        """X-ATTACK: three applications a day to one address; the answer never tells."""
        pages = {self.assertCase(self.apply(), "asked") for _time in range(5)}
        self.assertEqual(len(pages), 1)
        self.assertEqual(len(self.find()), 3)

    def test_one_visitor_fills_the_queue(self):
        """X-ATTACK: a limit for each network address, and the same answer over it."""
        for number in range(22):
            self.assertCase(self.apply(email=f"a{number}@partner.example"), "asked")
        Application = self.env["recall.data.application"]
        self.assertEqual(Application.search_count([("email", "=like", "a%@p%")]), 20)

    def test_forged_link_opens_something(self):
        """X-CRYPTO: a proof works for its own application and its own purpose."""
        mine = self.make_application("unconfirmed")
        other = self.make_application("more", email="b@partner.example", question="?")
        same = self.env["recall.subscription"].create(
            {"email": EMAIL, "vin": self.vins[0]}
        )
        for token in (
            "",
            "0" * 64,
            mine._get_token("answer"),
            other._get_token("confirm"),
            same._get_token("confirm"),
            "\u00e9",
        ):
            path = f"/recall/partners/application/{mine.id}/confirm?token={token}"
            for method in ("GET", "POST"):
                with self.subTest(token=token[:8], method=method):
                    page = self.url_open(path, method=method)
                    self.assertCase(page, "ended", status=404)
        self.assertEqual(self.find().state, "unconfirmed")

    def test_decided_application_is_confirmed_again(self):
        """S-SHARE: an old link brings nothing decided back."""
        application = self.make_application("refused", reason="No")
        for purpose in ("confirm", "answer"):
            parts = urlsplit(application._get_url(purpose))
            page = self.url_open(f"{parts.path}?{parts.query}", method="POST")
            self.assertCase(page, "ended", status=404)
        self.assertEqual(self.find().state, "refused")

    def test_application_leaves_traces_of_a_person(self):
        """X-LOG: no link and no line of the log names the person."""
        with self.assertLogs(level=logging.INFO) as logs:
            self.apply()
            self.run_cron("application")
            link = self.get_link(self.get_mails(), "/confirm")
            self.press(self.url_open(link))
        for text in (link, "\n".join(logs.output)):
            for personal in ("zs7", "Zhang", "55550000", CODE):
                self.assertNotIn(personal, text)
        events = self.env["recall.audit.event"].search(
            [("action", "=like", "application.%")]
        )
        self.assertNotIn("zs7", str(events.mapped("detail")))

    def test_large_form_is_read(self):
        """X-ATTACK: big bodies are turned away."""
        with mute_logger("odoo.http"):
            self.assertEqual(self.apply(purpose="a" * 40_000).status_code, 413)
