# SPDX-License-Identifier: LGPL-3.0-only
from odoo.tests import tagged

from .common import PullCommon


@tagged("post_install", "-at_install")
class TestIntakeVersions(PullCommon):
    """Several records of one key in one answer."""

    def versions(self, *kinds):
        """Build records of one key, numbered 1, 2, …, of these kinds."""
        record = self.make_record()
        return [
            {**record, "recordKind": kind, "recordVersion": number}
            for number, kind in enumerate(kinds, 1)
        ]

    def test_record_twice_in_a_page_is_taken_in_once(self):
        """M-RECEIVE: the second of two equal records changes nothing."""
        record = self.make_record()
        later = {**record, "collectTime": "2025-03-02 09:00:00"}
        self.assertCounts(self.take_in(record, later), new=1, same=1)
        self.assertEqual(len(self.get_completion(record)), 1)
        self.assertFalse(self.get_quarantine(record))

    def test_two_contents_of_one_key_in_a_page_are_not_both_taken_in(self):
        """M-RECEIVE: the first is taken in, the other kept aside and linked with it."""
        record = self.make_record()
        changed = {**record, "recallTime": "2025-03-09"}
        self.assertCounts(self.take_in(record, changed), new=1, quarantined=1)
        completion = self.get_completion(record)
        self.assertEqual(str(completion.repair_date), "2025-03-01")
        entry = self.get_quarantine(record)
        self.assertIn("content_differs", entry.finding_ids.mapped("code"))
        self.assertEqual(entry.completion_id, completion)

    def test_newest_version_in_a_page_counts(self):
        """M-RECEIVE X-FAULT: whatever their order, the newest version decides."""
        cases = [
            (("completion", "correction"), "confirmed"),
            (("completion", "correction", "withdrawal"), None),
            (("completion", "withdrawal", "correction"), "confirmed"),
            (("completion", "withdrawal"), None),
        ]
        for kinds, state in cases:
            for step in (1, -1):
                with self.subTest(kinds=kinds, step=step):
                    page = self.versions(*kinds)
                    exchange = self.take_in(*page[::step])
                    completion = self.get_completion(page[0])
                    self.assertEqual(completion.state or None, state)
                    self.assertEqual(exchange.quarantined_count, 0)
                    if state:
                        self.assertEqual(completion.version, len(page))
        self.assertCountersAgree()

    def test_versions_of_a_record_that_stands_end_in_the_newest(self):
        """M-RECEIVE X-FAULT: the same where the record is known already."""
        cases = {
            ("completion", "withdrawal", "correction"): "confirmed",
            ("completion", "correction", "withdrawal"): "withdrawn",
            ("completion", "withdrawal", "withdrawal"): "withdrawn",
        }
        for kinds, state in cases.items():
            for step in (1, -1):
                with self.subTest(kinds=kinds, step=step):
                    page = self.versions(*kinds)
                    self.take_in(page[0])
                    self.take_in(*page[::step])
                    completion = self.get_completion(page[0])
                    self.assertEqual(completion.state, state)
                    self.assertEqual(completion.version, 3)
        self.assertCountersAgree()

    def test_refused_record_does_not_refuse_a_good_one(self):
        """M-VERIFY: a record that stands only against one that was refused itself is
        taken in, as it would be from a page of its own."""
        other_plan = self.make_plan(self.producer)
        vin = self.make_vin()
        self.put_in_scope(self.plan, [vin])
        self.put_in_scope(other_plan, [vin])
        good = self.make_record(vin)
        number = {"repairNum": good["repairNum"]}
        wrong = self.make_record(**number)  # another vehicle under the same number
        also_good = self.make_record(vin, other_plan, **number)
        exchange = self.take_in(good, wrong, also_good)
        self.assertCounts(exchange, new=2, quarantined=1)
        self.assertTrue(self.get_completion(also_good))
        self.assertIn(
            "repair_number_repeated",
            self.get_quarantine(wrong).finding_ids.mapped("code"),
        )

    def test_repeat_of_a_refused_vehicle_report_is_judged_by_itself(self):
        """M-VERIFY: the same across the two rules against repeats."""
        first, second = self.make_record(), self.make_record()
        repeated = {**first, "repairNum": second["repairNum"]}
        exchange = self.take_in(first, repeated, second)
        self.assertCounts(exchange, new=2, quarantined=1)
        self.assertCodes(self.get_quarantine(repeated), "vehicle_repeated")

    def test_vehicle_reported_twice_in_a_page_counts_once(self):
        """M-VERIFY: two repairs of one vehicle under one recall: the second is kept
        aside."""
        first = self.make_record()
        second = self.make_record(first["vehicleVin"])
        self.assertCounts(self.take_in(first, second), new=1, quarantined=1)
        self.assertCodes(self.get_quarantine(second), "vehicle_repeated")
        self.assertEqual(self.plan.done_count, 1)

    def test_finding_made_a_warning_does_not_stop_a_page(self):
        """M-VERIFY X-FAULT: people may make a finding a warning; two records of one key
        are kept apart all the same."""
        self.env["recall.finding"].search([]).severity = "warning"
        record = self.make_record()
        page = [record, {**record, "telNum": "13700000000"}, self.make_record("?" * 64)]
        self.take_in(*page)
        self.assertEqual(len(self.get_completion(record)), 1)
        self.assertEqual(len(self.get_quarantine(record)), 1)
