# SPDX-License-Identifier: LGPL-3.0-only
import psycopg2

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .dealer_common import DealerCommon


@tagged("post_install", "-at_install")
class TestDealerParts(DealerCommon):
    """Parts and capacity at dealers; the dealer that is responsible for a vehicle."""

    def parts(self, user):
        return self.env["recall.plan.dealer"].with_user(user)

    def test_dealer_lacks_a_line_for_a_running_plan(self):
        """E-COLLECT: opening "My parts" gives a line for each current plan, once."""
        finished = self.make_plan(self.producer, state="finished")
        for _time in range(2):
            action = self.parts(self.adviser).action_open_own()
        self.assertEqual(action["res_model"], "recall.plan.dealer")
        line = self.parts(self.adviser).search([])
        self.assertEqual(line.sudo().plan_id, self.plan)
        self.assertNotIn(finished, line.sudo().plan_id)
        self.assertEqual(line.availability, "none")

    def test_dealer_cannot_say_what_is_in_stock(self):
        """E-COLLECT: the dealer keeps availability, quantity, date and capacity."""
        self.parts(self.adviser).action_open_own()
        line = self.parts(self.adviser).search([])
        with Form(line) as form:
            form.availability = "stock"
            form.quantity, form.capacity = 12, 3
        self.assertRecordValues(
            line, [{"availability": "stock", "quantity": 12, "capacity": 3}]
        )
        with Form(line) as form:
            form.availability = "ordered"
            form.expected_date = "2025-05-01"
        self.assertEqual(line.quantity, 0)
        self.assertEqual(self.last_event("plan_dealer.write").user_id, self.adviser)
        with mute_logger("odoo.sql_db"), self.assertRaises(psycopg2.IntegrityError):
            line.write({"quantity": -1})
            self.env.flush_all()

    def test_dealer_writes_plan_dealer_or_lines_of_others(self):
        """X-ACCESS: a dealer keeps its own lines; clerks see those of producers."""
        for user in (self.adviser, self.rival, self.stranger):
            self.parts(user).action_open_own()
        own = self.parts(self.adviser).search([])
        others = self.parts(self.rival).search([])
        self.assertNotEqual(own, others)
        for attempt in (
            lambda: own.write({"dealer_id": self.other_dealer.id}),
            lambda: own.write({"plan_id": self.foreign_plan.id}),
            lambda: others.with_user(self.adviser).write({"quantity": 1}),
            lambda: others.with_user(self.adviser).read(["quantity"]),
            lambda: own.unlink(),
            lambda: own.create({"plan_id": self.plan.id, "dealer_id": self.dealer.id}),
            lambda: own.with_user(self.clerk).write({"quantity": 1}),
        ):
            with self.assertRaises(AccessError):
                attempt()
        self.assertEqual(self.parts(self.clerk).search([]), own | others)
        plan = self.plan.with_user(self.clerk)
        self.assertEqual(plan.dealer_part_ids, own | others)
        foreign = self.parts(self.foreign_clerk).search([])
        self.assertEqual(foreign.dealer_id, self.foreign_dealer)

    def test_clerk_cannot_assign_vehicles(self):
        """E-COLLECT: clerks name the responsible dealer: in a list, or pasted VINs."""
        chosen = self.env["recall.vehicle"].search(
            [("plan_id", "=", self.plan.id), ("vin", "in", self.vins[:3])]
        )
        Assignment = self.env["recall.dealer.assignment"].with_user(self.clerk)
        form = Form(
            Assignment.with_context(
                active_model="recall.vehicle", active_ids=chosen.ids
            )
        )
        form.dealer_id = self.dealer
        self.assertEqual(form.vehicle_count, 3)
        form.save().action_assign()
        self.assertEqual(chosen.responsible_dealer_id, self.dealer)
        self.assertEqual(self.last_event("vehicle.assign_dealer").detail["count"], 3)

        form = Form(
            Assignment.with_context(
                active_model="recall.plan", active_ids=self.plan.ids
            )
        )
        form.dealer_id = self.other_dealer
        form.vins = "\n".join([self.vins[2].lower(), f" {self.vins[3]} ", "LTZ-NONE"])
        message = form.save().action_assign()["params"]["message"]
        self.assertIn("LTZNONE", message)
        self.assertEqual(
            self.get_vehicle(self.plan, self.vins[3]).responsible_dealer_id,
            self.other_dealer,
        )
        kept = self.get_vehicle(self.plan, self.vins[2])
        self.assertEqual(kept.responsible_dealer_id, self.dealer)
        kept.with_user(self.clerk)._assign_dealer(self.other_dealer)
        self.assertEqual(kept.responsible_dealer_id, self.other_dealer)

    def test_vehicle_is_assigned_to_a_dealer_of_another_producer(self):
        """X-ACCESS: only own vehicles, only to dealers of their producer."""
        vehicle = self.get_vehicle(self.plan, self.vins[0])
        with self.assertRaises(UserError):
            vehicle._assign_dealer(self.foreign_dealer)
        for user in (self.foreign_clerk, self.adviser):
            with self.assertRaises(AccessError):
                vehicle.with_user(user)._assign_dealer(self.dealer.with_user(user))
        reader = self.make_user(
            "parts_reader",
            "recall_base.group_reader",
            recall_producer_ids=self.producer.ids,
        )
        with self.assertRaises(AccessError):
            vehicle.with_user(reader)._assign_dealer(self.dealer)
        self.assertFalse(vehicle.responsible_dealer_id)

    def test_two_dealers_of_a_report_are_one_field(self):
        """E-COLLECT: who is responsible and who did the work are shown side by side."""
        vehicle = self.get_vehicle(self.plan, self.vins[0])
        vehicle._assign_dealer(self.other_dealer)
        report = self.make_completion(
            self.plan, self.vins[0], dealer_id=self.dealer.id
        ).with_user(self.clerk)
        form = Form(report)
        self.assertEqual(form.dealer_id, self.dealer)
        self.assertEqual(form.responsible_dealer_id, self.other_dealer)
        groups = dict(report._read_group([], ["responsible_dealer_id"], ["__count"]))
        self.assertEqual(groups[self.other_dealer], 1)
        with self.assertRaises(AccessError):
            report.with_user(self.adviser).read(["responsible_dealer_id"])
