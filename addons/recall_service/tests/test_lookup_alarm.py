# SPDX-License-Identifier: LGPL-3.0-only
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from ..models.recall_lookup_alarm import (
    IN_A_WINDOW,
    IN_AN_HOUR,
    MANY_IN_AN_HOUR,
    SURGE,
    USUAL_DAYS,
)
from .partner_common import PartnerCommon

WRONG_KEY, NO_VIN, RATE_LIMITED = 403, 407, 429


@tagged("post_install", "-at_install")
class TestLookupAlarm(PartnerCommon):
    """X-ATTACK: who walks through VINs or guesses tokens is told to the operator."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.company.email = "operator@example.com"
        cls.Alarm = cls.env["recall.lookup.alarm"]
        cls.Alarm.search([]).unlink()
        now = fields.Datetime.now()
        cls.hour = now.replace(minute=0, second=0, microsecond=0)

    def watch(self):
        """Run the scheduled action; returns the alarms that are open."""
        self.env.flush_all()
        self.run_cron("lookup_alarm")
        return self.Alarm.search([("acknowledged_at", "=", False)])

    def add_visits(self, origin, count, before=timedelta()):
        self.env.cr.execute(
            """INSERT INTO recall_lookup_visit (origin, at, waited)
               SELECT %s, %s, false FROM generate_series(1, %s)""",
            (origin, fields.Datetime.now() - before, count),
        )

    def add_strangers(self, requests):
        self.env.cr.execute(
            """INSERT INTO recall_share_usage (hour, method, api_status, request_count,
                      vin_count, answer_bytes)
               VALUES (%s, 'unknown', %s, %s, 0, 0)""",
            (self.hour, WRONG_KEY, requests),
        )

    def test_walk_of_a_partner_stays_unseen(self):
        """X-ATTACK: requests above the quota, and texts that are no VINs, are told."""
        for status, kind in ((RATE_LIMITED, "quota"), (NO_VIN, "invalid")):
            with self.subTest(kind=kind):
                self.add_usage(self.interface, self.hour, status, IN_AN_HOUR - 1)
                self.assertNotIn(kind, self.watch().mapped("kind"))
                self.add_usage(
                    self.interface, self.hour, status, IN_AN_HOUR, method="many"
                )
                alarm = self.watch().filtered(lambda one, k=kind: one.kind == k)
                self.assertEqual(alarm.interface_id, self.interface)
                self.assertEqual(alarm.request_count, 2 * IN_AN_HOUR - 1)
                self.assertIn(self.data_user.name, alarm.display_name)

    def add_vins(self, vins, back=timedelta(), **more):
        """VINs that were answered in one request of an hour."""
        interface = more.pop("interface", self.interface)
        self.add_usage(interface, self.hour - back, 200, 1, vins, **more)

    def test_walk_within_the_quota_stays_unseen(self):
        """X-ATTACK: far more VINs in an hour than usual are told, though answered."""
        usual = MANY_IN_AN_HOUR // 2
        self.add_vins(usual, timedelta(days=USUAL_DAYS - 1))
        self.add_vins(SURGE * usual - 1)
        self.assertFalse(self.watch())
        self.add_vins(1, method="many")
        alarm = self.watch()
        self.assertEqual((alarm.kind, alarm.interface_id), ("surge", self.interface))
        self.assertEqual(alarm.request_count, SURGE * usual)
        self.assertIn("token", alarm.advice)

    def test_new_token_walks_unseen(self):
        """X-ATTACK: what was done long ago is not usual, nor what was refused."""
        self.add_vins(MANY_IN_AN_HOUR, timedelta(days=USUAL_DAYS + 1))
        self.add_usage(
            self.interface, self.hour - timedelta(days=1), 429, 1, MANY_IN_AN_HOUR
        )
        self.add_vins(MANY_IN_AN_HOUR)
        self.assertEqual(self.watch().kind, "surge")

    def test_common_business_makes_an_alarm(self):
        """Few VINs, a busy hour as others before, files and the sandbox are no walk."""
        busy = self.make_interface(self.data_user, name="Busy")
        sandbox = self.make_interface(self.data_user, name="Sandbox", sandbox=True)
        self.add_vins(MANY_IN_AN_HOUR - 1)
        self.add_vins(MANY_IN_AN_HOUR, timedelta(days=7), interface=busy)
        self.add_vins((SURGE - 1) * MANY_IN_AN_HOUR, interface=busy)
        self.add_vins(100 * MANY_IN_AN_HOUR, interface=busy, method="changes")
        self.add_vins(MANY_IN_AN_HOUR, interface=sandbox)
        self.assertFalse(self.watch())

    def test_guesser_of_tokens_stays_unseen(self):
        """X-ATTACK: wrong tokens of nobody known are told as well."""
        self.add_strangers(IN_AN_HOUR)
        alarm = self.watch()
        self.assertEqual((alarm.kind, alarm.interface_id.id), ("token", False))

    def test_network_that_walks_stays_unseen(self):
        """X-ATTACK: one network alone makes the alarm, and not many people together."""
        for number in range(3):
            self.add_visits(f"family {number}", IN_A_WINDOW - 1)
        self.add_visits("yesterday", IN_A_WINDOW, timedelta(hours=1))
        self.assertFalse(self.watch())
        self.add_visits("family 1", 1)
        self.assertEqual(self.watch().kind, "network")

    def test_user_who_errs_makes_an_alarm(self):
        """Answered requests, and those of the sandbox, are no walk."""
        sandbox = self.make_interface(self.data_user, name="Sandbox", sandbox=True)
        self.add_usage(self.interface, self.hour, 200, 10_000)
        self.add_usage(sandbox, self.hour, RATE_LIMITED, 10_000)
        old = self.hour - timedelta(hours=2)
        self.add_usage(self.interface, old, RATE_LIMITED, 10_000)
        self.assertFalse(self.watch())

    def test_alarm_is_told_twice_or_not_at_all(self):
        """One mail, one alarm, however long it goes on; then acknowledged and silent
        until it happens in another hour."""
        self.add_strangers(IN_AN_HOUR)
        alarm = self.watch()
        self.assertEqual(self.watch(), alarm)
        [mail] = self.get_mails("operator@example.com")
        self.assertIn(alarm.display_name, mail.body_html)
        alarm.with_user(self.operator).action_acknowledge()
        self.assertEqual(alarm.acknowledged_id, self.operator)
        self.assertFalse(self.watch())
        alarm.acknowledged_at -= timedelta(hours=3)
        self.assertNotIn(self.watch(), (alarm, self.Alarm))

    def test_stranger_silences_an_alarm(self):
        """X-ACCESS: alarms are the operator's."""
        self.add_strangers(IN_AN_HOUR)
        alarm = self.watch()
        for user in (self.account, self.make_user("any", "recall_base.group_reader")):
            with self.assertRaises(AccessError):
                alarm.with_user(user).action_acknowledge()
        with self.assertRaises(AccessError):
            alarm.with_user(self.operator).write({"acknowledged_at": self.hour})

    def test_board_hides_an_alarm(self):
        """The landing page counts what is open."""
        self.add_strangers(IN_AN_HOUR)
        self.watch()
        board = self.env["recall.service.today"].with_user(self.operator)
        tiles = {tile["key"]: tile for tile in board._prepare_tiles(None, None)}
        self.assertEqual(tiles["lookup_alarms"]["value"], 1)
        self.assertEqual(tiles["lookup_alarms"]["level"], "danger")
