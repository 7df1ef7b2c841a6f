# SPDX-License-Identifier: LGPL-3.0-only
from lxml import etree

from odoo.tests import tagged
from odoo.tools import SQL
from odoo.tools.safe_eval import safe_eval

from ..models.recall_search import LIMIT
from .common import PullCommon


@tagged("post_install", "-at_install")
class TestSearch(PullCommon):
    """One box for a VIN, its last six characters and a recall number."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.officer = cls.make_user("search_officer", "recall_management.group_officer")
        cls.foreign_plan = cls.make_plan(cls.make_producer())
        cls.foreign_vin = cls.add_vehicles(cls.foreign_plan)[0]
        cls.account = cls.make_user(
            "search_producer",
            "recall_management.group_producer",
            recall_producer_ids=cls.producer.ids,
        )

    def find(self, text, user=None):
        search = self.env["recall.search"].with_user(user or self.officer)
        return search.find(text)

    def groups(self, text, user=None):
        return {group["key"]: group for group in self.find(text, user)["groups"]}

    def test_vin_is_not_found_with_all_that_belongs_to_it(self):
        """Use: vehicle, report, quarantine, for each way to type a VIN or its end."""
        good = self.make_record()
        self.take_in(good)
        text = good["vehicleVin"]
        self.take_in(self.make_record(text, recallTime="2020-01-01"))
        for typed in (text, f"  {text.lower()} ", text[-6:], text[-6:].lower()):
            with self.subTest(typed=typed):
                groups = self.groups(typed)
                self.assertEqual(set(groups), {"vehicles", "reports", "quarantine"})
                for group in groups.values():
                    self.assertEqual(len(group["items"]), 1, group)
                    self.assertIn(text, group["items"][0]["title"])
                    self.assertFalse(group["more"])

    def test_item_leads_to_another_record(self):
        record = self.make_record()
        self.take_in(record)
        groups = self.groups(record["vehicleVin"])
        vehicle = groups["vehicles"]["items"][0]["action"]
        self.assertEqual(vehicle["res_id"], self.plan.id)
        report = groups["reports"]["items"][0]["action"]
        self.assertEqual(report["res_id"], self.get_completion(record).id)

    def test_recall_number_or_its_beginning_is_not_found(self):
        number = self.plan.recall_number
        for typed in (number, number.lower(), number[:10], number[:7]):
            with self.subTest(typed=typed):
                titles = [
                    item["title"] for item in self.groups(typed)["plans"]["items"]
                ]
                self.assertIn(self.plan.display_name, titles)

    def test_quarantine_of_a_recall_is_not_found(self):
        self.take_in(self.make_record(recallTime="2020-01-01"))
        groups = self.groups(self.plan.recall_number)
        self.assertEqual(len(groups["quarantine"]["items"]), 1)

    def test_answer_to_a_common_end_is_unbounded(self):
        """Use: no more than a page of each kind, and the rest behind a list."""
        tail = "900001"
        vins = [f"{wmi}AA11B0SA{tail}" for wmi in self.some_wmis(LIMIT + 2)]
        self.env.cr.execute(
            SQL(
                "INSERT INTO recall_vehicle (plan_id, vin, state)"
                " SELECT %s, vin, 'open' FROM unnest(%s) vin",
                self.plan.id,
                vins,
            )
        )
        group = self.groups(tail)["vehicles"]
        self.assertEqual(len(group["items"]), LIMIT)
        more = self.env["recall.vehicle"].with_user(self.officer)
        self.assertLessEqual(
            set(vins), set(more.search(group["more"]["domain"]).mapped("vin"))
        )

    def some_wmis(self, count):
        return [f"L{chr(65 + i // 9)}{i % 9 + 1}" for i in range(count)]

    def test_account_of_a_producer_finds_another_producers_vehicle(self):
        """M-ACCESS: not by the VIN, nor by its end, nor by the recall."""
        for typed in (
            self.foreign_vin,
            self.foreign_vin[-6:],
            self.foreign_plan.recall_number,
        ):
            self.assertTrue(self.groups(typed), typed)
            found = str(self.find(typed, self.account)["groups"])
            self.assertNotIn(self.foreign_vin, found)
            self.assertNotIn(self.foreign_plan.recall_number, found)

    def test_typing_error_is_answered_by_silence(self):
        """Use: what was not found, or is none of the three, is said in words."""
        vin = self.vins[0]
        wrong = vin[:8] + ("0" if vin[8] != "0" else "1") + vin[9:]
        cases = {
            "": "17 characters",
            "12": "17 characters",
            "S2099M9998V": "Nothing was found",
            vin[:16]: "this text has 16",
            wrong: "check digit",
            "LTZ%_'\"": "17 characters",
        }
        for typed, words in cases.items():
            with self.subTest(typed=typed):
                answer = self.find(typed)
                self.assertIn(words, answer["advice"])
                self.assertFalse(answer["groups"])

    def test_look_up_by_the_end_of_a_vin_reads_the_whole_table(self):
        """M-PERF: the search by the last six is one probe of its index."""
        self.env.cr.execute("SET LOCAL enable_seqscan = off")
        for name in ("recall.vehicle", "recall.quarantine"):
            Model = self.env[name]
            query = Model._search(self.typed_in_the_list_of(Model, "000001"))
            self.env.cr.execute(SQL("EXPLAIN %s", query.select()))
            plan = "\n".join(row[0] for row in self.env.cr.fetchall())
            self.assertIn("vin_tail_idx", plan)

    def typed_in_the_list_of(self, Model, text):
        """What the field for the last six in the search of a list seeks."""
        arch = etree.fromstring(Model.get_view(view_type="search")["arch"])
        (field,) = arch.xpath("//field[@string='VIN, last 6 characters']")
        return safe_eval(field.get("filter_domain"), {"self": text})

    def test_list_of_vehicles_does_not_find_the_end_of_a_vin(self):
        """Use: the last six typed into the search above the list, in any case."""
        Vehicle, vin = self.env["recall.vehicle"].with_user(self.officer), self.vins[0]
        for typed in (vin[-6:], f" {vin[-6:].lower()} "):
            found = Vehicle.search(self.typed_in_the_list_of(Vehicle, typed))
            self.assertIn(vin, found.mapped("vin"))
            self.assertEqual({end[-6:] for end in found.mapped("vin")}, {vin[-6:]})

    def test_filter_of_an_empty_end_finds_vehicles(self):
        self.assertFalse(self.env["recall.vehicle"].search([("vin_tail", "=", False)]))
