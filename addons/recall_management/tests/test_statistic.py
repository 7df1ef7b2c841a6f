# SPDX-License-Identifier: LGPL-3.0-only
import random
from datetime import date, datetime, timedelta

from freezegun import freeze_time

from odoo.tests import tagged

from .common import PullCommon

TABLES = {
    "recall_statistic_day": "plan_id, day, repairs, late",
    "recall_statistic_dealer": "plan_id, dealer_id, repairs, late",
    "recall_statistic_month": "plan_id, month, dealer_id, repairs, late",
    "recall_statistic_age": "plan_id, age, repairs",
}


class StatisticCommon(PullCommon):
    """Reads what is counted, and counts anew."""

    def read_counts(self, plans):
        """Rows of all tables that count anything, as sets of tuples."""
        self.env.flush_all()
        counts = {}
        for table, columns in TABLES.items():
            self.env.cr.execute(
                f"SELECT {columns} FROM {table} WHERE repairs != 0 AND plan_id IN %s",
                [tuple(plans.ids)],
            )
            counts[table] = set(self.env.cr.fetchall())
        return counts

    def assertCountsAgree(self, plans):
        counted = self.read_counts(plans)
        self.env["recall.statistic"]._recount(plans)
        self.assertEqual(counted, self.read_counts(plans))

    def day_rows(self, plan):
        return {
            row[1]: row[2:] for row in self.read_counts(plan)["recall_statistic_day"]
        }


