# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, models
from odoo.tools import SQL

#: Finding by which a reviewer's rejection stands.
BY_REVIEWER = "rejected_by_reviewer"


def content_of(alias):
    """A short digest, in SQL, of what a report says; its phone number keyed.

    :param str alias: of ``recall_completion`` or a checked row
    """
    row = SQL.identifier(alias)
    return SQL(
        """md5(ROW(%(row)s.recall_number, %(row)s.vin, %(row)s.repair_date,
                   %(row)s.repair_number, %(row)s.dealer_name, %(row)s.phone_digest,
                   nullif(%(row)s.part_numbers, ''),
                   nullif(%(row)s.reported_measure, ''))::text)""",
        row=row,
    )


class RecallCompletionCheck(models.AbstractModel):
    """The producer's audit: the rules as it has settled them, and who looks again."""

    _inherit = "recall.completion.check"

    @api.model
    def _rule_codes(self):
        return super()._rule_codes() | {BY_REVIEWER, "dealer_burst"}

    @api.model
    def _audit(self, staged, producer):
        """Check staged reports by the producer's own settings.

        Leaves ``recall_report_checked`` as ``_check`` does, with a further column
        ``held_back``: why a report that passes waits for a reviewer.
        """
        self._check(staged, producer._check_policy())
        self._hold_back(producer)

    def _check_batch(self, policy):
        super()._check_batch(policy)
        if policy.heeds_reviewers:
            self._find_rejected_by_reviewer()
        if policy.burst_limit and "dealer_burst" not in policy.switched_off:
            self._find_bursts(policy.burst_limit)

    def _find_rejected_by_reviewer(self):
        """Refuse the mere repeat of what a reviewer rejected, under whatever id.

        One join over a partial index of the rejected only: they are few.
        """
        self._add_finding(
            BY_REVIEWER,
            SQL(
                """SELECT row.idx FROM recall_report_checked row
                     JOIN recall_completion other
                       ON other.recall_number = row.recall_number
                      AND other.vin = row.vin AND other.producer_id = row.producer_id
                    WHERE other.reject_digest IS NOT NULL
                      AND other.reject_digest = %s""",
                content_of("row"),
            ),
        )

    def _find_bursts(self, limit):
        """Find dealers that report more than ``limit`` repairs for the same day.

        Each dealer and day of the batch costs one index probe that stops after
        ``limit`` entries; what a report replaces is not counted twice.
        """
        self.env.cr.execute(
            SQL(
                """SELECT day.dealer_id, day.repair_date
                     FROM (SELECT dealer_id, repair_date,
                                  count(*) FILTER (WHERE replaces_id IS NULL OR (
                                      SELECT stored.id FROM recall_completion stored
                                       WHERE stored.id = row.replaces_id
                                         AND stored.dealer_id = row.dealer_id
                                         AND stored.repair_date = row.repair_date
                                         AND stored.state IN ('checked', 'confirmed')
                                  ) IS NULL) AS fresh
                             FROM recall_report_checked row
                            WHERE dealer_id IS NOT NULL AND NOT refused
                            GROUP BY 1, 2) AS day
                    WHERE day.fresh + (SELECT count(*) FROM (
                              SELECT FROM recall_completion other
                               WHERE other.dealer_id = day.dealer_id
                                 AND other.repair_date = day.repair_date
                                 AND other.state IN ('checked', 'confirmed')
                               LIMIT %(limit)s + 1) AS counted) > %(limit)s""",
                limit=limit,
            )
        )
        if days := self.env.cr.fetchall():
            self._add_finding(
                "dealer_burst",
                SQL(
                    """SELECT idx FROM recall_report_checked
                        WHERE NOT refused AND (dealer_id, repair_date) IN %s""",
                    tuple(days),
                ),
            )

    def _hold_back(self, producer):
        """Choose the reports that a person looks at though they pass.

        The sample is drawn once: a report that was drawn stays so when it is amended.
        PostgreSQL seeds its random numbers securely, for each connection, and no sender
        sees what they gave. What a reviewer rejected before, with other content, waits
        as well. Each statement touches only what it holds back.
        """
        self.env.cr.execute(
            """ALTER TABLE recall_report_checked ADD COLUMN held_back varchar;
               SELECT EXISTS (SELECT FROM recall_report_checked
                               WHERE replaces_id IS NOT NULL)"""
        )
        if self.env.cr.fetchone()[0]:
            self.env.cr.execute(
                """UPDATE recall_report_checked row
                      SET held_back = CASE stored.held_back WHEN 'sample' THEN 'sample'
                                           ELSE 'review' END
                     FROM recall_completion stored
                    WHERE stored.id = row.replaces_id AND NOT row.refused
                      AND (stored.held_back = 'sample'
                           OR stored.reject_digest IS NOT NULL)"""
            )
        if producer.sample_share:
            self.env.cr.execute(
                """UPDATE recall_report_checked SET held_back = 'sample'
                    WHERE NOT refused AND random() * 100 < %s""",
                [producer.sample_share],
            )
        if producer.hold_warnings:
            self.env.cr.execute(
                """UPDATE recall_report_checked SET held_back = 'warning'
                    WHERE NOT refused AND held_back IS NULL AND codes != '{}'"""
            )

    def _reviewer_remarks(self):
        """What the sender is told of reports that a reviewer rejected before.

        :returns: dict ``(idx, code)`` -> members of the finding that differ
        """
        self.env.cr.execute(
            SQL(
                """SELECT DISTINCT ON (row.idx) row.idx, event.reason_id, event.note
                     FROM recall_report_checked row
                     JOIN recall_completion other
                       ON other.recall_number = row.recall_number
                      AND other.vin = row.vin AND other.producer_id = row.producer_id
                     JOIN recall_completion_event event
                       ON event.completion_id = other.id AND event.deed = 'rejected'
                    WHERE %s = ANY(row.codes) AND other.reject_digest = %s
                    ORDER BY row.idx, event.id DESC""",
                BY_REVIEWER,
                content_of("row"),
            )
        )
        Reason = self.env["recall.review.reason"].sudo()  # sudo: the sender is told
        return {
            (idx, BY_REVIEWER): {"message": _describe(Reason.browse(reason_id), note)}
            for idx, reason_id, note in self.env.cr.fetchall()
        }


def _describe(reason, note):
    """A reviewer's reason as one text."""
    words = ": ".join(part for part in (reason.name, note) if part)
    return f"Rejected by a reviewer. {words}"
