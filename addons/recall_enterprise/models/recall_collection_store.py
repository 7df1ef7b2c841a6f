# SPDX-License-Identifier: LGPL-3.0-only
from typing import NamedTuple

import psycopg2

from odoo import api, models
from odoo.exceptions import ConcurrencyError
from odoo.tools import SQL

from odoo.addons.recall_base.models.recall_completion_check import (
    STAGED_COLUMNS,
    Report,
    judge_vins,
)
from odoo.addons.recall_base.models.recall_staging import EncodedRows

#: What an incoming report has beside ``STAGED_COLUMNS``.
EXTRA_COLUMNS = {
    "record_key": "varchar",
    "content_digest": "varchar",
    "older_digests": "varchar[]",
}
#: By these staged reports are joined with what stands here.
JOINED_COLUMNS = ("record_key", "recall_number", "vin", "repair_number", "dealer_name")
#: What a report says: written when it is new, and again when it is amended.
CONTENT = SQL(", ").join(
    map(
        SQL.identifier,
        (
            "recall_number",
            "vin",
            "repair_date",
            "repair_number",
            "dealer_name",
            "phone_sealed",
            "phone_digest",
            "phone_masked",
            "part_numbers",
            "reported_measure",
            "content_digest",
            "plan_id",
            "vehicle_id",
            "dealer_id",
            "held_back",
        ),
    )
)


class Incoming(NamedTuple):
    """A report on its way in, wherever it comes from."""

    key: str  # the sender's record id
    report: Report
    digests: list[str]  # of the content, under each key, the active one first


