# SPDX-License-Identifier: LGPL-3.0-only
from urllib.parse import urlsplit

from odoo.tests import tagged

from .browser import LANGUAGES, NARROW, BrowserCase
from .common import SubscriptionCommon
from .objection_common import ObjectionCommon
from .partner_common import PartnerCommon

#: Kinds of visits: languages times sizes of the screen.
VISITS = 4
#: Button of the form on a page, and of the mail's link behind it.
SUBMIT = "#wrap form.o_recall_subscribe button[type=submit]"
PRESS = ".o_recall_answer form button[type=submit]"


def cut(url):
    """Path and query of an address."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


@tagged("post_install", "-at_install")
class TestSubscriptionForms(SubscriptionCommon, BrowserCase):
    """Subscribing, and a subscriber's own page."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Read beforehand: while a browser asks, the records are the server's.
        cls.waiting = [
            cls.subscribe(f"visit{number}@example.com", confirmed=False)
            for number in range(VISITS)
        ]
        cls.confirm = [cut(one._get_url("confirm")) for one in cls.waiting]
        cls.end = [cut(one._get_url("unsubscribe")) for one in cls.waiting]
        cls.make_completion(cls.plan, cls.vins[1])
        own = cls.subscribe()
        for about in (
            {"vin": cls.vins[1]},
            {"plan_id": cls.plan.id},
            {"brand": "星牌"},
        ):
            cls.subscribe(**about)
        cls.own = cut(own.subscriber_id._get_url())
        cls.own_end = cut(own.subscriber_id._get_url("end"))
        cls.vin = cls.vins[0]

    def test_subscribing_is_not_accessible(self):
        """S-PUSH: axe finds nothing from the form to the end of a subscription."""
        for number, visit in enumerate(self.each_visit()):
            with visit as (page, prefix):
                self.visit(page, f"{prefix}/recall/subscribe")
                self.assert_accessible(page)
                for what, typed in (
                    ("vin", {"vin": "NOVIN"}),
                    ("brand", {"brand": ""}),
                    ("recall", {"recall": "S2099M0001V"}),
                    ("vin", {"vin": self.vin, "email": "nobody"}),
                    ("vin", {"vin": self.vin, "email": f"new{number}@example.com"}),
                ):
                    page.check(f"#o_recall_what_{what}")
                    for name, text in typed.items():
                        page.fill(f"#wrap [name={name}]", text)
                    page.click(SUBMIT)
                    page.locator("#o_recall_result").wait_for()
                    self.assert_accessible(page)
                self.visit(page, prefix + self.confirm[number])
                self.assert_accessible(page)
                page.click(PRESS)
                page.locator(".o_recall_mail_confirmed").wait_for()
                self.assert_accessible(page)
                self.visit(page, prefix + self.end[number])
                self.assert_accessible(page)
                page.click(PRESS)
                page.locator(".o_recall_mail_unsubscribed").wait_for()
                self.assert_accessible(page)
                self.visit(page, f"{prefix}/recall/subscription/1/confirm", 404)
                self.assert_accessible(page)

    def test_own_page_is_not_accessible(self):
        """S-PUSH: axe finds nothing on the way to one's vehicles, and on their page."""
        for visit in self.each_visit():
            with visit as (page, prefix):
                self.visit(page, f"{prefix}/recall/my-vehicles")
                self.assert_accessible(page)
                for typed in ("nobody", "new@example.com"):
                    page.fill("#o_recall_email", typed)
                    page.click(SUBMIT)
                    page.locator("#o_recall_result").wait_for()
                    self.assert_accessible(page)
                for path, status in (
                    (self.own, 200),
                    (self.own_end, 200),
                    ("/recall/my-vehicles?key=1.2.3", 404),
                ):
                    self.visit(page, prefix + path, status)
                    for details in page.locator("details").all():
                        details.evaluate("element => { element.open = true; }")
                    self.assert_accessible(page)
                self.visit(page, prefix + self.own)
                page.fill("#o_recall_watch_vin", "NOVIN")
                page.press("#o_recall_watch_vin", "Enter")
                page.wait_for_load_state()
                self.assert_accessible(page)

    def test_keyboard_does_not_reach_a_control(self):
        """S-PUSH: the tab key reaches every control, and one sees which it is."""
        for prefix in LANGUAGES.values():
            with self.open_browser() as page:
                for path in ("/recall/subscribe", self.own, self.own_end):
                    self.visit(page, prefix + path)
                    self.assert_keyboard(page)


