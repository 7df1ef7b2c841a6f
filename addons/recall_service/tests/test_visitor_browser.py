# SPDX-License-Identifier: LGPL-3.0-only
from odoo.tests import tagged

from .objection_common import ObjectionCommon
from .partner_common import CODE, PartnerCommon
from .search_browser import OPEN, SearchBrowserCase
from .test_lookup_guard import GUARDED_FORM


@tagged("post_install", "-at_install")
class TestObjectionBrowser(SearchBrowserCase, ObjectionCommon):
    """A visitor objects in a browser."""

    def open_form(self, page, prefix="", vin=OPEN):
        self.visit(page, f"{prefix}/recall")
        self.look_up(page, vin)
        page.click(".o_recall_case_open .o_recall_objection_ask button")
        self.assertIn(vin, page.locator(".o_recall_checked").inner_text())

    def choose_photo(self, page):
        photo = {"name": "order.jpg", "mimeType": "image/jpeg", "buffer": self.draw()}
        page.set_input_files("#o_recall_photo", photo)

    def find(self):
        self.env.invalidate_all()
        return self.Objection.search([("vin", "=", OPEN)], limit=1, order="id desc")

    def test_visitor_cannot_object(self):
        """S-QUERY: search, object, slip, photo, withdraw; both languages and sizes."""
        for vin, visit in zip(self.vins, self.each_visit(), strict=False):
            with visit as (page, prefix):
                self.forget_visits()
                self.open_form(page, prefix, vin)
                self.assert_fits(page)
                page.fill("#o_recall_workshop", "Workshop East")
                page.click(".o_recall_objection_form .o_recall_button")
                page.locator("[role=alert] a[href='#o_recall_repair_date']").wait_for()
                self.assert_fits(page)
                self.assertEqual(
                    page.input_value("#o_recall_workshop"), "Workshop East"
                )
                page.fill("#o_recall_repair_date[aria-invalid=true]", "2025-03-01")
                self.choose_photo(page)
                page.click(".o_recall_objection_form .o_recall_button")
                page.locator(".o_recall_receipt").wait_for()
                self.assertNotIn(vin, page.url)
                self.assert_fits(page)
                self.choose_photo(page)
                page.click(".o_recall_objection_form button")
                page.locator(".o_recall_steps li:only-child").wait_for()
                page.click(".o_recall_withdraw summary")
                page.click(".o_recall_withdraw[open] button")
                page.locator(".o_recall_steps li:nth-child(2)").wait_for()
                self.assertFalse(page.locator("#wrap form").count())
                self.assert_fits(page)
        self.env.invalidate_all()
        found = self.Objection.search([("vin", "in", self.vins)])
        self.assertEqual(len(found), 4)
        self.assertEqual(set(found.mapped("lang")), {"en_US", "zh_CN"})
        self.assertEqual(set(found.mapped("state")), {"withdrawn"})
        self.assertEqual(found.mapped("photo_count"), [1] * 4)

    def test_objection_does_not_pass_the_hurdle(self):
        """X-ATTACK: the browser calculates; what was typed is sent by itself."""
        self.use_up(kind=GUARDED_FORM)
        self.env.flush_all()
        with self.open_browser() as page:
            self.open_form(page)
            page.fill("#o_recall_workshop", "Workshop East")
            page.fill("#o_recall_repair_date", "2025-03-01")
            self.choose_photo(page)
            page.click(".o_recall_objection_form .o_recall_button")
            page.locator(".o_recall_receipt").wait_for()
            self.assertIn(429, [found.status for found in self.responses])
            self.assertTrue(page.locator("#o_recall_photo").count(), "add it now")
        self.assertEqual(self.find().workshop, "Workshop East")


@tagged("post_install", "-at_install")
class TestApplicationBrowser(SearchBrowserCase, PartnerCommon):
    """An organisation applies for access in a browser."""

    TYPED = {
        "name": "Tour Inspection",
        "credit_code": CODE[:-1],
        "contact_name": "Li Si",
        "email": "tour@partner.example",
        "phone": "021-1",
        "purpose": "Annual inspection",
        "legal_basis": "Agreement 9",
    }

    def fill_in(self, page):
        for name, text in self.TYPED.items():
            page.fill(f"#o_recall_{name}", text)
        page.select_option("#o_recall_kind", "inspection")
        page.check("#o_recall_allow_many")

    def send(self, page):
        page.click(".o_recall_partners_form .o_recall_button")

    def find(self):
        self.env.invalidate_all()
        return self.env["recall.data.application"].search(
            [("email", "=", self.TYPED["email"])]
        )

    def test_organisation_cannot_apply(self):
        """S-SHARE: who may use what, apply, slip, sent; both languages and sizes."""
        for visit in self.each_visit():
            with visit as (page, prefix):
                self.forget_visits()
                self.visit(page, f"{prefix}/recall/partners")
                page.click(".o_recall_actions a.btn")
                self.fill_in(page)
                self.send(page)
                slip = page.locator("#o_recall_credit_code_error")
                self.assertIn("18", slip.inner_text())
                self.assert_fits(page)
                self.assertEqual(page.input_value("#o_recall_contact_name"), "Li Si")
                page.fill("#o_recall_credit_code", CODE)
                self.send(page)
                page.locator(".o_recall_application_asked").wait_for()
                self.assert_fits(page)
        self.assertTrue(self.find())
        self.assertTrue(all(self.find().mapped("allow_many")))

    def test_application_does_not_pass_the_hurdle(self):
        """X-ATTACK: the browser calculates; what was typed and ticked is sent."""
        self.use_up(kind=GUARDED_FORM)
        self.env.flush_all()
        with self.open_browser() as page:
            self.visit(page, "/recall/partners/apply")
            self.fill_in(page)
            page.fill("#o_recall_credit_code", CODE)
            self.send(page)
            page.locator(".o_recall_application_asked").wait_for()
            self.assertIn(429, [found.status for found in self.responses])
        self.assertEqual(self.find().contact_name, "Li Si")
        self.assertTrue(self.find().allow_many)
