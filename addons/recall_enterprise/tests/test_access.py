# SPDX-License-Identifier: LGPL-3.0-only
from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

from odoo.addons.recall_base.tests.menus import MenuCase

from .common import EnterpriseCommon

GROUPS = ("dealer", "clerk", "reviewer", "administrator")


@tagged("post_install", "-at_install")
class TestAccess(MenuCase, EnterpriseCommon):
    """What each role of the enterprise terminal sees."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_dealer = cls.make_dealer(cls.producer)
        cls.own = cls.make_completion(cls.plan, cls.vins[0])
        cls.colleagues = cls.make_completion(
            cls.plan,
            cls.vins[1],
            dealer_id=cls.other_dealer.id,
            dealer_name=cls.other_dealer.name,
        )
        cls.foreign_producer = cls.make_producer()
        cls.foreign_plan = cls.make_plan(cls.foreign_producer)
        cls.foreign = cls.make_completion(
            cls.foreign_plan, cls.add_vehicles(cls.foreign_plan)[0]
        )
        cls.make_interface(cls.foreign_producer, "sync")
        cls.rejected = cls.make_completion(
            cls.plan, cls.vins[2], state="rejected", dealer_id=False
        )
        cls.env["recall.delivery"].create(
            [
                {
                    "producer_id": interface.producer_id.id,
                    "interface_id": interface.id,
                    "mode": "plain",
                }
                for interface in cls.env["recall.interface"].search([])
            ]
        )
        cls.users = {
            name: cls.make_user(
                f"access_{name}",
                f"recall_enterprise.group_{name}",
                recall_producer_ids=cls.producer.ids,
                recall_dealer_id=cls.dealer.id if name == "dealer" else False,
            )
            for name in GROUPS
        }

    def visible(self, model, user, domain=()):
        return self.env[model].with_user(user).search(list(domain))

    def test_dealer_sees_reports_of_others(self):
        """X-ACCESS, E-COLLECT: a dealer's login sees that dealer's reports only."""
        dealer = self.users["dealer"]
        self.assertEqual(self.visible("recall.completion", dealer), self.own)
        for report in (self.colleagues, self.foreign, self.rejected):
            with self.assertRaises(AccessError):
                report.with_user(dealer).read(["vin"])
        self.assertFalse(
            self.visible(
                "recall.completion", dealer, [("vin", "=", self.colleagues.vin)]
            )
        )

    def test_dealer_login_without_a_dealer_sees_reports(self):
        """X-ACCESS: a login that belongs to no dealer sees nothing."""
        stray = self.make_user("access_stray", "recall_enterprise.group_dealer")
        self.assertFalse(self.visible("recall.completion", stray))

    def test_dealer_reads_anything_but_reports(self):
        """X-ACCESS: plans, vehicles, interfaces and people are not the dealer's."""
        dealer = self.users["dealer"]
        for model in (
            "recall.plan",
            "recall.vehicle",
            "recall.producer",
            "recall.dealer",
            "recall.interface",
            "recall.delivery",
            "recall.token",
            "recall.audit.event",
        ):
            with self.subTest(model=model), self.assertRaises(AccessError):
                self.visible(model, dealer)

    def test_dealer_changes_a_report(self):
        """X-ACCESS: a dealer's login changes no report by any way."""
        own = self.own.with_user(self.users["dealer"])
        for attempt in (
            lambda: own.write({"dealer_name": "x"}),
            own.unlink,
            lambda: own.copy({"repair_number": "RO-COPY"}),
            own.action_confirm,
            own.action_withdraw,
            own.action_reveal_phone,
        ):
            with self.assertRaises(AccessError):
                attempt()

    def test_form_of_a_report_does_not_open_for_a_dealer(self):
        """X-ACCESS: what a dealer may not read does not keep its own report closed."""
        form = Form(self.own.with_user(self.users["dealer"]))
        self.assertEqual(form.vin, self.own.vin)
        self.assertNotIn("interface_id", form._view["fields"])
        self.assertNotIn("delivery_id", form._view["fields"])

    def test_clerk_sees_other_producers(self):
        """X-ACCESS: clerk and reviewer see the account's producers only."""
        for name in ("clerk", "reviewer"):
            user = self.users[name]
            for model, path in (
                ("recall.plan", "producer_id"),
                ("recall.plan.line", "plan_id.producer_id"),
                ("recall.plan.part", "plan_id.producer_id"),
                ("recall.vehicle", "plan_id.producer_id"),
                ("recall.completion", "producer_id"),
                ("recall.dealer", "producer_id"),
                ("recall.interface", "producer_id"),
                ("recall.delivery", "producer_id"),
            ):
                with self.subTest(user=name, model=model):
                    found = self.visible(model, user)
                    self.assertTrue(found)
                    self.assertEqual(found.sudo().mapped(path), self.producer)
            with self.assertRaises(AccessError):
                self.foreign.with_user(user).read(["vin"])
            with self.assertRaises(AccessError):
                self.visible("recall.token", user)

    def test_clerk_without_producers_sees_something(self):
        """X-ACCESS: an account without producers sees no record."""
        stray = self.make_user("access_stray", "recall_enterprise.group_clerk")
        for model in (
            "recall.plan",
            "recall.vehicle",
            "recall.completion",
            "recall.interface",
            "recall.delivery",
            "recall.dealer",
        ):
            self.assertFalse(self.visible(model, stray), model)

    def test_administrator_does_not_see_all_producers(self):
        user = self.users["administrator"]
        for model in ("recall.plan", "recall.interface", "recall.delivery"):
            producers = self.visible(model, user).mapped("producer_id")
            self.assertLessEqual(self.producer | self.foreign_producer, producers)

    def test_menu_does_not_open_for_a_role(self):
        """X-ACCESS: every menu that a role is shown opens, with its records."""
        expected = {"dealer": 2, "clerk": 6, "reviewer": 6, "administrator": 12}
        for name, user in self.users.items():
            with self.subTest(user=name):
                opened = self.open_menus(user, "recall_enterprise")
                self.assertGreaterEqual(len(opened), expected[name], opened)
