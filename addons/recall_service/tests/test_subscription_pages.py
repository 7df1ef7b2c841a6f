# SPDX-License-Identifier: LGPL-3.0-only
import ast
import logging
import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

from lxml import html

from odoo import Command, fields
from odoo.tests import HttpCase, freeze_time, tagged
from odoo.tools import mute_logger

from .common import SubscriptionCommon


@tagged("post_install", "-at_install")
class TestSubscriptionPages(HttpCase, SubscriptionCommon):
    """Subscribing as a visitor does, with plain requests: no script takes part."""

    def setUp(self):
        super().setUp()
        self.Subscription = self.env["recall.subscription"]

    def ask(self, email=SubscriptionCommon.EMAIL, vin=None, url="/recall/subscribe"):
        return self.url_open(
            url,
            data={"email": email, "vin": vin or self.vins[0]},
            allow_redirects=False,
        )

    def find(self, email=SubscriptionCommon.EMAIL):
        self.env.invalidate_all()
        return self.Subscription.search([("email", "=", email)])

    def press(self, page):
        """Press the one button of a page's answer."""
        [form] = html.fromstring(page.content).xpath(
            "//*[contains(@class, 'o_recall_answer')]//form"
        )
        self.assertEqual(form.get("method"), "post")
        fields_ = {item.get("name"): item.get("value") for item in form.iter("input")}
        return self.url_open(form.get("action"), data=fields_)

    def assertCase(self, response, case, status=200):
        self.assertEqual(response.status_code, status)
        tree = html.fromstring(response.content)
        self.assertEqual(len(tree.find_class(f"o_recall_mail_{case}")), 1)
        self.assertEqual(len(tree.xpath("//h1")), 1)
        self.assertEqual(response.headers["Cache-Control"], "no-store")
        self.assertEqual(response.headers["Referrer-Policy"], "no-referrer")
        self.assertNotIn("session_id", response.cookies)
        return " ".join(tree.find_class("o_recall_answer")[0].text_content().split())

    # === The way of a subscriber === #

    def test_double_opt_in_from_end_to_end(self):
        """S-PUSH: search, subscribe, confirm by mail, be told, end it by the mail."""
        page = self.url_open("/recall", data={"vin": self.vins[0]})
        [form] = html.fromstring(page.content).find_class("o_recall_subscribe")
        self.assertEqual(form.get("method"), "post")
        hidden = form.xpath(".//input[@type='hidden']")
        values = {item.get("name"): item.get("value") for item in hidden}
        asked = self.url_open(
            form.get("action"), data={**values, "email": f" {self.EMAIL.upper()} "}
        )
        self.assertIn(self.EMAIL, self.assertCase(asked, "asked"))
        subscription = self.find()
        self.assertEqual(subscription.state, "waiting")
        self.assertEqual(subscription.vin, self.vins[0])

        self.push()
        self.assertFalse(self.get_mails(), "nothing is told before the confirmation")
        self.run_cron("ask")
        [mail] = self.get_mails()
        links = self.get_links(mail)
        page = self.url_open(links["confirm"])
        self.assertIn(self.vins[0], self.assertCase(page, "confirm"))
        self.assertEqual(self.find().state, "waiting", "a GET confirms nothing")
        self.assertCase(self.press(page), "confirmed")
        self.assertEqual(self.find().state, "active")
        self.assertTrue(self.find().confirmed_at)

        self.push()
        [_first, told] = self.get_mails()
        self.assertIn(self.plan.recall_number, told.subject)
        page = self.url_open(self.get_links(told)["unsubscribe"])
        self.assertCase(page, "unsubscribe")
        self.assertEqual(self.find().state, "active", "a GET ends nothing")
        self.assertCase(self.press(page), "unsubscribed")
        self.assertEqual(self.find().state, "cancelled")
        self.assertCase(self.url_open(links["confirm"]), "refused", status=404)

    def test_one_click_unsubscribe(self):
        """S-PUSH: RFC 8058: both headers, and the POST that mail programs send."""
        subscription = self.subscribe()
        self.push()
        headers = ast.literal_eval(self.get_mails().headers)
        self.assertEqual(headers["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click")
        address = headers["List-Unsubscribe"]
        self.assertEqual((address[0], address[-1]), ("<", ">"))
        path = address[1:-1].removeprefix(subscription._get_site())
        for _time in range(2):
            response = self.url_open(
                path, data={"List-Unsubscribe": "One-Click"}, allow_redirects=False
            )
            self.assertCase(response, "unsubscribed")
            self.assertEqual(self.find().state, "cancelled")

    def test_form_is_on_answers_about_a_vehicle_only(self):
        """S-PUSH: what was not searched cannot be subscribed to."""
        for vin, shown in (
            (self.vins[0], 1),
            (self.make_vin(), 1),
            (self.vins[0][:16], 0),
        ):
            page = self.url_open("/recall", data={"vin": vin})
            forms = html.fromstring(page.content).find_class("o_recall_subscribe")
            with self.subTest(vin=vin):
                self.assertEqual(len(forms), shown)
        self.assertNotIn("o_recall_subscribe", self.url_open("/recall").text)

    def test_language_of_pages_and_mails(self):
        """S-PUSH: the mails are in the language in which the visitor subscribed."""
        chinese = self.env["res.lang"]._activate_lang("zh_CN")
        self.env["ir.module.module"]._load_module_terms(["recall_service"], ["zh_CN"])
        self.env["website"].search([]).write(
            {"language_ids": [Command.link(chinese.id)]}
        )
        self.ask("second@example.com")
        page = self.ask(url="/zh_CN/recall/subscribe")
        self.assertIn("请查收邮件", self.assertCase(page, "asked"))
        self.run_cron("ask")
        self.find()._confirm()
        self.find("second@example.com")._confirm()
        self.push()
        confirmation, told = self.get_mails()
        self.assertIn("请确认", confirmation.subject)
        self.assertIn("车辆属于召回范围", told.body_html)
        self.assertIn(f"召回 {self.plan.recall_number}", told.subject)
        english = self.get_mails("second@example.com")
        self.assertIn("Please confirm", english[0].subject)
        self.assertIn("in the scope of a recall", english[1].body_html)

    # === What others try === #

    def test_answer_never_tells_whether_an_address_is_known(self):
        """X-ATTACK: new, waiting, active, over the limit: the same page."""
        self.subscribe("active@example.com")
        self.ask("waiting@example.com")
        pages = set()
        for name in ("active", "waiting", "unknown"):
            page = self.ask(f"{name}@example.com")
            pages.add(self.assertCase(page, "asked").replace(name, "NAME"))
        self.assertEqual(len(pages), 1)

    def test_forged_and_foreign_tokens(self):
        """X-CRYPTO: a token works for its own subscription and its own purpose only."""
        mine = self.subscribe(confirmed=False)
        other = self.subscribe("other@example.com", confirmed=False)
        waiting = {mine.id: "waiting", other.id: "waiting"}
        path = f"/recall/subscription/{mine.id}"
        for purpose, stranger in (
            ("confirm", "unsubscribe"),
            ("unsubscribe", "confirm"),
        ):
            right = mine._get_token(purpose)
            for token in (
                "",
                "0" * 64,
                right[:-1],
                right + "0",
                right.upper(),
                "\u00e9\u4f8b",
                other._get_token(purpose),
                mine._get_token(stranger),
            ):
                for method in ("GET", "POST"):
                    with self.subTest(purpose=purpose, token=token, method=method):
                        response = self.url_open(
                            f"{path}/{purpose}?token={token}", method=method
                        )
                        self.assertCase(response, "refused", status=404)
            for path_ in (
                f"/recall/subscription/2147483647/{purpose}?token={right}",
                f"{path}/{purpose}",
            ):
                self.assertCase(self.url_open(path_), "refused", status=404)
            upload = self.url_open(f"{path}/{purpose}", files={"token": b"x"})
            self.assertCase(upload, "refused", status=404)
        for number in ("99999999999999999999", "0x1", "-1"):
            url = f"/recall/subscription/{number}/confirm?token=x"
            self.assertEqual(self.url_open(url).status_code, 404)
        self.env.invalidate_all()
        states = {item.id: item.state for item in (mine, other)}
        self.assertEqual(states, waiting)

    def test_confirmation_link_ends_after_a_week(self):
        """S-PUSH: an old mail in a stolen mailbox subscribes nobody."""
        subscription = self.subscribe(confirmed=False)
        path = urlsplit(subscription._get_url("confirm"))
        url = f"{path.path}?{path.query}"
        self.assertCase(self.url_open(url), "confirm")
        subscription.asked_at = fields.Datetime.now() - timedelta(days=7, minutes=1)
        self.assertCase(self.url_open(url), "refused", status=404)
        self.assertCase(self.url_open(url, method="POST"), "refused", status=404)
        self.assertEqual(self.find().state, "waiting")

    def test_hostile_input_is_only_text(self):
        """X-ATTACK: whatever is typed as an address comes back as text, or not."""
        before = self.Subscription.search_count([])
        for typed in (
            "",
            "<script>alert(1)</script>",
            "\"'><img src=x>",
            "a@example.com\r\nBcc: victim@example.com",
            "%s%(email)s{0}",
            "a" * 5000,
            "\x00",
        ):
            with self.subTest(typed=typed[:20]):
                page = self.ask(typed)
                self.assertCase(page, "bad_address", status=422)
                self.assertNotIn("<script>alert(1)", page.text)
                self.assertNotIn("<img src=x>", page.text)
                self.assertNotIn("a" * 300, page.text)
                [hidden] = html.fromstring(page.content).xpath("//input[@name='vin']")
                self.assertEqual(
                    hidden.value, self.vins[0], "it need not be typed again"
                )
        self.assertEqual(self.Subscription.search_count([]), before)

    def test_what_is_no_vehicle_is_refused(self):
        """X-ATTACK: no VIN, a wrong one, or a GET: the form again, and no row."""
        before = self.Subscription.search_count([])
        for vin in ("", self.vins[0][:16], "<b>", "\u0661" * 17):
            response = self.url_open(
                "/recall/subscribe",
                data={"email": self.EMAIL, "vin": vin},
                allow_redirects=False,
            )
            self.assertCase(response, "bad_target", status=422)
        response = self.url_open(
            f"/recall/subscribe?email={self.EMAIL}&vin={self.vins[0]}",
            allow_redirects=False,
        )
        self.assertEqual(response.status_code, 200)
        fields = re.findall(r"<input[^>]*>", response.text)
        self.assertTrue(fields)
        # The switch of languages repeats the address as it came.
        self.assertNotIn(self.vins[0], "".join(fields), "a VIN is read from an address")
        self.assertEqual(self.Subscription.search_count([]), before)

    def ask_for(self, **about):
        return self.url_open("/recall/subscribe", data={"email": self.EMAIL, **about})

    def test_brand_series_and_recall_from_the_page(self):
        """S-PUSH: a visitor watches a brand, a series or a recall; a mail confirms."""
        number = self.plan.recall_number
        for about in (
            {"what": "brand", "brand": " Test  brand "},
            {"what": "brand", "brand": "Testbrand", "series": "S1"},
            {"recall": number.lower()},
        ):
            self.assertCase(self.ask_for(**about), "asked")
        self.assertEqual(
            set(self.find().mapped("display_name")),
            {"Test brand", "Testbrand S1", self.plan.display_name},
        )
        self.assertEqual(set(self.find().mapped("state")), {"waiting"})
        self.run_cron("ask")
        self.assertEqual(len(self.get_mails()), 3)

    def test_what_cannot_be_watched_is_said_in_plain_words(self):
        """S-PUSH: an unknown recall, no brand, a plan that is not public."""
        hidden = self.make_plan(self.producer, state="filed")
        for about, said in (
            ({"what": "brand", "brand": " "}, "Which brand?"),
            ({"what": "recall", "recall": "S1999M0001I"}, "no such recall"),
            ({"what": "recall", "recall": hidden.recall_number}, "no such recall"),
            ({"what": "vin", "vin": "LTZ"}, "not a VIN"),
        ):
            with self.subTest(about=about):
                answer = self.assertCase(self.ask_for(**about), "bad_target", 422)
                self.assertIn(said, answer)
        self.assertFalse(self.find())

    def test_page_of_a_recall_can_fill_the_form(self):
        """S-PUSH: recall number and brand come with the address, the mail does not."""
        page = self.url_open("/recall/subscribe?recall=S2025M0001I&email=x@example.com")
        tree = html.fromstring(page.content)
        self.assertEqual(tree.xpath("//input[@name='recall']/@value"), ["S2025M0001I"])
        self.assertEqual(tree.xpath("//input[@checked]/@value"), ["recall"])
        self.assertNotIn("x@example.com", page.text)

    def test_too_large_and_other_methods(self):
        """X-ATTACK: big bodies and other methods are turned away."""
        with mute_logger("odoo.http"):
            response = self.ask("a" * 9000)
            self.assertEqual(response.status_code, 413)
            response = self.url_open("/recall/subscribe", method="PUT", data=b"x")
            self.assertEqual(response.status_code, 405)

    # === Traces === #

    def test_no_vin_and_no_address_in_urls_and_logs(self):
        """X-LOG: links and the server's log name neither vehicle nor owner."""
        with self.assertLogs(level=logging.INFO) as logs:
            self.ask()
            self.run_cron("ask")
            confirmation = self.get_links(self.get_mails())
            self.press(self.url_open(confirmation["confirm"]))
            self.push()
            told = self.get_links(self.get_mails()[-1])
            self.press(self.url_open(told["unsubscribe"]))
        self.assertEqual(self.find().state, "cancelled")
        for text in (*confirmation.values(), *told.values(), "\n".join(logs.output)):
            self.assertNotIn(self.vins[0], text)
            self.assertNotIn("owner", text)
            self.assertNotIn("example.com", text)
        for link in (confirmation["confirm"], told["unsubscribe"]):
            self.assertEqual(set(parse_qs(urlsplit(link).query)), {"token"})
        with freeze_time(fields.Datetime.now() + timedelta(days=31)):
            self.Subscription._gc_ended()
        self.assertFalse(self.find())
