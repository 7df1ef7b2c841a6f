# SPDX-License-Identifier: LGPL-3.0-only
import json
import re
from datetime import timedelta

from standardwebhooks import Webhook

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import freeze_time, new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.recall_base.tools.http_client import PeerError

from ..tools import webhook as tool
from .webhook_common import WebhookCommon


@tagged("post_install", "-at_install")
class TestWebhook(WebhookCommon):
    """Webhooks of partners; the way over the network is in tests/unit and system."""

    # === Who is told of what === #

    def test_publication_and_withdrawal(self):
        """S-PUSH: each is told once, with the facts of annex A, in numbered order."""
        self.run_cron("expand")
        self.get("recall.published").unlink()
        plan = self.make_public()
        self.run_cron("expand")
        [message] = self.get("recall.published").filtered(lambda m: m.plan_id == plan)
        body = json.loads(message.payload)
        self.assertEqual(body["type"], "recall.published")
        self.assertEqual(body["data"]["recallNum"], plan.recall_number)
        self.assertEqual(body["data"]["defectDesc"], plan.defect)
        self.assertEqual(body["data"]["sequence"], message.number)
        self.assertEqual(self.hook.last_sequence, message.number)
        plan.state = "withdrawn"
        for _run in range(2):
            self.run_cron("expand")
        [withdrawn] = self.get("recall.withdrawn")
        self.assertEqual(withdrawn.plan_id, plan)
        self.assertGreater(withdrawn.number, message.number)

    def test_only_the_own_fleet(self):
        """S-PUSH: vehicles of the partner's list, in scope and then repaired, once."""
        other = self.make_hook(data_user_id=self.make_data_user("Stranger").id)
        other._issue_secret()
        self.env["recall.fleet.vehicle"]._put_in(self.data_user, self.vins[:2])
        for _run in range(2):
            self.run_cron("expand")
        told = self.get("vehicle.in_scope")
        self.assertEqual(sorted(told.mapped("vin")), sorted(self.vins[:2]))
        self.assertFalse(self.get("vehicle.in_scope", other))
        self.make_completion(self.plan, self.vins[0])
        for _run in range(2):
            self.run_cron("expand")
        self.assertEqual(self.get("vehicle.done").mapped("vin"), [self.vins[0]])

    def test_suspended_data_user_is_told(self):
        """X-ACCESS: nothing is made or sent meanwhile; all of it goes after it."""
        self.env["recall.fleet.vehicle"]._put_in(self.data_user, self.vins[:1])
        self.run_cron("expand")
        self.data_user._suspend("The agreement has ended.")
        before = self.hook.message_ids
        self.env["recall.fleet.vehicle"]._put_in(self.data_user, self.vins[1:2])
        plan = self.make_public()
        self.deliver()
        self.assertFalse(self.posted)
        self.assertEqual(self.hook.message_ids, before)
        self.data_user.action_unarchive()
        self.run_cron("expand")
        told = self.hook.message_ids - before
        self.assertIn(plan, told.filtered(lambda m: not m.vin).plan_id)
        self.assertEqual(set(told.mapped("vin")) - {False}, {self.vins[1]})
        self.deliver(at=fields.Datetime.now() + timedelta(minutes=1))
        self.assertTrue(self.posted)

    def test_choices(self):
        """S-PUSH: an event that is not asked for is not told."""
        self.hook.write({"tell_published": False, "tell_in_scope": False})
        self.env["recall.fleet.vehicle"]._put_in(self.data_user, self.vins)
        self.make_public()
        self.assertFalse(self.hook.message_ids)

    def test_no_person_in_any_body(self):
        """X-ACCESS: neither phone nor owner nor dealer is in a message."""
        self.env["recall.fleet.vehicle"]._put_in(self.data_user, self.vins)
        self.run_cron("expand")
        self.make_completion(self.plan, self.vins[0])
        self.run_cron("expand")
        for message in self.hook.message_ids:
            self.assertLessEqual(
                set(json.loads(message.payload)["data"]),
                {
                    *("sequence", "recallNum", "producerName", "brand", "series"),
                    *("model", "recallStartTime", "defectDesc", "vehicleVin"),
                    *("possibleConsequence", "repairMethod"),
                },
            )

    # === Delivery === #

    def test_message_is_signed_and_taken(self):
        """S-PUSH: Standard Webhooks: the receiver's library accepts it."""
        self.hook.action_test()
        self.deliver()
        [(url, body, headers)] = self.posted
        self.assertEqual(url, self.hook.url)
        self.assertEqual(Webhook(self.secret).verify(body, headers)["type"], "test")
        message = self.get("test")
        self.assertEqual(message.state, "sent")
        self.assertEqual(headers["webhook-id"], message.reference)
        self.assertEqual(self.hook.health, "good")
        self.deliver()
        self.assertEqual(len(self.posted), 1)

    def test_replaced_secret_signs_for_a_day(self):
        """S-PUSH: receivers change the secret without losing a message."""
        new = self.hook._issue_secret()
        self.hook.action_test()
        self.deliver()
        for secret in (self.secret, new):
            Webhook(secret).verify(self.posted[0][1], self.posted[0][2])
        self.assertEqual(len(self.hook._open_secrets()), 2)
        with freeze_time(fields.Datetime.now() + timedelta(hours=25)):
            self.assertEqual(self.hook._open_secrets(), [new])
            self.hook._gc_secrets()
        self.assertFalse(self.hook.old_secret_sealed)

    def test_tries_again_with_growing_pauses_then_disables(self):
        """S-PUSH: same id and body each time, three days, then two are told."""
        self.env.company.email = "operator@example.com"
        self.hook.action_test()
        moment, waits = fields.Datetime.now(), []
        self.answers = PeerError("timeout", "Host x gave no answer")
        for _try in range(60):
            self.deliver(at=moment)
            if self.hook.state == "disabled":
                break
            waits.append(self.hook.next_try_at - moment)
            message = self.get("test")
            moment = max(self.hook.next_try_at, message.next_try_at)
        self.assertEqual(self.hook.state, "disabled")
        self.assertLessEqual(waits[0], timedelta(seconds=36))
        self.assertGreater(waits[8], timedelta(hours=1))
        self.assertEqual(
            len({headers["webhook-id"] for _, _, headers in self.posted}), 1
        )
        self.assertEqual(len({body for _, body, _ in self.posted}), 1)
        [mail] = self.env["mail.mail"].search([("email_to", "like", "it@partner")])
        self.assertIn("operator@example.com", mail.email_to)
        self.assertIn("within 5 seconds", mail.body_html)
        self.assertIn("within 5 seconds", self.get("test").last_error)

    def test_failing_receiver_delays_no_other(self):
        """S-PUSH: one that fails is tried with one message, the other gets all."""
        other = self.make_hook(name="Other", url="https://other.example.com/")
        other._issue_secret()
        self.env["recall.fleet.vehicle"]._put_in(self.data_user, self.vins)
        self.run_cron("expand")
        self.answers = lambda url, _body: 503 if "partner" in url else 204
        self.deliver()
        self.assertEqual(set(other.message_ids.mapped("state")), {"sent"})
        urls = [url for url, _body, _headers in self.posted]
        self.assertEqual(urls.count(self.hook.url), 1, "the first failure is enough")
        self.assertEqual(self.hook.health, "failing")
        self.assertIn("503", self.hook.last_error)

    def test_refused_message_holds_up_no_other(self):
        """S-PUSH: a 4xx is about the message: the next is sent at once."""
        self.env["recall.fleet.vehicle"]._put_in(self.data_user, self.vins[:2])
        self.run_cron("expand")
        self.answers = lambda _url, body: 400 if self.vins[0].encode() in body else 200
        self.deliver()
        states = {m.vin: m.state for m in self.get("vehicle.in_scope")}
        self.assertEqual(states, {self.vins[0]: "waiting", self.vins[1]: "sent"})
        self.assertEqual(self.hook.health, "good")

    def test_board_hides_a_failing_receiver(self):
        """S-PUSH: the operator's board counts what fails, and leads to it."""
        operator = self.make_user("hook_operator", "recall_service.group_operator")
        Today = self.env["recall.service.today"].with_user(operator)

        def read_tile():
            [tile] = [
                tile
                for tile in Today.get_figures()["tiles"]
                if tile["key"] == "webhooks"
            ]
            found = self.env["recall.webhook"].search(tile["action"]["domain"])
            self.assertEqual(len(found), tile["value"])
            return tile, found

        before = read_tile()[1]
        self.assertNotIn(self.hook, before)
        self.hook.action_test()
        for status in (503, 410):
            self.answers = status
            self.deliver(at=self.hook.next_try_at or fields.Datetime.now())
            tile, found = read_tile()
            self.assertEqual(found - before, self.hook)
            self.assertEqual(tile["level"], "danger")
            self.assertIn(
                found.sorted("failing_since")[0].data_user_id.name, tile["hint"]
            )
        self.answers = 200
        self.hook.action_enable()
        self.deliver(at=fields.Datetime.now() + timedelta(hours=1))
        self.assertEqual(read_tile()[1], before)

    def test_gone_receiver_is_disabled_at_once(self):
        """S-PUSH: 410 ends the messages, as the convention says."""
        self.hook.action_test()
        self.answers = 410
        self.deliver()
        self.assertEqual(self.hook.state, "disabled")
        self.answers = 200
        self.deliver()
        self.assertEqual(len(self.posted), 1)
        self.hook.action_enable()
        self.deliver(at=fields.Datetime.now() + timedelta(minutes=5))
        self.assertEqual(self.get("test").state, "sent", "what waited is not lost")

    def test_resend_keeps_the_id(self):
        """S-PUSH: an operator sends again; the receiver can tell the repetition."""
        self.hook.action_test()
        self.deliver()
        self.get("test").action_resend()
        self.deliver()
        ids = [headers["webhook-id"] for _url, _body, headers in self.posted]
        self.assertEqual(len(ids), 2)
        self.assertEqual(len(set(ids)), 1)

    def test_lost_key_file_stops_no_other(self):
        """X-FAULT: a secret that cannot be opened is logged, the others go out."""
        other = self.make_hook(name="Other", url="https://other.example.com/")
        other._issue_secret()
        for hook in (self.hook, other):
            hook.action_test()
        self.hook.secret_sealed = other.secret_sealed
        with mute_logger(
            "odoo.addons.recall_service.models.recall_webhook_message_delivery"
        ):
            self.deliver()
        self.assertEqual([url for url, _b, _h in self.posted], [other.url])

    # === Secrets and rights === #

    def test_secret_is_sealed_and_shown_once(self):
        """X-CRYPTO: not in the table, not to any role, bound to its record."""
        self.assertRegex(self.secret, r"^whsec_[A-Za-z0-9+/]{43}=$")
        self.env.flush_all()
        self.env.cr.execute("SELECT * FROM recall_webhook")
        self.assertNotIn(
            self.secret.removeprefix("whsec_"), str(self.env.cr.fetchall())
        )
        operator = new_test_user(
            self.env, "operator1", groups="recall_service.group_operator"
        )
        hook = self.hook.with_user(operator)
        with self.assertRaises(AccessError):
            hook.read(["secret_sealed"])
        action = hook.action_issue_secret()
        self.assertTrue(action["context"]["default_secret"].startswith("whsec_"))

    def test_role_writes_no_health(self):
        """X-ACCESS: state, secret and health are the system's alone."""
        operator = new_test_user(
            self.env, "operator2", groups="recall_service.group_operator"
        )
        hook = self.hook.with_user(operator)
        hook.name = "Renamed"
        for vals in ({"state": "disabled"}, {"last_sequence": 0}):
            with self.assertRaises(AccessError):
                hook.write(vals)

    def test_address(self):
        """X-ATTACK: only plain https addresses are taken."""
        for url in (
            "http://example.com/",
            "https://user:pass@example.com/",
            "https://example.com/a b",
            "file:///etc/passwd",
        ):
            with self.subTest(url=url), self.assertRaises(ValidationError):
                self.make_hook(url=url)

    def test_test_needs_a_secret(self):
        """S-PUSH: before a secret was issued nothing is sent, and it is said."""
        with self.assertRaises(UserError):
            self.make_hook(name="New").action_test()

    # === Watch === #

    def test_standstill_is_told_once_a_day(self):
        """X-FAULT: messages that do not go out are told to the operator by mail."""
        self.env.company.email = "operator@example.com"
        self.run_cron("push_watch")
        self.assertFalse(self.get_mails("operator@example.com"))
        self.subscribe()
        self.run_cron("expand")
        later = fields.Datetime.now() + timedelta(hours=2)
        for hours, mails in ((0, 1), (1, 1), (25, 2)):
            with freeze_time(later + timedelta(hours=hours)):
                self.run_cron("push_watch")
            self.assertEqual(len(self.get_mails("operator@example.com")), mails)

    def test_jitter_stays_in_its_bounds(self):
        """S-PUSH: pauses double from half a minute to six hours, a fifth by chance."""
        self.assertEqual(tool.wait_after(1, lambda: 0.5), timedelta(seconds=30))
        self.assertEqual(tool.wait_after(99, lambda: 1.0), timedelta(hours=7.2))
        self.assertTrue(re.match("whsec_", tool.make_secret()))
