# SPDX-License-Identifier: LGPL-3.0-only
import json
import tracemalloc
from unittest.mock import Mock, patch

import psycopg2

from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.recall_base.tools.messages import ApiStatus

from ..models import recall_share
from .share_common import ShareHttpCommon
from .test_share_status import DISPATCHER_LOG


@tagged("post_install", "-at_install")
class TestShareMany(ShareHttpCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.interface.allow_many = True

    def ask_many(self, vins):
        return self.ask_for(api_exchange_vins=vins)

    def test_every_vin_has_its_result_in_the_order_asked(self):
        """S-SHARE: found, none known, no VIN and repeated ones are told one by one."""
        good, none = self.vins[0], self.make_vin()
        wrong = good[:3] + "O" + good[4:]
        asked = [none, good, wrong, self.vins[1], good]
        answer = self.ask_many(asked)
        self.assertStatus(answer, ApiStatus.SUCCESS)
        results = answer["exchange_results"]
        self.assertEqual([result["vehicleVin"] for result in results], asked)
        self.assertEqual([result["index"] for result in results], [0, 1, 2, 3, 4])
        self.assertEqual(
            [result["status"] for result in results],
            ["none", "found", "invalid", "found", "found"],
        )
        self.assertIn("position 4", results[2]["message"])
        self.assertEqual(
            [record["vehicleVin"] for record in answer["exchange_records"]],
            [good, self.vins[1], good],
        )

    def test_results_tell_which_records_are_whose(self):
        """S-SHARE: the counts of the results cut the records without a gap."""
        second = self.make_plan(self.producer)
        self.put_in_scope(second, self.vins[:1])
        answer = self.ask_many([self.vins[0], self.make_vin(), self.vins[1]])
        counts = [result["count"] for result in answer["exchange_results"]]
        self.assertEqual(counts, [2, 0, 1])
        self.assertEqual(answer["count"], 3)

    def test_answer_agrees_with_one_by_one(self):
        """S-SHARE: many VINs are told what each is told alone."""
        self.make_completion(self.plan, self.vins[2])
        many = self.ask_many(self.vins)["exchange_records"]
        one = []
        for text in self.vins:
            one += self.ask(api_exchange_vin=text)["exchange_records"]
        self.assertEqual(many, one)

    def test_most_vins_are_answered_and_more_refused(self):
        """S-SHARE: 10,000 VINs fit in one request; one more is refused as a whole."""
        vins = [self.make_vin() for _ in range(10_000)]
        self.put_in_scope(self.plan, vins[:9_000])
        answer = self.ask_many(vins)
        self.assertStatus(answer, ApiStatus.SUCCESS)
        self.assertEqual(
            (answer["count"], len(answer["exchange_results"])), (9000, 10000)
        )
        for wrong in ([*vins, vins[0]], [], "x", [1], [""], ["x" * 65]):
            answer = self.ask_many(wrong)
            self.assertIn(answer["api_status"], (402, 407))
            self.assertIn("api_exchange_vins", answer["message"])

    def test_memory_does_not_grow_with_the_answer(self):
        """S-PERF: an answer of 45 MB is made in less than 10 MB."""
        self.plan.write({"defect": "缺陷" * 2000})
        vins = self.add_vehicles(self.plan, 4_000)
        self.env.flush_all()
        grant = self.interface._authorise(
            self.secret, self.interface.api_cfg, "share", "127.0.0.1"
        )
        with patch.object(recall_share, "request", Mock()):
            answer = self.env["recall.share"]._answer_many(vins, grant, "id")
        tracemalloc.start()
        size = sum(map(len, answer))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        self.assertGreater(size, 45_000_000)
        self.assertLess(peak, 10_000_000)

    def test_fault_in_the_middle_ends_in_a_code(self):
        """X-FAULT: an answer that breaks is whole JSON and says that it broke."""
        real = recall_share.RecallShare._read
        calls = []

        def fail_later(share, vins, grant, started=None):
            calls.append(vins)
            if len(calls) > 1:
                raise psycopg2.errors.QueryCanceled("slow")
            return real(share, vins, grant, started)

        with (
            mute_logger(DISPATCHER_LOG),
            patch.object(recall_share, "CHUNK", 3),
            patch.object(recall_share.RecallShare, "_read", fail_later),
        ):
            answer = self.ask_many(self.vins)
        self.assertEqual(answer["api_status"], ApiStatus.BACKEND_FAULT)
        self.assertEqual(answer["count"], 3)

    def test_two_methods_at_once_are_refused(self):
        """S-SHARE: 407 names the members that exclude each other."""
        answer = self.ask(api_exchange_vins=self.vins)
        self.assertStatus(answer, ApiStatus.PARAMETER_FORMAT)
        self.assertIn("api_exchange_vin and api_exchange_vins", answer["message"])


@tagged("post_install", "-at_install")
class TestShareContents(ShareHttpCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.completion = cls.make_completion(
            cls.plan, cls.vins[0], repair_number="RO-77"
        )
        cls.interface.allow_many = True

    def grant(self, *fields):
        self.interface.write(
            {**dict.fromkeys(fields, True), "phone_basis": "Article 12 of the test law"}
        )

    def ask_both(self):
        """The record of the repaired vehicle, asked alone and among others."""
        [alone] = self.ask()["exchange_records"]
        many = self.ask_for(api_exchange_vins=self.vins[:2])["exchange_records"]
        self.assertEqual(alone, many[0])
        return alone

    def test_each_content_comes_by_its_own_grant(self):
        """S-CONTENT: dealer, date, number and phone come only where granted."""
        expected = {
            "share_repair_date": ("recallTime", "2025-03-01"),
            "share_repair_number": ("repairNum", "RO-77"),
            "share_dealer": ("dealerName", self.dealer.name),
            "share_phone": ("telNum", "13800138000"),
        }
        plain = set(self.ask_both())
        for field, (member, value) in expected.items():
            with self.subTest(field=field):
                self.interface.write(dict.fromkeys(expected, False))
                self.grant(field)
                record = self.ask_both()
                self.assertEqual(set(record) - plain, {member})
                self.assertEqual(record[member], value)

    def test_open_vehicle_has_no_repair(self):
        """S-CONTENT: what is granted of a repair is absent where there was none."""
        self.grant("share_dealer", "share_phone", "share_repair_date")
        [record] = self.ask(api_exchange_vin=self.vins[1])["exchange_records"]
        self.assertFalse({"telNum", "dealerName", "recallTime"} & set(record))

    def test_phones_are_told_after_the_log_says_so(self):
        """X-LOG: one event a batch, with how many, to whom, and no number."""
        Event = self.env["recall.audit.event"]
        self.grant("share_phone")
        self.make_completion(self.plan, self.vins[1])
        last = Event.search([], limit=1).id
        self.ask_for(api_exchange_vins=self.vins[:3])
        event = Event.search([("id", ">", last)])
        self.assertEqual(event.action, "share.phone")
        self.assertEqual(event.res_id, self.interface.id)
        self.assertEqual(event.detail["count"], 2)
        self.assertEqual(event.detail["token_id"], self.token.id)
        self.assertNotIn(
            "138", json.dumps(event.detail).replace(event.detail["request_id"], "")
        )

    def test_no_phone_leaves_when_the_log_fails(self):
        """X-LOG: an event that cannot be written keeps the numbers inside."""
        self.grant("share_phone")
        Event = self.env.registry["recall.audit.event"]
        with (
            mute_logger(DISPATCHER_LOG),
            patch.object(Event, "_record", side_effect=ValueError("full")),
        ):
            answer = self.ask()
        self.assertStatus(answer, ApiStatus.SYSTEM_FAULT)
        self.assertNotIn("13800138000", json.dumps(answer))