@tagged("post_install", "-at_install")
class TestStatistic(StatisticCommon):
    """What is counted when reports come, change and go."""

    def test_intake_is_not_counted(self):
        """M-STAT: a taken-in report counts by day, dealer, month and age at once."""
        self.take_in(self.make_record())
        counts = self.read_counts(self.plan)
        march = date(2025, 3, 1)
        self.assertEqual(
            counts,
            {
                "recall_statistic_day": {(self.plan.id, march, 1, 0)},
                "recall_statistic_dealer": {(self.plan.id, self.dealer.id, 1, 0)},
                "recall_statistic_month": {(self.plan.id, march, self.dealer.id, 1, 0)},
                # Model year S, 2025
                "recall_statistic_age": {(self.plan.id, 0, 1)},
            },
        )

    def test_repeated_report_is_counted_twice(self):
        record = self.make_record()
        self.take_in(record)
        self.take_in(record)
        self.assertEqual(self.day_rows(self.plan), {date(2025, 3, 1): (1, 0)})

    def test_correction_leaves_the_old_day_counted(self):
        record = self.make_record()
        self.take_in(record)
        self.take_in(
            {
                **record,
                "recallTime": "2025-04-07",
                "collectTime": "2025-04-08 08:00:00",
                "recordKind": "correction",
                "recordVersion": 2,
            }
        )
        self.assertEqual(self.day_rows(self.plan), {date(2025, 4, 7): (1, 0)})

    def test_correction_makes_a_report_late_that_came_in_time(self):
        """M-STAT: the first version counts, also when it is withdrawn and restored."""
        record = self.make_record()
        self.take_in(record)
        for version, kind in enumerate(("correction", "withdrawal", "correction"), 2):
            changed = {"recordKind": kind, "recordVersion": version}
            changed["collectTime"] = f"2025-05-0{version} 08:00:00"
            if kind == "correction":
                changed["telNum"] = f"1391234567{version}"
            self.take_in({**record, **changed})
            with self.subTest(kind=kind, version=version):
                wanted = {} if kind == "withdrawal" else {date(2025, 3, 1): (1, 0)}
                self.assertEqual(self.day_rows(self.plan), wanted)

    def test_withdrawn_report_stays_counted(self):
        record = self.make_record()
        self.take_in(record)
        self.take_in({**record, "recordKind": "withdrawal", "recordVersion": 2})
        self.assertEqual(self.day_rows(self.plan), {})

    def test_quarantined_report_is_counted(self):
        self.take_in(self.make_record(dealerName="Nobody"), self.make_record())
        self.assertEqual(self.day_rows(self.plan), {date(2025, 3, 1): (1, 0)})

    def test_report_out_of_a_plan_is_counted(self):
        self.make_completion(self.plan, self.vins[0], plan_id=False, vehicle_id=False)
        self.make_completion(self.plan, self.vins[1], state="checked")
        self.assertEqual(self.day_rows(self.plan), {})

    # Repair on March 1: the limit is March 2, 24:00 on the producer's clock.
    LIMITS = (
        ("Asia/Shanghai", "2025-03-02 15:59:59", 0),
        ("Asia/Shanghai", "2025-03-02 16:00:00", 1),
        ("America/New_York", "2025-03-03 04:59:59", 0),
        ("America/New_York", "2025-03-03 05:00:00", 1),
        ("Pacific/Kiritimati", "2025-03-02 09:59:59", 0),
        ("Pacific/Kiritimati", "2025-03-02 10:00:00", 1),
        ("Asia/Shanghai", False, 0),
    )

    def test_late_report_is_counted_as_in_time(self):
        """M-STAT: late is after 24:00 of the day after the repair (clause 7.3)."""
        for zone, moment, late in self.LIMITS:
            with self.subTest(zone=zone, moment=moment):
                plan = self.make_plan(self.make_producer(timezone=zone))
                [vin] = self.add_vehicles(plan)
                self.make_completion(plan, vin, synced_at=moment)
                self.assertEqual(self.day_rows(plan), {date(2025, 3, 1): (1, late)})

    def test_limit_is_an_hour_off_where_midnight_comes_twice(self):
        """In Havana the clocks go from 01:00 back to 00:00 on November 2, 2025."""
        plan = self.make_plan(self.make_producer(timezone="America/Havana"))
        moments = ("2025-11-02 03:59:59", "2025-11-02 04:00:00")
        for vin, moment in zip(self.add_vehicles(plan, 2), moments, strict=True):
            self.make_completion(plan, vin, repair_date="2025-10-31", synced_at=moment)
        self.assertEqual(self.day_rows(plan), {date(2025, 10, 31): (2, 1)})

    def test_another_time_zone_changes_nothing(self):
        self.make_completion(self.plan, self.vins[0], synced_at="2025-03-02 16:30:00")
        self.assertEqual(self.day_rows(self.plan), {date(2025, 3, 1): (1, 1)})
        self.producer.timezone = "America/New_York"
        self.assertEqual(self.day_rows(self.plan), {date(2025, 3, 1): (1, 0)})

    # Position 10, year of the repair, age.
    AGES = (
        ("S", 2025, 0),
        ("T", 2025, 0),  # the next model year is on sale
        ("V", 2025, 28),  # 2027 was not: 1997
        ("A", 2025, 15),
        ("9", 2009, 0),
        ("Y", 2025, 25),
        ("1", 2031, 0),
        ("0", 2025, None),  # no year code
    )

    def test_age_of_a_vehicle_is_wrong(self):
        """M-STAT: year of the repair less the model year of position 10."""
        for code, year, age in self.AGES:
            with self.subTest(code=code, year=year):
                plan = self.make_plan(self.producer)
                self.env["recall.completion"].create(
                    {
                        "state": "confirmed",
                        "producer_id": self.producer.id,
                        "recall_number": plan.recall_number,
                        "vin": f"LTZAA11B4{code}A000001",
                        "repair_date": f"{year}-06-01",
                        "repair_number": f"AGE-{code}-{year}",
                        "dealer_name": "Dealer",
                        "plan_id": plan.id,
                    }
                )
                rows = self.read_counts(plan)["recall_statistic_age"]
                self.assertEqual(rows, {(plan.id, age, 1)})

    def test_vehicle_without_model_year_is_given_an_age(self):
        plan = self.plan
        self.make_completion(plan, "OLD-CHASSIS-7", vehicle_id=False)
        rows = self.read_counts(plan)["recall_statistic_age"]
        self.assertEqual(rows, {(plan.id, None, 1)})

    def test_counts_drift_from_the_reports(self):
        """M-STAT: whatever came, changed and went, counted anew it is the same."""
        rng = random.Random(41047)
        dealers = [self.dealer.name, self.make_dealer(self.producer).name, "Nobody"]
        plans = self.plan | self.make_plan(self.producer)
        standing = {}
        for _ in range(8):
            page = []
            for _ in range(rng.randint(0, 8)):
                record = self._make_random(rng, plans, dealers)
                page.append(record)
                standing[record["repairNum"]] = (record, 1)
            page += self._change_some(rng, standing, dealers)
            if page:
                self.take_in(*page)
            self._write_some(rng)
        counted = self.read_counts(plans)
        self.assertTrue(all(counted.values()))
        self.assertCountsAgree(plans)

    def _make_random(self, rng, plans, dealers):
        day = date(2025, 2, 1) + timedelta(days=rng.randint(0, 90))
        moment = datetime.combine(day, datetime.min.time()) + timedelta(
            hours=rng.randint(8, 80)
        )
        return self.make_record(
            plan=rng.choice(plans),
            recallTime=str(day),
            collectTime=str(moment),
            dealerName=rng.choice(dealers),
        )

    def _change_some(self, rng, standing, dealers):
        """Corrections and withdrawals of some that were sent before."""
        for number in rng.sample(sorted(standing), min(len(standing), 4)):
            record, version = standing[number]
            changed = {
                **record,
                "recordKind": rng.choice(["correction", "withdrawal"]),
                "recordVersion": version + 1,
                "dealerName": rng.choice(dealers),
                "recallTime": str(date(2025, 3, rng.randint(1, 31))),
            }
            standing[number] = (changed, version + 1)
            yield changed

    def _write_some(self, rng):
        """Changes by the ORM and by SQL, also of drafts."""
        reports = self.env["recall.completion"].search(
            [("producer_id", "=", self.producer.id)]
        )
        if not reports:
            return
        rng.choice(reports).sudo().repair_date = date(2025, rng.randint(2, 5), 3)
        rng.choice(reports).sudo().state = rng.choice(["confirmed", "withdrawn"])
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE recall_completion SET synced_at = synced_at + interval '1 day'"
            " WHERE id = %s",
            [rng.choice(reports).id],
        )
        draft = self.make_completion(
            self.plan, self.make_vin(), state="draft", vehicle_id=False
        )
        if rng.random() < 0.5:
            draft.unlink()
        self.env.invalidate_all()

    def test_recount_touches_other_plans(self):
        other = self.make_plan(self.producer)
        [vin] = self.add_vehicles(other)
        self.make_completion(other, vin)
        self.env.cr.execute("UPDATE recall_statistic_day SET repairs = 7")
        self.env["recall.statistic"]._recount(self.plan)
        self.assertEqual(self.day_rows(other), {date(2025, 3, 1): (7, 0)})
        self.env["recall.statistic"]._recount()
        self.assertEqual(self.day_rows(other), {date(2025, 3, 1): (1, 0)})


