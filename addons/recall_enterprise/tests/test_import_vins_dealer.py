# SPDX-License-Identifier: LGPL-3.0-only
from odoo.tests import tagged

from odoo.addons.recall_base.tests.import_common import ImportCommon

HEADER = ("VIN", "责任经销商")


@tagged("post_install", "-at_install")
class TestImportVinsDealer(ImportCommon):
    """The VIN list of a plan names the dealer that sees to each vehicle."""

    def take_in_list(self, *rows):
        return self.take_in(self.make_csv(rows, HEADER))

    def dealer_of(self, vin):
        return self.get_vehicle(self.plan, vin).responsible_dealer_id

    def test_dealer_of_the_list_is_not_noted(self):
        """E-NOTIFY: a list says who sees to a vehicle; unknown dealers are errors."""
        named, bare, lost = (self.make_vin() for _ in range(3))
        job = self.take_in_list((named, self.dealer.name), (bare, ""), (lost, "Nobody"))
        self.assertEqual(self.counts(job), ("done", 3, 2, 0, 1))
        self.assertEqual(self.dealer_of(named), self.dealer)
        self.assertFalse(self.dealer_of(bare))
        self.assertFalse(self.get_vehicle(self.plan, lost))
        self.assertEqual(job.error_ids.code, "dealer_unknown")

    def test_vehicle_cannot_be_given_to_another_dealer(self):
        """E-NOTIFY: the list again with another dealer changes just that."""
        first, second = self.make_vin(), self.make_vin()
        other = self.make_dealer(self.producer)
        rows = [(first, self.dealer.name), (second, self.dealer.name)]
        self.take_in_list(*rows)
        self.assertEqual(self.counts(self.take_in_list(*rows)), ("done", 2, 0, 2, 0))
        job = self.take_in_list((first, other.name), (second, self.dealer.name))
        self.assertEqual(self.counts(job), ("done", 2, 1, 1, 0))
        self.assertEqual(self.dealer_of(first), other)
        self.assertEqual(self.dealer_of(second), self.dealer)
        # A list without dealers leaves them as they are.
        self.take_in_list((first, ""))
        self.assertEqual(self.dealer_of(first), other)

    def test_dealer_of_another_producer_is_taken(self):
        """X-ACCESS: only the producer's own dealers see to its vehicles."""
        foreign = self.make_dealer(self.make_producer())
        job = self.take_in_list((self.make_vin(), foreign.name))
        self.assertEqual(self.counts(job), ("done", 1, 0, 0, 1))
