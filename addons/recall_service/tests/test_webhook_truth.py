# SPDX-License-Identifier: LGPL-3.0-only
import json
from datetime import timedelta

import psycopg2

from odoo import fields
from odoo.tests import freeze_time, tagged
from odoo.tools import SQL, mute_logger

from odoo.addons.recall_base.tools.http_client import PeerError

from ..tools import webhook as tool
from .webhook_common import WebhookCommon


@tagged("post_install", "-at_install")
class TestWebhookTruth(WebhookCommon):
    """What a partner was told last is what is the case."""

    def expand(self, at=None):
        """Find whom to tell, twice: what was told is not told again."""
        with freeze_time(at or fields.Datetime.now()):
            for _run in range(2):
                self.run_cron("expand")

    def get_events(self, plan, hook=None):
        """What the webhook was told of the plan, and of its vehicles, in order."""
        told = self.Message.search(
            [("webhook_id", "=", (hook or self.hook).id), ("plan_id", "=", plan.id)],
            order="number",
        )
        self.assertEqual(len(set(told.mapped("reference"))), len(told))
        return [message.event for message in told]

    def fail_of_the_first(self, status):
        """Have the receiver fail of one message; returns it, and those it takes."""
        self.env["recall.fleet.vehicle"]._put_in(self.data_user, self.vins[:2])
        self.expand()
        first = self.hook.message_ids.sorted("number")[0]
        text = first.payload.encode()
        self.answers = lambda _url, body: status if body == text else 200
        return first, self.hook.message_ids - first

    def reopen(self, completion):
        completion.sudo().state = "withdrawn"
        self.env.flush_all()
        completion._reopen_vehicles(SQL("completion.id = %s", completion.id))
        self.env.invalidate_all()

    # === Changes back === #

    def test_recall_that_is_public_again_stays_withdrawn_for_the_partner(self):
        """S-PUSH: each publication and withdrawal is told once, also the later ones."""
        plan, told, now = self.make_public(), [], fields.Datetime.now()
        for day in range(3):
            for state in ("published", "withdrawn"):
                plan.state = state
                self.expand(now + timedelta(days=40 * day))
                told.append(f"recall.{state}")
                self.assertEqual(self.get_events(plan), told)
        numbers = self.hook.message_ids.filtered("plan_id").mapped("number")
        self.assertEqual(len(set(numbers)), len(numbers))

    def test_repaired_vehicle_that_is_open_again_stays_repaired_for_the_partner(self):
        """S-PUSH: a repair that was taken back is told, and the one after it."""
        self.env["recall.fleet.vehicle"]._put_in(self.data_user, self.vins[:2])
        self.expand()
        opened, done = "vehicle.in_scope", "vehicle.done"
        for _time in range(2):
            completion = self.make_completion(self.plan, self.vins[0])
            self.expand()
            self.reopen(completion)
            self.expand()
        told = self.hook.message_ids.filtered(lambda one: one.vin == self.vins[0])
        self.assertEqual(
            told.sorted("number").mapped("event"), [opened, done, opened, done, opened]
        )
        other = self.hook.message_ids.filtered(lambda one: one.vin == self.vins[1])
        self.assertEqual(other.event, opened, "the other vehicle is told once")
        body = json.loads(told.sorted("number")[-1].payload)
        self.assertEqual(body["data"]["vehicleVin"], self.vins[0])

    def test_later_webhook_misses_the_second_publication(self):
        """S-PUSH: a recall that is public again is news to who began meanwhile; the
        first publication, long before, is none."""
        plan, now = self.make_public(), fields.Datetime.now()
        plan.state = "withdrawn"
        self.expand()
        with freeze_time(now + timedelta(days=1)):
            late = self.make_hook(name="Late")
            late._issue_secret()
        self.expand(now + timedelta(days=2))
        self.assertFalse(self.get_events(plan, late))
        plan.state = "published"
        self.expand(now + timedelta(days=3))
        self.assertEqual(self.get_events(plan, late), ["recall.published"])

    def test_choice_makes_a_change_back_of_what_was_not_told(self):
        """S-PUSH: who asks for no withdrawals is not told of a publication twice."""
        self.hook.tell_withdrawn = False
        plan = self.make_public()
        for state in ("withdrawn", "published"):
            plan.state = state
            self.expand()
        self.assertEqual(self.get_events(plan), ["recall.published"])

    def test_two_runs_at_once_tell_a_change_twice(self):
        """S-PUSH: the same change has the same number in the database's own index."""
        plan = self.make_public()
        for state in ("withdrawn", "published"):
            plan.state = state
            self.expand()
        again = self.get("recall.published").filtered(lambda one: one.plan_id == plan)
        self.assertTrue(again[0].number < again[1].follows < again[1].number)
        with mute_logger("odoo.sql_db"), self.assertRaises(psycopg2.IntegrityError):
            again[1].copy({"reference": "msg_other"})

    # === A receiver that was away === #

    def test_message_of_a_disabled_webhook_is_lost(self):
        """S-PUSH: after three days without an answer all that waits is kept, the
        message it was tried with too; enabled, it all leaves at once."""
        self.env["recall.fleet.vehicle"]._put_in(self.data_user, self.vins[:2])
        self.expand()
        messages = self.hook.message_ids
        self.answers = PeerError("timeout", "Host x gave no answer")
        moment = fields.Datetime.now()
        for _try in range(60):
            self.deliver(at=moment)
            if self.hook.state == "disabled":
                break
            moment += tool.LONGEST_WAIT * 2
        self.assertEqual(self.hook.state, "disabled")
        self.assertEqual(set(messages.mapped("state")), {"waiting"})
        moment += timedelta(days=30)
        with freeze_time(moment):
            self.hook.action_enable()
        self.answers = 200
        self.deliver(at=moment)
        self.assertEqual(set(messages.mapped("state")), {"sent"})

    def test_message_that_a_receiver_fails_of_is_sent_for_ever(self):
        """S-PUSH: what fails for three days while others are taken is given up."""
        failing, others = self.fail_of_the_first(500)
        moment = fields.Datetime.now()
        for _try in range(60):
            self.deliver(at=moment)
            moment += tool.LONGEST_WAIT
        self.assertTrue(others)
        self.assertEqual(set(others.mapped("state")), {"sent"})
        self.assertEqual(failing.state, "failed")
        self.assertNotEqual(self.hook.state, "disabled")

    def test_message_given_up_in_an_outage_is_lost(self):
        """S-PUSH: one that was tried before another was taken comes when enabled."""
        early, others = self.fail_of_the_first(503)
        moment = fields.Datetime.now()
        for _try in range(5):
            self.deliver(at=moment)
            moment += timedelta(minutes=1)
        self.assertEqual(set(others.mapped("state")), {"sent"})
        self.answers = PeerError("timeout", "Host x gave no answer")
        while self.hook.state == "active":
            moment += tool.LONGEST_WAIT
            self.deliver(at=moment)
        self.assertEqual(early.state, "failed")
        with freeze_time(moment):
            self.hook.action_enable()
        self.answers = 200
        self.deliver(at=moment)
        self.assertEqual(early.state, "sent")

    def test_enabled_webhook_gives_a_message_up_at_its_first_refusal(self):
        """S-PUSH: the three days of a message begin anew with its webhook."""
        self.hook.action_test()
        self.answers = 503
        moment = fields.Datetime.now()
        self.deliver(at=moment)
        self.hook.action_disable()
        moment += 2 * tool.GIVE_UP
        with freeze_time(moment):
            self.hook.action_enable()
        self.answers = 400
        self.deliver(at=moment)
        message = self.get("test")
        self.assertEqual((message.state, message.attempts), ("waiting", 1))
        moment = moment + tool.GIVE_UP
        self.deliver(at=moment)
        self.assertEqual(message.state, "failed", "refused for three days")
