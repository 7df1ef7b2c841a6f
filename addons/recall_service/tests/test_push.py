# SPDX-License-Identifier: LGPL-3.0-only
from datetime import timedelta
from unittest.mock import patch

import psycopg2

from odoo import Command, fields
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from odoo.addons.recall_base.tests.common import GUARD_LOGGER

from ..models import recall_push as model
from .common import SubscriptionCommon


class WorkerKilled(BaseException):
    """Nothing in the product catches it, as nothing catches a kill."""


@tagged("post_install", "-at_install")
class TestPush(SubscriptionCommon):
    def setUp(self):
        super().setUp()
        self.Push = self.env["recall.push"]

    def expand(self):
        self.Push._expand()
        return self.Push.search([])

    def get_told(self, subscription):
        self.expand()
        return [(push.plan_id, push.event) for push in subscription.push_ids]

    def make_hidden_plan(self, **vals):
        """A filed plan with a vehicle, which nobody may be told of."""
        plan = self.make_plan(self.producer, state="filed", **vals)
        self.add_vehicles(plan)
        return plan

    # === Who is told of what === #

    def test_vehicle(self):
        """S-PUSH: a VIN in the scope of a published plan, and no other VIN."""
        owner = self.subscribe()
        stranger = self.subscribe("x@example.com", vin=self.make_vin())
        self.assertEqual(self.get_told(owner), [(self.plan, "vehicle")])
        self.assertFalse(self.get_told(stranger))

    def test_vehicle_put_in_scope_later(self):
        """S-PUSH: a VIN that comes in with a later list is told as well."""
        late = self.make_vin()
        owner = self.subscribe(vin=late)
        self.assertFalse(self.get_told(owner))
        self.put_in_scope(self.plan, [late])
        self.assertEqual(self.get_told(owner), [(self.plan, "vehicle")])
        second = self.make_plan(self.producer)
        self.put_in_scope(second, [late])
        self.assertEqual(len(self.get_told(owner)), 2)

    def test_plan_becomes_public(self):
        """S-PUSH: a filed plan is told to nobody until it is published."""
        plan = self.make_hidden_plan(brand="Newbrand")
        subscriptions = [
            self.subscribe(vin=plan.vehicle_ids.vin),
            self.subscribe("p@example.com", plan_id=plan.id),
            self.subscribe("b@example.com", brand="Newbrand"),
        ]
        for state, told in (("filed", 0), ("withdrawn", 0), ("running", 1)):
            plan.state = state
            for subscription in subscriptions:
                with self.subTest(state=state, about=subscription.display_name):
                    self.assertEqual(len(self.get_told(subscription)), told)

    def test_plan_without_vehicles_is_not_told(self):
        """S-PUSH: a plan counts as published once its list is there."""
        plan = self.make_plan(self.producer, brand="Newbrand")
        subscriptions = [
            self.subscribe("p@example.com", plan_id=plan.id),
            self.subscribe("b@example.com", brand="Newbrand"),
        ]
        self.assertEqual([self.get_told(item) for item in subscriptions], [[], []])
        self.add_vehicles(plan)
        for subscription in subscriptions:
            self.assertEqual(self.get_told(subscription), [(plan, "published")])

    def test_brand(self):
        """S-PUSH: a brand in any case, of the plan or a line, from now on."""
        self.expand()
        brand = self.subscribe(brand="TESTBRAND")
        self.assertFalse(self.get_told(brand), "published before: not told")
        plain = self.make_plan(self.producer)
        lined = self.make_plan(
            self.producer,
            brand="Other",
            line_ids=[
                Command.create({"brand": "Testbrand", "series": "S1"}),
                Command.create({"brand": "testbrand", "series": "S2"}),
            ],
        )
        other = self.make_plan(self.producer, brand="Testbrand Two")
        for plan in (plain, lined, other):
            self.add_vehicles(plan)
        told = self.get_told(brand)
        self.assertEqual({plan for plan, _event in told}, {plain, lined})
        self.assertEqual(len(told), 2)

    def test_series(self):
        """S-PUSH: a series of a brand, of the plan or a line, and no other series."""
        series = self.subscribe(brand="Testbrand", series="s9")
        plan = self.make_plan(self.producer, brand="TESTBRAND", series="S9")
        other = self.make_plan(self.producer, brand="Testbrand", series="S8")
        lined = self.make_plan(
            self.producer,
            brand="Other",
            line_ids=[Command.create({"brand": "testbrand", "series": "S9"})],
        )
        for item in (plan, other, lined):
            self.add_vehicles(item)
        told = self.get_told(series)
        self.assertEqual({plan for plan, _event in told}, {plan, lined})

    def test_two_ways_to_one_recall_are_one_message(self):
        """S-PUSH: brand, series and number of one recall: the address is told once."""
        plan = self.make_plan(self.producer, brand="Newbrand", series="S9")
        for about in (
            {"brand": "Newbrand"},
            {"brand": "Newbrand", "series": "S9"},
            {"plan_id": plan.id},
        ):
            self.subscribe(**about)
        self.add_vehicles(plan)
        for _run in range(2):
            self.push()
        self.assertEqual(len(self.get_mails()), 1)

    def test_ending_one_way_leaves_the_other(self):
        """S-PUSH: what waits for an ended subscription is told by another one."""
        plan = self.make_plan(self.producer, brand="Newbrand")
        brand = self.subscribe(brand="Newbrand")
        number = self.subscribe(plan_id=plan.id)
        self.add_vehicles(plan)
        self.expand()
        (brand | number).filtered("push_ids").action_cancel()
        self.push()
        self.assertEqual(len(self.get_mails()), 1)

    def test_done_vehicle_is_not_told(self):
        """S-PUSH: nobody is sent to the dealer for what was repaired."""
        owner = self.subscribe()
        self.make_completion(self.plan, self.vins[0])
        self.assertFalse(self.get_told(owner))

    def test_only_active_subscriptions_are_told(self):
        """S-PUSH: before the confirmation and after the end nothing is sent."""
        waiting = self.subscribe("w@example.com", confirmed=False)
        cancelled = self.subscribe("c@example.com")
        cancelled.action_cancel()
        self.push()
        self.assertFalse((waiting | cancelled).push_ids)

    # === At most once, and not lost === #

    def test_each_message_once(self):
        """S-PUSH: whatever runs how often, one mail for a recall and a subscriber."""
        self.subscribe()
        for _run in range(3):
            self.push()
        self.assertEqual(len(self.get_mails()), 1)
        self.plan.state = "running"
        self.plan.defect = "The defect was described anew."
        self.push()
        self.assertEqual(len(self.get_mails()), 1)
        with mute_logger("odoo.sql_db"), self.assertRaises(psycopg2.IntegrityError):
            self.Push.search([], limit=1).copy()

    def test_repeated_expansion_uses_up_no_numbers(self):
        """S-PUSH: a run that finds nothing new leaves the sequence where it was."""
        self.subscribe()
        self.expand()
        self.env.cr.execute("SELECT last_value FROM recall_push_id_seq")
        before = self.env.cr.fetchone()
        self.expand()
        self.env.cr.execute("SELECT last_value FROM recall_push_id_seq")
        self.assertEqual(self.env.cr.fetchone(), before)

    def test_killed_worker_loses_and_doubles_nothing(self):
        """S-PUSH: killed before the commit: neither mail nor mark; then one mail."""
        self.subscribe()
        self.expand()
        Cron = self.env.registry["ir.cron"]
        for commits in (0, 1):
            calls = iter([float("inf")] * commits)

            def commit(*_args, calls=calls, **_options):
                try:
                    return next(calls)
                except StopIteration:
                    raise WorkerKilled from None

            with (
                self.subTest(commits=commits),
                patch.object(Cron, "_commit_progress", commit),
                self.assertRaises(WorkerKilled),
                self.env.cr.savepoint(),
            ):
                self.Push._cron_send()
            self.env.invalidate_all()
            self.assertEqual(self.Push.search([]).state, "waiting")
            self.assertFalse(self.get_mails())
        self.push()
        self.assertEqual(self.Push.search([]).state, "sent")
        self.assertEqual(len(self.get_mails()), 1)

    def test_many_are_expanded_by_more_statements(self):
        """S-PUSH: the number of statements does not grow with the subscribers."""
        emails = [f"n{number}@example.com" for number in range(300)]
        self.env["recall.subscription"].create(
            [{"email": email, "plan_id": self.plan.id} for email in emails]
        )._confirm()
        self.env.flush_all()
        with self.assertQueryCount(3):
            self.assertEqual(self.Push._expand(), 300)
        with patch.object(model, "BATCH", 128):
            self.run_cron("send")
        pushes = self.Push.search([])
        self.assertEqual(set(pushes.mapped("state")), {"sent"})
        mails = self.env["mail.mail"].search([("email_to", "in", emails)])
        self.assertEqual(sorted(mails.mapped("email_to")), sorted(emails))
        tokens = {mail.headers for mail in mails}
        self.assertEqual(len(tokens), 300, "everybody's own link to unsubscribe")

    def test_vehicles_are_read_by_index(self):
        """S-PUSH: the expansion reads subscribed vehicles, not the big table."""
        self.subscribe()
        self.add_vehicles(self.plan, 3000)
        self.env.cr.execute("ANALYZE recall_vehicle")
        self.env.cr.execute("ANALYZE recall_subscription")
        query = self.Push._vehicle_matches_sql()
        self.env.cr.execute(f"EXPLAIN {query.code}", query.params)
        plan = "\n".join(row[0] for row in self.env.cr.fetchall())
        self.assertIn("recall_vehicle_vin_plan_uniq", plan)
        self.assertNotIn("Seq Scan on recall_vehicle", plan)

    # === Failures === #

    def test_failure_backs_off_and_ends(self):
        """X-FAULT: a message that cannot be made is tried less and less, then shown."""
        self.subscribe()
        [push] = self.expand()
        moment = fields.Datetime.now()
        waits = []
        with mute_logger(GUARD_LOGGER), self.break_mails():
            for attempt in range(1, model.MAX_ATTEMPTS + 1):
                with freeze_time(moment):
                    self.run_cron("send")
                self.assertEqual(push.attempts, attempt)
                waits.append(push.next_try_at - moment)
                moment = push.next_try_at
        self.assertEqual(push.state, "failed")
        self.assertEqual(push.failure, "ValueError", "its text can hold the address")
        self.assertFalse(self.get_mails())
        self.assertEqual(waits[:3], [timedelta(minutes=n) for n in (5, 10, 20)])
        self.assertEqual(max(waits), timedelta(days=1))

    def test_failed_message_can_be_sent_again(self):
        """S-PUSH: an administrator tries failed messages again, with one mail."""
        self.subscribe()
        [push] = self.expand()
        push.attempts = model.MAX_ATTEMPTS - 1
        with mute_logger(GUARD_LOGGER), self.break_mails():
            self.run_cron("send")
        self.assertEqual(push.state, "failed")
        push.action_retry()
        self.run_cron("send")
        self.assertEqual(push.state, "sent")
        push.action_retry()
        self.run_cron("send")
        self.assertEqual(len(self.get_mails()), 1)

    def test_one_bad_message_stops_no_other(self):
        """X-FAULT: in a batch the good ones are sent, each once."""
        bad = self.subscribe("bad@example.com")
        good = self.subscribe("good@example.com")
        self.expand()
        with (
            self.assertLogs(GUARD_LOGGER) as logs,
            self.break_mails(to="bad@"),
        ):
            self.run_cron("send")
        self.assertEqual(bad.push_ids.state, "waiting")
        self.assertEqual(good.push_ids.state, "sent")
        self.assertEqual(len(self.get_mails("good@example.com")), 1)
        self.assertNotIn("example.com", "".join(logs.output))
        with freeze_time(fields.Datetime.now() + timedelta(minutes=6)):
            self.run_cron("send")
        self.assertEqual(len(self.get_mails("bad@example.com")), 1)

    def test_what_became_pointless_is_not_sent(self):
        """S-PUSH: the end of a subscription ends what waits, a withdrawal holds it."""
        owner = self.subscribe()
        plan = self.make_plan(self.producer)
        other = self.subscribe("x@example.com", plan_id=plan.id)
        self.add_vehicles(plan)
        self.expand()
        owner.action_cancel()
        plan.state = "withdrawn"
        self.run_cron("send")
        self.assertEqual(owner.push_ids.state, "cancelled")
        self.assertEqual(other.push_ids.state, "waiting")
        self.assertFalse(self.get_mails() | self.get_mails("x@example.com"))

    # === The mail === #

    def test_mail_tells_what_to_do(self):
        """S-PUSH: the vehicle, the recall, the defect, whom to call, the way out."""
        subscription = self.subscribe()
        self.push()
        [mail] = self.get_mails()
        for told in (
            subscription.vin,
            self.plan.recall_number,
            self.plan.defect,
            self.plan.consequence,
            self.plan.measure,
            self.producer.name,
            self.producer.hotline,
            "free of charge",
            "before you subscribed",
        ):
            self.assertIn(told, mail.body_html)
        self.assertNotIn(subscription.vin, mail.subject)
        self.assertEqual(
            set(self.get_links(mail)), {"recall", "unsubscribe", "my-vehicles"}
        )
        self.assertTrue(mail.auto_delete)
        self.assertEqual(mail.state, "outgoing")
        self.assertTrue(mail.email_from)

    def test_links_lead_to_the_public_site(self):
        """S-PUSH: links name the domain of the site, not the server behind it."""
        self.env["website"].search([]).domain = "https://recall.example.com"
        self.subscribe()
        self.push()
        [mail] = self.get_mails()
        self.assertEqual(mail.body_html.count('"https://recall.example.com/recall'), 3)
        self.assertIn("<https://recall.example.com/recall/subscription/", mail.headers)

    def test_text_of_plans_is_escaped(self):
        """X-ATTACK: markup in a filing stays text in the mails."""
        hostile = "<script>alert(1)</script><img src=x onerror=alert(2)>"
        self.plan.write(
            {
                "defect": hostile,
                "consequence": hostile,
                "measure": hostile,
                "series": hostile,
            }
        )
        self.producer.name = hostile
        self.subscribe()
        self.push()
        [mail] = self.get_mails()
        self.assertNotIn("<script", mail.body_html)
        self.assertNotIn("<img", mail.body_html)
        self.assertEqual(mail.body_html.count("&lt;script&gt;alert(1)"), 5)

    def test_line_breaks_of_a_plan_make_no_header(self):
        """X-ATTACK: a filing's line breaks add no header to a mail."""
        self.plan.series = "A\r\nBcc: victim@example.com"
        self.subscribe()
        self.push()
        [mail] = self.get_mails()
        message = self.env["ir.mail_server"]._build_email__(
            mail.email_from, [mail.email_to], mail.subject, mail.body_html
        )
        self.assertNotIn("Bcc", message)
