# SPDX-License-Identifier: LGPL-3.0-only
import logging
import re
from urllib.parse import urlsplit

from lxml import html

from odoo.tests import HttpCase, tagged

from ..models import recall_phone_code as model
from .sms_common import SmsCommon


@tagged("post_install", "-at_install")
class TestPhonePages(HttpCase, SmsCommon):
    """Subscribing by short message, with plain requests: no script takes part."""

    def ask(self, phone=SmsCommon.NUMBER, **data):
        data = {"vin": self.vins[0], "channel": "sms", "phone": phone, **data}
        return self.url_open("/recall/subscribe", data=data)

    def enter(self, page, code=None, **data):
        """Send the form of a page, with a code or by another of its buttons."""
        [form] = html.fromstring(page.content).xpath(
            "//form[@action='/recall/phone' or @action='/recall/my-vehicles']"
            "[.//input[@type='hidden']]"
        )
        hidden = form.xpath(".//input[@type='hidden']")
        values = {item.get("name"): item.get("value") for item in hidden}
        if code:
            values["code"] = code
        return self.url_open(form.get("action"), data={**values, **data})

    def text(self, page, status=200):
        self.env.invalidate_all()
        self.assertEqual(page.status_code, status)
        self.assertEqual(page.headers["Cache-Control"], "no-store")
        self.assertEqual(page.headers["Referrer-Policy"], "no-referrer")
        self.assertNotIn("session_id", page.cookies)
        main = html.fromstring(page.content).get_element_by_id("wrap")
        return " ".join(main.text_content().split())

    def subscriber(self):
        self.env.invalidate_all()
        return self.env["recall.subscriber"].search([("channel", "=", "sms")])

    # === The way of a subscriber === #

    def test_double_opt_in_from_end_to_end(self):
        """S-PUSH: choose, prove the number by a code, be told, end it by the link."""
        page = self.ask()
        self.assertIn(self.NUMBER, self.text(page))
        self.assertFalse(self.subscriber(), "before the code nothing is kept")
        [code] = self.send_codes()
        done = self.enter(page, f" {code[:3]} {code[3:]} ")
        self.assertIn(self.vins[0], self.text(done))
        subscriber = self.subscriber()
        self.assertEqual(subscriber.subscription_ids.state, "active")
        self.assertIn("138****8000", self.text(self.enter(done)))

        self.tell()
        [*_codes, (_number, told)] = self.gateway.taken
        self.assertIn(self.plan.recall_number, told)
        url = re.search(r"http\S+/recall/s/\S+", told)[0]
        page = self.url_open(urlsplit(url).path)
        self.assertIn("End all messages?", self.text(page))
        self.assertEqual(subscriber.subscription_ids.state, "active")
        [form] = html.fromstring(page.content).xpath(
            "//form[@action='/recall/my-vehicles/unsubscribe']"
        )
        key = form.xpath(".//input/@value")[0]
        self.url_open(form.get("action"), data={"key": key})
        self.env.invalidate_all()
        self.assertEqual(subscriber.subscription_ids.state, "cancelled")

    def test_wrong_code_subscribes(self):
        """S-PUSH X-ATTACK: five tries, whatever the page says."""
        page = self.ask()
        [code] = self.send_codes()
        wrong = f"{(int(code) + 1) % 10**6:06}"
        for _try in range(model.MAX_TRIES):
            answer = self.enter(page, wrong)
            self.assertIn("does not work", self.text(answer, 422))
        self.assertIn("does not work", self.text(self.enter(answer, code), 422))
        self.assertFalse(self.subscriber())

    def test_answer_tells_whether_a_number_is_known(self):
        """X-ATTACK: known, unknown or within a limit: the same page."""
        self.subscribe_phone("13900139000")
        self.env.flush_all()
        texts = set()
        for number in ("13900139000", "13700137000", "13900139000"):
            text = self.text(self.ask(number)).replace(number, "N")
            log_in = self.url_open("/recall/my-vehicles", data={"phone": number})
            texts |= {text, self.text(log_in).replace(number, "N")}
        self.assertEqual(len(texts), 1)

    def test_another_code_is_not_sent(self):
        page = self.ask()
        self.send_codes()
        self.env["recall.phone.code"].search([]).write(
            {"asked_at": "2020-01-01 00:00:00"}
        )
        self.env.flush_all()
        page = self.enter(page, do="again")
        codes = self.send_codes()
        self.assertEqual(len(codes), 2)
        self.assertIn("confirmed", self.text(self.enter(page, codes[1])))

    def test_subscriber_by_code_does_not_get_to_its_page(self):
        """S-PUSH: "My vehicles" opens by a code, and takes vehicles."""
        self.subscribe_phone()
        self.env.flush_all()
        page = self.url_open("/recall/my-vehicles", data={"phone": self.NUMBER})
        [code] = self.send_codes()
        page = self.enter(page, code)
        self.assertIn(self.vins[0], self.text(page))
        key = html.fromstring(page.content).xpath("//input[@name='key']/@value")[0]
        added = self.url_open(
            "/recall/my-vehicles",
            data={"key": key, "do": "watch", "vin": self.vins[1]},
        )
        self.assertIn(self.vins[1], self.text(added))
        self.assertEqual(
            set(self.subscriber().subscription_ids.mapped("vin")), set(self.vins[:2])
        )

    def test_number_that_watches_nothing_opens_a_page(self):
        page = self.url_open("/recall/my-vehicles", data={"phone": self.NUMBER})
        [code] = self.send_codes()
        self.assertIn("Nothing is subscribed", self.text(self.enter(page, code)))
        self.assertFalse(self.subscriber())

    def test_brand_or_recall_is_not_subscribed(self):
        for number, about in (
            ("13900139001", {"what": "brand", "brand": "Testbrand", "series": "S"}),
            ("13900139002", {"what": "recall", "recall": self.plan.recall_number}),
        ):
            with self.subTest(about=about):
                page = self.ask(number, vin="", **about)
                code = self.send_codes(number)[-1]
                self.assertIn("confirmed", self.text(self.enter(page, code)))
        plan, brand = self.subscriber().subscription_ids.sorted(
            lambda item: item.brand or ""
        )
        self.assertEqual((brand.brand, brand.series), ("Testbrand", "S"))
        self.assertEqual(plan.plan_id, self.plan)

    # === The form === #

    def test_choice_is_offered_while_switched_off(self):
        """S-PUSH: short messages are the operator's choice."""
        for on in (True, False):
            self.switch(on)
            self.env.flush_all()
            for url in ("/recall/subscribe", "/recall/my-vehicles"):
                with self.subTest(on=on, url=url):
                    tree = html.fromstring(self.url_open(url).content)
                    self.assertEqual(len(tree.xpath("//input[@name='phone']")), on)
                    self.assertTrue(tree.xpath("//input[@name='email']"))
        self.assertIn("not an e-mail address", self.text(self.ask(), 422))
        self.assertFalse(self.Code.search([]))

    def test_bad_number_asks_for_a_code(self):
        page = self.ask("12345")
        self.assertIn("not a mobile number", self.text(page, 422))
        tree = html.fromstring(page.content)
        [field] = tree.xpath("//input[@name='phone']")
        self.assertEqual(field.get("value"), "12345")
        self.assertEqual(field.get("aria-invalid"), "true")
        self.assertTrue(tree.xpath("//input[@value='sms'][@checked]"))
        bad = self.url_open("/recall/my-vehicles", data={"phone": "12345"})
        self.assertIn("not a mobile number", self.text(bad, 422))
        self.assertFalse(self.Code.search([]))

    def test_number_without_the_choice_is_taken_for_a_mail_address(self):
        page = self.ask(channel="mail", email="")
        self.assertIn("Enter the code", self.text(page))

    def test_answer_of_the_search_does_not_lead_to_short_messages(self):
        page = self.url_open("/recall", data={"vin": self.vins[0]})
        tree = html.fromstring(page.content)
        [form] = tree.find_class("o_recall_subscribe")
        [button] = form.xpath(".//button[@name='channel']")
        data = {
            **{
                item.get("name"): item.get("value") or "" for item in form.iter("input")
            },
            "channel": button.get("value"),
        }
        tree = html.fromstring(self.url_open(form.get("action"), data=data).content)
        self.assertTrue(tree.xpath("//input[@value='sms'][@checked]"))
        [field] = tree.xpath("//input[@id='o_recall_watch_vin']")
        self.assertEqual(field.get("value"), self.vins[0])

    def test_forged_or_old_page_takes_a_code(self):
        """X-ATTACK: number and wish are sealed in the form."""
        for ticket in ("", "forged", "SM4-GCM~x~y~z"):
            with self.subTest(ticket=ticket):
                page = self.url_open(
                    "/recall/phone", data={"ticket": ticket, "code": "123456"}
                )
                self.assertIn("does not work any more", self.text(page, 404))
        page = self.ask()
        self.assertNotIn(
            self.NUMBER,
            html.fromstring(page.content).xpath("//input[@name='ticket']/@value")[0],
        )

    def test_forged_short_link_ends_messages(self):
        subscriber = self.subscribe_phone()
        self.env.flush_all()
        page = self.url_open(f"/recall/s/{subscriber.id:x}-{'0' * 24}")
        self.assertIn("does not work any more", self.text(page, 404))

    def test_number_is_in_a_log_or_address(self):
        """X-ATTACK: neither the server's log nor an address shows the number."""
        with self.assertLogs(level=logging.DEBUG) as caught:
            page = self.ask()
            [code] = self.send_codes()
            self.enter(page, code)
            self.tell()
        # Neither the log of statements nor the test's own client is the product's.
        lines = [
            line
            for line in caught.output
            if not line.startswith(("DEBUG:odoo.sql_db", "DEBUG:urllib3"))
        ]
        self.assertTrue(lines)
        self.assertNotIn(self.NUMBER, "\n".join(lines))
        self.assertNotIn(self.NUMBER, page.url)
        events = self.env["recall.audit.event"].search([])
        self.assertNotIn(self.NUMBER, str(events.mapped("detail")))
