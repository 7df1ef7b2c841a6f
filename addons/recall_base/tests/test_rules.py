# SPDX-License-Identifier: LGPL-3.0-only
from odoo.tests import tagged

from ..models.recall_completion_check import Policy
from ..models.recall_completion_check_rules import RecallCompletionCheck
from .rule_cases import CASES, RuleCase


@tagged("post_install", "-at_install")
class TestRules(RuleCase):
    """The registry of rules as the regulator applies it: whole, without settings."""

    def test_rule_has_no_row_in_the_table(self):
        """E-AUDIT: both sides of each rule are tested."""
        # The rules of this add-on: others may add to them.
        self.assertEqual(set(CASES), RecallCompletionCheck._rule_codes(self.Check))

    def test_rule_finds_what_is_right_or_passes_what_is_wrong(self):
        """E-AUDIT, M-VERIFY: each rule passes the one side and finds the other."""
        self.assertBothSides(CASES)

    def test_rule_that_is_switched_off_still_finds(self):
        """E-AUDIT: a rule that is switched off finds nothing, the others do."""
        findings = self.env["recall.finding"].search([("switchable", "=", True)])
        for code in set(findings.mapped("code")) & set(CASES):
            with self.subTest(rule=code):
                _passes, is_found = CASES[code]
                policy = Policy(switched_off=frozenset([code]))
                report = is_found(self)
                _refused, before = self.judge(report)
                _refused, after = self.judge(report, policy)
                self.assertEqual(after, before - {code})

    def test_finding_of_a_rule_is_not_in_the_catalogue(self):
        codes = set(self.env["recall.finding"].search([]).mapped("code"))
        self.assertLessEqual(self.Check._rule_codes(), codes)

    def test_identity_rule_can_be_switched_off(self):
        """E-AUDIT: what a report belongs to, and that it counts once, always counts."""
        findings = self.env["recall.finding"].search([("switchable", "=", False)])
        self.assertLessEqual(
            {
                "plan_unknown",
                "producer_mismatch",
                "recall_number_format",
                "repair_number_repeated",
                "record_withdrawn",
                "vehicle_repeated",
                "vin_check_digit",
                "vin_scope",
            },
            set(findings.mapped("code")),
        )
