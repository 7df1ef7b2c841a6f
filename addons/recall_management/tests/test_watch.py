# SPDX-License-Identifier: LGPL-3.0-only
import itertools
from datetime import timedelta
from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.recall_base.tests.common import GUARD_LOGGER
from odoo.addons.recall_base.tools.http_client import PeerError
from odoo.addons.recall_base.tools.messages import ApiStatus

from .common import make_page
from .watch_common import OPERATOR, WatchCommon, slow_answer

TIMEOUT = PeerError("timeout", "Host x gave no complete answer within 5 s.")


@tagged("post_install", "-at_install")
class TestWatch(WatchCommon):
    """States of a terminal, their history, the figures of each day, the test call."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users = {
            role: cls.make_user(f"watch_{role}", f"recall_management.group_{role}")
            for role in ("viewer", "officer", "engineer")
        }

    def get_day(self, terminal=None):
        terminal = terminal or self.enterprise
        return self.env["recall.availability.day"].search(
            [("enterprise_id", "=", terminal.id)]
        )

    # === State and history === #

    def test_history_tells_each_state_once(self):
        """M-MONITOR: new, working, failing, down, working, suspended, working."""
        self.cycles(2)
        self.cycles(4, (self.enterprise, TIMEOUT))
        self.cycles(1)
        self.enterprise.active = False
        self.wait(hours=1)
        self.enterprise.active = True
        history = self.enterprise.history_ids.sorted()[::-1]
        expected = ["new", "working", "failing", "down", "working", "suspended"]
        self.assertEqual(history.mapped("state"), [*expected, "working"])
        for earlier, later in itertools.pairwise(history):
            self.assertEqual(earlier.ended_at, later.started_at)
        self.assertFalse(history[-1].ended_at)
        self.assertEqual(self.enterprise.state_since, history[-1].started_at)

    def test_state_is_written_over_rpc(self):
        """X-ACCESS: not even an engineer makes a terminal look healthy."""
        enterprise = self.enterprise.with_user(self.users["engineer"])
        for name in ("state", "bad_cycles", "last_asked_at", "response_seconds"):
            with self.subTest(name), self.assertRaises(AccessError):
                enterprise.write({name: enterprise[name]})
        enterprise.technical_email = "new@producer.example"

    def test_every_cause_has_its_sentences(self):
        """M-MONITOR: each outcome and each code of the standard says what to do."""
        Cause = self.env["recall.cause"]
        outcomes = dict(self.env["recall.exchange"]._fields["outcome"].selection)
        causes = set(outcomes) - {"success", "status"}
        causes |= {f"status_{int(status)}" for status in ApiStatus} - {"status_200"}
        for lang in ("en_US", "zh_CN"):
            texts = [Cause.with_context(lang=lang)._explain(cause) for cause in causes]
            self.assertEqual(len({what for what, _advice in texts}), len(causes))
            self.assertTrue(all(advice for _what, advice in texts))
        self.assertFalse(any("(" in text and ")." in text for text, _ in texts))
        self.assertIn("novel", Cause._explain("novel")[0])

    def test_terminal_that_is_locked_is_judged_later(self):
        """M-MONITOR X-FAULT: the watch waits for nobody."""
        self.ask()
        self.enterprise.token_valid_until = self.start + timedelta(days=90)
        self.wait(days=80)
        with patch.object(type(self.enterprise), "try_lock_for_update", self._locked):
            self.watch()
        self.assertEqual(self.enterprise.state, "working")
        self.watch()
        self.assertEqual(self.enterprise.state, "silent")

    def _locked(self, **_options):
        return self.env["recall.enterprise"]

    def test_producer_sees_what_concerns_another(self):
        """X-ACCESS: of incidents, days and states an account sees its own."""
        other = self.add_terminals(1)
        self.cycles(2, (self.enterprise | other, TIMEOUT))
        user = self.make_user(
            "watch_producer",
            "recall_management.group_producer",
            recall_producer_ids=self.producer.ids,
        )
        for name in ("incident", "availability.day", "enterprise.history"):
            found = self.env[f"recall.{name}"].with_user(user).search([])
            self.assertEqual(found.enterprise_id, self.enterprise.with_user(user))
        incident = self.get_incidents(other).with_user(user)
        with self.assertRaises(AccessError):
            incident.read(["error"])

    # === Figures === #

    def test_day_counts_cycles_answers_and_records(self):
        """M-MONITOR: kept by the transaction that stores the answer."""
        good, bad = self.make_record(), self.make_record(recallTime="2024-01-01")
        self.ask((self.enterprise, slow_answer(0.5, [good, bad])))
        self.wait(minutes=10)
        self.ask((self.enterprise, slow_answer(1.5)))
        self.wait(minutes=10)
        self.ask((self.enterprise, TIMEOUT))
        self.assertRecordValues(
            self.get_day(),
            [
                {
                    "day": self.start.date(),
                    "cycles": 3,
                    "failed": 1,
                    "observed": 1800,
                    "down": 600,
                    "requests": 2,
                    "seconds_sum": 2.0,
                    "seconds_max": 1.5,
                    "seconds_avg": 1.0,
                    "records": 1,
                    "refused": 1,
                }
            ],
        )
        self.assertAlmostEqual(self.get_day().availability, 66.67, 2)
        self.assertAlmostEqual(self.enterprise.availability_year, 66.67, 2)
        self.assertEqual(self.enterprise.records_today, 1)
        self.assertAlmostEqual(self.enterprise.response_seconds, 1.0)

    def test_repeated_records_count_again(self):
        """M-MONITOR: a plain terminal gives a week's records with each answer."""
        self.enterprise.plain = True
        good, bad = self.make_record(), self.make_record(recallTime="2024-01-01")
        for _ in range(3):
            self.ask((self.enterprise, [good, bad, "no record"]))
        self.assertRecordValues(self.get_day(), [{"records": 1, "refused": 2}])
        self.assertEqual(self.enterprise.recent_refused, 2)
        # The exchange tells what became of what came.
        self.assertCounts(self.last_exchange(), same=1, quarantined=2)

    def test_day_ends_at_midnight_of_the_producer(self):
        """M-MONITOR: 16:00 UTC in Shanghai."""
        self.wait(hours=13, minutes=59)
        self.ask()
        self.wait(minutes=2)
        self.ask()
        days = self.get_day().sorted("day")
        self.assertEqual(days[1].day - days[0].day, timedelta(days=1))
        self.assertEqual(self.enterprise.records_today, 0)

    def test_terminal_asked_less_often_seems_less_down(self):
        """M-MONITOR: a down terminal is tried hourly: each try stands for its hour."""
        self.cycles(6)
        self.cycles(5, (self.enterprise, TIMEOUT), minutes=60)
        self.ask()
        day = self.get_day()
        # The last success stands for the hour before it: nobody knows better.
        self.assertEqual((day.cycles, day.failed), (12, 5))
        self.assertEqual(day.down, 10 * 60 + 4 * 3600)

    def test_time_without_requests_counts(self):
        """M-MONITOR: a suspended terminal is neither up nor down meanwhile."""
        self.ask((self.enterprise, TIMEOUT))
        self.enterprise.active = False
        self.wait(hours=1)
        self.enterprise.active = True
        self.ask((self.enterprise, TIMEOUT))
        self.assertEqual(self.get_day().observed, 1200)

    @mute_logger("odoo.addons.recall_management.models.recall_enterprise_pull")
    def test_our_own_fault_lowers_the_availability(self):
        """M-MONITOR: a token that cannot be opened says nothing of the terminal."""
        self.ask()
        self.enterprise.token_sealed = "broken"
        self.cycles(2)
        self.assertEqual(self.enterprise.availability_year, 100)
        self.assertEqual(self.enterprise.bad_cycles, 2)

    def test_figures_of_many_terminals_take_a_query_each(self):
        """M-MONITOR: the list of 200 terminals reads the days in two statements."""
        terminals = self.add_terminals(20)
        self.ask((terminals, []))
        fields_shown = ["availability_month", "availability_year", "records_today"]
        self.env.invalidate_all()
        terminals.mapped("producer_id.timezone")
        with self.assertQueryCount(4):
            for name in fields_shown:
                terminals.mapped(name)

    # === Test call === #

    def call(self, page, role="officer"):
        with (
            self.mock_peer([page]) as requests,
            self.enter_registry_test_mode(),
            self.registry.cursor() as cr,
        ):
            env = self.env(cr=cr, user=self.users[role].id)
            action = self.enterprise.with_env(env).action_test_call()
        self.env.invalidate_all()
        call = self.env["recall.enterprise.call"].browse(action["res_id"])
        return call.with_user(self.users[role]), requests

    def test_test_call_takes_nothing_in(self):
        """M-MONITOR: the standard's two members, no cursor, and no trace but the
        event."""
        self.enterprise.cursor = "kept"
        before = self.enterprise.read()
        call, requests = self.call(make_page([self.make_record()], next_cursor="new"))
        self.assertEqual(set(requests[0][1]), {"api_token", "api_cfg"})
        self.assertRecordValues(
            call, [{"cause": False, "api_status": 200, "record_count": 1}]
        )
        self.env.invalidate_all()
        self.assertEqual(self.enterprise.read(), before)
        self.assertFalse(self.last_exchange() or self.get_day())
        event = self.env["recall.audit.event"].search([], limit=1)
        self.assertEqual(event.action, "enterprise.test")

    def test_test_call_is_refused_to_those_it_is_for(self):
        """M-MONITOR X-ACCESS: officer and engineer, of a terminal never asked, one that
        works and has refusals to hear of, and one that is spared."""
        cases = {
            "new": [],
            "working": [[self.make_record(recallTime="2024-01-01")]],
            "down": [TIMEOUT] * 3,
        }
        for state, pages in cases.items():
            for page in pages:
                self.ask((self.enterprise, page))
            self.assertEqual(self.enterprise.state, state)
            before = self.enterprise.read(), self.get_quarantine().read()
            for role in ("officer", "engineer"):
                with self.subTest(state=state, role=role):
                    call, requests = self.call([], role)
                    self.assertEqual(set(requests[0][1]), {"api_token", "api_cfg"})
                    self.assertFalse(call.cause)
            self.env.invalidate_all()
            after = self.enterprise.read(), self.get_quarantine().read()
            self.assertEqual(after, before)

    def test_test_call_says_what_is_wrong(self):
        """M-MONITOR: in words, and without the token that a terminal may repeat."""
        token = f"key{self.producer.id}.secret"
        cases = {
            "timeout": TIMEOUT,
            "message": b"<html>",
            "status_403": make_page([], api_status=403, message=f"bad {token}"),
        }
        for cause, page in cases.items():
            with self.subTest(cause=cause):
                call, _requests = self.call(page)
                self.assertEqual(call.cause, cause)
                self.assertTrue(call.trouble and call.advice and call.error)
                self.assertNotIn(token, call.error)
        self.assertEqual(self.enterprise.state, "new")

    def test_viewer_makes_a_test_call(self):
        """X-ACCESS: who only looks sends no token anywhere."""
        with self.assertRaises(AccessError):
            self.enterprise.with_user(self.users["viewer"]).action_test_call()

    # === Activities === #

    def test_activity_ends_with_the_incident_or_its_acknowledgement(self):
        """M-MONITOR: on the desk of who is in charge, else of all officers."""
        officer, engineer = self.users["officer"], self.users["engineer"]
        self.enterprise.user_id = officer
        self.cycles(2, (self.enterprise, TIMEOUT))
        incident = self.get_incidents(self.enterprise)
        self.assertEqual(incident.activity_ids.user_id, officer)
        self.cycles(4)
        self.assertTrue(incident.closed_at)
        self.assertFalse(incident.activity_ids)
        self.enterprise.user_id = False
        self.cycles(2, (self.enterprise, TIMEOUT))
        incident = self.get_incidents(self.enterprise, closed_at=False)
        self.assertLessEqual(officer | engineer, incident.activity_ids.user_id)
        incident.with_user(officer).action_acknowledge()
        self.assertFalse(incident.activity_ids)
        self.assertEqual(incident.acknowledged_id, officer)

    def test_acknowledged_incident_is_recalled_to_the_producer_only(self):
        """M-MONITOR: the operator knows, the producer still has to act."""
        self.cycles(2, (self.enterprise, TIMEOUT))
        self.take_mails()
        incident = self.get_incidents(self.enterprise)
        incident.with_user(self.users["officer"]).action_acknowledge()
        self.wait(days=1)
        self.ask((self.enterprise, TIMEOUT))
        self.assertEqual(self.take_receivers(), ["tech@producer.example"])

    def test_viewer_acknowledges_an_incident(self):
        """X-ACCESS: only officers do, and nobody writes an incident."""
        self.cycles(2, (self.enterprise, TIMEOUT))
        incident = self.get_incidents(self.enterprise)
        with self.assertRaises(AccessError):
            incident.with_user(self.users["viewer"]).action_acknowledge()
        with self.assertRaises(AccessError):
            incident.with_user(self.users["engineer"]).closed_at = self.start

    # === Mails === #

    def test_mail_is_in_the_contacts_language(self):
        """M-MONITOR: subject, sentences and times, for contact and operator."""
        self.env["res.lang"]._activate_lang("zh_CN")
        self.enterprise.technical_lang = "zh_CN"
        self.enterprise.technical_name = "王女士"
        self.cycles(2, (self.enterprise, TIMEOUT))
        producer, operator = self.take_mails()
        incident = self.get_incidents(self.enterprise)
        chinese = incident.with_context(lang="zh_CN")
        self.assertIn("王女士", producer[2])
        self.assertIn(chinese.trouble, producer[2])
        self.assertIn(chinese.advice, producer[2])
        self.assertIn(incident.trouble, operator[2])
        self.assertIn(TIMEOUT.message, operator[2])
        self.assertNotIn("secret", producer[2] + operator[2])

    def test_officers_get_the_alarm_where_no_address_is_set(self):
        """M-MONITOR: and hear that nobody at the producer was told."""
        self.env["ir.config_parameter"].set_param(
            "recall_management.alarm_addresses", ""
        )
        self.enterprise.technical_email = False
        self.cycles(2, (self.enterprise, TIMEOUT))
        mails = self.env["mail.mail"].search([("id", ">", self.first_mail)])
        self.assertIn(self.users["officer"].partner_id, mails.recipient_ids)
        self.assertIn("no technical contact", mails[0].body_html)

    def test_operators_mail_stands_at_a_producers_incident(self):
        """X-ACCESS: it names other producers' troubles too."""
        self.cycles(2, (self.enterprise, TIMEOUT))
        messages = self.get_incidents(self.enterprise).message_ids
        mails = self.env["mail.mail"].search([("id", ">", self.first_mail)])
        operator = mails.filtered(lambda mail: "operator" in (mail.email_to or ""))
        self.assertFalse(operator.mail_message_id.model)
        self.assertNotIn(operator.mail_message_id, messages)

    def test_broken_template_keeps_the_others_from_being_told(self):
        """X-FAULT: an administrator edits the template of producers; the operator is
        told all the same."""
        template = self.env.ref("recall_management.mail_template_incident")
        template.body_html = '<p t-out="nothing.there"></p>'
        with mute_logger(GUARD_LOGGER, "odoo.addons.mail.models.mail_render_mixin"):
            self.cycles(2, (self.enterprise, TIMEOUT))
        self.assertEqual(len(self.take_mails()), 1)
        self.assertEqual(self.get_incidents(self.enterprise).mail_count, 0)

    def test_language_that_is_gone_stops_all_mails(self):
        """X-FAULT: its contact is told in the company's language."""
        self.set_lost_language(self.enterprise)
        other = self.add_terminals(1)
        self.cycles(2, (self.enterprise | other, TIMEOUT))
        receivers = [*(self.enterprise | other).mapped("technical_email"), OPERATOR]
        self.assertEqual(self.take_receivers(), sorted(receivers))

    def test_terminal_that_cannot_be_described_stops_the_mails_of_others(self):
        """X-FAULT: it is left out, and the log says why."""
        other = self.add_terminals(1)
        Incident = type(self.env["recall.incident"])
        prepare = Incident._prepare_alarm

        def fail(incident, event):
            if incident.enterprise_id == self.enterprise:
                raise RuntimeError("no such time zone")
            return prepare(incident, event)

        with (
            patch.object(Incident, "_prepare_alarm", fail),
            self.assertLogs(GUARD_LOGGER, "ERROR") as logged,
        ):
            self.cycles(2, (self.enterprise | other, TIMEOUT))
        self.assertEqual(len(logged.records), 2)
        self.assertEqual(
            self.take_receivers(), sorted([other.technical_email, OPERATOR])
        )
        counts = (self.enterprise | other).mapped(
            lambda one: self.get_incidents(one).mail_count
        )
        self.assertEqual(counts, [0, 1])

    def test_contact_of_the_producer_is_told_where_the_terminal_has_none(self):
        """M-MONITOR: the technical contact of the producer's file."""
        self.enterprise.technical_email = False
        self.producer.technical_contact_id = self.env["res.partner"].create(
            {"name": "Tech", "email": "contact@producer.example"}
        )
        self.cycles(2, (self.enterprise, TIMEOUT))
        self.assertIn("contact@producer.example", self.take_receivers())
