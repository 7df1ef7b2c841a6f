# SPDX-License-Identifier: LGPL-3.0-only
from datetime import datetime, timedelta
from unittest.mock import patch
from zoneinfo import ZoneInfo

from psycopg2.errors import CheckViolation

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.recall_base.tools.http_client import PeerError

from ..models import recall_enterprise_pull
from .common import PullCommon, make_page


@tagged("post_install", "-at_install")
class TestSchedule(PullCommon):
    """When a terminal is asked by itself, and when because somebody asks for it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.producer.timezone = "Asia/Shanghai"
        cls.officer = cls.make_user("officer", "recall_management.group_officer")

    @classmethod
    def make_user(cls, login, group):
        return cls.env["res.users"].create(
            {
                "name": login,
                "login": f"schedule-{login}",
                "group_ids": [cls.env.ref(group).id, cls.env.ref("base.group_user").id],
            }
        )

    def set_quiet(self, *, begin, end):
        """Quiet hours from so many hours after now to so many after now."""
        now = datetime.now(ZoneInfo("Asia/Shanghai"))
        hour = now.hour + now.minute // 30 / 2
        self.enterprise.write(
            {"quiet_from": (hour + begin) % 24, "quiet_to": (hour + end) % 24}
        )

    def hours_until_pull(self):
        self.env.invalidate_all()
        wait = self.enterprise.next_pull_at - fields.Datetime.now()
        return wait.total_seconds() / 3600

    def ask_now(self, terminals=None):
        terminals = terminals or self.enterprise
        action = terminals.with_user(self.officer).action_pull_now()
        self.assertEqual(action["tag"], "display_notification")
        return action["params"]

    def run_time(self, seconds):
        return patch.object(recall_enterprise_pull, "BUDGET_SECONDS", seconds)

    def run_schedule(self, *pages):
        """Run the scheduled action with what is due, as it is due."""
        self.env.flush_all()
        with self.mock_peer(pages) as requests, self.enter_registry_test_mode():
            self.assertIs(self.cron.method_direct_trigger(), True)
        self.env.invalidate_all()
        return requests

    # === Quiet hours === #

    def test_terminal_is_left_alone_in_its_quiet_hours(self):
        """M-PULL: due since yesterday, it is asked when they end and not before."""
        self.enterprise.next_pull_at = datetime(2000, 1, 1)
        self.set_quiet(begin=-1, end=3)
        self.enterprise.next_pull_at = datetime(2000, 1, 1)
        self.assertEqual(self.run_schedule(), [])
        self.assertAlmostEqual(self.hours_until_pull(), 3, delta=0.6)
        self.assertFalse(self.enterprise.lease_until)
        self.assertFalse(self.enterprise.exchange_ids)

    def test_next_request_is_not_planned_into_quiet_hours(self):
        """M-PULL: what is shown as the next time is the time."""
        self.enterprise.interval_minutes = 120
        self.set_quiet(begin=1, end=5)
        self.pull([])
        self.assertAlmostEqual(self.hours_until_pull(), 5, delta=0.6)

    def test_new_quiet_hours_hold_at_once(self):
        """M-PULL: a request planned before moves to their end."""
        self.enterprise.next_pull_at = fields.Datetime.now() + timedelta(minutes=5)
        self.set_quiet(begin=-1, end=2)
        self.assertAlmostEqual(self.hours_until_pull(), 2, delta=0.6)

    def test_shorter_interval_holds_at_once(self):
        """M-PULL: nobody waits for the end of the longer one."""
        self.enterprise.interval_minutes = 1440
        self.pull([])
        self.enterprise.interval_minutes = 15
        self.assertAlmostEqual(self.hours_until_pull(), 0.25, delta=0.02)

    def test_longer_interval_puts_nothing_off(self):
        """M-PULL: it counts from the next request."""
        self.enterprise.interval_minutes = 15
        self.pull([])
        self.enterprise.interval_minutes = 1440
        self.assertAlmostEqual(self.hours_until_pull(), 0.25, delta=0.02)

    def test_hours_that_are_none_or_the_whole_day_are_refused(self):
        """M-PULL: a terminal that is never asked must be suspended, which shows."""
        for hours in ((-1, 5), (3, 25), (0, 24)):
            with (
                self.subTest(hours),
                self.assertRaises(CheckViolation),
                mute_logger("odoo.sql_db"),
                self.cr.savepoint(),
            ):
                vals = {"quiet_from": hours[0], "quiet_to": hours[1]}
                self.enterprise.write(vals)
                self.env.flush_all()

    # === Ask now === #

    def test_asking_by_hand_overrides_quiet_hours(self):
        """M-PULL: once, and it is said; then they hold again."""
        self.set_quiet(begin=-1, end=3)
        self.assertIn("in spite of quiet hours", self.ask_now()["message"])
        self.assertEqual(len(self.run_schedule([])), 1)
        self.assertAlmostEqual(self.hours_until_pull(), 3, delta=0.6)
        self.enterprise.next_pull_at = datetime(2000, 1, 1)
        self.assertEqual(self.run_schedule(), [])

    def test_asking_by_hand_lasts_until_all_pages_are_there(self):
        """M-PULL: a run that ends between two pages does not fall into quiet hours."""
        self.set_quiet(begin=-1, end=3)
        self.ask_now()
        page = make_page([self.make_record()], next_cursor="a", has_more=True)
        with self.run_time(0):
            self.assertEqual(len(self.run_schedule(page)), 1)
        self.assertLessEqual(self.enterprise.next_pull_at, fields.Datetime.now())
        self.enterprise.next_pull_at = datetime(2000, 1, 1)
        self.assertEqual(len(self.run_schedule([])), 1)
        self.enterprise.next_pull_at = datetime(2000, 1, 1)
        self.assertEqual(self.run_schedule(), [])

    def test_asking_by_hand_tries_a_terminal_whose_breaker_is_open(self):
        """M-PULL: what was wrong is said, and that it is tried once."""
        for _ in range(3):
            self.pull(PeerError("timeout", "Nobody answered."))
        self.assertEqual(self.enterprise.breaker, "open")
        message = self.ask_now()["message"]
        self.assertIn("failed 3 times in a row (Nobody answered.)", message)
        self.assertEqual(len(self.run_schedule([])), 1)
        self.assertEqual(self.enterprise.breaker, "closed")

    def test_terminal_that_is_being_asked_is_said_to_be(self):
        """M-PULL: neither is it asked twice nor does the officer wonder."""
        leased = fields.Datetime.now() + timedelta(minutes=1)
        self.enterprise.write({"lease_until": leased})
        planned = self.enterprise.next_pull_at
        message = self.ask_now()["message"]
        self.assertIn("Being asked at this moment", message)
        self.assertNotIn("Asked at once", message)
        self.assertEqual(self.enterprise.next_pull_at, planned)

    def test_switched_off_action_is_told_of(self):
        """M-PULL M-MONITOR: a promise that nobody keeps would be worse than none."""
        self.cron.active = False
        params = self.ask_now()
        self.assertEqual((params["type"], params["sticky"]), ("warning", True))
        self.assertIn("switched off", params["message"])

    def test_suspended_terminal_is_not_asked_by_hand(self):
        """M-PULL: the officer is told why, and what to do."""
        self.enterprise.active = False
        with self.assertRaisesRegex(UserError, "Suspended"):
            self.ask_now()

    def test_officers_ask_but_set_nothing_of_it(self):
        """M-ACCESS: neither lease nor breaker nor the time can be written by RPC."""
        engineer = self.make_user("engineer", "recall_management.group_engineer")
        for name, value in (
            ("asked_by_hand", True),
            ("breaker", "closed"),
            ("failed_cycles", 0),
            ("cycle_failed", False),
            ("breaker_since", False),
            ("next_pull_at", fields.Datetime.now()),
        ):
            with self.subTest(name), self.assertRaises(AccessError):
                self.enterprise.with_user(engineer).write({name: value})
        self.enterprise.with_user(engineer).write({"quiet_from": 1, "quiet_to": 2})

    def test_copied_terminal_begins_anew(self):
        """M-PULL: a copy has no history of failures."""
        self.enterprise.write({"breaker": "open", "failed_cycles": 7})
        copy = self.enterprise.copy({"producer_id": self.make_producer().id})
        self.assertEqual((copy.breaker, copy.failed_cycles), ("closed", 0))

    # === Clock === #

    def test_clock_that_is_put_back_keeps_a_terminal_from_being_asked(self):
        """X-FAULT M-PULL: what was planned while it was ahead is planned anew."""
        self.enterprise.next_pull_at = fields.Datetime.now() + timedelta(days=1)
        with self.mock_peer([]), self.enter_registry_test_mode():
            self.cron.method_direct_trigger()
        wait = self.enterprise.interval_minutes / 60
        self.assertLessEqual(self.hours_until_pull(), wait)
        self.assertGreater(self.hours_until_pull(), wait - 0.1)
