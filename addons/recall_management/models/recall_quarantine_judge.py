# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, models

from odoo.addons.recall_base.models.recall_completion_check import (
    DEFAULT_POLICY,
    STAGED_COLUMNS,
    Batch,
    Report,
)

#: Members of a record that the rules look at, with the column each is staged in.
_JUDGED = {
    "recallNum": "recall_number",
    "vehicleVin": "vin",
    "recallTime": "repair_date",
    "repairNum": "repair_number",
    "dealerName": "dealer_name",
    "telNum": "phone",
}


class RecallQuarantineJudge(models.AbstractModel):
    """Finds what is wrong with a record beside its format (M-VERIFY).

    The rules are those of every check; those about a member which the record lacks, or
    has in a wrong form, say nothing and are left out.
    """

    _name = "recall.quarantine.judge"
    _description = "Findings of records without the right format"

    @api.model
    def _judge_refused(self, producer, refused):
        """Find all that is wrong with records that do not fit annex A.

        :param producer: ``recall.producer`` that sent them
        :param refused: list of ``tools.messages.Refused``
        :returns: list of sets of codes, in the order of ``refused``
        """
        codes = [{finding["code"] for finding in item.findings} for item in refused]
        bad = [_bad_members(item) for item in refused]
        reports = [
            _read(item.record, members)
            for item, members in zip(refused, bad, strict=True)
        ]
        member_of = {
            finding.code: finding.member
            for finding in self.env["recall.finding"].search_fetch([], ["member"])
        }
        for index, found in self._find(producer, reports):
            codes[index] |= {
                code
                for code in found
                if member_of.get(code) and member_of[code] not in bad[index]
            }
        return codes

    def _find(self, producer, reports):
        """Apply the rules that look at one report at a time.

        :returns: pairs ``(index, list of codes)`` of the reports with findings
        """
        Check = self.env["recall.completion.check"]
        batch = Batch(Check._today(producer.id), frozenset())
        vins_good = Check._judge_vins(producer.id, reports)
        rows = (
            (
                index,
                producer.id,
                report.recall_number or None,
                report.vin or None,
                report.repair_date or None,
                report.repair_number or None,
                report.dealer_name or None,
                *[None] * 5,
                ",".join(Check._find_in_text(report, good, batch)),
                None,
            )
            for index, (report, good) in enumerate(zip(reports, vins_good, strict=True))
        )
        staged = self.env["recall.staging"]._load(
            "recall_report_staging", STAGED_COLUMNS, rows
        )
        Check._find_standing(staged)
        Check._apply_rules(staged, DEFAULT_POLICY)
        self.env.cr.execute(
            "SELECT idx, codes FROM recall_report_checked WHERE codes != '{}'"
        )
        return self.env.cr.fetchall()


def _bad_members(item):
    """Names of the members that are at fault, or all of them."""
    names = {finding["member"].partition("[")[0] for finding in item.findings}
    return set(_JUDGED) if "" in names else names


def _read(record, bad):
    """The record as a ``Report``, with "" for what it does not tell."""
    return Report(
        **{
            column: "" if name in bad else record.get(name, "")
            for name, column in _JUDGED.items()
        }
    )
