# SPDX-License-Identifier: LGPL-3.0-only
from datetime import date

from odoo import Command
from odoo.tests import tagged
from odoo.tools import SQL

from odoo.addons.recall_base.tools import vin

from .common import RecallServiceCommon

SHARED = {
    "producerName",
    "brand",
    "series",
    "model",
    "recallNum",
    "recallStartTime",
    "defectDesc",
    "possibleConsequence",
    "repairMethod",
    "vehicleVin",
    "isRecalled",
}


@tagged("post_install", "-at_install")
class TestLookup(RecallServiceCommon):
    def setUp(self):
        super().setUp()
        self.lookup = self.env["recall.lookup"]

    def test_shared_members_are_exactly_those_of_8_2(self):
        """S-CONTENT: annex A no. 1-6 and 9-12 and whether it is done, nothing else."""
        [record] = self.share(self.vins[0])
        self.assertEqual(set(record), SHARED)
        self.assertEqual(record["producerName"], self.producer.name)
        self.assertEqual(record["recallNum"], self.plan.recall_number)
        self.assertEqual(record["recallStartTime"], "2025-01-15")
        self.assertEqual(record["vehicleVin"], self.vins[0])
        self.assertIs(record["isRecalled"], False)

    def test_done_vehicle_is_told_as_recalled(self):
        """S-CONTENT: isRecalled turns true with the repair of this very vehicle."""
        self.make_completion(self.plan, self.vins[0])
        self.assertIs(self.share(self.vins[0])[0]["isRecalled"], True)
        self.assertIs(self.share(self.vins[1])[0]["isRecalled"], False)
        self.assertEqual(self.lookup._find(self.vins[0])[0].done_on, date(2025, 3, 1))

    def test_plans_not_published_stay_hidden(self):
        """S-QUERY: filed and withdrawn plans are told to nobody."""
        for state, shown in (
            ("filed", 0),
            ("published", 1),
            ("running", 1),
            ("finished", 1),
            ("withdrawn", 0),
        ):
            self.plan.state = state
            with self.subTest(state=state):
                self.assertEqual(len(self.lookup._find(self.vins[0])), shown)

    def test_gone_and_unreachable_vehicles_count_as_open(self):
        """S-QUERY: who asks has the vehicle: exported or scrapped is not "done"."""
        vehicle = self.get_vehicle(self.plan, self.vins[0])
        for state in ("exported", "scrapped", "stolen", "unreachable"):
            self.env.cr.execute(
                "UPDATE recall_vehicle SET state = %s, state_date = '2025-02-02' "
                "WHERE id = %s",
                (state, vehicle.id),
            )
            with self.subTest(state=state):
                [recall] = self.lookup._find(self.vins[0])
                self.assertFalse(recall.done)
                self.assertIsNone(recall.done_on)

    def test_product_line_tells_more_than_plan(self):
        """S-CONTENT: brand, series and model are those of the vehicle's own line."""
        line = self.plan.line_ids
        line.write({"brand": "Linebrand", "series": "Series L", "model": False})
        [recall] = self.lookup._find(self.vins[0])
        self.assertEqual(recall.brand, "Linebrand")
        self.assertEqual(recall.series, "Series L")
        self.assertEqual(recall.model, self.plan.model, "empty: the plan's")

    def test_order_is_open_first_then_newest(self):
        """S-ANSWER: asked again, the same records come in the same order."""
        dates = ("2025-05-01", "2025-07-01", "2025-07-01", "2025-06-01")
        plans = [self.make_plan(self.producer, recall_start=day) for day in dates]
        for plan in plans:
            self.put_in_scope(plan, self.vins[:1])
        self.make_completion(plans[1], self.vins[0])
        found = [recall.recall_number for recall in self.lookup._find(self.vins[0])]
        wanted = [plans[2], plans[3], plans[0], self.plan, plans[1]]
        self.assertEqual(found, [plan.recall_number for plan in wanted])
        self.assertEqual(
            found, [recall.recall_number for recall in self.lookup._find(self.vins[0])]
        )

    def test_look_up_is_one_statement_and_one_probe(self):
        """S-PERF: one statement that reads vehicles by index; the plan is known."""
        self.lookup._find(self.vins[0])
        with self.assertQueryCount(1):
            self.lookup._find(self.vins[1])
        self.add_vehicles(self.plan, 2000)
        self.env.cr.execute("ANALYZE recall_vehicle")
        query = self.lookup._find_sql(SQL("vehicle.vin = ANY(%s)", [self.vins[0]]))
        self.env.cr.execute(f"EXPLAIN {query.code}", query.params)
        plan = "\n".join(row[0] for row in self.env.cr.fetchall())
        self.assertIn("recall_vehicle_vin_plan_uniq", plan)

    def test_statement_is_given_up_in_time(self):
        """S-ANSWER: a slow database ends in a clear answer before 3 s are over."""
        self.lookup._find(self.vins[0])
        self.env.cr.execute("SHOW statement_timeout")
        limit = int(self.env.cr.fetchone()[0].removesuffix("ms"))
        self.assertIn(limit, range(2450, 2501))

    def test_coverage_follows_the_newest_intake(self):
        """S-QUERY: the date of the data moves with repair reports and plans."""
        completion = self.make_completion(self.plan, self.vins[0])
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE recall_completion SET create_date = '2031-01-02' WHERE id = %s",
            (completion.id,),
        )
        coverage = self.lookup._get_coverage()
        self.assertEqual(coverage.taken_in.isoformat(), "2031-01-02T00:00:00")
        self.assertGreaterEqual(coverage.plan_count, 1)
        self.assertGreaterEqual(coverage.producer_count, 1)
        self.env.cr.execute(
            "UPDATE recall_plan SET write_date = '2032-01-02' WHERE id = %s",
            (self.plan.id,),
        )
        taken_in = self.lookup._get_coverage().taken_in
        self.assertEqual(taken_in.isoformat(), "2032-01-02T00:00:00")

    def test_wrong_characters_are_named_by_position(self):
        """S-QUERY: a person reads which character is wrong and why."""
        good = self.vins[0]
        cases = {
            good[:3] + "O" + good[4:7] + "O" + good[8:]: "Position 4, 8: the letter O",
            good[:3] + "I" + good[4:]: "digit 1",
            good[:3] + "\uff21" + good[4:]: "Position 4: \uff21",
            good[:3] + "\u200b" + good[4:]: "Position 4: a blank",
            good[:16]: "this one has 16",
            good + "1": "this one has 18",
            good[:9] + "0" + good[10:]: "Position 10: 0",
            good[:8] + ("0" if good[8] != "0" else "1") + good[9:]: "Position 9:",
        }
        for text, sentence in cases.items():
            with self.subTest(text=text):
                told = " ".join(self.lookup._explain(vin.check_vin(text)))
                self.assertIn(sentence, told)

    def test_one_vehicle_in_two_plans_gives_two_records(self):
        """S-SHARE: each recall of a vehicle is a record of its own."""
        other = self.make_plan(
            self.make_producer(hotline=False),
            part_ids=[Command.clear()],
            over_the_air=True,
        )
        self.put_in_scope(other, self.vins[:1])
        found = self.lookup._find(self.vins[0])
        self.assertEqual(len(found), 2)
        self.assertEqual({recall.over_the_air for recall in found}, {True, False})
