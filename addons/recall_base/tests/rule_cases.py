# SPDX-License-Identifier: LGPL-3.0-only
"""Both sides of each rule of the checks: what passes, and what the rule finds."""

from datetime import date, timedelta

from odoo import fields

from ..models.recall_completion_check import PHONE_LIMIT, Report
from ..tools import vin
from .common import RecallCommon

_TODAY = date.today()


def _wrong_check_digit(case):
    good = case.new_vin()
    return f"{good[:8]}{'0' if good[8] != '0' else '1'}{good[9:]}"


def _letters_at_the_end(case):
    """A VIN that meets GB 16735 but does not end in digits."""
    good = case.new_vin()
    draft = f"{good[:16]}A"
    return f"{draft[:8]}{vin.check_digit(draft)}{draft[9:]}"


def _old_plan(case):
    """A report on a plan that started before the vehicle's line was built."""
    plan = case.make_plan(case.producer, recall_start="2024-01-01")
    plan.line_ids.production_start = "2024-05-01"
    [text] = case.add_vehicles(plan)
    return {"recall_number": plan.recall_number, "vin": text}


def _stored(case, **vals):
    """A report that stands for a vehicle already."""
    return case.make_completion(case.plan, case.new_vin(), **vals)


def _withdrawn(case):
    return _stored(case, state="withdrawn")


def _key_of(report):
    return {"vin": report.vin, "repair_number": report.repair_number}


def _wmi_of(case, producer, code):
    """A WMI that the list assigns to a producer."""
    case.env["recall.wmi"].create(
        {"code": code, "manufacturer": producer.name, "producer_id": producer.id}
    )
    return code


def _many(case, count, **vals):
    return [case.report(vin=case.new_vin(), **vals) for _number in range(count)]


def _days(count):
    return fields.Date.to_string(_TODAY + timedelta(days=count))


#: Code -> (what passes without any finding, what the rule finds). Each is a function of
#: the test case that gives a report, or a batch of which the last report counts.
CASES = {
    "missing": (lambda c: c.report(), lambda c: c.report(phone="")),
    "recall_number_format": (
        lambda c: c.report(),
        lambda c: c.report(recall_number="S2001M1V"),
    ),
    "plan_unknown": (
        lambda c: c.report(),
        lambda c: c.report(recall_number="S2001M0001V"),
    ),
    "producer_mismatch": (
        lambda c: c.report(),
        lambda c: c.report(recall_number=c.make_plan(c.make_producer()).recall_number),
    ),
    "vin_length": (lambda c: c.report(), lambda c: c.report(vin=c.new_vin()[:16])),
    "vin_character": (
        lambda c: c.report(),
        lambda c: c.report(vin=c.new_vin().replace("A", "I", 1)),
    ),
    "vin_check_digit": (
        lambda c: c.report(),
        lambda c: c.report(vin=_wrong_check_digit(c)),
    ),
    "vin_year_code": (
        lambda c: c.report(),
        lambda c: c.report(vin=f"{c.new_vin()[:9]}U{c.new_vin()[10:]}"),
    ),
    "vin_serial": (
        lambda c: c.report(),
        lambda c: c.report(vin=c.in_scope(_letters_at_the_end(c))),
    ),
    "vin_scope": (lambda c: c.report(), lambda c: c.report(vin=c.make_vin())),
    "wmi_unknown": (
        lambda c: c.report(),
        lambda c: c.report(vin=c.in_scope(c.make_vin("1ZZ"))),
    ),
    "wmi_foreign": (
        lambda c: c.report(vin=c.in_scope(c.make_vin(_wmi_of(c, c.producer, "0ZA")))),
        lambda c: c.report(
            vin=c.in_scope(c.make_vin(_wmi_of(c, c.make_producer(), "0ZB")))
        ),
    ),
    "date_before_start": (
        lambda c: c.report(repair_date="2025-01-15"),
        lambda c: c.report(repair_date="2025-01-14"),
    ),
    # A day on either side: the test may run at midnight, in whatever zone.
    "date_future": (
        lambda c: c.report(repair_date=_days(-1)),
        lambda c: c.report(repair_date=_days(2)),
    ),
    "date_before_production": (
        lambda c: c.report(repair_date="2024-05-01", **_old_plan(c)),
        lambda c: c.report(repair_date="2024-04-30", **_old_plan(c)),
    ),
    "dealer_unknown": (
        lambda c: c.report(),
        lambda c: c.report(dealer_name=c.make_dealer(c.make_producer()).name),
    ),
    "parts_mismatch": (
        lambda c: c.report(part_numbers="BH-1"),
        lambda c: c.report(part_numbers="BH-1, X-9"),
    ),
    "measure_mismatch": (
        lambda c: c.report(measure=c.plan.measure),
        lambda c: c.report(measure="Washed."),
    ),
    "repair_number_repeated": (
        lambda c: c.report(repair_number=_withdrawn(c).repair_number),
        lambda c: c.report(repair_number=_stored(c).repair_number),
    ),
    "vehicle_repeated": (
        lambda c: c.report(vin=_withdrawn(c).vin),
        lambda c: c.report(vin=_stored(c).vin),
    ),
    "record_withdrawn": (
        lambda c: c.report(vin=_withdrawn(c).vin),
        lambda c: c.report(**_key_of(_withdrawn(c))),
    ),
    "phone_format": (
        lambda c: c.report(phone="010-85260123"),
        lambda c: c.report(phone="owner has none"),
    ),
    "phone_implausible": (
        lambda c: c.report(phone="+86 138-0013-8000"),
        lambda c: c.report(phone="13912345678"),
    ),
    "phone_shared": (
        lambda c: _many(c, PHONE_LIMIT),
        lambda c: _many(c, PHONE_LIMIT + 1),
    ),
}


