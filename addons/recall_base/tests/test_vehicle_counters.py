# SPDX-License-Identifier: LGPL-3.0-only
import random

from odoo.tests import tagged
from odoo.tools import SQL

from ..models.recall_vehicle import COUNTED_STATES
from .common import RecallCommon

STATES = ("open", *COUNTED_STATES)


@tagged("post_install", "-at_install")
class TestVehicleCounters(RecallCommon):
    def _move(self, vehicles, state, allowed_from=STATES, date="2025-03-01"):
        return self.env["recall.vehicle"]._move(
            SQL(
                """SELECT id AS vehicle_id, %s AS state, %s AS state_date
                     FROM recall_vehicle WHERE id IN %s""",
                state,
                date,
                tuple(vehicles.ids),
            ),
            allowed_from=allowed_from,
        )

    def test_random_moves_leave_counters_that_a_recount_corrects(self):
        """M-STAT: after any moves the counters are what counting would give."""
        other = self.make_plan(self.producer)
        self.add_vehicles(other, 7)
        plans = self.plan | other
        vehicles = plans.vehicle_ids
        expected = dict.fromkeys(vehicles.ids, "open")
        chance = random.Random(41047)
        for step in range(60):
            chosen = vehicles.browse(chance.sample(vehicles.ids, chance.randint(1, 9)))
            state = chance.choice(STATES)
            allowed = chance.sample(STATES, chance.randint(1, len(STATES)))
            wanted = [
                vehicle.id
                for vehicle in chosen
                if expected[vehicle.id] in allowed and expected[vehicle.id] != state
            ]
            with self.subTest(step=step, state=state, allowed=allowed):
                self.assertEqual(self._move(chosen, state, allowed), len(wanted))
                expected.update(dict.fromkeys(wanted, state))
                found = {vehicle.id: vehicle.state for vehicle in vehicles}
                self.assertEqual(found, expected)
                self.assertFalse(plans._recount())

    def test_recount_leaves_a_wrong_counter(self):
        self.env.cr.execute(
            "UPDATE recall_plan SET done_count = 3, vehicle_count = 1 WHERE id = %s",
            [self.plan.id],
        )
        self.plan.invalidate_recordset()
        self.assertEqual(self.plan._recount(), self.plan)
        self.assertRecordValues(
            self.plan, [{"done_count": 0, "vehicle_count": 10, "completion_rate": 0}]
        )
        self.assertFalse(self.plan._recount())

    def test_rate_does_not_leave_out_the_gone_vehicles(self):
        """M-STAT: rate = done / (in scope - exported - scrapped - stolen)."""
        vehicles = self.plan.vehicle_ids
        for index, state in enumerate(
            ("done", "done", "exported", "scrapped", "stolen", "unreachable")
        ):
            self._move(vehicles[index], state)
        self.assertRecordValues(
            self.plan,
            [
                {
                    "vehicle_count": 10,
                    "done_count": 2,
                    "exported_count": 1,
                    "scrapped_count": 1,
                    "stolen_count": 1,
                    "unreachable_count": 1,
                }
            ],
        )
        self.assertAlmostEqual(self.plan.completion_rate, 2 / 7)
        self.assertAlmostEqual(self.plan.raw_rate, 2 / 10)

    def test_rate_without_vehicles_divides_by_zero(self):
        empty = self.make_plan(self.producer)
        self.put_in_scope(empty, [])
        self.assertEqual((empty.completion_rate, empty.raw_rate), (0, 0))
        self._move(self.plan.vehicle_ids, "scrapped")
        self.assertEqual((self.plan.completion_rate, self.plan.raw_rate), (0, 0))

    def test_done_date_is_not_that_of_the_move(self):
        vehicle = self.plan.vehicle_ids[0]
        self._move(vehicle, "done", date="2025-02-03")
        self.assertEqual(str(vehicle.state_date), "2025-02-03")
        self._move(vehicle, "open", date=None)
        self.assertFalse(vehicle.state_date)

    def test_vehicle_is_counted_twice_when_its_vin_is_listed_twice(self):
        """M-PLAN: a repeated list changes nothing, within one call and over several."""
        fresh = self.make_vin()
        rows = [(fresh, None), (fresh, self.plan.line_ids.id), (self.vins[0], None)]
        added, refused = self.env["recall.vehicle"]._add_to_scope(self.plan, rows)
        self.assertEqual((added, refused), (1, []))
        self.assertEqual(self.plan.vehicle_count, 11)
        self.assertEqual(self.get_vehicle(self.plan, fresh).line_id, self.plan.line_ids)
        self.assertFalse(self.plan._recount())

    def test_putting_vehicles_in_scope_loses_an_unwritten_change_of_the_plan(self):
        self.plan.brand = "Changed"
        self.env["recall.vehicle"]._add_to_scope(self.plan, [(self.make_vin(), None)])
        self.env.flush_all()
        self.plan.invalidate_recordset()
        self.assertEqual(self.plan.brand, "Changed")

    def test_repaired_vehicle_opens_when_its_vin_is_listed_again(self):
        self.make_completion(self.plan, self.vins[0])
        self.put_in_scope(self.plan, self.vins)
        self.assertEqual(self.get_vehicle(self.plan, self.vins[0]).state, "done")
        self.assertEqual(self.plan.done_count, 1)

    def test_hashing_many_rows_compares_each_with_all(self):
        """X-TAMPER: a statement for many rows is hashed in time also where the session
        has hashed a single row before: 30,000 at once are no 900 million pairs."""
        self.env.flush_all()
        self.env.cr.execute(
            """INSERT INTO recall_vehicle (plan_id, vin, state)
               SELECT %s, 'LTZAA11B4SZ' || to_char(n, 'FM000000'), 'open'
                 FROM generate_series(1, 30000) n""",
            [self.plan.id],
        )
        touch = "UPDATE recall_vehicle SET state = state WHERE plan_id = %s"
        for _call in range(6):
            one = f"{touch} AND vin = 'LTZAA11B4SZ000001'"
            self.env.cr.execute(one, [self.plan.id])
        self.env.cr.execute("SET LOCAL statement_timeout = '10s'")
        self.env.cr.execute(touch, [self.plan.id])
