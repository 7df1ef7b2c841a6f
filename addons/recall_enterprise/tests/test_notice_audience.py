# SPDX-License-Identifier: LGPL-3.0-only
from datetime import timedelta

from psycopg2 import IntegrityError

from odoo import Command, fields
from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from odoo.addons.recall_base.tools import deadline

from .notice_common import NoticeCommon


@tagged("post_install", "-at_install")
class TestNoticeAudience(NoticeCommon):
    def audience(self, **filters):
        """VINs that a round with these filters would tell."""
        notice_round = self.make_round("letter", **filters)
        self.env.cr.execute(self.env["recall.notice.audience"]._query(notice_round))
        vins = {vin for _id, vin, *_others in self.env.cr.fetchall()}
        notice_round.unlink()
        return vins

    def set_states(self, notice_round, **changes):
        """Set notices as if sent: VIN's index -> (state, days ago)."""
        for index, (state, days) in changes.items():
            notice = self.get_notice(notice_round, self.vins[int(index[1:])])
            sent = fields.Datetime.now() - timedelta(days=days)
            notice.write({"state": state, "sent_at": sent, "handed_at": sent})

    def book(self, index, planned_at, dealer=None):
        """Have a vehicle expected at a dealer."""
        vehicle = self.get_vehicle(self.plan, self.vins[index])
        return self.env["recall.appointment"].create(
            {
                "vin": vehicle.vin,
                "recall_number": self.plan.recall_number,
                "planned_at": planned_at,
                "producer_id": self.producer.id,
                "dealer_id": (dealer or self.dealer).id,
                "plan_id": self.plan.id,
                "vehicle_id": vehicle.id,
            }
        )

    def test_filter_lets_the_wrong_owners_through(self):
        """E-NOTIFY: the audience is the plan's open vehicles, narrowed by filters."""
        line = self.plan.line_ids.copy({"series": "Series B"})
        shanghai, beijing = (
            self.make_dealer(self.producer, region=region)
            for region in ("310115", "110101")
        )
        vehicles = [self.get_vehicle(self.plan, vin) for vin in self.vins]
        vehicles[0].line_id = line
        vehicles[1]._assign_dealer(shanghai)
        vehicles[2]._assign_dealer(beijing)
        self.book(3, fields.Datetime.now() + timedelta(days=1), shanghai)
        self.make_completion(self.plan, self.vins[8])
        vehicles[9].state = "unreachable"
        self.add_vehicles(self.make_plan(self.producer), 2)
        everyone = set(self.vins[:8])
        cases = (
            ({"told": "all"}, everyone),
            ({}, everyone),
            ({"line_ids": line.ids}, {self.vins[0]}),
            ({"dealer_ids": shanghai.ids}, {self.vins[1]}),
            ({"dealer_ids": (shanghai | beijing).ids}, set(self.vins[1:3])),
            ({"region": "31"}, {self.vins[1]}),
            ({"region": "11"}, {self.vins[2]}),
            ({"region": "44"}, set()),
            ({"without_appointment": True}, everyone - {self.vins[3]}),
            ({"region": "31", "line_ids": line.ids}, set()),
        )
        for filters, expected in cases:
            with self.subTest(filters=filters):
                vals = {
                    name: [Command.set(value)] if isinstance(value, list) else value
                    for name, value in filters.items()
                }
                self.assertEqual(self.audience(**vals), expected)

    def test_deleted_line_widens_a_round_to_the_whole_plan(self):
        """E-NOTIFY: neither a person nor a filing takes the line of a round away."""
        line = self.plan.line_ids[0].copy()
        notice_round = self.make_round("mail", line_ids=[Command.set(line.ids)])
        self.assertEqual(line._filter_in_use(), line)
        with self.assertRaisesRegex(UserError, "round of owner notices"):
            line.unlink()
        self.assertEqual(notice_round.line_ids, line)
        notice_round.unlink()
        self.assertFalse(line._filter_in_use())

    def test_those_reached_are_told_again(self):
        """E-NOTIFY: a second notice goes to those not reached after n days."""
        self.make_contacts(self.vins[:8])
        first = self.start(self.make_round("mail"))
        self.set_states(
            first,
            v0=("sent", 40),
            v1=("sent", 5),
            v2=("reached", 40),
            v3=("refused", 40),
            v4=("undeliverable", 40),
            v5=("delivered", 31),
            v6=("sending", 40),
            v7=("queued", 40),
        )
        cases = (
            ("all", 30, set(range(10))),
            ("never", 30, {4, 8, 9}),
            ("not_reached", 30, {0, 4, 5, 6, 8, 9}),
            ("not_reached", 60, {8, 9}),
            ("not_reached", 0, {0, 1, 4, 5, 6, 8, 9}),
        )
        for told, days, expected in cases:
            with self.subTest(told=told, days=days):
                found = self.audience(told=told, wait_days=days)
                self.assertEqual({self.vins.index(vin) for vin in found}, expected)

    def test_due_day_finds_nobody(self):
        """E-NOTIFY: from the first moment of the day that the round names, in its zone.

        However late on its day the message went out.
        """
        self.make_contact(self.vins[0])
        for zone, sent in (
            ("Asia/Shanghai", "2026-03-01 15:59:59"),
            ("Asia/Shanghai", "2026-03-01 16:00:00"),
            ("America/New_York", "2026-03-02 04:59:59"),  # their clocks change in March
        ):
            with self.subTest(zone=zone, sent=sent):
                self.producer.timezone = zone
                with freeze_time(sent):
                    first = self.start(self.make_round("mail", told="all"))
                    self.set_states(first, v0=("sent", 0))
                    first._finish_done()
                due = deadline.day_start(first.next_due, zone)
                for seconds, expected in ((-1, False), (0, True)):
                    with freeze_time(due + timedelta(seconds=seconds)):
                        found = self.audience(told="not_reached", wait_days=30)
                    self.assertEqual(self.vins[0] in found, expected)
                first.notice_ids.unlink()

    def test_days_to_wait_break_the_round(self):
        """A number of days that no calendar holds would keep a round from ending."""
        for days in (-1, 3651, 2_000_000_000):
            with self.subTest(days=days), mute_logger("odoo.sql_db"):
                with self.assertRaises(IntegrityError), self.env.cr.savepoint():
                    self.make_round("mail", wait_days=days)

    def test_appointment_that_is_over_leaves_an_owner_out(self):
        """E-NOTIFY: expected is who is still to come, today or later."""
        zone = self.producer.timezone
        today = deadline.day_start(
            deadline.local_date(fields.Datetime.now(), zone), zone
        )
        for index, (moment, state) in enumerate(
            (
                (today - timedelta(seconds=1), "planned"),
                (today - timedelta(days=90), "postponed"),
                (today, "planned"),
                (today + timedelta(days=9), "postponed"),
                (today + timedelta(days=9), "cancelled"),
            )
        ):
            self.book(index, moment).state = state
        found = self.audience(without_appointment=True)
        self.assertEqual(set(self.vins) - found, set(self.vins[2:4]))

    def test_one_owner_gets_several_messages(self):
        """E-NOTIFY: vehicles of one address are named in one message, in bounds."""
        same = {"phone": "13800000000", "email": "fleet@example.com", "lang": "zh_CN"}
        self.make_contacts(self.vins[:7], name="车队", address="示例路 1 号", **same)
        self.make_contact(self.vins[7], phone="021-55556666", email=False)
        for channel, messages, reachable in (
            ("mail", [7], 7),
            ("sms", [1, 3, 3], 7),
            ("letter", [1, 7], 8),
        ):
            with self.subTest(channel=channel):
                notice_round = self.make_round(channel, told="all")
                notice_round.action_check()
                counted = notice_round.check_result[channel]
                self.assertEqual(
                    counted,
                    {
                        "reachable": reachable,
                        "missing": 10 - reachable,
                        "messages": len(messages),
                    },
                )
                notice_round.action_start()
                queued = notice_round.notice_ids.filtered(
                    lambda notice: notice.state == "queued"
                )
                groups = queued.grouped("lead_id").values()
                self.assertEqual(sorted(map(len, groups)), messages)
                self.assertEqual(notice_round.no_address_count, 10 - reachable)

    def test_dry_run_changes_something(self):
        """E-NOTIFY: the dry run counts and shows; nothing is queued or sent."""
        self.make_contacts(self.vins[:4])
        self.make_contact(self.vins[4], lang="en_US", email=False)
        notice_round = self.make_round("mail")
        server = self.use_smtp()
        notice_round.with_user(self.clerk).action_check()
        self.run_sender()
        self.assertEqual(notice_round.state, "checked")
        self.assertFalse(notice_round.notice_ids)
        self.assertFalse(server.received)
        result = notice_round.check_result
        self.assertEqual(result["vehicles"], 10)
        self.assertEqual(result["languages"], {"zh_CN": 9, "en_US": 1})
        self.assertEqual(result["sms"]["reachable"], 5)
        self.assertEqual(result["mail"]["missing"], 6)
        self.assertIn("10", notice_round.check_summary)

    def test_change_leaves_the_dry_run_valid(self):
        notice_round = self.make_round("mail")
        for change in ({"told": "all"}, {"body_zh": notice_round.body_zh + "!"}):
            notice_round.action_check()
            notice_round.with_user(self.clerk).write(change)
            self.assertEqual(notice_round.state, "draft")
            self.assertFalse(notice_round.check_result)

    def test_contact_of_another_producer_is_written_to(self):
        other = self.make_producer()
        self.make_contact(self.vins[0], producer=other)
        notice_round = self.make_round("mail")
        notice_round.action_check()
        self.assertEqual(notice_round.check_result["mail"]["reachable"], 0)
