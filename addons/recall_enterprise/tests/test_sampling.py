# SPDX-License-Identifier: LGPL-3.0-only
import math

from odoo.tests import tagged

from odoo.addons.recall_base.models.recall_completion_check import STAGED_COLUMNS

from .common import EnterpriseHttpCase


@tagged("post_install", "-at_install")
class TestSampling(EnterpriseHttpCase):
    """Reports that pass and wait for a person all the same."""

    def _draw(self, count):
        """Draw from ``count`` checked rows; returns how many were taken."""
        Check = self.env["recall.completion.check"]
        columns = {"idx": "int", "replaces_id": "int", "refused": "boolean"}
        self.assertLessEqual({"idx", "replaces_id"}, set(STAGED_COLUMNS))
        self.env["recall.staging"]._load(
            "recall_report_checked",
            {**columns, "codes": "varchar[]"},
            ((index, None, "f", "{}") for index in range(count)),
        )
        Check._hold_back(self.producer)
        self.env.cr.execute(
            "SELECT count(*) FROM recall_report_checked WHERE held_back = 'sample'"
        )
        return self.env.cr.fetchone()[0]

    def test_sample_is_not_of_the_share_that_was_set(self):
        """E-AUDIT: none at 0 %, all at 100 %, between them within five sigma."""
        count = 20_000
        for share in (0, 0.5, 10, 50, 100):
            with self.subTest(share=share):
                self.producer.sample_share = share
                mean = count * share / 100
                sigma = math.sqrt(mean * (1 - share / 100))
                self.assertLessEqual(abs(self._draw(count) - mean), 5 * sigma)

    def test_two_draws_take_the_same(self):
        """E-AUDIT: nobody can tell beforehand which reports are drawn."""
        self.producer.sample_share = 50
        drawn = []
        for _turn in range(2):
            self._draw(200)
            self.env.cr.execute(
                """SELECT array_agg(held_back = 'sample' ORDER BY idx)
                     FROM recall_report_checked"""
            )
            drawn.append(self.env.cr.fetchone()[0])
        self.assertNotEqual(*drawn)

    def test_sampled_report_is_confirmed_by_a_rule(self):
        """E-AUDIT: a sampled report waits for a reviewer, and stays known as such."""
        self.producer.sample_share = 100
        record = self.make_record()
        self.assertEqual(self.collect_one(record), ("accepted", set()))
        report = self.find_report(record)
        self.assertEqual(report.held_back, "sample")
        self.confirm()
        self.assertEqual(report.state, "checked")
        report.action_confirm()
        self.assertEqual((report.state, report.held_back), ("confirmed", "sample"))

    def test_amending_gets_a_report_out_of_the_sample(self):
        """E-AUDIT: a report that was drawn stays so, whatever is sent after it."""
        self.producer.sample_share = 100
        record = self.make_record()
        self.collect_one(record)
        self.producer.sample_share = 0
        self.collect_one({**record, "recallTime": "2025-03-07"})
        report = self.find_report(record)
        self.assertEqual((report.held_back, report.state), ("sample", "checked"))

    def test_report_with_a_warning_is_held_back_only_if_the_producer_chooses(self):
        """E-AUDIT: warnings hold a report back if the producer says so."""
        doubtful = {"telNum": "13912345678"}
        free = self.make_record(self.vins[0], **doubtful)
        self.assertEqual(self.collect_one(free), ("accepted", {"phone_implausible"}))
        self.producer.hold_warnings = True
        held = self.make_record(self.vins[1], **doubtful)
        plain = self.make_record(self.vins[2])
        self.collect(held, plain)
        self.confirm()
        self.assertEqual(
            [
                (self.find_report(row).state, self.find_report(row).held_back)
                for row in (free, held, plain)
            ],
            [("confirmed", False), ("checked", "warning"), ("confirmed", False)],
        )

    def test_refused_report_is_drawn(self):
        self.producer.sample_share = 100
        record = self.make_record(dealerName="Nobody")
        self.collect_one(record)
        self.assertFalse(self.find_report(record).held_back)
        self.collect_one({**record, "dealerName": self.dealer.name})
        self.assertEqual(self.find_report(record).held_back, "sample")
