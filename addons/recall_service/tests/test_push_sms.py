# SPDX-License-Identifier: LGPL-3.0-only
import re
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.modules import neutralize
from odoo.tests import freeze_time, new_test_user, tagged
from odoo.tools import mute_logger

from ..models.recall_push_sms import BATCH
from .sms_common import BROKEN, SmsCommon

_GATEWAY = "odoo.addons.recall_base.tools.short_message"


@tagged("post_install", "-at_install")
class TestPushSms(SmsCommon):
    """What subscribers are told by short message."""

    def texts(self, number=SmsCommon.NUMBER):
        return [text for to, text in self.gateway.taken if to == f"+86{number}"]

    def later(self, **time):
        return freeze_time(fields.Datetime.now() + timedelta(**time))

    def test_vehicle_is_not_told(self):
        """S-PUSH: one short message, in the subscriber's language, with the way out."""
        subscriber = self.subscribe_phone()
        self.tell()
        [text] = self.texts()
        self.assertIn(self.plan.recall_number, text)
        self.assertIn(self.vins[0][-6:], text)
        self.assertNotIn(self.vins[0], text, "the whole VIN")
        self.assertIn(subscriber._get_short_url(), text)
        self.assertEqual(self.Push.search([]).state, "sent")
        self.assertFalse(self.get_mails(False))

    def test_brand_and_recall_are_not_told(self):
        """S-PUSH: the same expansion as for mails."""
        self.Push._expand()
        self.subscribe_phone(brand="NEWBRAND")
        other = "13900139000"
        self.subscribe_phone(other, plan_id=self.plan.id)
        plan = self.make_plan(self.producer, brand="Newbrand")
        self.add_vehicles(plan)
        self.tell()
        self.assertIn(plan.recall_number, self.texts()[0])
        self.assertIn(self.plan.recall_number, self.texts(other)[0])

    def test_event_is_told_twice(self):
        """S-PUSH: at most once for each recall and subscriber."""
        self.subscribe_phone()
        self.subscribe_phone()
        for _time in range(3):
            self.tell()
        self.assertEqual(len(self.texts()), 1)
        self.assertEqual(len(self.Push.search([])), 1)

    def test_recalls_at_once_come_in_many_messages(self):
        """S-PUSH: what is due to a subscriber comes in one message, and is counted."""
        self.subscribe_phone()
        second = self.make_plan(self.producer)
        self.put_in_scope(second, [self.vins[0]])
        self.tell()
        [text] = self.texts()
        self.assertIn("2 recalls", text)
        self.assertIn("/recall/my-vehicles", text)
        self.assertEqual(set(self.Push.search([]).mapped("state")), {"sent"})

    def test_digest_comes_before_its_time(self):
        subscriber = self.subscribe_phone()
        subscriber._set_choices("daily", "en_US")
        self.tell()
        self.assertFalse(self.texts())
        with self.later(days=1, minutes=1):
            self.tell()
        self.assertEqual(len(self.texts()), 1)

    def test_mail_and_short_message_are_mixed_up(self):
        """S-PUSH: each is told by the channel that was chosen, and by no other."""
        self.subscribe()
        self.subscribe_phone()
        self.push()
        self.assertFalse(self.texts())
        self.assertEqual(len(self.get_mails()), 1)
        self.run_cron("sms")
        self.assertEqual(len(self.texts()), 1)
        self.assertEqual(len(self.get_mails()), 1)

    def test_ended_subscription_is_told(self):
        subscriber = self.subscribe_phone()
        self.run_cron("expand")
        subscriber._end_all()
        self.run_cron("sms")
        self.assertFalse(self.texts())
        self.assertEqual(self.Push.search([]).state, "cancelled")

    # === Failures === #

    def test_failure_is_hidden_or_final(self):
        """S-PUSH: what went wrong in words, and what is tried again by itself."""
        self.subscribe_phone()
        for answer, state, words in (
            ("unregistered", "waiting", "not activated"),
            ("insufficient_credit", "waiting", "no credit"),
            ("wrong_number_format", "failed", "does not know this number"),
            ("server_error", "sending", "may have been sent or not"),
        ):
            with self.subTest(answer=answer):
                self.Push.search([]).unlink()
                self.gateway.answers = {f"+86{self.NUMBER}": answer}
                self.tell()
                push = self.Push.search([])
                self.assertEqual(push.state, state)
                self.assertIn(words, push.failure_text)
                self.assertEqual(push.unclear, state == "sending")
                self.gateway.taken.clear()
                self.gateway.answers = {}
                with self.later(minutes=6):
                    self.run_cron("sms")
                self.assertEqual(len(self.texts()), state == "waiting")

    def test_closed_gateway_is_asked_for_every_subscriber(self):
        """S-PUSH: a gateway without credit is asked once in a run; nothing is lost."""
        numbers = [f"139000000{number:02}" for number in range(60)]
        for number in numbers:
            self.subscribe_phone(number)
        self.gateway.answers = {
            f"+86{number}": "insufficient_credit" for number in numbers
        }
        self.tell()
        self.assertEqual(len(self.gateway.taken), BATCH)
        self.gateway.taken.clear()
        self.gateway.answers = {}
        with self.later(minutes=6):
            self.run_cron("sms")
        self.assertEqual(len(self.gateway.taken), 60)

    @mute_logger(_GATEWAY)
    def test_silent_gateway_sends_twice(self):
        """S-PUSH: no answer is unclear: nothing by itself, once more by the button."""
        self.subscribe_phone()
        self.gateway.fault = BROKEN
        self.tell()
        push = self.Push.search([("unclear", "=", True)])
        self.assertEqual(push.state, "sending")
        self.gateway.fault = None
        with self.later(days=3):
            self.run_cron("sms")
        self.assertEqual(len(self.texts()), 1)
        push.action_retry()
        self.run_cron("sms")
        self.assertEqual(len(self.texts()), 2)
        self.assertEqual(push.state, "sent")
        self.assertFalse(push.unclear)
        self.assertFalse(push.failure_text)

    def test_killed_worker_loses_or_doubles_a_message(self):
        """S-PUSH X-FAULT: killed at the hand-over, it is unclear for a person."""
        self.subscribe_phone()
        self.run_cron("expand")
        for moment in ("before", "after"):
            with self.subTest(moment=moment):
                self.gateway.taken.clear()
                self.gateway.kill = moment
                self.run_killed(self.Push, "_cron_sms")
                self.gateway.kill = None
                push = self.Push.search([])
                self.assertEqual(push.state, "sending")
                self.assertFalse(push.unclear, "it may still be at work")
                came = len(self.texts())
                self.assertEqual(came, moment == "after")
                with self.later(minutes=6):
                    self.run_cron("sms")
                    self.assertEqual(len(self.texts()), came, "not again by itself")
                    self.assertIn(push, self.Push.search([("unclear", "=", True)]))
                    self.assertNotIn(push, self.Push.search([("unclear", "=", False)]))
                    self.assertIn("did not answer", push.failure_text)
                    push.action_retry()
                push.next_try_at = fields.Datetime.now()
        self.run_cron("sms")
        self.assertEqual(self.Push.search([]).state, "sent")

    def test_number_with_a_lost_key_stops_the_others(self):
        lost = self.subscribe_phone("13900139000")
        lost.phone_sealed = False
        self.subscribe_phone()
        with mute_logger("odoo.addons.recall_service.models.recall_push_sms"):
            self.tell()
        self.assertEqual(len(self.texts()), 1)
        self.assertIn("cannot be read", lost.push_ids.failure_text)

    def test_many_are_expanded_by_more_statements(self):
        """S-PUSH: the number of statements does not grow with the subscribers."""
        for number in range(40):
            self.subscribe_phone(f"139000000{number:02}", plan_id=self.plan.id)
        self.env.flush_all()
        with self.assertQueryCount(3):
            self.assertEqual(self.Push._expand(), 40)
        self.run_cron("sms")
        self.assertEqual(len(set(self.gateway.taken)), 40)

    # === The number === #

    def test_number_is_shown_or_stored_in_clear(self):
        """X-CRYPTO X-ACCESS: sealed, masked, and revealed by right and with a log."""
        subscriber = self.subscribe_phone()
        self.env.flush_all()
        for table in ("recall_subscriber", "recall_subscription"):
            self.env.cr.execute(f"SELECT to_jsonb(r)::text FROM {table} r")
            self.assertNotIn(self.NUMBER, str(self.env.cr.fetchall()))
        self.assertEqual(subscriber.display_name, "138****8000")
        operator = new_test_user(
            self.env, "sms_operator", groups="recall_service.group_operator"
        )
        seen = subscriber.with_user(operator)
        self.assertNotIn("phone_sealed", seen.read()[0])
        with self.assertRaises(AccessError):
            seen.action_reveal_phone()
        operator.group_ids += self.env.ref("recall_base.group_personal_data")
        message = seen.action_reveal_phone()["params"]["message"]
        self.assertEqual(message, self.NUMBER)
        [event] = self.env["recall.audit.event"].search(
            [("action", "=", "subscriber.reveal_phone")]
        )
        self.assertEqual(event.res_id, subscriber.id)
        self.assertNotIn(self.NUMBER, str(event.read()))

    def test_two_numbers_or_channels_are_one_subscriber(self):
        first = self.subscribe_phone()
        self.assertEqual(self.subscribe_phone(plan_id=self.plan.id), first)
        self.assertNotEqual(self.subscribe_phone("13900139000"), first)
        self.assertEqual(len(first.subscription_ids), 2)
        self.assertNotEqual(self.subscribe().subscriber_id, first)

    def test_fleet_of_a_number_is_not_watched(self):
        """S-PUSH: "My vehicles" of a number adds and ends vehicles."""
        subscriber = self.subscribe_phone()
        Subscription = self.env["recall.subscription"]
        self.assertEqual(Subscription._watch(subscriber, self.vins[:2]), (1, 0))
        self.assertEqual(Subscription._watch(subscriber, self.vins[1:2], True), (0, 1))
        self.tell()
        self.assertEqual(len(self.texts()), 1)

    def test_short_link_of_another_ends_messages(self):
        """X-ATTACK: the proof belongs to one subscriber."""
        subscriber = self.subscribe_phone()
        other = self.subscribe_phone("13900139000")
        links = [
            item._get_short_url().rpartition("/")[2] for item in (subscriber, other)
        ]
        From = self.env["recall.subscriber"]._from_short_link
        self.assertEqual(From(links[0]), subscriber)
        self.assertTrue(re.fullmatch(r"[0-9a-f]+-[0-9a-f]{24}", links[0]))
        number, proof = links[0].split("-")
        forged = f"{number}-{links[1].split('-')[1]}"
        for link in (
            forged,
            number,
            f"{number}-",
            f"{number}-é",
            f"0-{proof}",
            "",
            "-",
        ):
            with self.subTest(link=link):
                self.assertFalse(From(link))

    def test_copy_of_the_database_writes_to_numbers(self):
        """X-ACCESS: a neutralised copy holds no number and sends nothing."""
        subscriber = self.subscribe_phone()
        self.run_cron("expand")
        self.Code._ask(self.NUMBER, "192.0.2.1")
        self.env.flush_all()
        for query in neutralize.get_neutralization_queries(["recall_service"]):
            self.env.cr.execute(query)
        self.env.registry.clear_all_caches()
        self.env.invalidate_all()
        self.assertFalse(subscriber.phone_sealed)
        self.assertFalse(self.Code._is_on())
        self.run_cron("sms")
        self.run_cron("phone_code")
        self.assertFalse(self.gateway.taken)
