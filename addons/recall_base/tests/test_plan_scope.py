# SPDX-License-Identifier: LGPL-3.0-only
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .import_common import ImportCommon
from .test_plan_take_in import PlanMessages

HEADER = ("VIN", "Reason")


@tagged("post_install", "-at_install")
class TestPlanScope(PlanMessages, ImportCommon):
    """Vehicles that an amendment takes out of the scope of a plan."""

    def setUp(self):
        super().setUp()
        self.plan = self.make_plan(self.producer)
        self.vins = self.add_vehicles(self.plan, 5)
        self.make_completion(self.plan, self.vins[0])

    def assertCounts(self, vehicles, removed, rate):
        self.assertEqual(
            (self.plan.vehicle_count, self.plan.removed_count), (vehicles, removed)
        )
        self.assertAlmostEqual(self.plan.completion_rate, rate)
        self.assertFalse(self.plan._recount(), "counters were wrong")

    def test_removed_vehicles_still_count(self):
        """M-PLAN: what leaves the scope leaves the rates too; repaired ones stay."""
        self.assertCounts(5, 0, 1 / 5)
        stranger = self.make_vin()
        result = self.plan._take_out([*self.vins[:3], stranger], "Other hose")
        self.assertEqual(
            result, {"removed": 2, "staying": self.vins[:1], "unknown": [stranger]}
        )
        self.assertCounts(3, 2, 1 / 3)
        newest = self.plan.version_ids[0]
        self.assertEqual(
            (newest.number, newest.reason, newest.removed_count), (2, "Other hose", 2)
        )
        self.assertEqual(self.get_vehicle(self.plan, self.vins[1]).state, "removed")

    def test_vehicles_are_removed_twice(self):
        self.plan._take_out(self.vins[1:3], "Other hose")
        again = self.plan._take_out(self.vins[1:3], "Other hose")
        self.assertEqual(again["removed"], 0)
        self.assertEqual(set(again["unknown"]), set(self.vins[1:3]))
        self.assertCounts(3, 2, 1 / 3)
        self.assertEqual(self.plan.version, 2)

    def test_removed_vehicle_cannot_come_back(self):
        """M-PLAN: a vehicle that is filed again is in scope again."""
        self.plan._take_out(self.vins[1:3], "Other hose")
        added, _refused = self.env["recall.vehicle"]._add_to_scope(
            self.plan, [(self.vins[1], None), (self.vins[3], None)]
        )
        self.assertEqual(added, 1)
        self.assertCounts(4, 1, 1 / 4)
        self.assertEqual(self.get_vehicle(self.plan, self.vins[1]).state, "open")

    def test_vehicle_with_a_report_under_way_is_removed(self):
        self.make_completion(self.plan, self.vins[1], state="checked")
        result = self.plan._take_out(self.vins[1:2], "Other hose")
        self.assertEqual((result["removed"], result["staying"]), (0, self.vins[1:2]))

    def test_repair_of_a_removed_vehicle_is_taken_in(self):
        """M-VERIFY: a vehicle that left the scope is not in scope."""
        self.plan._take_out(self.vins[1:2], "Other hose")
        stored = self.make_completion(self.plan, self.vins[1], state="confirmed")
        self.assertEqual(self.get_vehicle(self.plan, self.vins[1]).state, "removed")
        self.assertTrue(stored)
        self.assertCounts(4, 1, 1 / 4)

    def test_filing_removes_nothing(self):
        """M-PLAN: a filing takes vehicles out by naming them, with a reason."""
        plan = self.take_in_plan()
        first, second = (item["vin"] for item in self.filed["vins"])
        removal = {"vins": [first, "X"], "reason": "Built with another part"}
        result = PlanMessages.take_in(self, vins=[], removal=removal)
        self.assertEqual(
            (result["removed"], result["unknown"], result["status"]),
            (1, ["X"], "amended"),
        )
        self.assertEqual((plan.vehicle_count, plan.version), (1, 2))
        self.assertEqual(self.get_vehicle(plan, second).state, "open")

    def take_in_plan(self):
        return PlanMessages.take_in(self)["plan"]

    def test_dialogue_does_not_tell_what_stays(self):
        """M-PLAN: an engineer pastes VINs with a reason; it is said what stayed."""
        action = self.plan.action_remove_vehicles()
        Removal = self.env[action["res_model"]].with_user(self.keeper)
        wizard = Removal.with_context(**action["context"]).create(
            {"vins": "\n".join([*self.vins[:2], "X"]), "reason": "Other hose"}
        )
        told = wizard.action_confirm()["params"]["message"]
        self.assertIn("out of scope: 1.", told)
        self.assertIn(self.vins[0], told)
        self.assertCounts(4, 1, 1 / 4)

    def test_reader_removes_vehicles(self):
        """X-ACCESS: only who keeps plans takes vehicles out."""
        reader = self.make_user("scope_reader", "recall_base.group_reader")
        with self.assertRaises(AccessError):
            self.env["recall.plan.removal"].with_user(reader).create(
                {"plan_id": self.plan.id, "vins": self.vins[1], "reason": "x"}
            )

    def test_file_of_removals_is_not_read(self):
        """M-PLAN: a file takes vehicles out, each with its reason; errors by row."""
        rows = [
            (self.vins[0], "Other hose"),
            (self.vins[1], "Other hose"),
            (self.vins[2], "Other plant"),
            (self.make_vin(), "Other plant"),
            (self.vins[3], ""),
            (self.vins[1], "Other hose"),
        ]
        job = ImportCommon.take_in(self, self.make_csv(rows, HEADER), kind="removals")
        self.assertEqual(self.counts(job), ("done", 6, 2, 1, 3))
        self.assertEqual(
            [(error.row, error.code) for error in job.error_ids.sorted("row")],
            [(2, "vehicle_repaired"), (5, "vehicle_not_in_scope"), (6, "cell_missing")],
        )
        self.assertCounts(3, 2, 1 / 3)
        reasons = self.plan.version_ids.filtered("reason").mapped("reason")
        self.assertEqual(set(reasons), {"Other hose", "Other plant"})
        self.assertEqual(self.plan.version_ids[0].origin, "file")
