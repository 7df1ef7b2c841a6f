# SPDX-License-Identifier: LGPL-3.0-only
from odoo.tests import tagged

from .common import RecallServiceCommon


@tagged("post_install", "-at_install")
class TestLookupScope(RecallServiceCommon):
    def find(self, vin):
        recalls = self.env["recall.lookup"]._find(vin)
        return [recall.recall_number for recall in recalls]

    def test_vehicle_out_of_scope_is_told(self):
        """S-QUERY: a vehicle that an amendment took out has no recall any more."""
        vin = self.vins[0]
        self.assertEqual(self.find(vin), [self.plan.recall_number])
        self.plan._take_out([vin], "Other hose")
        self.assertEqual(self.find(vin), [])
        self.env["recall.vehicle"]._add_to_scope(self.plan, [(vin, None)])
        self.assertEqual(self.find(vin), [self.plan.recall_number])

    def test_withdrawn_plan_is_told(self):
        """S-QUERY: a plan is public from its publication to its withdrawal."""
        for state, told in (
            ("filed", False),
            ("published", True),
            ("running", True),
            ("finished", True),
            ("withdrawn", False),
        ):
            self.plan.state = state
            with self.subTest(state=state):
                self.assertEqual(bool(self.find(self.vins[0])), told)
