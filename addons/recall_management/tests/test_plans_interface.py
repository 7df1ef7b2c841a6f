# SPDX-License-Identifier: LGPL-3.0-only
import copy
import json
from datetime import datetime, timedelta
from unittest.mock import patch

import psycopg2

from odoo.exceptions import AccessError, ConcurrencyError
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from odoo.addons.recall_base.tests.common import RecallCommon
from odoo.addons.recall_base.tools import cipher, messages
from odoo.addons.recall_base.tools.messages import ApiStatus
from odoo.addons.recall_base.tools.plan_messages import PlansAnswer

from ..controllers.plans import RecallPlans

DISPATCHER_LOG = "odoo.addons.recall_base.controllers.dispatcher"


class FilingCommon(RecallCommon):
    """A filing system with an interface, a live token and a plan to hand over."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.system = cls.env["recall.filing.system"].create({"name": "Filing"})
        cls.interface = cls.env["recall.plan.interface"].create(
            {"name": "Plans", "filing_system_id": cls.system.id}
        )
        cls.token, cls.secret = cls.issue_token("plans", "filing_system_id", cls.system)

    def make_filing(self, **members):
        return {
            "producerName": self.producer.name,
            "brand": "Testbrand",
            "series": "Series A",
            "model": "TST7000A",
            "recallNum": self.make_recall_number(),
            "recallStartTime": "2025-02-01",
            "numRecall": 4,
            "vinRange": "as printed",
            "defectDesc": "The seat belt may not lock.",
            "possibleConsequence": "Injuries in a crash.",
            "repairMethod": "Dealers replace the buckle.",
            "vins": [{"vin": self.make_vin()}, {"vin": self.make_vin()}],
            **members,
        }

    def find(self, filing):
        return self.env["recall.plan"].search(
            [("recall_number", "=", filing["recallNum"])]
        )


@tagged("post_install", "-at_install")
class TestPlansInterface(HttpCase, FilingCommon):
    def message(self, *plans, **members):
        return {
            "api_token": self.secret,
            "api_cfg": self.interface.api_cfg,
            "plans": list(plans),
            **members,
        }

    def post(self, body, content_type="application/json", method="POST", **headers):
        response = self.url_open(
            RecallPlans._plans_url,
            data=body,
            method=method,
            headers={"Content-Type": content_type, **headers},
        )
        answer = self.read_answer(response, "results")
        messages.validate(PlansAnswer, answer)
        self.assertEqual(answer["accepted"] + answer["rejected"], answer["count"])
        return answer

    def push(self, *plans, **members):
        return self.post(json.dumps(self.message(*plans, **members)).encode())

    def push_one(self, plan):
        answer = self.push(plan)
        self.assertEqual(answer["api_status"], ApiStatus.SUCCESS, answer)
        [result] = answer["results"]
        return result

    def assertStatus(self, answer, status):
        self.assertEqual(answer["api_status"], status, answer)
        self.assertEqual(answer["results"], [])
        self.assertRegex(answer["message"], r"^[A-Z].+\.$")

    # === Plans === #

    def test_pushed_plan_does_not_come_in(self):
        """M-PLAN: a plan is created, repeated and amended by its recall number."""
        filing = self.make_filing()
        first = self.push_one(filing)
        self.assertEqual(
            first,
            {
                "index": 0,
                "recallNum": filing["recallNum"],
                "status": "created",
                "version": 1,
                "added": 2,
                "removed": 0,
                "received": 2,
            },
        )
        again = self.push_one(filing)
        self.assertEqual((again["status"], again["added"]), ("unchanged", 0))
        amended = self.push_one({**filing, "defectDesc": "The belt may tear."})
        self.assertEqual((amended["status"], amended["version"]), ("amended", 2))
        plan = self.find(filing)
        self.assertEqual(plan.version_ids.mapped("origin"), ["filing", "filing"])
        self.assertEqual((plan.vehicle_count, plan.state), (2, "published"))

    def test_bad_plan_stops_the_good_ones(self):
        """M-PLAN: each plan has its own result, with code, member and a sentence."""
        good = [self.make_filing(), self.make_filing()]
        missing = self.make_filing()
        del missing["defectDesc"]
        twice = [{"partNumber": "P"}, {"partNumber": "P"}]
        bad = [
            missing,
            self.make_filing(numRecall="4"),
            self.make_filing(recallNum="S2025M0000V"),
            self.make_filing(parts=twice),
            self.make_filing(planState="withdrawn"),
            "no plan",
        ]
        answer = self.push(good[0], *bad, good[1])
        self.assertEqual(
            (answer["count"], answer["accepted"], answer["rejected"]), (8, 2, 6)
        )
        statuses = [result["status"] for result in answer["results"]]
        self.assertEqual(statuses, ["created", *["rejected"] * 6, "created"])
        self.assertEqual(
            [
                (result["findings"][0]["code"], result["findings"][0]["member"])
                for result in answer["results"][1:7]
            ],
            [
                ("missing", "defectDesc"),
                ("format", "numRecall"),
                ("format", "recallNum"),
                ("format", "parts"),
                ("format", "stateReason"),
                ("format", ""),
            ],
        )
        self.assertTrue(all(map(self.find, good)))
        self.assertFalse(any(map(self.find, bad[:5])))

    def test_half_of_a_rejected_plan_is_kept(self):
        """M-PLAN: a plan that fails halfway leaves nothing, its neighbours come in."""
        filing, good = self.make_filing(), self.make_filing()
        self.push_one(filing)
        plan = self.find(filing)
        plan._step_to("finished", "All done")
        self.env.flush_all()
        bad = {
            **filing,
            "defectDesc": "Something else.",
            "vins": [{"vin": self.make_vin()}],
            "planState": "withdrawn",
            "stateReason": "Filed twice",
        }
        results = self.push(bad, good)["results"]
        self.assertEqual(
            [result["status"] for result in results], ["rejected", "created"]
        )
        self.env.invalidate_all()
        self.assertEqual(
            (plan.state, plan.version, plan.vehicle_count, plan.defect),
            ("finished", 1, 2, filing["defectDesc"]),
        )

    def test_long_list_in_pages_is_not_complete(self):
        """M-PLAN: pages add up, a repeat is harmless, and what lacks is known."""
        filing = self.make_filing(vins=[], vinTotal=5)
        vins = [{"vin": self.make_vin()} for _ in range(5)]
        for page, received in (
            (vins[:2], 2),
            (vins[:2], 2),
            (vins[4:], 3),
            (vins[1:4], 5),
        ):
            result = self.push_one({**filing, "vins": page})
            self.assertEqual((result["received"], result["expected"]), (received, 5))
            self.assertEqual(self.find(filing).missing_count, 5 - received)
        self.assertEqual(self.find(filing).version, 1)

    def test_refused_vins_are_not_told(self):
        """M-VERIFY: VINs that GB 16735 refuses are in the result, others come in."""
        filing = self.make_filing()
        filing["vins"].append({"vin": "SHORT"})
        result = self.push_one(filing)
        self.assertEqual((result["added"], result["refusedVins"]), (2, ["SHORT"]))

    def test_contact_in_place_of_a_vin_is_given_back(self):
        """M-VERIFY X-CRYPTO: a contact in the wrong member is told masked."""
        filing = self.make_filing()
        filing["vins"] += [{"vin": "13912345678"}, {"vin": "zs@owner.example"}]
        result = self.push_one(filing)
        self.assertEqual(result["refusedVins"], ["1**********", "z***@***"])
        result = self.push_one({**filing, "recallNum": "13912345678"})
        self.assertEqual(result["status"], "rejected")
        self.assertEqual(result["recallNum"], "1**********")

    def test_line_kept_for_its_vehicles_is_not_told(self):
        """M-PLAN: a plan that lists a line no more comes in, and the answer says so."""
        lines = [{"model": "A"}, {"model": "B"}]
        filing = self.make_filing(lines=lines)
        self.push_one(filing)
        result = self.push_one({**filing, "lines": lines[1:]})
        self.assertEqual(result["status"], "unchanged")
        [finding] = result["findings"]
        self.assertEqual((finding["code"], finding["member"]), ("line_kept", "lines"))
        self.assertIn("Testbrand Series A A", finding["message"])
        self.assertNotIn("findings", self.push_one(filing))

    def test_withdrawn_plan_is_said_to_be_published(self):
        """M-PLAN: withdrawn and published again, each with its reason."""
        filing = self.make_filing()
        self.push_one(filing)
        self.push_one({**filing, "planState": "withdrawn", "stateReason": "Mistake"})
        result = self.push_one({**filing, "planState": "published"})
        self.assertEqual(result["status"], "rejected")
        self.assertEqual(result["findings"][0]["member"], "stateReason")
        self.assertEqual(self.find(filing).state, "withdrawn")
        again = {**filing, "planState": "published", "stateReason": "It was right"}
        self.assertEqual(self.push_one(again)["status"], "amended")
        self.assertEqual(self.find(filing).state, "published")

    def test_removed_vehicles_stay_in_scope(self):
        """M-PLAN: a filing takes vehicles out by name; repaired ones stay."""
        filing = self.make_filing()
        self.push_one(filing)
        plan = self.find(filing)
        first, second = (item["vin"] for item in filing["vins"])
        self.make_completion(plan, first)
        result = self.push_one(
            {
                **filing,
                "vins": [],
                "removal": {"vins": [first, second, "X"], "reason": "Other buckle"},
            }
        )
        self.assertEqual(
            (result["removed"], result["stayingVins"], result["unknownVins"]),
            (1, [first], ["X"]),
        )
        self.env.invalidate_all()
        self.assertEqual((plan.vehicle_count, plan.completion_rate), (1, 1))

    def test_amendment_of_another_producers_plan_loses_versions(self):
        filing = self.make_filing()
        self.push_one(filing)
        result = self.push_one({**filing, "producerName": "Renamed Motors"})
        self.assertEqual(result["version"], 2)
        changes = self.find(filing).version_ids[0].changes
        self.assertIn("Renamed Motors", changes)
        self.assertIn(self.producer.name, changes)

    # === Every api_status === #

    def test_missing_member_is_not_named(self):
        for member in self.message():
            body = self.message(self.make_filing())
            del body[member]
            with self.subTest(member=member):
                answer = self.post(json.dumps(body).encode())
                self.assertStatus(answer, ApiStatus.PARAMETER_MISSING)
                self.assertIn(member, answer["message"])
        self.assertStatus(self.push(), ApiStatus.PARAMETER_MISSING)

    def test_wrong_message_is_taken(self):
        """M-PLAN: 407 whatever is wrong with the message as a whole."""
        good = json.dumps(self.message(self.make_filing())).encode()
        for name, body in {
            "no JSON": b"{",
            "no object": b"[]",
            "BOM": b"\xef\xbb\xbf" + good,
            "plans": json.dumps(self.message(plans={"a": 1})).encode(),
            "too many": json.dumps(self.message(*[{}] * 101)).encode(),
            "token": json.dumps(self.message({}, api_token=17)).encode(),
        }.items():
            with self.subTest(name):
                self.assertStatus(self.post(body), ApiStatus.PARAMETER_FORMAT)
        answer = self.post(good, content_type="text/plain")
        self.assertStatus(answer, ApiStatus.PARAMETER_FORMAT)
        answer = self.post(b" " * (16 * 1024 * 1024 + 1))
        self.assertStatus(answer, ApiStatus.PARAMETER_FORMAT)

    def test_caller_without_the_right_token_is_served(self):
        """X-ATTACK: each way of not being authorised has its status."""
        plan = self.make_filing()
        _token, foreign = self.issue_token("sync", "producer_id", self.producer)
        other = self.system.copy({"name": "Other"})
        _token, others = self.issue_token("plans", "filing_system_id", other)
        for status, members in (
            (ApiStatus.KEY_INVALID, {"api_token": "abc.def"}),
            (ApiStatus.KEY_INVALID, {"api_token": "'; DROP TABLE recall_plan"}),
            (ApiStatus.ROUTE_INVALID, {"api_cfg": "unknown"}),
            (ApiStatus.USER_UNKNOWN, {"api_token": foreign}),
            (ApiStatus.NOT_PERMITTED, {"api_token": others}),
        ):
            with self.subTest(status=status, members=list(members)):
                self.assertStatus(self.push(plan, **members), status)
        self.assertFalse(self.find(plan))

    def test_token_or_system_that_ended_is_served(self):
        """X-ACCESS: 401, 403, 404, 405 and 406, by what the keeper has set."""
        plan = self.make_filing()
        for status, record, vals in (
            (ApiStatus.UNAUTHORISED, self.token, {"allowed_addresses": "192.0.2.1"}),
            (
                ApiStatus.KEY_EXPIRED,
                self.token,
                {"expires_at": datetime.now() - timedelta(minutes=1)},
            ),
            (ApiStatus.KEY_INVALID, self.token, {"revoked_at": datetime.now()}),
            (ApiStatus.USER_DISABLED, self.system, {"active": False}),
            (ApiStatus.ROUTE_INVALID, self.interface, {"active": False}),
        ):
            before = {name: record[name] for name in vals}
            record.write(vals)
            with self.subTest(status=status):
                self.assertStatus(self.push(plan), status)
            record.write(before)
        self.assertEqual(self.push_one(plan)["status"], "created")

    def test_fault_shows_a_traceback(self):
        """M-PLAN: our own faults are -1, 501 and 409; nothing is kept."""
        Interface = self.env.registry["recall.plan.interface"]
        for status, error in (
            (ApiStatus.SYSTEM_FAULT, RuntimeError("secret")),
            (ApiStatus.BACKEND_FAULT, psycopg2.OperationalError("secret")),
        ):
            with (
                self.subTest(status=status),
                mute_logger(DISPATCHER_LOG),
                patch.object(Interface, "_answer", side_effect=error),
            ):
                answer = self.push(self.make_filing())
                self.assertStatus(answer, status)
                self.assertNotIn("secret", json.dumps(answer))
        with (
            mute_logger("odoo.addons.recall_base.models.recall_interface_mixin"),
            patch.object(
                cipher.KeyRing,
                "from_environment",
                side_effect=cipher.KeyFileError("secret"),
            ),
        ):
            answer = self.push(self.make_filing())
            self.assertStatus(answer, ApiStatus.PERMISSION_CHECK_FAILED)

    def test_other_method_is_served(self):
        for method in ("GET", "PUT", "DELETE"):
            with self.subTest(method=method):
                answer = self.post(b"{}", method=method)
                self.assertStatus(answer, ApiStatus.METHOD_NOT_ALLOWED)

    # === Around it === #

    def test_request_is_not_in_the_log(self):
        """X-LOG: each request with its caller and answer, the refused ones too."""
        Log = self.env["recall.plan.interface.log"]
        last = Log.search([], limit=1).id or 0
        self.push(self.make_filing())
        self.push(self.make_filing(), api_cfg="unknown")
        rows = Log.search([("id", ">", last)], order="id")
        self.assertEqual(rows.mapped("api_status"), [200, 404])
        self.assertEqual(rows.filing_system_id, self.system)
        self.assertEqual(rows.interface_id, self.interface)
        self.assertEqual(rows.mapped("record_count"), [1, 0])

    def test_old_entries_stay_or_young_ones_go(self):
        """X-LOG: requests of filing systems are kept for a year."""
        Log = self.env["recall.plan.interface.log"]
        now = datetime.now()
        old, young = Log.create(
            [
                {"time": now - timedelta(days=days), "api_status": 200}
                for days in (365.1, 364.9)
            ]
        )
        Log._gc_calls()
        self.assertEqual((old | young).exists(), young)

    def test_token_of_the_dialogue_does_not_work(self):
        """M-PLAN: an engineer issues a token; it is shown once and works."""
        engineer = self.make_user("filing_eng", "recall_management.group_engineer")
        action = self.interface.with_user(engineer).action_issue_token()
        Issue = self.env[action["res_model"]].with_user(engineer)
        issued = Issue.with_context(**action["context"]).create({}).action_issue()
        self.assertIn("Filing", issued["context"]["default_sheet"])
        answer = self.push(
            self.make_filing(), api_token=issued["context"]["default_secret"]
        )
        self.assertEqual(answer["api_status"], ApiStatus.SUCCESS)

    def test_officer_opens_interfaces(self):
        """X-ACCESS: officers look at filing systems, engineers keep them."""
        officer = self.make_user("filing_off", "recall_management.group_officer")
        self.assertTrue(self.system.with_user(officer).name)
        for record in (self.system, self.interface):
            with self.assertRaises(AccessError):
                record.with_user(officer).write({"name": "x"})

    def test_two_pushes_at_once_are_answered_badly(self):
        """M-PLAN: a second request waits its turn and is tried again by Odoo."""
        filing = self.make_filing()
        calls = []
        real = self.env.registry["recall.plan.interface"]._take_turn

        def take_turn(interface):
            calls.append(1)
            if len(calls) == 1:
                raise ConcurrencyError("busy")
            return real(interface)

        with patch.object(
            self.env.registry["recall.plan.interface"], "_take_turn", take_turn
        ):
            result = self.push_one(copy.deepcopy(filing))
        self.assertEqual((result["status"], len(calls)), ("created", 2))
