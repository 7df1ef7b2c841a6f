# SPDX-License-Identifier: LGPL-3.0-only
from unittest.mock import patch

from lxml import html
from standardwebhooks import Webhook

from odoo.tests import HttpCase, tagged

from odoo.addons.recall_base.tools import http_client

from ..models import recall_data_user_webhook
from .partner_common import PartnerCommon


@tagged("post_install", "-at_install")
class TestWebhookPages(HttpCase, PartnerCommon):
    """A partner's webhooks on its pages, with plain requests."""

    LIST = "/my/recall/webhooks"

    def setUp(self):
        super().setUp()
        self.login(self.account)
        self.posted = []

    def login(self, account):
        self.authenticate(account.login, account.login)

    def say(self, response):
        return " ".join(html.fromstring(response.content).text_content().split())

    def press(self, response, ending, **values):
        """Press the button of the form of a page whose address ends like this."""
        tree = html.fromstring(response.content)
        [form, *_more] = [
            form
            for form in tree.iter("form")
            if (form.get("action") or "").endswith(ending)
        ]
        data = {**dict(form.form_values()), **values}
        return self.url_open(form.get("action"), data=data)

    def add(self, **values):
        return self.press(
            self.url_open(self.LIST),
            "/webhooks",
            **{
                "name": "Fleet system",
                "url": "https://partner.example.com/x",
                **values,
            },
        )

    def get_secret(self, page):
        [area] = html.fromstring(page.content).xpath("//*[@id='o_recall_secret']")
        return area.text_content().strip()

    def deliver(self, answer=200):
        def post(url, body, headers, **_options):
            self.posted.append((url, body, headers))
            return answer

        with patch.object(http_client, "post_message", post):
            self.run_cron("deliver")

    def test_partner_cannot_keep_its_webhook(self):
        """S-PUSH: add, secret, test, log, resend, pause, change and go on, by form."""
        page = self.add(tell_done="")
        self.assertIn("nothing is sent before", self.say(page))
        hook = self.env["recall.webhook"].search([("data_user_id", "=", self.own.id)])
        self.assertEqual(hook.email, self.account.email)
        address = page.url.partition("?")[0]
        issued = self.press(page, "/secret")
        self.assertEqual(issued.headers["Cache-Control"], "no-store")
        secret = self.get_secret(issued)
        page = self.press(self.url_open(address), "/test")
        self.assertNotIn(secret, page.text, "it is shown once")
        self.deliver(503)
        self.assertIn("fault of its own", self.say(self.url_open(address)))
        self.press(self.url_open(address), "/test")
        self.deliver()
        self.assertEqual(hook.message_ids.mapped("state"), ["sent", "waiting"])
        [*_, (_url, body, headers)] = self.posted
        self.assertEqual(Webhook(secret).verify(body, headers)["type"], "test")
        page = self.press(self.url_open(address), "/resend")
        self.assertIn("same webhook-id", self.say(page))
        before = len(self.posted)
        self.deliver()
        self.assertEqual(len(self.posted), before + 1)
        page = self.press(self.url_open(address), "/pause")
        self.assertEqual(hook.state, "disabled")
        page = self.press(page, "/save", url="https://new.example.com/y")
        self.assertIn("https://new.example.com/y", page.text)
        page = self.press(page, "/resume")
        self.assertEqual(hook.state, "active")
        event = self.env["recall.audit.event"].search(
            [("action", "=", "webhook.secret")], limit=1
        )
        self.assertEqual(event.user_id, self.account)

    def test_old_page_replaces_the_secret(self):
        """S-PUSH: the form of an old page, sent once more, issues no secret."""
        old = self.add()
        secret = self.get_secret(self.press(old, "/secret"))
        again = self.press(old, "/secret")
        self.assertIn("No secret was issued", self.say(again))
        hook = self.env["recall.webhook"].search([("data_user_id", "=", self.own.id)])
        self.assertEqual(hook._open_secrets(), [secret])
        fresh = self.get_secret(self.press(again, "/secret"))
        self.assertEqual(hook._open_secrets(), [fresh, secret])

    def test_wrong_address_has_no_plain_words(self):
        """X-ATTACK: what cannot be used is said, and what was typed stays."""
        for url in ("http://partner.example.com/", "https://a b/", ""):
            page = self.add(url=url, name="My system")
            self.assertEqual(page.status_code, 422)
            self.assertIn("write https://", self.say(page))
            self.assertIn('value="My system"', page.text)
        page = self.add(email="nobody")
        self.assertIn("not an e-mail address", self.say(page))
        self.assertFalse(self.env["recall.webhook"].search([]))
        with patch.object(recall_data_user_webhook, "MOST_WEBHOOKS", 1):
            self.add()
            self.assertIn("1 webhooks already", self.say(self.add()))

    def test_form_writes_what_is_not_in_it(self):
        """X-ACCESS: a form sets no state, no secret and no other data user."""
        page = self.add(state="active", secret_sealed="x", data_user=str(self.other.id))
        self.assertEqual(page.status_code, 404)
        page = self.add(state="active", last_sequence="7")
        hook = self.env["recall.webhook"].search([])
        self.assertEqual((hook.state, hook.last_sequence), ("new", 0))
        self.assertEqual(hook.data_user_id, self.own)
        self.press(page, "/save", data_user_id=str(self.other.id), state="active")
        self.assertEqual((hook.state, hook.data_user_id), ("new", self.own))

    def test_other_partner_gets_in(self):
        """X-ACCESS: webhooks, their messages and secrets are the partner's own."""
        page = self.add()
        hook = self.env["recall.webhook"].search([])
        self.press(page, "/secret")
        message = self.env["recall.webhook.message"]._create_test(hook)
        for record in (hook, message):
            record.with_user(self.account).check_access("read")
            Model = record.browse().with_user(self.other_account)
            self.assertFalse(Model.search([]))
            for operation in ("write", "create", "unlink"):
                self.assertFalse(record.with_user(self.account).has_access(operation))
        address = page.url.partition("?")[0]
        self.login(self.other_account)
        token = html.fromstring(self.url_open(self.LIST).content).xpath(
            "//input[@name='csrf_token']/@value"
        )[0]
        self.assertEqual(self.url_open(address).status_code, 404)
        for deed in ("save", "secret", "test", "pause", f"message/{message.id}/resend"):
            answer = self.url_open(f"{address}/{deed}", data={"csrf_token": token})
            self.assertEqual(answer.status_code, 404, deed)
        self.assertNotIn("Fleet system", self.url_open(self.LIST).text)

    def test_suspended_partner_changes_a_webhook(self):
        """X-ACCESS: a suspended data user changes and sends nothing."""
        page = self.add()
        self.own._suspend("The agreement has ended.")
        for ending in ("/secret", "/save"):
            answer = self.press(page, ending)
            self.assertEqual(answer.status_code, 422)
            self.assertIn("suspended", self.say(answer))
        shown = self.url_open(self.LIST)
        self.assertNotIn("Add the address", shown.text)
