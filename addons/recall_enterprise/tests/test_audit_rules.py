# SPDX-License-Identifier: LGPL-3.0-only
from psycopg2 import IntegrityError

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.recall_base.models.recall_completion_check import PHONE_LIMIT
from odoo.addons.recall_base.tests.rule_cases import CASES, RuleCase

LIMIT = 2 * PHONE_LIMIT


def _same_day(case, stored, fresh, day="2025-04-01"):
    """A batch of one dealer for one day, beside reports that stand already."""
    dealer = case.make_dealer(case.producer)
    for _number in range(stored):
        case.make_completion(
            case.plan,
            case.new_vin(),
            repair_date=day,
            dealer_id=dealer.id,
            dealer_name=dealer.name,
        )
    vals = {"dealer_name": dealer.name, "repair_date": day}
    return [case.report(vin=case.new_vin(), **vals) for _number in range(fresh)]


def _rejected(case):
    """A report as a reviewer rejected it, for the sender to repeat."""
    report = case.report()
    stored = case.make_completion(
        case.plan,
        report.vin,
        state="checked",
        repair_date=report.repair_date,
        repair_number=report.repair_number,
        dealer_name=report.dealer_name,
    )
    stored._reject(case.env.ref("recall_enterprise.review_reason_reject_no_evidence"))
    return report


OWN_CASES = {
    "rejected_by_reviewer": (
        lambda c: _rejected(c)._replace(repair_date="2025-03-02"),
        _rejected,
    ),
    "dealer_burst": (
        lambda c: _same_day(c, stored=LIMIT - 2, fresh=2),
        lambda c: _same_day(c, stored=LIMIT - 1, fresh=2),
    ),
}


@tagged("post_install", "-at_install")
class TestAuditRules(RuleCase):
    """The rules as a producer applies them: with its switches and limits."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.producer.burst_limit = LIMIT

    def _get_finding(self, code):
        return self.env["recall.finding"].search([("code", "=", code)])

    def test_rule_has_no_row_in_the_table(self):
        """E-AUDIT: both sides of each rule are tested."""
        codes = set(CASES) | set(OWN_CASES)
        self.assertLessEqual(set(OWN_CASES), self.Check._rule_codes())
        self.assertEqual(codes, self.Check._rule_codes())
        self.assertEqual(
            codes - set(self.env["recall.finding"].search([]).mapped("code")), set()
        )

    def test_rule_finds_what_is_right_or_passes_what_is_wrong(self):
        """E-AUDIT: each rule passes the one side and finds the other."""
        self.assertBothSides(CASES | OWN_CASES, self.producer._check_policy)

    def test_regulator_heeds_the_producer_s_settings(self):
        """M-VERIFY: limits, switches and reviewers of a producer bind the producer."""
        self.producer.unchecked_finding_ids = self._get_finding("dealer_unknown")
        for make in (lambda c: _same_day(c, stored=LIMIT - 1, fresh=2), _rejected):
            self.assertEqual(self.judge(make(self)), (False, set()))
        self.assertTrue(self.judge(self.report(dealer_name="Nobody"))[0])

    def test_switch_works_for_another_rule_or_producer(self):
        """E-AUDIT: a producer switches off one rule, for itself."""
        self.producer.unchecked_finding_ids = self._get_finding("dealer_unknown")
        policy = self.producer._check_policy()
        report = self.report(dealer_name="Nobody")
        self.assertEqual(self.judge(report, policy), (False, set()))
        self.assertTrue(self.judge(report, self.make_producer()._check_policy())[0])
        parts = self.report(dealer_name="Nobody", part_numbers="X-9")
        self.assertEqual(self.judge(parts, policy), (True, {"parts_mismatch"}))

    def test_burst_rule_is_not_switched_off(self):
        """E-AUDIT: by its switch and by a limit of 0."""
        batch = _same_day(self, stored=LIMIT - 1, fresh=2)
        self.producer.burst_limit = 0
        self.assertEqual(
            self.judge(batch, self.producer._check_policy()), (False, set())
        )
        self.producer.burst_limit = LIMIT
        self.producer.unchecked_finding_ids = self._get_finding("dealer_burst")
        self.assertEqual(
            self.judge(batch, self.producer._check_policy()), (False, set())
        )

    def test_amended_report_counts_twice_towards_a_burst(self):
        dealer = self.make_dealer(self.producer)
        vals = {"dealer_name": dealer.name, "repair_date": "2025-04-01"}
        stored = [
            self.make_completion(
                self.plan, self.new_vin(), dealer_id=dealer.id, state="checked", **vals
            )
            for _number in range(LIMIT)
        ]
        batch = [
            self.report(vin=report.vin, replaces_id=report.id, **vals)
            for report in stored
        ]
        policy = self.producer._check_policy()
        self.assertNotIn("dealer_burst", self.judge(batch, policy)[1])
        batch.append(self.report(**vals))
        self.assertIn("dealer_burst", self.judge(batch, policy)[1])

    def test_identity_rule_is_switched_off_past_the_form(self):
        """E-AUDIT: a switch on an identity rule has no effect, however it got there."""
        self.producer.unchecked_finding_ids = self.env["recall.finding"].search([])
        refused, codes = self.judge(
            self.report(recall_number="S2001M0001V"), self.producer._check_policy()
        )
        self.assertEqual((refused, codes), (True, {"plan_unknown"}))

    def test_rules_ticked_on_the_form_are_not_those_that_apply(self):
        """E-AUDIT: a rule without its tick is switched off; each change is logged."""
        finding = self._get_finding("phone_implausible")
        self.assertIn(finding, self.producer.applied_finding_ids)
        self.producer.applied_finding_ids = [Command.unlink(finding.id)]
        self.assertEqual(self.producer.unchecked_finding_ids, finding)
        event = self.env["recall.audit.event"].search(
            [("action", "=", "producer.write")], limit=1
        )
        self.assertEqual(event.res_id, self.producer.id)
        self.assertEqual(
            event.detail["changes"]["unchecked_finding_ids"], [None, finding.ids]
        )

    def test_settings_are_changed_by_a_reviewer(self):
        """X-ACCESS: switches, sample and severities are the administrator's."""
        reviewer = self.make_user(
            "rules_reviewer",
            "recall_enterprise.group_reviewer",
            recall_producer_ids=self.producer.ids,
        )
        for vals in (
            {"sample_share": 5},
            {"auto_confirm": False},
            {"unchecked_finding_ids": [Command.clear()]},
        ):
            with self.subTest(vals=vals), self.assertRaises(AccessError):
                self.producer.with_user(reviewer).write(vals)
        finding = self._get_finding("phone_implausible")
        with self.assertRaises(AccessError):
            finding.with_user(reviewer).own_severity = "error"
        keeper = self.make_user(
            "rules_administrator", "recall_enterprise.group_administrator"
        )
        finding.with_user(keeper).own_severity = "error"
        for vals in ({"switchable": False}, {"default_severity": "error"}):
            with self.subTest(vals=vals), self.assertRaises(AccessError):
                finding.with_user(keeper).write(vals)

    def test_setting_without_sense_is_stored(self):
        with mute_logger("odoo.sql_db"):
            for vals in (
                {"sample_share": 100.5},
                {"sample_share": -1},
                {"burst_limit": -1},
            ):
                with self.subTest(vals=vals), self.assertRaises(IntegrityError):
                    self.producer.write(vals)
                    self.producer.flush_recordset()