class RecallCollection(models.AbstractModel):
    """Storing reports that came in, in set-based statements.

    Reports are staged, matched with what stands here under the same record id, checked
    and stored. What stands here unchanged is a repeat and changes nothing.
    """

    _name = "recall.collection"
    _description = "Collection of repair reports"

    @api.model
    def _stager(self, producer):
        """Make the function that turns ``Incoming`` into rows to store.

        It may run in a thread: it touches no database.
        """
        Check = self.env["recall.completion.check"]
        prepare = Check._preparer(producer.id)
        excepted = self.env["recall.vin.exception"]._find_approved(producer.id)

        def stage(incoming):
            reports = [item.report for item in incoming]
            extra_rows = [
                (item.key, item.digests[0], _array(item.digests[1:]))
                for item in incoming
            ]
            verdicts = judge_vins(reports, excepted.intersection)
            return EncodedRows(prepare(reports, verdicts, extra_rows))

        return stage

    @api.model
    def _store(self, producer, rows, count, source):
        """Store staged reports; what became of them is in ``recall_report_checked``.

        :param rows: what the function of ``_stager`` gave
        :param int count: number of ``rows``
        :param dict source: columns that say where new reports came from
        :returns: position in ``rows`` of what changes nothing -> ``"repeated"``, or
            ``"contradicts"`` where the same file said something else before
        :raises ConcurrencyError: another transaction stored one of them meanwhile
        """
        left_out = self._match_stored(producer, rows, source)
        if len(left_out) == count:
            return left_out
        self.env["recall.completion.check"]._audit(self._fresh_reports(), producer)
        replaces, finds = self._survey()
        if replaces:
            self._protect_confirmed()
        try:
            self._insert_new(source)
            if replaces:
                self._amend_waiting(source)
        except psycopg2.errors.UniqueViolation as error:
            # Tried again, this transaction sees it.
            raise ConcurrencyError("A report came twice at once.") from error
        if replaces:
            self._correct_confirmed(source)
        if replaces or finds:
            self._link_findings()
        if replaces:
            self.env["recall.completion"]._after_taken_in()
        self.env["recall.completion"].invalidate_model()
        return left_out

    def _survey(self):
        """Whether any checked report replaces a stored one, and has any finding.

        In a file of new and good ones neither does: that spares many scans.
        """
        self.env.cr.execute(
            """SELECT bool_or(replaces_id IS NOT NULL), bool_or(codes != '{}')
                 FROM recall_report_checked"""
        )
        return self.env.cr.fetchone()

    def _match_stored(self, producer, rows, source):
        """Find what stands here under the same record ids; leave out the repeats.

        A report that was rejected is looked at again: the plan may have come since. So
        is one that was withdrawn though no one ever confirmed it: it stays refused.
        """
        self.env["recall.completion"].flush_model()
        staged = self.env["recall.staging"]._load(
            "recall_report_staging",
            {**STAGED_COLUMNS, **EXTRA_COLUMNS},
            rows,
            analyze=JOINED_COLUMNS,
        )
        cr = self.env.cr
        cr.execute("DROP TABLE IF EXISTS pg_temp.recall_report_stored")
        cr.execute(
            SQL(
                """CREATE TEMPORARY TABLE recall_report_stored ON COMMIT DROP AS
                   SELECT row.idx, stored.id AS replaces_id,
                          stored.state AS replaced_state,
                          (stored.recall_number, stored.vin, stored.repair_number)
                          != (row.recall_number, row.vin, row.repair_number)
                          AS key_changed,
                          CASE WHEN stored.content_digest = row.content_digest
                                 OR stored.content_digest = ANY(row.older_digests)
                               THEN CASE WHEN %(again)s
                                           OR stored.state NOT IN (
                                              'rejected', 'withdrawn')
                                           OR stored.confirmed_at IS NOT NULL
                                         THEN 'repeated' END
                               WHEN %(again)s THEN 'contradicts' END AS verdict
                     FROM %(staged)s row
                    CROSS JOIN LATERAL (
                          SELECT * FROM recall_completion stored
                           WHERE stored.producer_id = %(producer)s
                             AND stored.record_key = row.record_key
                          -- One probe each: a join would read the table as a whole
                          -- until it is many times the batch.
                          OFFSET 0) stored""",
                staged=staged,
                producer=producer.id,
                # Within one file a record has one content; the interface amends.
                again=SQL("stored.import_id = %s", source["import_id"])
                if "import_id" in source
                else SQL("FALSE"),
            )
        )
        cr.execute(
            "SELECT idx, verdict FROM recall_report_stored WHERE verdict IS NOT NULL"
        )
        return dict(cr.fetchall())

    def _fresh_reports(self):
        """The staged reports that are not left out, with what they replace, as SQL.

        A query, not a table: nearly all reports replace nothing, and copying them once
        more would cost as much as finding that out.
        """
        names = [name for name in STAGED_COLUMNS if name != "replaces_id"]
        names += ["record_key", "content_digest"]
        return SQL(
            """(SELECT %s, stored.replaces_id, stored.replaced_state, stored.key_changed
                  FROM recall_report_staging staged
                  LEFT JOIN recall_report_stored stored ON stored.idx = staged.idx
                 WHERE stored.verdict IS NULL)""",
            SQL(", ").join(SQL.identifier("staged", name) for name in names),
        )

    def _protect_confirmed(self):
        """Refuse to change the key of a confirmed report, or a withdrawn one."""
        self.env.cr.execute(
            """UPDATE recall_report_checked SET refused = TRUE, codes = codes ||
                      CASE replaced_state WHEN 'withdrawn'
                           THEN 'record_withdrawn'::varchar ELSE 'key_changed' END
                WHERE replaced_state = 'withdrawn'
                   OR (replaced_state = 'confirmed' AND key_changed)"""
        )

    def _insert_new(self, source):
        """Insert reports that are new. No account made them: ``source`` did."""
        self.env.cr.execute(
            SQL(
                """INSERT INTO recall_completion (
                          producer_id, record_key, state, version, create_date,
                          write_date, %(columns)s, %(content)s)
                   SELECT producer_id, record_key,
                          CASE WHEN refused THEN 'rejected' ELSE 'checked' END, 1,
                          now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC',
                          %(values)s, %(content)s
                     FROM recall_report_checked WHERE replaces_id IS NULL
                    ORDER BY idx""",
                content=CONTENT,
                columns=SQL(", ").join(map(SQL.identifier, source)),
                values=SQL(", ").join(SQL("%s", value) for value in source.values()),
            ),
            log_exceptions=False,
        )

    def _amend_waiting(self, source):
        """Write new content to reports that were not confirmed yet."""
        self.env.cr.execute(
            SQL(
                """UPDATE recall_completion completion
                      SET %(source)s, (%(content)s, state, write_date) = (
                          SELECT %(content)s,
                                 CASE WHEN refused THEN 'rejected' ELSE 'checked' END,
                                 now() AT TIME ZONE 'UTC'
                            FROM recall_report_checked checked
                           WHERE checked.replaces_id = completion.id)
                    WHERE id IN (SELECT replaces_id FROM recall_report_checked
                                  WHERE replaced_state
                                     IN ('draft', 'checked', 'rejected'))""",
                content=CONTENT,
                source=_assignments(source),
            ),
            log_exceptions=False,
        )

    def _correct_confirmed(self, source):
        """Write good corrections to confirmed reports; they go out once more."""
        self.env.cr.execute(
            SQL(
                """UPDATE recall_completion completion
                      SET %(source)s, (%(content)s) = (
                          SELECT %(content)s FROM recall_report_checked checked
                           WHERE checked.replaces_id = completion.id),
                          version = version + 1, delivery_id = NULL,
                          changed_at = now() AT TIME ZONE 'UTC',
                          write_date = now() AT TIME ZONE 'UTC'
                    WHERE id IN (SELECT replaces_id FROM recall_report_checked
                                  WHERE replaced_state = 'confirmed'
                                    AND NOT refused)""",
                content=CONTENT,
                source=_assignments(source),
            )
        )
        self.env["recall.completion"]._redate_vehicles(
            SQL(
                """completion.id IN (SELECT replaces_id FROM recall_report_checked
                                      WHERE replaced_state = 'confirmed'
                                        AND NOT refused)"""
            )
        )

    def _link_findings(self):
        """Give the stored reports the findings of this check."""
        # A confirmed report keeps its findings when a correction of it is refused.
        touched = SQL(
            """SELECT checked.idx, completion.id
                 FROM recall_report_checked checked
                 JOIN recall_completion completion
                   ON completion.producer_id = checked.producer_id
                  AND completion.record_key = checked.record_key
                WHERE (checked.replaces_id IS NOT NULL OR codes != '{}')
                  AND (coalesce(replaced_state, '') NOT IN ('confirmed', 'withdrawn')
                       OR NOT refused)"""
        )
        relation = "recall_completion_recall_finding_rel"
        self.env.cr.execute(
            SQL(
                """DELETE FROM %s WHERE recall_completion_id IN (
                          SELECT id FROM (%s) AS touched)""",
                SQL.identifier(relation),
                touched,
            )
        )
        self.env["recall.completion.check"]._link_findings(
            relation, "recall_completion_id", touched
        )


def _assignments(source):
    return SQL(", ").join(
        SQL("%s = %s", SQL.identifier(name), value) for name, value in source.items()
    )


def _array(texts):
    """Digests as an array of PostgreSQL."""
    return f"{{{','.join(texts)}}}"
