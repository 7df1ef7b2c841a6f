# SPDX-License-Identifier: LGPL-3.0-only
from datetime import timedelta

import psycopg2

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .dealer_common import DealerCommon


@tagged("post_install", "-at_install")
class TestAppointment(DealerCommon):
    """When vehicles are expected, and what becomes of it."""

    def in_days(self, days):
        return fields.Datetime.now().replace(microsecond=0) + timedelta(days=days)

    def test_appointment_is_not_booked(self):
        """E-COLLECT: from the look-up, the adviser books a time for the vehicle."""
        action = self.desk.book_appointment(self.vins[0], self.plan.recall_number)
        with Form(
            self.appointments.with_context(**action["context"]),
            view=action["views"][0][0],
        ) as form:
            self.assertGreater(form.planned_at, fields.Datetime.now())
        appointment = form.record
        self.assertRecordValues(
            appointment.sudo(),
            [
                {
                    "state": "planned",
                    "vin": self.vins[0],
                    "dealer_id": self.dealer.id,
                    "producer_id": self.producer.id,
                    "plan_id": self.plan.id,
                    "vehicle_id": self.get_vehicle(self.plan, self.vins[0]).id,
                }
            ],
        )
        again = self.desk.book_appointment(self.vins[0], self.plan.recall_number)
        self.assertEqual(again["res_id"], appointment.id)
        self.assertEqual(self.last_event("appointment.create").res_id, appointment.id)

    def test_postponement_forgets_what_was_planned(self):
        """E-COLLECT: each postponement is kept with its reason, and counted."""
        appointment = self.book(days=2)
        first = appointment.planned_at
        action = appointment.action_postpone()
        wizard = self.env[action["res_model"]].with_user(self.adviser)
        for days, reason in ((4, "parts"), (6, "owner")):
            form = Form(wizard.with_context(**action["context"]))
            form.planned_at, form.reason = self.in_days(days), reason
            form.save().action_postpone()
        self.assertEqual(appointment.state, "postponed")
        self.assertEqual(appointment.postponement_count, 2)
        self.assertEqual(appointment.planned_at, self.in_days(6))
        history = appointment.postponement_ids
        self.assertEqual(history.mapped("reason"), ["owner", "parts"])
        self.assertEqual(history[-1].planned_from, first)
        event = self.last_event("appointment.postpone")
        self.assertEqual(event.detail, {"reason": "owner"})

    def test_recorded_repair_leaves_the_appointment_open(self):
        """E-COLLECT: the appointment is kept by itself; one elsewhere is cancelled."""
        appointment = self.book()
        elsewhere = self.book(user=self.rival)
        entry = self.make_entry(part_numbers="XX-9")
        entry.action_hand_in()
        self.assertEqual(appointment.state, "planned")
        entry.write({"part_numbers": "BH-1"})
        entry.action_hand_in()
        self.assertEqual(appointment.state, "kept")
        self.assertEqual(elsewhere.state, "cancelled")

    def test_repair_that_came_by_an_interface_keeps_no_appointment(self):
        """E-COLLECT: however the report came, its confirmation ends the appointment."""
        appointment = self.book(self.vins[1])
        untouched = self.book(self.vins[2])
        self.make_completion(self.plan, self.vins[1], dealer_id=self.dealer.id)
        self.assertEqual(appointment.state, "kept")
        self.assertEqual(untouched.state, "planned")

    def test_appointment_that_is_over_is_changed(self):
        appointment = self.book()
        appointment.action_miss()
        self.assertEqual(appointment.state, "missed")
        for attempt in (
            lambda: appointment.action_cancel(),
            lambda: appointment.action_postpone(),
            lambda: appointment._postpone(self.in_days(3), "owner"),
        ):
            with self.assertRaisesRegex(UserError, "over"):
                attempt()
        second = self.book()
        second.action_cancel()
        self.assertEqual(self.last_event("appointment.cancelled").res_id, second.id)

    def test_vehicle_is_booked_twice_or_in_the_past_or_when_done(self):
        self.book()
        with mute_logger("odoo.sql_db"), self.assertRaises(psycopg2.IntegrityError):
            self.book()
        with self.assertRaisesRegex(UserError, "This time is over"):
            self.book(self.vins[1], days=-1)
        self.make_completion(self.plan, self.vins[2])
        with self.assertRaisesRegex(UserError, "done"):
            self.book(self.vins[2])
        with self.assertRaises(UserError):
            self.book(self.foreign_vins[0])

    def test_full_day_takes_another_vehicle(self):
        """E-COLLECT: the capacity a dealer has set for a day holds."""
        Parts = self.env["recall.plan.dealer"]
        Parts._add_missing(self.dealer)
        Parts.with_user(self.adviser).search([]).write({"capacity": 1})
        first = self.book(self.vins[0], days=2)
        noon = first.planned_at
        with self.assertRaisesRegex(UserError, "The day is full"):
            self.appointments.create(
                {
                    "vin": self.vins[1],
                    "recall_number": self.plan.recall_number,
                    "planned_at": noon,
                }
            )
        later = self.book(self.vins[1], days=4)
        with self.assertRaisesRegex(UserError, "The day is full"):
            later._postpone(noon, "owner")
        first.action_cancel()
        later._postpone(noon, "owner")
        self.assertEqual(later.planned_at, noon)

    def test_dealer_writes_past_the_actions(self):
        """X-ACCESS: over RPC too an appointment changes through its actions only."""
        appointment = self.book()
        for vals in (
            {"state": "kept"},
            {"planned_at": self.in_days(9)},
            {"vehicle_id": self.get_vehicle(self.plan, self.vins[5]).id},
            {"postponement_count": 0},
        ):
            with self.assertRaises(AccessError):
                appointment.write(vals)
        vehicle = self.get_vehicle(self.plan, self.vins[5])
        for vals in (
            {"vehicle_id": vehicle.id},
            {"dealer_id": self.other_dealer.id},
            {"state": "kept"},
        ):
            with self.assertRaises(AccessError):
                self.appointments.create(
                    {
                        "vin": self.vins[5],
                        "recall_number": self.plan.recall_number,
                        "planned_at": self.in_days(2),
                        **vals,
                    }
                )
        with self.assertRaises(AccessError):
            appointment.unlink()

    def test_appointments_of_others_are_seen_or_changed(self):
        """X-ACCESS: dealers see their own, clerks those of their producers."""
        own, others = self.book(self.vins[0]), self.book(self.vins[1], user=self.rival)
        others._postpone(self.in_days(5), "workshop")
        Appointment = self.env["recall.appointment"]
        Postponement = self.env["recall.appointment.postponement"]
        for user, seen, history in (
            (self.adviser, own, 0),
            (self.rival, others, 1),
            (self.stranger, Appointment, 0),
            (self.clerk, own | others, 1),
            (self.reviewer, own | others, 1),
            (self.foreign_clerk, Appointment, 0),
        ):
            with self.subTest(user=user.login):
                found = Appointment.with_user(user).search([])
                self.assertEqual(found, seen)
                self.assertEqual(Postponement.with_user(user).search_count([]), history)
        foreign = others.with_user(self.adviser)
        for attempt in (
            lambda: foreign.read(["vin"]),
            lambda: foreign.export_data(["vin"]),
            lambda: foreign.action_cancel(),
            lambda: foreign._postpone(self.in_days(5), "owner"),
        ):
            with self.assertRaises(AccessError):
                attempt()
        self.assertFalse(self.appointments.name_search(self.vins[1]))
        with self.assertRaises(AccessError):
            own.with_user(self.clerk).action_cancel()

    def test_filters_show_other_days(self):
        """E-COLLECT: today, this week and overdue are one click each."""
        now = fields.Datetime.now()
        today = self.book(self.vins[0], days=0.001)
        overdue = self.book(self.vins[1])
        overdue.sudo().planned_at = now - timedelta(days=20)
        later = self.book(self.vins[2], days=30)
        view = self.appointments.get_view(view_type="search")
        self.assertIn('name="week"', view["arch"])
        self.assertEqual(
            self.appointments.search(
                [("state", "in", ("planned", "postponed")), ("planned_at", "<", "now")]
            ),
            overdue,
        )
        self.assertIn(
            later, self.appointments.search([("planned_at", ">", "today +1d")])
        )
        self.assertNotIn(today, overdue)