@tagged("post_install", "-at_install")
class TestPlanStatistic(StatisticCommon):
    """How fast plans are, and which are behind."""

    TODAY = date(2025, 7, 1)

    @classmethod
    def make_progress(cls, days, done, count=20, **vals):
        """Make a plan, announced so many days before ``TODAY``, with ``done`` of
        ``count`` vehicles repaired, one a day from the tenth on."""
        start = cls.TODAY - timedelta(days=days)
        plan = cls.make_plan(cls.producer, announced=start, recall_start=start, **vals)
        for number, vin in enumerate(cls.add_vehicles(plan, count)[:done]):
            cls.make_completion(
                plan, vin, repair_date=start + timedelta(days=10 + number)
            )
        return plan

    def update(self):
        self.env.flush_all()
        self.env["recall.plan"].search([("id", "not in", self.plans.ids)]).write(
            {"state": "withdrawn"}
        )
        with freeze_time(self.TODAY), self.enter_registry_test_mode():
            self.env.ref("recall_management.ir_cron_statistics").method_direct_trigger()
        self.env.invalidate_all()

    def setUp(self):
        super().setUp()
        self.plans = self.env["recall.plan"]

    def test_days_to_a_share_are_not_those_of_the_reports(self):
        """M-STAT: time from the publication to 50, 80 and 90 % of the vehicles."""
        plan = self.plans = self.make_progress(120, 17)
        self.update()
        self.assertEqual(
            (plan.days_to_50, plan.days_to_80, plan.days_to_90), (19, 25, 0)
        )

    def test_plan_behind_is_not_flagged(self):
        """M-STAT: behind is below three quarters of the usual rate, from day 60."""
        usual = [self.make_progress(120, 10) for _ in range(6)]
        slow = self.make_progress(120, 6)
        enough = self.make_progress(120, 8)
        finished = self.make_progress(120, 6, state="finished")
        young = self.make_progress(40, 1)
        over_the_air = self.make_progress(120, 6, over_the_air=True)
        self.plans = self.plans.union(
            *usual, slow, enough, finished, young, over_the_air
        )
        self.update()
        self.assertEqual(self.plans.filtered("is_behind"), slow)
        Plan = self.env["recall.plan"]
        own = [("id", "in", self.plans.ids)]
        self.assertEqual(Plan.search([*own, ("is_behind", "=", True)]), slow)
        self.assertEqual(
            Plan.search([*own, ("is_behind", "=", False)]), self.plans - slow
        )
        self.assertEqual(
            Plan.search([*own, ("is_behind", "!=", True)]).ids.count(slow.id), 0
        )
        self.assertAlmostEqual(slow.usual_rate, 0.5)

    def test_forecast_is_missing_or_below_what_is_done(self):
        plan = self.plans = self.make_progress(120, 15)
        self.update()
        self.assertGreaterEqual(plan.forecast_low, 0.75 - 1e-9)
        self.assertLessEqual(plan.forecast_low, plan.forecast_rate)
        self.assertLessEqual(plan.forecast_rate, plan.forecast_high)
        self.assertLessEqual(plan.forecast_high, 1)

    def test_finished_plan_is_forecast(self):
        plan = self.plans = self.make_progress(120, 15, state="finished")
        self.update()
        self.assertFalse(plan.forecast_rate)
        self.assertEqual(plan.days_to_50, 19)

    def test_figures_stay_as_they_were_yesterday(self):
        plan = self.plans = self.make_progress(120, 5)
        self.update()
        vehicle = self.env["recall.vehicle"].search(
            [("plan_id", "=", plan.id), ("state", "=", "open")], limit=9
        )
        for vin in vehicle.mapped("vin"):
            self.make_completion(plan, vin, repair_date=self.TODAY - timedelta(days=3))
        self.TODAY += timedelta(days=1)
        self.update()
        self.assertEqual(plan.days_to_50, 117)

    def test_picture_of_a_plan_is_missing(self):
        self.plans = self.make_progress(120, 15)
        with freeze_time(self.TODAY):
            self.assertIn("<polyline", self.plans.progress_svg)
        self.assertNotIn("<polyline", self.plan.progress_svg or "")