@tagged("post_install", "-at_install")
class TestObjectionForms(ObjectionCommon, BrowserCase):
    """Objecting to a recall that is shown as open, and following it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.vin = cls.vins[3]
        objections = [
            cls.object(vin, photo=cls.draw(), email=cls.EMAIL) for vin in cls.vins[:3]
        ]
        objections[1]._pass_on()
        objections[2]._pass_on()
        objections[2]._decide("refuse", cls.refusal, "See page 2.")
        cls.paths = [one._get_path() for one in objections]

    def open_form(self, page, prefix):
        self.visit(page, f"{prefix}/recall")
        page.fill("#o_recall_vin", self.vin)
        page.press("#o_recall_vin", "Enter")
        page.click(".o_recall_objection_ask button")
        page.locator(".o_recall_objection_form").wait_for()

    def test_objecting_is_not_accessible(self):
        """S-QUERY: axe finds nothing on the form, its faults, and where it stands."""
        for visit in self.each_visit():
            with visit as (page, prefix):
                self.open_form(page, prefix)
                self.assert_accessible(page)
                page.fill("#o_recall_email", "nobody")
                page.fill("#o_recall_repair_number", "7" * 64)
                page.click(".o_recall_objection_form button[type=submit]")
                page.locator("#o_recall_result").wait_for()
                self.assert_accessible(page)
                for path in self.paths:
                    self.visit(page, prefix + path)
                    for details in page.locator("details").all():
                        details.evaluate("element => { element.open = true; }")
                    self.assert_accessible(page)
                self.visit(page, f"{prefix}/recall/objection/AAAA-AAAA-AAAA", 404)
                self.assert_accessible(page)

    def test_keyboard_does_not_reach_a_control(self):
        """S-QUERY: the tab key reaches every control, and one sees which it is."""
        with self.open_browser(viewport=NARROW) as page:
            self.open_form(page, "")
            self.assert_keyboard(page)
            self.visit(page, self.paths[0])
            self.assert_keyboard(page)


@tagged("post_install", "-at_install")
class TestPartnerForms(PartnerCommon, BrowserCase):
    """A partner's pages, and the home page of the site."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.make_application("approved", interface_id=cls.interface.id)
        cls.make_application(
            "more", interface_id=cls.interface.id, question="Which system asks?"
        )
        cls.env.cr.execute("SELECT now()::timestamp")
        [hour] = cls.env.cr.fetchone()
        for status in (200, 403, 429):
            cls.add_usage(cls.interface, hour, status=status, requests=5)
        waiting = cls.make_application(email="waiting@partner.example")
        asked = cls.make_application("more", email="asked@partner.example")
        asked.question = "Which system asks?"
        cls.public = {
            "/": 200,
            "/recall/developers": 200,
            "/recall/partners": 200,
            "/recall/partners/apply": 200,
            cut(waiting._get_url("confirm")): 200,
            cut(asked._get_url("answer")): 200,
            "/recall/partners/application/1/confirm": 404,
        }
        page = f"/my/recall/{cls.interface.id}"
        cls.portal = ("/my/recall", page, f"{page}/more", f"{page}?done=revoked")
        cls.login = cls.account.login
        cls.issue = page

    def sign_in(self, page, prefix=""):
        page.goto(f"{self.base_url()}{prefix}/web/login")
        page.fill("#login", self.login)
        page.fill("#password", self.login)
        page.press("#password", "Enter")
        page.wait_for_url("**/my**")

    def assert_whole(self, page):
        for details in page.locator("details").all():
            details.evaluate("element => { element.open = true; }")
        self.assert_accessible(page)

    def test_partner_pages_are_not_accessible(self):
        """S-SHARE: axe finds nothing on home, partners' and developers' pages."""
        for visit in self.each_visit():
            with visit as (page, prefix):
                for path, status in self.public.items():
                    self.visit(page, prefix + path, status)
                    self.assert_whole(page)
                self.visit(page, f"{prefix}/recall/partners/apply")
                page.click(".o_recall_partners_form button[type=submit]")
                page.wait_for_load_state()
                self.assert_accessible(page)

    def test_portal_is_not_accessible(self):
        """S-SHARE: axe finds nothing on the pages of a data user's account."""
        for visit in self.each_visit():
            with visit as (page, prefix):
                self.sign_in(page, prefix)
                for path in self.portal:
                    self.visit(page, prefix + path)
                    self.assert_whole(page)
                self.visit(page, prefix + self.portal[2])
                page.fill("#wrap [name=purpose]", "")
                page.click("#wrap form button.btn-primary")
                page.wait_for_load_state()
                self.assert_accessible(page)

    def test_keyboard_does_not_reach_a_control(self):
        """S-SHARE: the tab key reaches every control, and one sees which it is."""
        with self.open_browser() as page:
            for path in ("/", "/recall/developers", "/recall/partners/apply"):
                self.visit(page, path)
                self.assert_keyboard(page)
            self.sign_in(page)
            for path in self.portal[:3]:
                self.visit(page, path)
                self.assert_keyboard(page)
