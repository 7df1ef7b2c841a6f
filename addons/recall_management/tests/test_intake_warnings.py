# SPDX-License-Identifier: LGPL-3.0-only
from odoo.tests import tagged

from .test_quarantine_decisions import DecisionCommon

PLAIN = "13901357924"
#: A number that looks made up: a warning, no error.
ODD = "13912345678"


@tagged("post_install", "-at_install")
class TestIntakeWarnings(DecisionCommon):
    """What was found in records that were taken in all the same."""

    def codes(self, record):
        return set(self.get_completion(record).finding_ids.mapped("code"))

    def test_warning_of_a_record_that_counts_is_forgotten(self):
        """M-VERIFY: it stands beside the record, can be filtered by, and is counted in
        the exchange; records without one have nothing."""
        good, odd = self.make_record(telNum=PLAIN), self.make_record(telNum=ODD)
        exchange = self.take_in(good, odd)
        self.assertCounts(exchange, new=2)
        self.assertEqual(exchange.warned_count, 1)
        self.assertFalse(self.codes(good))
        found = self.get_completion(odd).finding_ids
        self.assertEqual(set(found.mapped("severity")), {"warning"})
        warned = self.env["recall.completion"].search(
            [
                ("finding_ids.severity", "=", "warning"),
                ("exchange_id", "=", exchange.id),
            ]
        )
        self.assertEqual(warned, self.get_completion(odd))

    def test_correction_keeps_the_warning_of_the_version_before(self):
        """M-VERIFY: what was found stands for the present version."""
        record = self.make_record(telNum=ODD)
        self.take_in(record)
        self.assertTrue(self.codes(record))
        correction = {
            **record,
            "telNum": PLAIN,
            "recordKind": "correction",
            "recordVersion": 2,
        }
        exchange = self.take_in(correction)
        self.assertCounts(exchange, corrected=1)
        self.assertFalse(self.codes(record))
        again = {**correction, "telNum": record["telNum"], "recordVersion": 3}
        self.assertEqual(self.take_in(again).warned_count, 1)
        self.assertTrue(self.codes(record))

    def test_record_sent_again_doubles_its_warning(self):
        """X-FAULT: the same content again changes nothing."""
        record = self.make_record(telNum=ODD)
        self.take_in(record)
        codes = self.codes(record)
        again = self.take_in(record)
        self.assertCounts(again, same=1)
        self.assertEqual((again.warned_count, self.codes(record)), (0, codes))

    def test_released_record_hides_what_was_overruled(self):
        """M-VERIFY: of a record that an officer released, what stood against it is
        shown; its exchange stays as it was."""
        record = self.make_record(dealerName="Not in the filing", telNum=PLAIN)
        entry = self.keep(record)
        self.decide(entry, "release", "proved", "Seen the repair order.")
        self.assertEqual(self.codes(record), {"dealer_unknown"})
        self.assertEqual(entry.exchange_id.warned_count, 0)

    def test_rule_made_a_warning_is_not_told(self):
        """M-VERIFY: a rule that an engineer made a warning lets the record in, and
        tells."""
        finding = self.env["recall.finding"].search([("code", "=", "dealer_unknown")])
        finding.own_severity = "warning"
        record = self.make_record(dealerName="Not in the filing", telNum=PLAIN)
        self.assertCounts(self.take_in(record), new=1)
        self.assertEqual(self.codes(record), {"dealer_unknown"})
