# SPDX-License-Identifier: LGPL-3.0-only
import itertools

import psycopg2

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .test_plan_take_in import PlanMessages

A = {"model": "A", "productionStart": "2023-01-01", "productionEnd": "2023-12-31"}
B = {"model": "B", "productionStart": "2024-01-01", "numRecall": 7}
C = {"brand": "Other", "series": "S", "model": "C"}
#: The same product as A, built later.
A_LATER = {"model": "A", "productionStart": "2024-03-01"}


@tagged("post_install", "-at_install")
class TestPlanLines(PlanMessages):
    """Product lines of an amended plan: no vehicle changes its model by itself."""

    def file(self, lines, vins=(), **changes):
        return self.take_in(lines=list(lines), vins=list(vins), **changes)

    def file_vehicles(self, *lines, **changes):
        """File a plan with a vehicle of each line; returns plan and VINs."""
        vins = [self.make_vin() for _line in lines]
        listed = [{"vin": vin, "line": n} for n, vin in enumerate(vins)]
        return self.file(lines, listed, **changes)["plan"], vins

    def lines_of(self, plan, vins):
        self.env.flush_all()
        self.env.invalidate_all()
        return [self.get_vehicle(plan, vin).line_id for vin in vins]

    def models_of(self, plan, vins):
        return [line.model for line in self.lines_of(plan, vins)]

    def test_order_of_lines_moves_vehicles(self):
        """M-PLAN: the same lines in any order are the same plan."""
        lines = (A, B, C, A_LATER)
        plan, vins = self.file_vehicles(*lines)
        before = self.fingerprint(plan)
        for order in itertools.permutations(lines):
            self.assertEqual(self.file(order)["status"], "unchanged")
        self.assertEqual(self.fingerprint(plan), before)
        self.assertEqual(self.models_of(plan, vins), ["A", "B", "C", "A"])

    def test_vehicle_of_a_reordered_list_is_of_another_line(self):
        """M-PLAN: ``line`` is the position in the filing, not in what is stored."""
        plan, _vins = self.file_vehicles(A, B, C)
        fresh = [self.make_vin() for _line in range(3)]
        self.file((C, A, B), ({"vin": vin, "line": n} for n, vin in enumerate(fresh)))
        self.assertEqual(self.models_of(plan, fresh), ["C", "A", "B"])

    def test_line_that_is_listed_no_more_takes_its_vehicles_elsewhere(self):
        """M-PLAN: a line with vehicles stays, and the answer says so."""
        plan, vins = self.file_vehicles(A, B)
        result = self.file([B])
        self.assertEqual(self.models_of(plan, vins), ["A", "B"])
        self.assertEqual(result["kept"], ["Filed F A"])
        self.assertEqual((result["status"], plan.version), ("unchanged", 1))
        self.assertFalse(self.file((A, B))["kept"])

    def test_line_without_vehicles_outlives_the_list(self):
        plan = self.file((A, B, C))["plan"]
        result = self.file([C])
        self.assertEqual((result["status"], result["kept"]), ("amended", []))
        self.assertEqual(plan.line_ids.mapped("model"), ["C"])
        self.assertEqual(plan.version, 2)

    # Lines before, lines filed, what becomes of the vehicles of the former.
    AMENDED = (
        ("renamed", (A, B), (A, {**B, "model": "B2"}), ["A", "B2"], 2),
        ("only line renamed", (A,), (C,), ["C"], 1),
        ("one renamed, reordered", (A, B), ({**B, "model": "B2"}, A), None, 3),
        ("one replaced", (A, B), (B, C), None, 3),
        ("period amended", (A, B), (B, {**A, "productionEnd": None}), ["A", "B"], 2),
        ("number amended", (A, B), ({**B, "numRecall": 8}, A), ["A", "B"], 2),
        (
            "one of two periods amended",
            (A, A_LATER),
            (A_LATER, {"model": "A"}),
            None,
            2,
        ),
        ("added in front", (A, B), (C, A, B), ["A", "B"], 3),
        ("two renamed at once", (A, B), ({"model": "X"}, {"model": "Y"}), None, 4),
        ("one replaced by two", (A, B), (B, {"model": "X"}, C), ["A", "B"], 4),
    )

    def test_amended_line_loses_its_vehicles_or_gets_others(self):
        """M-PLAN: a line is found by what it says; what is not clear moves nothing."""
        for case, before, filed, models, count in self.AMENDED:
            with self.subTest(case):
                number = {"recallNum": self.make_recall_number()}
                plan, vins = self.file_vehicles(*before, **number)
                lines = self.lines_of(plan, vins)
                wanted = models or [line.model for line in lines]
                self.file(filed, **number)
                self.assertEqual(self.lines_of(plan, vins), lines)
                self.assertEqual(self.models_of(plan, vins), wanted)
                self.assertEqual(len(plan.line_ids), count)
                version = plan.version
                self.assertEqual(self.file(filed, **number)["status"], "unchanged")
                self.assertEqual(plan.version, version)

    def test_vehicle_stays_on_a_wrong_line_for_ever(self):
        """M-PLAN: a VIN sent again with its line is of that line."""
        plan, vins = self.file_vehicles(A, B)
        listed = [{"vin": vins[0], "line": 1}, {"vin": vins[1]}, {"vin": "SHORT"}]
        result = self.file((A, B), listed)
        self.assertEqual((result["status"], result["added"]), ("amended", 0))
        self.assertEqual(self.models_of(plan, vins), ["B", "B"])
        self.assertEqual(self.file((A, B), listed)["status"], "unchanged")
        # The line has no vehicles any more: it may go.
        self.assertEqual(self.file([B])["kept"], [])
        self.assertEqual(plan.line_ids.mapped("model"), ["B"])
        self.assertFalse(plan._recount())

    def test_line_goes_one_filing_after_its_vehicles(self):
        """M-PLAN: one filing says it all; the same again changes nothing."""
        for case, filed in (
            ("moved", lambda vin: {"vins": [{"vin": vin, "line": 0}]}),
            ("removed", lambda vin: {"removal": {"vins": [vin], "reason": "Wrong"}}),
        ):
            with self.subTest(case):
                number = {"recallNum": self.make_recall_number()}
                plan, vins = self.file_vehicles(A, B, **number)
                changes = {"lines": [B], "vins": [], **number, **filed(vins[0])}
                result = self.take_in(**changes)
                self.assertEqual((result["status"], result["kept"]), ("amended", []))
                self.assertEqual(plan.line_ids.mapped("model"), ["B"])
                before = self.fingerprint(plan)
                self.assertEqual(self.take_in(**changes)["status"], "unchanged")
                self.assertEqual(self.fingerprint(plan), before)

    def test_line_cannot_go_after_its_vehicles_left_the_scope(self):
        plan, vins = self.file_vehicles(A, B)
        removal = {"vins": vins[:1], "reason": "Built with another part"}
        self.file((A, B), removal=removal)
        self.assertEqual(self.file([B])["kept"], [])
        self.assertEqual(plan.line_ids.mapped("model"), ["B"])
        self.file([B], [{"vin": vins[0], "line": 0}])
        self.assertEqual(self.models_of(plan, vins), ["B", "B"])

    def test_line_with_vehicles_is_deleted_by_hand(self):
        """M-PLAN: a form or SQL deletes no line that vehicles are of; others it may."""
        plan, vins = self.file_vehicles(A, B)
        keeper = self.make_user("line_keeper", "recall_base.group_keeper")
        line, other = plan.line_ids
        with self.assertRaisesRegex(UserError, "Filed F A"):
            plan.with_user(keeper).line_ids = [Command.delete(line.id)]
        with (
            self.assertRaises(psycopg2.IntegrityError),
            self.env.cr.savepoint(),
            mute_logger("odoo.sql_db"),
        ):
            self.env.cr.execute("DELETE FROM recall_plan_line WHERE id = %s", [line.id])
        self.assertEqual(self.models_of(plan, vins), ["A", "B"])
        plan._take_out(vins[1:], "Built with another part")
        plan.with_user(keeper).line_ids = [Command.delete(other.id)]
        self.assertEqual(plan.line_ids, line)

    def test_vehicle_is_of_a_line_of_another_plan(self):
        """M-PLAN: what a list of long ago says of lines is looked up, not believed."""
        plan, _vins = self.file_vehicles(A)
        stranger = self.make_plan(self.producer).line_ids
        vins = [self.make_vin(), self.make_vin()]
        self.env["recall.vehicle"]._add_to_scope(
            plan, [(vins[0], stranger.id), (vins[1], 2_000_000_000)]
        )
        self.assertEqual(self.models_of(plan, vins), [False, False])
