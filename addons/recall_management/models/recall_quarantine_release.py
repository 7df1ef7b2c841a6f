# SPDX-License-Identifier: LGPL-3.0-only
from collections import Counter

from pydantic import ValidationError

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.recall_base.tools import cipher
from odoo.addons.recall_base.tools.messages import SyncRecord
from odoo.addons.recall_base.tools.phone import NO_NUMBER

from .recall_quarantine_answer import SETTLED

#: Errors that an officer may overrule: the record can be matched and counted all the
#: same. All others tell that there is no vehicle, plan or form to count it under.
OVERRULABLE = (
    "content_differs",
    "date_before_production",
    "date_before_start",
    "dealer_unknown",
    "measure_mismatch",
    "parts_mismatch",
    "repair_number_repeated",
    "vehicle_repeated",
)


class RecallQuarantine(models.Model):
    """Taking in kept records after all: released by an officer, or passing by now.

    They go the way of every answer (``recall.intake``): checked anew, stored, their
    vehicles closed and the plans' counters kept by the same statements.
    """

    _inherit = "recall.quarantine"

    def _take_in(self, *, overrule):
        """Take records in by the way they would have gone had they passed.

        :param bool overrule: in spite of the findings that may be overruled
        :returns: the entries whose records count now
        """
        taken = self.browse()
        for exchange, entries in self.grouped("exchange_id").items():
            taken |= entries._take_in_of(exchange, overrule)
        return taken

    def _take_in_of(self, exchange, overrule):
        # sudo: no role writes reports; who may release is checked before.
        entries = self.sudo()
        # sudo: its terminal is read for the lock only.
        enterprise = exchange.sudo().enterprise_id
        enterprise._lock()  # an answer of it is taken in before or after, not meanwhile
        readable = entries._read_records()
        self._check_no_versions(readable.values())
        if not readable:
            return self.browse()
        Intake = entries.env["recall.intake"]
        Intake._stage(enterprise, list(readable.values()), set())
        Intake._compare()
        entries.env["recall.completion.check"]._judge(SQL("recall_report_staging"))
        Intake._decide()
        if overrule:
            entries._overrule()
        Intake._insert_new(exchange)
        Intake._apply_corrections(exchange)
        entries._after_taking_in()
        taken = self._settle_taken(list(readable), overrule)
        entries._close_answered(enterprise)
        return taken

    def _read_records(self):
        """The records as they came, with their phone numbers; those without the right
        form are left out.

        :returns: dict entry id -> ``tools.messages.SyncRecord``
        """
        keys = cipher.KeyRing.from_environment()
        records = {}
        for entry in self:
            if not isinstance(entry.record, dict):
                continue
            withdrawn = entry.record.get("recordKind") == "withdrawal"
            if not (withdrawn or entry.phone_sealed):
                continue
            bound = entry._get_seal_context("phone_sealed")
            try:
                phone = NO_NUMBER if withdrawn else keys.open(entry.phone_sealed, bound)
                records[entry.id] = SyncRecord.model_validate(
                    {**entry.record, "telNum": phone}
                )
            except (cipher.SealError, ValidationError):
                continue
        return records

    def _check_no_versions(self, records):
        counts = Counter(
            (record.recallNum, record.vehicleVin, record.repairNum)
            for record in records
        )
        twice = [key for key, count in counts.items() if count > 1]
        if twice:
            raise UserError(
                self.env._(
                    "Several of the chosen entries are versions of one record "
                    "(%(vin)s, %(number)s). Choose the one that is right, and close "
                    "the others.",
                    vin=twice[0][1],
                    number=twice[0][2],
                )
            )

    def _overrule(self):
        """Have checked records taken in against which only such findings stand as may
        be overruled.

        A version that stands keeps its number if it is higher: the producer's next
        correction must be newer than it.
        """
        self.env.cr.execute(
            SQL(
                """UPDATE recall_report_checked row
                      SET action = CASE WHEN row.replaces_id IS NULL THEN 'new'
                                        ELSE 'corrected' END,
                          version = greatest(row.version, (
                              SELECT version FROM recall_completion
                               WHERE id = row.replaces_id))
                    WHERE row.action = 'quarantined' AND row.kind != 'withdrawal'
                      AND row.taken IS NOT TRUE
                      AND NOT EXISTS (
                          SELECT FROM recall_finding
                           WHERE code = ANY(row.codes) AND severity = 'error'
                             AND code NOT IN %s)""",
                OVERRULABLE,
            )
        )

    def _after_taking_in(self):
        Completion = self.env["recall.completion"]
        Completion.invalidate_model()
        stored = """(completion.vin, completion.recall_number,
                     completion.repair_number) IN (
                   SELECT vin, recall_number, repair_number
                     FROM recall_report_checked WHERE action IN %s)"""
        Completion._close_vehicles(SQL(stored, ("new", "corrected")))
        Completion._redate_vehicles(SQL(stored, ("corrected",)))

    def _settle_taken(self, ids, overrule):
        """Settle the entries whose records stand now; renew the reasons of the others.

        :param ids: ids of the entries, in the order in which they were staged
        :returns: the entries settled
        """
        staged = self.env["recall.staging"]._load(
            "recall_quarantine_taken",
            {"idx": "int", "entry_id": "int"},
            enumerate(ids),
        )
        self.env.cr.execute(
            SQL(
                """UPDATE recall_quarantine entry
                      SET state = CASE WHEN %(overrule)s AND row.action != 'same'
                                       THEN 'released' ELSE 'answered' END,
                          completion_id = stored.id, %(settled)s
                     FROM %(staged)s staged
                     JOIN recall_report_checked row ON row.idx = staged.idx
                     JOIN recall_completion stored
                       ON stored.vin = row.vin
                      AND stored.recall_number = row.recall_number
                      AND stored.repair_number = row.repair_number
                      AND stored.state = 'confirmed'
                    WHERE entry.id = staged.entry_id
                      AND row.action IN ('new', 'corrected', 'same')
                RETURNING entry.id""",
                overrule=overrule,
                settled=SETTLED,
                staged=staged,
            )
        )
        settled = self.browse(sorted(row[0] for row in self.env.cr.fetchall()))
        self._renew_findings(staged)
        self.invalidate_model()
        return settled

    def _renew_findings(self, staged):
        """Write what stands against the records that were not taken in now."""
        self.env.cr.execute(
            SQL(
                """WITH left_over AS (
                       SELECT staged.entry_id, row.codes FROM %(staged)s staged
                         JOIN recall_report_checked row ON row.idx = staged.idx
                        WHERE row.action = 'quarantined' AND row.codes != '{}'),
                   gone AS (
                       DELETE FROM recall_finding_recall_quarantine_rel rel
                        USING left_over, recall_finding finding
                        WHERE rel.recall_quarantine_id = left_over.entry_id
                          AND finding.id = rel.recall_finding_id
                          AND finding.code != ALL(left_over.codes))
                   INSERT INTO recall_finding_recall_quarantine_rel (
                          recall_quarantine_id, recall_finding_id)
                   SELECT left_over.entry_id, finding.id FROM left_over
                     JOIN recall_finding finding ON finding.code = ANY(left_over.codes)
                   ON CONFLICT DO NOTHING""",
                staged=staged,
            )
        )
