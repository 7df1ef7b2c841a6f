# SPDX-License-Identifier: LGPL-3.0-only
from datetime import timedelta

from lxml import html

from odoo import fields
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .partner_common import PartnerCommon


@tagged("post_install", "-at_install")
class TestPortal(HttpCase, PartnerCommon):
    """What a data user does on its pages, with plain requests: no script takes part."""

    def setUp(self):
        super().setUp()
        self.login()
        self.page = f"/my/recall/{self.interface.id}"

    def login(self, account=None):
        account = account or self.account
        self.authenticate(account.login, account.login)

    def post(self, form, **values):
        """Press the button of a form of a page."""
        data = {
            item.get("name"): item.get("value") or item.text or ""
            for item in form.iter("input", "textarea")
            if item.get("name") and item.get("type") != "checkbox"
        }
        for select in form.iter("select"):
            data[select.get("name")] = select.find("option").get("value")
        return self.url_open(form.get("action"), data={**data, **values})

    def get_forms(self, ending, page=None):
        tree = html.fromstring(self.url_open(page or self.page).content)
        return [
            form
            for form in tree.iter("form")
            if (form.get("action") or "").endswith(ending)
        ]

    def ask(self, secret, vin=None):
        """Ask the sharing interface as the data user's system does."""
        message = {
            "api_exchange_token": secret,
            "api_exchange_cfg": self.interface.api_cfg,
            "api_exchange_vin": vin or self.vins[0],
        }
        answer = self.url_open("/recall/v1/share", json=message)
        return self.read_answer(answer, "exchange_records")["api_status"]

    def issue(self, **values):
        [form] = self.get_forms("/token")
        page = self.post(form, name="Core system", **values)
        self.assertEqual(page.status_code, 200)
        self.assertEqual(page.headers["Cache-Control"], "no-store")
        [area] = html.fromstring(page.content).xpath("//*[@id='o_recall_secret']")
        self.env.invalidate_all()
        return area.text_content().strip()

    def test_token_of_the_portal_does_not_work(self):
        """S-SHARE: issued on the page it works, revoked it is dead, at once."""
        self.assertEqual(self.ask(self.secret), 200)
        fresh = self.issue()
        self.assertEqual((self.ask(fresh), self.ask(self.secret)), (200, 200))
        token = self.own._get_own_tokens()[0]
        left = token.expires_at - fields.Datetime.now()
        self.assertGreater(left, timedelta(days=364))
        self.assertFalse(self.get_forms("/token"), "two are live: no third")
        [revoke] = self.get_forms(f"/token/{self.token.id}/revoke")
        self.post(revoke)
        self.assertEqual((self.ask(fresh), self.ask(self.secret)), (200, 403))
        self.assertTrue(self.get_forms("/token"), "room for the next again")
        event = self.env["recall.audit.event"].search(
            [("action", "=", "token.revoke")], limit=1
        )
        self.assertEqual(event.user_id, self.account)

    def test_secret_is_shown_again(self):
        """X-CRYPTO: the secret is on one page, once, and in no list."""
        secret = self.issue()
        for path in (self.page, "/my/recall"):
            self.assertNotIn(secret, self.url_open(path).text)

    def test_form_sent_twice_makes_two_tokens(self):
        """X-FAULT: a page that is sent once more makes no second token."""
        self.token.action_revoke()
        [form] = self.get_forms("/token")
        self.assertIn("o_recall_secret", self.post(form, name="A").text)
        again = self.post(form, name="A")
        self.assertIn("done=old", again.url)
        self.env.invalidate_all()
        live = self.own._get_own_tokens().filtered(lambda token: token.state == "live")
        self.assertEqual(len(live), 1)

    def test_addresses_cannot_be_changed(self):
        """S-SHARE: the list of addresses keeps others out, and is checked."""
        [form] = self.get_forms(f"/token/{self.token.id}/change")
        self.post(form, addresses="203.0.113.7")
        self.assertEqual(self.ask(self.secret), 401)
        wrong = self.post(form, addresses="everywhere")
        self.assertEqual(wrong.status_code, 422)
        self.assertIn("“everywhere” is not an address", wrong.text)
        self.env.invalidate_all()
        self.assertEqual(self.token.allowed_addresses, "203.0.113.7")
        self.post(form, addresses="")
        self.assertEqual(self.ask(self.secret), 200)

    def test_what_is_anothers_is_reached_by_its_number(self):
        """X-ACCESS: pages and deeds on what belongs to others: not found."""
        foreign, _secret = self.issue_share_token(self.other)
        csrf = {"csrf_token": self.get_csrf()}
        other = f"/my/recall/{self.other_interface.id}"
        with mute_logger("odoo.http"):
            for path, data in (
                (other, None),
                (f"{other}/more", None),
                (f"{other}/more", csrf),
                (f"{other}/token", csrf),
                (f"{other}/token/{foreign.id}/revoke", csrf),
                (f"{self.page}/token/{foreign.id}/revoke", csrf),
                (f"{self.page}/token/{foreign.id}/change", csrf),
                ("/my/recall/2147483647", None),
            ):
                with self.subTest(path=path, post=bool(data)):
                    self.assertEqual(self.url_open(path, data=data).status_code, 404)
        self.env.invalidate_all()
        self.assertFalse(foreign.revoked_at)
        self.assertNotIn(self.other.name, self.url_open("/my/recall").text)

    def get_csrf(self):
        [form] = self.get_forms(f"/token/{self.token.id}/change")
        [csrf] = form.xpath(".//input[@name='csrf_token']/@value")
        return csrf

    def test_foreign_page_issues_or_revokes(self):
        """X-ATTACK: a form of another site lacks the session's proof."""
        with mute_logger("odoo.http"):
            for path in ("token", f"token/{self.token.id}/revoke", "more"):
                answer = self.url_open(f"{self.page}/{path}", data={"name": "x"})
                self.assertEqual(answer.status_code, 400)
        self.env.invalidate_all()
        self.assertFalse(self.token.revoked_at)

    def test_wish_for_more_reaches_nobody(self):
        """S-SHARE: a wish goes to the operator's queue with what was ticked."""
        [form] = self.get_forms("/more", f"{self.page}/more")
        wrong = self.post(form, purpose="", quota_day="x")
        self.assertEqual(wrong.status_code, 422)
        wish = {"purpose": "Fleet", "legal_basis": "Law 1", "quota_day": "20000"}
        wish["allow_many"] = "1"
        done = self.post(form, **wish)
        self.assertIn("done=asked", done.url)
        application = self.env["recall.data.application"].search(
            [("interface_id", "=", self.interface.id)]
        )
        self.assertEqual(application.state, "waiting")
        self.assertEqual(application.quota_day, 20_000)
        self.assertTrue(application.allow_many)
        self.assertFalse(self.interface.allow_many, "nothing changes by asking")

        application._ask_applicant("Whose fleet?")
        [form] = self.get_forms("/answer", "/my/recall")
        self.post(form, answer="Our own")
        self.env.invalidate_all()
        self.assertEqual(application.answer, "Our own")

    def test_use_of_others_is_on_the_page(self):
        """S-SHARE: plot and table hold this interface's requests, by day and status."""
        today = fields.Datetime.now().replace(minute=0, second=0)
        self.add_usage(self.interface, today, 200, requests=7, vins=8000)
        self.add_usage(self.interface, today, 429, requests=3)
        self.add_usage(self.interface, today - timedelta(days=40), 407, requests=99)
        self.add_usage(self.other_interface, today, 500, requests=55)
        tree = html.fromstring(self.url_open(self.page).content)
        [table] = tree.xpath("//section[@aria-labelledby='o_recall_h_usage']//table")
        heads = [cell.text_content() for cell in table.xpath("./thead//th")]
        self.assertEqual(heads, ["Day", "200", "429"])
        cells = [cell.text_content() for cell in table.xpath("./tbody/tr/*")]
        self.assertEqual(cells, [str(today.date()), "7", "3"])
        self.assertEqual(len(tree.xpath("//svg//rect")), 2)
        use = self.url_open("/my/recall").text
        self.assertIn("8,000", use)

    def test_suspended_data_user_knows_no_reason(self):
        """S-SHARE: it reads why, and its requests are answered 406."""
        self.own._suspend("The agreement has ended.")
        self.assertEqual(self.ask(self.secret), 406)
        for path in (self.page, "/my/recall"):
            self.assertIn("The agreement has ended.", self.url_open(path).text)
        self.assertFalse(self.get_forms("/token"))

    def test_account_without_data_user_sees_an_error(self):
        """S-SHARE: a portal account of somebody else is led to the application."""
        self.login(self.make_user("ptn_p", "base.group_portal", password="ptn_p"))
        page = self.url_open("/my/recall")
        self.assertEqual(page.status_code, 200)
        self.assertIn('href="/recall/partners"', page.text)
        self.assertEqual(self.url_open("/my").status_code, 200)

    def test_visitor_gets_in(self):
        """X-ACCESS: without an account the way leads to the log-in."""
        self.authenticate(None, None)
        for path in ("/my/recall", self.page):
            self.assertIn("/web/login", self.url_open(path).url)
