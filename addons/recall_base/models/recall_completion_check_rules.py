# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, models
from odoo.tools import SQL

from ..tools import phone, recall_number, vin
from .recall_completion_check import DEALER_BY_NUMBER

#: Findings about the form of a VIN (GB 16735): those that an exception waives.
VIN_CODES = (
    "vin_length",
    "vin_character",
    "vin_check_digit",
    "vin_year_code",
    "vin_serial",
)
#: Findings by which two reports stand against each other: condition on ``other``.
REPEATS = {
    "repair_number_repeated": SQL(
        "other.repair_number = row.repair_number AND other.vin != row.vin"
    ),
    "vehicle_repeated": SQL(
        "other.vin = row.vin AND other.recall_number = row.recall_number"
    ),
}
#: Rules that need no database: code -> whether a ``Report`` of a ``Batch`` is at fault.
TEXT_RULES = {
    "missing": lambda report, _batch: not report.phone,
    "date_future": lambda report, batch: report.repair_date > batch.today,
    "recall_number_format": lambda report, _batch: (
        not recall_number.is_recall_number(report.recall_number)
    ),
    "phone_shared": lambda report, batch: report.phone in batch.shared_phones,
}


class RecallCompletionCheck(models.AbstractModel):
    """The rules of the checks, each under the code of its finding."""

    _inherit = "recall.completion.check"

    @api.model
    def _rule_codes(self):
        """The codes of all rules, however they are applied."""
        return {
            *VIN_CODES,
            *TEXT_RULES,
            phone.FORMAT,
            phone.IMPLAUSIBLE,
            *self._rules(),
        }

    @api.model
    def _find_in_text(self, report, vin_good, batch):
        """Yield the codes of what is wrong with a report, without the database.

        :param vin_good: whether there is nothing to say about the form of the VIN
        """
        if not vin_good:
            findings = vin.check_vin(report.vin).findings
            yield from dict.fromkeys(finding.code for finding in findings)
        for code, is_at_fault in TEXT_RULES.items():
            if is_at_fault(report, batch):
                yield code
        if code := phone.find_fault(report.phone):
            yield code

    @api.model
    def _rules(self):
        """The rules: code of the finding -> condition on a staged row.

        A condition may use ``row`` (the staged report), ``plan``, ``vehicle``, ``line``
        and ``dealer`` (what it was matched with; NULL where nothing matched).
        """
        return {
            "plan_unknown": SQL("plan.id IS NULL"),
            "producer_mismatch": SQL("plan.producer_id != row.producer_id"),
            "vin_scope": SQL("plan.id IS NOT NULL AND vehicle.id IS NULL"),
            # GB 16737: six characters name a maker of fewer than 1000 vehicles a year.
            # NOT IN: the list is read once, not for each row.
            "wmi_unknown": SQL(
                """left(row.vin, 3) NOT IN (SELECT code FROM recall_wmi)
                   AND left(row.vin, 3) || substr(row.vin, 12, 3)
                       NOT IN (SELECT code FROM recall_wmi)"""
            ),
            # One that is assigned to others only; most are assigned to nobody here.
            "wmi_foreign": SQL(
                """(left(row.vin, 3) IN (%(assigned)s)
                    OR left(row.vin, 3) || substr(row.vin, 12, 3) IN (%(assigned)s))
                   AND (left(row.vin, 3), row.producer_id) NOT IN (%(owned)s)
                   AND (left(row.vin, 3) || substr(row.vin, 12, 3), row.producer_id)
                       NOT IN (%(owned)s)""",
                assigned=SQL("SELECT code FROM recall_wmi WHERE producer_id > 0"),
                owned=SQL(
                    "SELECT code, producer_id FROM recall_wmi WHERE producer_id > 0"
                ),
            ),
            "date_before_start": SQL("row.repair_date < plan.recall_start"),
            "date_before_production": SQL("row.repair_date < line.production_start"),
            "dealer_unknown": SQL(
                "dealer.id IS NULL AND (%s) IS NULL", DEALER_BY_NUMBER
            ),
            # Most reports name one part: it is looked up before a list is taken apart.
            # Those that name none end the condition: NULL would not.
            "parts_mismatch": SQL(
                """coalesce(row.part_numbers, '') != ''
                   AND NOT EXISTS (SELECT FROM recall_plan_part part
                                    WHERE part.plan_id = plan.id
                                      AND part.number = row.part_numbers)
                   AND EXISTS (SELECT FROM unnest(string_to_array(
                                   row.part_numbers, ',')) AS used(number)
                            WHERE NOT EXISTS (SELECT FROM recall_plan_part part
                                 WHERE part.plan_id = plan.id
                                   AND part.number = ltrim(used.number)))"""
            ),
            "measure_mismatch": SQL("nullif(row.reported_measure, '') != plan.measure"),
            "record_withdrawn": _standing(SQL("same_repair AND state = 'withdrawn'")),
            "vehicle_repeated": _standing(
                SQL("own AND state IN ('checked', 'confirmed')")
            ),
            "repair_number_repeated": SQL(
                """EXISTS (SELECT FROM recall_completion other
                            WHERE other.producer_id = row.producer_id
                              AND other.state IN ('checked', 'confirmed')
                              AND other.id IS DISTINCT FROM row.replaces_id
                              AND %s)""",
                REPEATS["repair_number_repeated"],
            ),
        }


def _standing(condition):
    """Whether another report stands for the vehicle of which ``condition`` is true.

    IN: the few that stand are read once, not for each row.
    """
    return SQL(
        """row.idx IN (SELECT idx FROM recall_report_standing
                        WHERE NOT replaced AND %s)""",
        condition,
    )