class RuleCase(RecallCommon):
    """Judges reports by the rules, and makes the reports of ``CASES``."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Check = cls.env["recall.completion.check"]

    @classmethod
    def new_vin(cls):
        """A VIN in the scope of the plan that no report was made for."""
        [text] = cls.add_vehicles(cls.plan)
        return text

    @classmethod
    def in_scope(cls, text):
        cls.put_in_scope(cls.plan, [text])
        return text

    def report(self, **vals):
        """A good report of a vehicle of its own, but for ``vals``."""
        number = f"RO-RULE-{self.make_vin()}"
        return Report(
            **{
                "recall_number": self.plan.recall_number,
                "vin": vals.get("vin") or self.new_vin(),
                "repair_date": "2025-03-01",
                "repair_number": number,
                "dealer_name": self.dealer.name,
                "phone": "13800138000",
                **vals,
            }
        )

    def judge(self, reports, policy=None):
        """Check one report or a batch; ``(refused, set of codes)`` of the last one."""
        batch = reports if isinstance(reports, list) else [reports]
        self.env.flush_all()
        staged = self.Check._stage(self.producer.id, batch)
        self.Check._check(staged, *([policy] if policy else []))
        self.env.cr.execute(
            "SELECT refused, codes FROM recall_report_checked ORDER BY idx DESC LIMIT 1"
        )
        refused, codes = self.env.cr.fetchone()
        self.assertEqual(len(codes), len(set(codes)), "a finding stands twice")
        return refused, set(codes)

    def assertBothSides(self, cases, get_policy=lambda: None):
        """Judge what passes and what is found, for each rule in ``cases``."""
        findings = self.env["recall.finding"].search([])
        severity = {finding.code: finding.severity for finding in findings}
        for code, (passes, is_found) in cases.items():
            with self.subTest(rule=code, side="passes"):
                reports = passes(self)
                self.assertEqual(self.judge(reports, get_policy()), (False, set()))
            with self.subTest(rule=code, side="finds"):
                reports = is_found(self)
                refused, codes = self.judge(reports, get_policy())
                self.assertIn(code, codes)
                if severity[code] == "error":
                    self.assertTrue(refused)
                elif codes == {code}:
                    self.assertFalse(refused)
