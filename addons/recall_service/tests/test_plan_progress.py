# SPDX-License-Identifier: LGPL-3.0-only
from freezegun import freeze_time

from odoo.tests import tagged

from .common import RecallServiceCommon


@tagged("post_install", "-at_install")
class TestPlanProgress(RecallServiceCommon):
    def note(self, day):
        with freeze_time(f"{day} 04:00:00"):
            self.env["recall.plan.progress"]._cron_note()

    def read_days(self):
        return [
            (str(row.day), row.vehicles, row.countable, row.done)
            for row in self.env["recall.plan.progress"].search(
                [("plan_id", "=", self.plan.id)]
            )
        ]

    def test_days_with_news_have_a_row(self):
        """S-REPORT: a row when counters changed, none when nothing did."""
        self.note("2025-03-01")
        self.note("2025-03-02")
        self.make_completion(self.plan, self.vins[0])
        self.note("2025-03-03")
        self.assertEqual(
            self.read_days(), [("2025-03-01", 10, 10, 0), ("2025-03-03", 10, 10, 1)]
        )

    def test_second_note_of_a_day_counts_for_it(self):
        """S-REPORT: the last note of a day is that day's."""
        self.note("2025-03-01")
        self.make_completion(self.plan, self.vins[0])
        self.note("2025-03-01")
        self.assertEqual(self.read_days(), [("2025-03-01", 10, 10, 1)])

    def test_days_are_those_of_the_country(self):
        """S-REPORT: 17:00 UTC is the next day where the recalls are."""
        with freeze_time("2025-03-01 17:00:00"):
            self.env["recall.plan.progress"]._cron_note()
        self.assertEqual(self.read_days()[0][0], "2025-03-02")

    def test_hidden_plans_are_not_noted(self):
        """X-ACCESS: nothing is kept of plans that nobody is told of."""
        self.plan.state = "withdrawn"
        self.note("2025-03-01")
        self.assertEqual(self.read_days(), [])

    def test_history_begins_with_the_known_repairs(self):
        """S-REPORT: an add-on that comes late knows when vehicles were repaired."""
        self.make_completion(self.plan, self.vins[0], repair_date="2025-02-01")
        self.make_completion(self.plan, self.vins[1], repair_date="2025-02-03")
        self.make_completion(self.plan, self.vins[2], repair_date="2025-02-03")
        Progress = self.env["recall.plan.progress"]
        Progress.search([]).unlink()
        self.env.flush_all()
        Progress._backfill_once()
        history = [("2025-02-01", 10, 10, 1), ("2025-02-03", 10, 10, 3)]
        self.assertEqual(self.read_days(), history)
        Progress._backfill_once()
        self.assertEqual(self.read_days(), history)
