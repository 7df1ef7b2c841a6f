# SPDX-License-Identifier: LGPL-3.0-only
import logging
from datetime import timedelta
from functools import partial

import psycopg2

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.modules import neutralize
from odoo.tests import Form, freeze_time, tagged
from odoo.tools import mute_logger

from odoo.addons.recall_base.tests.common import GUARD_LOGGER

from ..models import recall_subscription as model
from .common import SubscriptionCommon


@tagged("post_install", "-at_install")
class TestSubscription(SubscriptionCommon):
    def setUp(self):
        super().setUp()
        self.Subscription = self.env["recall.subscription"]

    def ask(self, email=SubscriptionCommon.EMAIL, vin=None, network="192.0.2.1"):
        self.Subscription._ask(email, {"vin": vin or self.vins[0]}, network)
        return self.Subscription.search([("email", "=", email)])

    # === What a subscription is === #

    def test_what_a_subscription_can_be_about(self):
        """S-PUSH: exactly one of VIN, plan and brand; no false address or VIN."""
        good, plan = self.vins[0], self.plan.id
        refused = (
            {},
            {"vin": good, "brand": "Testbrand"},
            {"vin": good, "plan_id": plan},
            {"plan_id": plan, "brand": "Testbrand"},
            {"brand": "  "},
            {"vin": good[:16]},
            {"vin": good[:8] + ("1" if good[8] == "0" else "0") + good[9:]},
            {"vin": good, "email": "nobody"},
            {"vin": good, "email": False},
        )
        for vals in refused:
            with self.subTest(vals=vals), self.assertRaises(ValidationError):
                self.Subscription.create({"email": self.EMAIL, **vals})
        for vals in ({"vin": good}, {"plan_id": plan}, {"brand": " Testbrand "}):
            with self.subTest(vals=vals):
                made = self.Subscription.create({"email": self.EMAIL, **vals})
                self.assertEqual(made.state, "waiting")
        self.assertEqual(made.brand, "Testbrand")

    def test_database_keeps_the_rules(self):
        """S-PUSH: statements that pass by the model are refused as well."""
        self.subscribe()
        digest = self.subscribe(brand="Testbrand").email_digest
        self.env.flush_all()
        row = {"digest": digest, "vin": None, "plan_id": None, "brand": None}
        for vals in (
            {},
            {"vin": self.vins[1], "brand": "Testbrand"},
            {"vin": ""},
            {"vin": self.vins[1], "digest": None},
            {"vin": self.vins[0]},
            {"brand": "TESTBRAND"},
        ):
            with (
                self.subTest(vals=vals),
                mute_logger("odoo.sql_db"),
                self.assertRaises(psycopg2.IntegrityError),
            ):
                self.env.cr.execute(
                    """INSERT INTO recall_subscription
                           (email_digest, vin, plan_id, brand, lang, state, asked_at)
                       VALUES (%(digest)s, %(vin)s, %(plan_id)s, %(brand)s, 'en_US',
                               'active', now())""",
                    {**row, **vals},
                )

    def test_one_subscription_for_each_address_and_target(self):
        """S-PUSH: unique by normalised address and target, until it is cancelled."""
        for target in (
            {"vin": self.vins[0]},
            {"plan_id": self.plan.id},
            {"brand": "Testbrand"},
        ):
            with self.subTest(target=target):
                first = self.subscribe(**target)
                again = {"email": f" {self.EMAIL.upper()} ", **target}
                with self.assertRaises(ValidationError):
                    self.Subscription.create(again)
                self.subscribe("other@example.com", **target)
                first.action_cancel()
                self.Subscription.create(again)

    def test_addresses(self):
        """X-ATTACK: one plain address is taken, nothing that could become a header."""
        taken = {
            "a@example.com": "a@example.com",
            "  A.B+c@Sub.Example.COM ": "a.b+c@sub.example.com",
        }
        for typed, address in taken.items():
            self.assertEqual(self.Subscription._normalise_email(typed), address)
        for typed in (
            None,
            "",
            "a",
            "a@b",
            "@example.com",
            "a@example.com,b@example.com",
            "a@example.com; b@example.com",
            "a@example.com b@example.com",
            "A <a@example.com>",
            "a@example.com\r\nBcc: b@example.com",
            "a\x00@example.com",
            "a@exa mple.com",
            '"a b"@example.com',
            "\uff41@example.com",
            "a@\u4f8b\u5b50.com",
            "a" * 65 + "@example.com",
            "a@" + "b." * 130 + "com",
            "<script>@example.com",
        ):
            with self.subTest(typed=typed):
                self.assertIsNone(self.Subscription._normalise_email(typed))

    def test_address_and_target_stay(self):
        """S-PUSH: a confirmation counts for what was confirmed, and for no change."""
        subscription = self.subscribe()
        for vals in (
            {"email": "other@example.com"},
            {"vin": self.vins[1]},
            {"brand": "Other"},
        ):
            with self.subTest(vals=vals), self.assertRaises(UserError):
                subscription.write(vals)

    def test_nobody_is_subscribed_without_being_asked(self):
        """S-PUSH: a subscription made by an administrator is confirmed by mail too."""
        made = self.Subscription.create(
            {"email": self.EMAIL, "plan_id": self.plan.id, "state": "active"}
        )
        self.assertEqual(made.state, "waiting")
        self.run_cron("ask")
        self.assertEqual(len(self.get_mails()), 1)
        self.push()
        self.assertEqual(len(self.get_mails()), 1)

    # === Limits === #

    def test_one_confirmation_mail_a_day_for_a_vehicle(self):
        """X-ATTACK: asking again and again sends one mail a day and makes one row."""
        for hours, mails in ((0, 1), (0, 1), (23, 1), (25, 2), (26, 2), (50, 3)):
            moment = fields.Datetime.now() + timedelta(hours=hours)
            with self.subTest(hours=hours), freeze_time(moment):
                self.assertEqual(len(self.ask()), 1)
                self.run_cron("ask")
                self.assertEqual(len(self.get_mails()), mails)

    def test_ending_and_asking_again_is_no_way_around(self):
        """X-ATTACK: a cancelled subscription counts for the limit of a day."""
        self.ask().action_cancel()
        self.assertEqual(self.ask().mapped("state"), ["cancelled"])
        with freeze_time(fields.Datetime.now() + timedelta(hours=25)):
            self.assertIn("waiting", self.ask().mapped("state"))

    def test_confirmation_mails_to_one_address_are_bounded(self):
        """X-ATTACK: nobody's mailbox is filled, by however many vehicles."""
        for vin in self.add_vehicles(self.plan, model.MAILS_PER_HOUR + 3):
            asked = self.ask(vin=vin, network=f"192.0.2.{len(self.get_mails())}")
        self.assertEqual(len(asked), model.MAILS_PER_HOUR)
        self.assertEqual(len(self.ask("other@example.com")), 1, "others can ask")
        with freeze_time(fields.Datetime.now() + timedelta(hours=2)):
            self.assertEqual(len(self.ask(vin=vin)), model.MAILS_PER_HOUR + 1)

    def test_requests_of_one_network_address_are_bounded(self):
        """X-ATTACK: nobody writes to the whole world through us."""
        before = self.Subscription.search_count([])
        for number in range(model.REQUESTS_PER_HOUR + 5):
            self.Subscription._ask(
                f"n{number}@example.com", {"vin": self.vins[0]}, "192.0.2.9"
            )
        made = self.Subscription.search_count([]) - before
        self.assertEqual(made, model.REQUESTS_PER_HOUR)
        self.assertEqual(len(self.ask("x@example.com", network="192.0.2.10")), 1)

    def test_active_subscriber_is_not_asked_again(self):
        """S-PUSH: whoever is subscribed gets no second confirmation mail."""
        subscription = self.ask()
        subscription._confirm()
        with freeze_time(fields.Datetime.now() + timedelta(days=3)):
            self.assertEqual(self.ask(), subscription)
        self.assertFalse(subscription.mail_due)
        self.assertFalse(subscription.origin, "the trace of the request goes")

    # === Traces === #

    def test_address_is_in_no_log(self):
        """X-LOG: neither the operation log nor the server's log holds an address."""
        with self.assertLogs(level=logging.DEBUG) as logs:
            subscription = self.ask()
            self.run_cron("ask")
            subscription._confirm()
            self.push()
            subscription.action_cancel()
            with self.assertRaises(ValidationError):
                self.subscribe("second@example.com")
                self.subscribe("second@example.com")
            self.env.flush_all()
        text = "\n".join(
            line for line in logs.output if not line.startswith("DEBUG:odoo.sql_db")
        )
        self.assertNotIn("example.com", text)
        self.assertNotIn(self.vins[0], text)
        events = self.env["recall.audit.event"].search(
            [("res_model", "=", subscription._name)]
        )
        # Beside what changed in the record, an event each.
        deeds = [
            event.action
            for event in events
            if event.res_id == subscription.id
            and not event.action.endswith((".create", ".write"))
        ]
        self.assertEqual(
            deeds, ["subscription.cancel", "subscription.confirm", "subscription.ask"]
        )
        self.env.cr.execute(
            "SELECT to_jsonb(event)::text FROM recall_audit_event event WHERE id IN %s",
            [tuple(events.ids)],
        )
        kept = str(self.env.cr.fetchall())
        self.assertNotIn("example.com", kept)
        self.assertNotIn(self.vins[0], kept)

    def test_ended_subscriptions_are_deleted(self):
        """X-ACCESS: an address is kept no longer than it is needed."""
        waiting = self.subscribe(confirmed=False)
        cancelled = self.subscribe(vin=self.vins[1])
        cancelled.action_cancel()
        active = self.subscribe(vin=self.vins[2])
        everything = waiting | cancelled | active
        self.Subscription._gc_ended()
        self.assertEqual(everything.exists(), everything)
        with freeze_time(fields.Datetime.now() + timedelta(days=8)):
            self.Subscription._gc_ended()
        self.assertEqual(everything.exists(), cancelled | active)
        with freeze_time(fields.Datetime.now() + timedelta(days=31)):
            self.Subscription._gc_ended()
        self.assertEqual(everything.exists(), active)

    def ask_link(self, email):
        subscriber = self.subscribe(email).subscriber_id
        self.env["recall.subscriber"]._ask_link(email)
        return subscriber

    def test_failing_mail_is_not_tried_again_or_stops_others(self):
        """X-FAULT: a broken template stops no run, and no address is forgotten."""
        ways = {
            "confirmation": (partial(self.subscribe, confirmed=False), "mail_due"),
            "link": (self.ask_link, "link_due"),
        }
        for name, (ask, due) in ways.items():
            with self.subTest(name):
                broken, second = f"broken@{name}.example.com", f"{name}@example.com"
                waiting = ask(broken)
                ask(second)
                with (
                    self.assertLogs(GUARD_LOGGER) as logs,
                    self.break_mails(to="broken@"),
                ):
                    self.run_cron("ask")
                self.assertNotIn("example.com", "".join(logs.output))
                self.assertEqual(len(self.get_mails(second)), 1)
                self.assertTrue(waiting[due])
                self.assertFalse(self.get_mails(broken))
                self.run_cron("ask")
                self.assertFalse(waiting[due])
                self.run_cron("ask")
                self.assertEqual(len(self.get_mails(second)), 1)
                self.assertEqual(len(self.get_mails(broken)), 1)

    # === Rights === #

    def test_rights(self):
        """X-ACCESS: operators read, administrators write, nobody else sees a thing."""
        subscription = self.subscribe()
        self.push()
        push = subscription.push_ids
        operator = self.make_user("push_operator", "recall_service.group_operator")
        administrator = self.make_user(
            "push_administrator", "recall_service.group_administrator"
        )
        keeper = self.make_user("push_keeper", "recall_base.group_keeper")
        public = self.env.ref("base.public_user")
        for record, rights in (
            (subscription, {"read", "write", "create", "unlink"}),
            (push, {"read", "write"}),
            (self.env["recall.publication"].search([], limit=1), {"read"}),
        ):
            for user, allowed in (
                (operator, {"read"}),
                (administrator, rights),
                (keeper, set()),
                (public, set()),
            ):
                for right in ("read", "write", "create", "unlink"):
                    with self.subTest(model=record._name, user=user.login, right=right):
                        has = record.with_user(user).has_access(right)
                        self.assertEqual(has, right in allowed)
        for user in (operator, administrator):
            for record in (subscription, push):
                self.assertTrue(Form(record.with_user(user)))
        with self.assertRaises(AccessError):
            subscription.with_user(operator).action_cancel()
        subscription.with_user(administrator).action_cancel()
        self.assertEqual(subscription.state, "cancelled")

    def test_copy_of_the_database_writes_to_nobody(self):
        """X-ACCESS: in a neutralised copy nothing waits and nobody is subscribed."""
        subscription = self.subscribe()
        waiting = self.subscribe("second@example.com", confirmed=False)
        self.run_cron("expand")
        push = subscription.push_ids
        self.assertEqual(push.state, "waiting")
        self.env.flush_all()
        for query in neutralize.get_neutralization_queries(["recall_service"]):
            self.env.cr.execute(query)
        self.env.invalidate_all()
        self.assertEqual(push.state, "cancelled")
        self.assertEqual((subscription | waiting).mapped("state"), ["cancelled"] * 2)
        self.run_cron("ask")
        self.push()
        self.assertFalse(self.get_mails() | self.get_mails("second@example.com"))
