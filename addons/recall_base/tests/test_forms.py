# SPDX-License-Identifier: LGPL-3.0-only
from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

from .common import RecallCommon


@tagged("post_install", "-at_install")
class TestForms(RecallCommon):
    """What a keeper enters by hand, through the views."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.keeper = cls.make_user("forms_keeper", "recall_base.group_keeper")
        cls.reader = cls.make_user(
            "forms_reader",
            "recall_base.group_reader",
            recall_producer_ids=cls.producer.ids,
        )

    def test_keeper_cannot_enter_a_plan(self):
        """M-PLAN: a plan can be entered by hand, with lines and parts."""
        with Form(self.env["recall.plan"].with_user(self.keeper)) as form:
            form.recall_number = number = self.make_recall_number()
            form.producer_id = self.producer
            form.brand, form.series, form.model = "B", "S", "M"
            form.recall_start = "2025-05-01"
            form.defect, form.consequence, form.measure = "D", "C", "R"
            with form.line_ids.new() as line:
                line.brand, line.series = "B", "S"
            with form.part_ids.new() as part:
                part.number = "P-1"
        plan = form.record
        self.assertRecordValues(
            plan,
            [
                {
                    "recall_number": number,
                    "state": "filed",
                    "version": 1,
                    "vehicle_count": 0,
                    "completion_rate": 0,
                }
            ],
        )
        self.assertEqual(plan.part_ids.number, "P-1")

    def test_keeper_cannot_enter_a_producer_with_dealers(self):
        with Form(self.env["recall.producer"].with_user(self.keeper)) as form:
            form.name = "Producer by hand"
            with form.dealer_ids.new() as dealer:
                dealer.name, dealer.region = "Dealer by hand", "310115"
        self.assertEqual(form.record.timezone, "Asia/Shanghai")
        self.assertEqual(form.record.dealer_ids.region, "310115")

    def test_reader_enters_or_changes_something(self):
        """X-ACCESS: a reader changes neither plans nor producers nor dealers."""
        for record in (self.plan, self.producer, self.dealer, self.plan.line_ids):
            with self.assertRaises(AccessError):
                record.with_user(self.reader).write({"brand": "x", "name": "x"})
            with self.assertRaises(AccessError):
                record.with_user(self.reader).copy()
            with self.assertRaises(AccessError):
                record.with_user(self.reader).unlink()

    def test_keeper_writes_counters_or_rates_of_a_plan(self):
        """X-ACCESS, X-TAMPER: no role makes a plan look further than it is."""
        plan = self.plan.with_user(self.keeper)
        for vals in (
            {"done_count": 10},
            {"vehicle_count": 5},
            {"completion_rate": 1.0},
            {"raw_rate": 1.0},
            {"version": 9},
        ):
            with self.subTest(vals=vals), self.assertRaises(AccessError):
                plan.write(vals)
        self.assertFalse(self.plan._recount())

    def test_buttons_of_a_plan_show_records_of_others(self):
        self.make_completion(self.plan, self.vins[0])
        other = self.make_plan(self.producer)
        self.make_completion(other, self.add_vehicles(other)[0])
        plan = self.plan.with_user(self.reader)
        for action, count in (
            (plan.action_open_vehicles(), 10),
            (plan.action_open_completions(), 1),
        ):
            found = (
                self.env[action["res_model"]]
                .with_user(self.reader)
                .search(action["domain"])
            )
            self.assertEqual(found.mapped("plan_id"), self.plan)
            self.assertEqual(len(found), count)

    def test_administrator_cannot_tie_a_login_to_a_dealer(self):
        """X-ACCESS: producers and dealer of a login are set in the form of the user."""
        with Form(self.reader, view="base.view_users_form") as form:
            form.recall_dealer_id = self.dealer
            form.recall_producer_ids.clear()
        self.assertEqual(self.reader.recall_dealer_id, self.dealer)
        self.assertFalse(self.reader.recall_producer_ids)

    def test_login_gives_itself_a_producer(self):
        """X-ACCESS: nobody widens what the own login may see."""
        for vals in (
            {"recall_producer_ids": [(6, 0, self.make_producer().ids)]},
            {"recall_dealer_id": self.dealer.id},
        ):
            with self.assertRaises(AccessError):
                self.reader.with_user(self.reader).write(vals)
