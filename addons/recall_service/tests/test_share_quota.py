# SPDX-License-Identifier: LGPL-3.0-only
from unittest.mock import patch

import psycopg2

from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.recall_base.tools.messages import ApiStatus

from ..models.counter_mixin import CounterMixin, hand_over
from ..models.recall_lookup_alarm import MANY_IN_AN_HOUR
from .share_common import ShareHttpCommon


@tagged("post_install", "-at_install")
class TestShareQuota(ShareHttpCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.interface.allow_many = True

    def hand_over(self):
        hand_over(self.env.registry, "recall.share.usage", all_of_it=True)
        self.env.invalidate_all()

    def read_usage(self):
        """{(method, api_status): (requests, VINs)} of the interface."""
        self.hand_over()
        usage = self.env["recall.share.usage"].search(
            [("interface_id", "=", self.interface.id)]
        )
        return {
            (row.method, row.api_status): (row.request_count, row.vin_count)
            for row in usage
        }

    def watch(self):
        """The interface's alarms after the scheduled action has looked."""
        self.hand_over()
        alarms = self.env["recall.lookup.alarm"]
        alarms._cron_watch()
        return alarms.search([("interface_id", "=", self.interface.id)])

    def test_usage_is_counted_by_method_and_code(self):
        """S-SHARE: what was asked is counted, with no VIN and no address."""
        self.ask()
        self.ask(api_exchange_vin=self.make_vin())
        self.ask_for(api_exchange_vins=self.vins[:4])
        self.ask_for(api_exchange_cursor="")
        self.assertEqual(
            self.read_usage(),
            {("one", 200): (2, 2), ("many", 200): (1, 4), ("changes", 408): (1, 0)},
        )
        row = self.env["recall.share.usage"].search([("method", "=", "many")], limit=1)
        self.assertEqual(row.data_user_id, self.data_user)
        self.assertGreater(row.answer_bytes, 1000)

    def test_repeated_hand_overs_add_up(self):
        """S-SHARE: two processes' counts of an hour are one row."""
        for _turn in range(2):
            self.ask()
            self.hand_over()
        self.assertEqual(self.read_usage(), {("one", 200): (2, 2)})

    def test_unknown_callers_are_counted_without_interface(self):
        """S-SHARE: a wrong token is counted to nobody."""
        self.ask(api_exchange_token="x")
        self.hand_over()
        usage = self.env["recall.share.usage"].search([("api_status", "=", 403)])
        self.assertFalse(usage.interface_id)
        self.assertEqual(self.read_usage(), {})

    def test_counts_survive_a_database_that_fails(self):
        """X-FAULT: what could not be stored is stored the next time."""
        self.ask()
        fault = psycopg2.errors.LockNotAvailable("locked")
        with (
            mute_logger("odoo.addons.recall_service.models.counter_mixin"),
            patch.object(CounterMixin, "_store_counts", side_effect=fault),
        ):
            self.hand_over()
        self.assertEqual(self.read_usage(), {("one", 200): (1, 1)})

    def test_day_quota_holds_for_every_process(self):
        """S-SHARE: VINs that other processes served count on the day's quota."""
        self.interface.quota_day = 5
        self.assertStatus(
            self.ask_for(api_exchange_vins=self.vins[:4]), ApiStatus.SUCCESS
        )
        self.hand_over()
        self.forget_counts()  # as another process
        self.assertStatus(
            self.ask_for(api_exchange_vins=self.vins[:2]), ApiStatus.RATE_LIMITED
        )
        self.assertStatus(self.ask(), ApiStatus.SUCCESS)
        answer = self.ask()
        self.assertStatus(answer, ApiStatus.RATE_LIMITED)
        self.assertIn("5 VINs a day", answer["message"])

    def test_walk_within_the_quota_raises_no_alarm(self):
        """X-ATTACK: one VIN after the other is answered, and told to the operator."""
        self.env.company.email = "operator@example.com"
        self.interface.quota_day = 2 * MANY_IN_AN_HOUR
        walk = [self.make_vin() for _step in range(MANY_IN_AN_HOUR)]
        self.assertStatus(self.ask_for(api_exchange_vins=walk[1:]), ApiStatus.SUCCESS)
        self.assertFalse(self.watch())
        self.assertStatus(self.ask(api_exchange_vin=walk[0]), ApiStatus.SUCCESS)
        self.assertEqual(self.watch().kind, "surge")
        mail = self.env["mail.mail"].search([("email_to", "=", "operator@example.com")])
        self.assertIn(self.data_user.name, mail.body_html)

    def test_refused_requests_use_up_no_quota(self):
        """S-SHARE: what was refused is asked again without loss."""
        self.interface.quota_day = 1
        self.ask_for(api_exchange_vins=self.vins)
        self.ask(api_exchange_vin=self.vins[0][:16])
        self.assertStatus(self.ask(), ApiStatus.SUCCESS)

    def test_other_interfaces_are_not_limited(self):
        """S-SHARE: one interface's burst slows no other down."""
        self.interface.quota_burst = 1
        other = self.make_interface(self.data_user)
        self.ask()
        self.assertStatus(self.ask(), ApiStatus.RATE_LIMITED)
        self.assertStatus(self.ask(api_exchange_cfg=other.api_cfg), ApiStatus.SUCCESS)

    def test_one_vin_costs_one_statement(self):
        """S-PERF: none for the grant, none for the quota, none for what a plan says."""
        self.ask()
        grant = self.interface._authorise(
            self.secret, self.interface.api_cfg, "share", "127.0.0.1"
        )
        with self.assertQueryCount(1):
            self.interface._authorise(
                self.secret, self.interface.api_cfg, "share", "127.0.0.1"
            )
            self.env["recall.share.usage"]._admit(grant.interface_id, grant.terms, 1)
            self.env["recall.share"]._answer_one(self.vins[0], grant, "id", 0)
