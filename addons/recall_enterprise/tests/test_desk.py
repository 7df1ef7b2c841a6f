# SPDX-License-Identifier: LGPL-3.0-only
import json

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.recall_enterprise.models.recall_desk import LOOK_UP_PARAMETER

from .dealer_common import DealerCommon


@tagged("post_install", "-at_install")
class TestDesk(DealerCommon):
    """What the adviser is told of the vehicle before her."""

    def test_answer_is_another_case(self):
        """E-COLLECT: open, done, gone, not in scope and not a VIN are told apart."""
        self.make_completion(self.plan, self.vins[1], dealer_id=self.other_dealer.id)
        self.env.cr.execute(
            "UPDATE recall_vehicle SET state = 'scrapped' WHERE vin = %s",
            [self.vins[2]],
        )
        self.env.invalidate_all()
        for text, case in (
            (self.vins[0], "open"),
            (self.vins[0].lower(), "open"),
            (f"https://maker.example/?vin={self.vins[0]}", "open"),
            (f"I{self.vins[0]}", "open"),
            (self.vins[1], "done"),
            (self.vins[2], "gone"),
            (self.make_vin(), "none"),
            (self.foreign_vins[0], "none"),
            ("LTZAA11B4SA9OOOO1", "invalid"),
            ("", "invalid"),
            (False, "invalid"),
        ):
            with self.subTest(text=text):
                answer = json.loads(json.dumps(self.desk.look_up(text)))
                self.assertEqual(answer["case"], case)

    def test_answer_lacks_what_is_to_be_done(self):
        """E-COLLECT: measure, parts, their availability, appointment are told."""
        self.env["recall.plan.dealer"]._add_missing(self.dealer)
        stock = self.env["recall.plan.dealer"].with_user(self.adviser).search([])
        stock.write({"availability": "stock", "quantity": 4})
        self.book()
        self.get_vehicle(self.plan, self.vins[0])._assign_dealer(self.dealer)
        [recall] = self.desk.look_up(self.vins[0])["recalls"]
        self.assertEqual(recall["recall_number"], self.plan.recall_number)
        self.assertEqual(recall["measure"], self.plan.measure)
        self.assertEqual(recall["parts"], [{"number": "BH-1", "name": "Brake hose"}])
        self.assertEqual(recall["stock"]["availability"], "stock")
        self.assertEqual(recall["stock"]["quantity"], 4)
        self.assertTrue(recall["appointment"]["planned_at"])
        self.assertTrue(recall["responsible"])
        self.assertFalse(recall["report"])
        [others] = self.desk.with_user(self.rival).look_up(self.vins[0])["recalls"]
        self.assertFalse(others["stock"] or others["appointment"])
        self.assertFalse(others["responsible"])

    def test_second_recall_of_a_vehicle_is_left_out(self):
        plan = self.make_plan(self.producer)
        self.put_in_scope(plan, [self.vins[0]])
        self.make_completion(self.plan, self.vins[0])
        answer = self.desk.look_up(self.vins[0])
        self.assertEqual(answer["case"], "open")
        self.assertEqual([item["case"] for item in answer["recalls"]], ["open", "done"])
        self.assertEqual(answer["recalls"][0]["recall_number"], plan.recall_number)

    def test_report_of_another_dealer_is_told(self):
        """X-ACCESS: that a repair waits is told, not whose it is nor what it says."""
        entry = self.make_entry(user=self.rival, repair_number="WO-SECRET")
        entry.action_hand_in()
        answer = self.desk.look_up(self.vins[0])
        [recall] = answer["recalls"]
        self.assertTrue(recall["reported"])
        self.assertFalse(recall["report"])
        for secret in ("WO-SECRET", self.other_dealer.name, "138****4321"):
            self.assertNotIn(secret, str(answer))

    def test_begun_report_is_begun_again(self):
        """E-COLLECT: the button opens the draft or rejected report there is."""
        number = self.plan.recall_number
        entry = self.make_entry()
        self.assertEqual(
            self.desk.record_repair(self.vins[0], number)["res_id"], entry.id
        )
        [recall] = self.desk.look_up(self.vins[0])["recalls"]
        self.assertEqual(recall["report"]["state"], "draft")
        rival = self.desk.with_user(self.rival).record_repair(self.vins[0], number)
        self.assertFalse(rival["res_id"])

    def test_button_opens_a_vehicle_out_of_scope(self):
        for vin in (self.foreign_vins[0], self.make_vin(), "nonsense"):
            for method in (self.desk.record_repair, self.desk.book_appointment):
                with self.assertRaises(UserError):
                    method(vin, self.plan.recall_number)

    def test_plan_that_was_not_published_is_told(self):
        self.plan.state = "filed"
        self.assertEqual(self.desk.look_up(self.vins[0])["case"], "none")

    def test_look_up_is_not_logged(self):
        """X-ACCESS: each look-up is logged with its account."""
        self.desk.look_up(self.vins[0])
        event = self.last_event("vehicle.look_up")
        vehicle = self.get_vehicle(self.plan, self.vins[0])
        self.assertEqual((event.user_id, event.res_id), (self.adviser, vehicle.id))

    def test_vehicles_are_listed_by_trying(self):
        """X-ACCESS: look-ups are bounded in number, by each way that asks."""
        self.env["ir.config_parameter"].set_param(LOOK_UP_PARAMETER, 3)
        for vin in self.vins[:3]:
            self.desk.look_up(vin)
        for attempt in (
            lambda: self.desk.look_up(self.vins[4]),
            lambda: self.desk.record_repair(self.vins[4], self.plan.recall_number),
            lambda: self.make_entry(self.vins[4]),
            lambda: self.book(self.vins[4]),
        ):
            with self.assertRaisesRegex(UserError, "within an hour"):
                attempt()
        rival = self.desk.with_user(self.rival)
        self.assertEqual(rival.look_up(self.vins[4])["case"], "open")

    def test_others_than_dealers_look_up(self):
        """X-ACCESS: the desk is the dealer's."""
        stray = self.make_user("desk_stray", "recall_enterprise.group_dealer")
        with self.assertRaisesRegex(UserError, "no dealer"):
            self.desk.with_user(stray).look_up(self.vins[0])
        for user in (self.clerk, self.make_user("desk_nobody", "base.group_user")):
            with self.assertRaises(AccessError):
                self.desk.with_user(user).look_up(self.vins[0])

    def test_dealer_reads_the_tables_behind_the_answer(self):
        """X-ACCESS: vehicles and plans are neither listed, exported nor grouped."""
        for model in ("recall.vehicle", "recall.plan", "recall.plan.part"):
            records = self.env[model].with_user(self.adviser)
            for attempt in (
                lambda records=records: records.search([]),
                lambda records=records: records.name_search(""),
                lambda records=records: records._read_group([], [], ["__count"]),
                lambda records=records: records.search([]).export_data(["id"]),
            ):
                with self.subTest(model=model), self.assertRaises(AccessError):
                    attempt()

    def test_vehicles_are_listed_by_references(self):
        """X-ACCESS: no form tells the VIN of a vehicle that is named by its id."""
        name = {"fields": {"display_name": {}}}
        vehicle = self.get_vehicle(self.plan, self.vins[4])
        booked = self.env["recall.appointment"].create(
            {
                "vin": vehicle.vin,
                "recall_number": self.plan.recall_number,
                "planned_at": "2096-03-01 09:00:00",
                "producer_id": self.producer.id,
                "dealer_id": self.other_dealer.id,
                "plan_id": self.plan.id,
                "vehicle_id": vehicle.id,
            }
        )
        for model, field, record in (
            ("recall.completion", "vehicle_id", vehicle),
            ("recall.appointment", "vehicle_id", vehicle),
            ("recall.appointment.postpone", "appointment_id", booked),
        ):
            records = self.env[model].with_user(self.adviser)
            sneaked = records.with_context(**{f"default_{field}": record.id})
            for answer in (
                sneaked.onchange({}, [], {field: name}),
                records.onchange({field: record.id}, [], {field: name}),
            ):
                with self.subTest(model=model):
                    self.assertNotIn(vehicle.vin, str(answer))
        self.assertEqual(vehicle.with_user(self.clerk).display_name, vehicle.vin)

    def test_wrong_vin_is_not_explained(self):
        """E-COLLECT: wrong characters are named, with the only VIN meant."""
        check = self.env["recall.vin"].with_user(self.adviser).check
        report = check("ltzaa11b4sa9oooo1")
        self.assertFalse(report["valid"])
        self.assertEqual(report["positions"], [13, 14, 15, 16])
        self.assertEqual(report["suggestion"], "LTZAA11B4SA900001")
        self.assertIn("13, 14, 15, 16", report["sentences"][0])
        self.assertIn("16", check(self.vins[0][:16])["sentences"][0])
        self.assertEqual(check(self.vins[0])["sentences"], [])

    def test_dealer_lands_elsewhere_than_at_the_look_up(self):
        """E-COLLECT: a dealer's account starts with the look-up; a clerk's does not."""
        action = self.env.ref("recall_enterprise.recall_desk_action_look_up")
        self.assertEqual(action.tag, "recall_enterprise.look_up")
        for user, expected in ((self.adviser, action.id), (self.clerk, False)):
            found = self.env["ir.http"].with_user(user)._get_home_action()
            self.assertEqual(found, expected)
