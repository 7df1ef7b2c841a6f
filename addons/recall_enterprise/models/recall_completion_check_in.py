# SPDX-License-Identifier: LGPL-3.0-only
from odoo import models
from odoo.tools import SQL

from odoo.addons.recall_base.models.recall_completion_check import Report

from .recall_completion_check import BY_REVIEWER, content_of

FINDINGS = "recall_completion_recall_finding_rel"


class RecallCompletion(models.Model):
    _inherit = "recall.completion"

    def _check_in(self):
        """Run stored drafts and rejected reports through the checks, and hand them in.

        Those that pass become ``checked``, the others ``rejected`` with their findings;
        what a reviewer rejected and nobody amended since stays rejected with the
        reviewer's reason. Reports in other states stay as they are. The caller answers
        for who may hand in.

        :returns: the reports that passed
        """
        passed = self.browse()
        waiting = self.filtered(lambda report: report.state in ("draft", "rejected"))
        for producer, reports in waiting.grouped("producer_id").items():
            reports._check_again(producer)
            passed |= reports._store_checked(SQL("TRUE"))
        if passed:
            self.env.ref("recall_enterprise.ir_cron_confirm")._trigger()
        self.env["recall.completion.event"]._add(
            SQL("SELECT unnest(%s::int[]), 'handed_in'", waiting.ids)
        )
        return passed

    def _check_again(self, producer):
        """Check stored reports of one producer: makes ``recall_report_checked``."""
        # sudo: the sealed phone number is hidden from every role; it is only compared.
        reports = [report.sudo()._prepare_report() for report in self]
        Check = self.env["recall.completion.check"]
        Check._audit(Check._stage(producer.id, reports), producer)

    def _prepare_report(self):
        """What a stored report says, for the checks."""
        return Report(
            self.recall_number,
            self.vin,
            self.repair_date.isoformat(),
            self.repair_number,
            self.dealer_name,
            (self._open_kept(self._open_phone) if self.phone_sealed else "") or "",
            part_numbers=self.part_numbers or None,
            measure=self.reported_measure or None,
            replaces_id=self.id,
        )

    def _store_checked(self, where):
        """Write what the checks found to the reports they were run on.

        :param SQL where: condition on ``checked``, the row of the checks
        :returns: the reports that passed
        """
        self.env.cr.execute(
            SQL(
                """UPDATE recall_completion completion
                      SET state = CASE WHEN refused THEN 'rejected' ELSE 'checked' END,
                          plan_id = checked.plan_id, vehicle_id = checked.vehicle_id,
                          dealer_id = coalesce(checked.dealer_id, completion.dealer_id),
                          held_back = checked.held_back,
                          reject_reason_id = NULL, reject_note = NULL,
                          write_date = now() AT TIME ZONE 'UTC', write_uid = %(user)s
                     FROM recall_report_checked checked
                    WHERE checked.replaces_id = completion.id AND %(where)s
                RETURNING completion.id, NOT refused""",
                user=self.env.uid,
                where=where,
            )
        )
        stored = self.env.cr.fetchall()
        self._replace_findings(
            SQL("SELECT unnest(%s::int[])", [row[0] for row in stored])
        )
        self._renew_rejection()
        self.invalidate_model()
        return self.browse([row[0] for row in stored if row[1]])

    def _replace_findings(self, record_ids):
        """Give reports the findings of the last check.

        :param SQL record_ids: a query of the ids of those that stand in ``replaces_id``
        """
        self.env.cr.execute(
            SQL(
                "DELETE FROM %s WHERE recall_completion_id IN (%s)",
                SQL.identifier(FINDINGS),
                record_ids,
            )
        )
        self.env["recall.completion.check"]._link_findings(
            FINDINGS,
            "recall_completion_id",
            SQL(
                """SELECT idx, replaces_id FROM recall_report_checked
                    WHERE replaces_id IN (%s)""",
                record_ids,
            ),
        )

    def _renew_rejection(self):
        """Bring a reviewer's reason in line with the content that the checks have seen.

        Other content takes it off. The digest of what was rejected stays: who sends
        that again is refused again, for the same reason.
        """
        self.env.cr.execute(
            SQL(
                """UPDATE recall_completion completion
                      SET (reject_reason_id, reject_note) = (
                          SELECT event.reason_id, event.note
                            FROM recall_completion_event event
                           WHERE event.completion_id = completion.id
                             AND event.deed = 'rejected' AND %s = ANY(checked.codes)
                           ORDER BY event.id DESC LIMIT 1)
                     FROM recall_report_checked checked
                    WHERE checked.replaces_id = completion.id
                      AND completion.reject_digest IS NOT NULL
                      AND completion.state IN ('checked', 'rejected')""",
                BY_REVIEWER,
            )
        )

    def _after_taken_in(self):
        """Write the history of stored reports that their sender has changed."""
        self._renew_rejection()
        self.env["recall.completion.event"]._add(
            SQL(
                """SELECT replaces_id,
                          CASE replaced_state WHEN 'confirmed' THEN 'corrected'
                               ELSE 'amended' END
                     FROM recall_report_checked
                    WHERE replaced_state IN ('draft', 'checked', 'rejected')
                       OR (replaced_state = 'confirmed' AND NOT refused)"""
            ),
            user=False,
        )

    def _remember_rejected(self):
        """Keep the digest of what is rejected now, to know it again."""
        self.env.cr.execute(
            SQL(
                "UPDATE recall_completion completion SET reject_digest = %s"
                " WHERE id = ANY(%s)",
                content_of("completion"),
                self.ids,
            )
        )

    def _forget_rejected(self):
        """No longer know again what was rejected: the rejection is taken back."""
        self.env.cr.execute(
            "UPDATE recall_completion SET reject_digest = NULL WHERE id = ANY(%s)",
            [self.ids],
        )

    def _add_reviewers_finding(self):
        """Give reports the finding that says a reviewer rejected them."""
        self.env.cr.execute(
            SQL(
                """INSERT INTO %s (recall_completion_id, recall_finding_id)
                   SELECT completion.id, finding.id
                     FROM unnest(%s::int[]) AS completion(id), recall_finding finding
                    WHERE finding.code = %s ON CONFLICT DO NOTHING""",
                SQL.identifier(FINDINGS),
                self.ids,
                BY_REVIEWER,
            )
        )
        self.invalidate_recordset(flush=False)
