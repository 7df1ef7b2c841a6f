# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, models
from odoo.tools import SQL

from odoo.addons.recall_base.models.recall_completion_check import STAGED_COLUMNS
from odoo.addons.recall_base.tools import phone

from .recall_quarantine_answer import SETTLED

#: What a staged record has beside ``STAGED_COLUMNS``.
EXTRA_COLUMNS = {
    "kind": "varchar",
    "version": "int",
    "synced_at": "timestamp",
    "contradicts": "boolean",  # another one of its key and version, in this answer
    "older_digests": "varchar[]",  # of the phone number, under the keys before
    "taken": "boolean",  # its key stands for another producer
}
#: What the planner must know about staged records.
JOINED_COLUMNS = (
    *("producer_id", "recall_number", "vin", "repair_number"),
    *("dealer_name", "kind"),
)
#: What may become of a record; the counters of an exchange.
COUNTS = ("new", "same", "corrected", "withdrawn", "quarantined")
#: Findings about a record's phone number.
PHONE_CODES = [phone.FORMAT, phone.IMPLAUSIBLE, "phone_shared"]
#: A record takes the place of the one that stands under its key.
REPLACED = SQL("""other.repair_number = row.repair_number
                  AND other.producer_id = row.producer_id""")
#: A record says the same as the one that stands; a number that was erased on request is
#: not brought back by a repeat.
SAME_CONTENT = SQL(
    """(row.repair_date, row.dealer_name) = (stored.repair_date, stored.dealer_name)
       AND (row.phone_digest = stored.phone_digest OR stored.phone_digest IS NULL
            OR stored.phone_digest = ANY(row.older_digests))"""
)


class RecallIntake(models.AbstractModel):
    """Taking in the records of an answer, idempotently (clause 7.2, 3.7).

    The key of a record is recall number, VIN and repair number. The same content again
    changes nothing; other content is a correction if the producer marks it so, else it
    goes to quarantine. Records, quarantine, counters, the terminal's cursor and the
    event are one transaction: its commit is the acknowledgement. Bad records never stop
    good ones.
    """

    _name = "recall.intake"
    _description = "Taking in synchronised records"

    @api.model
    def _take_in(self, enterprise, fetched, parsed):
        """Take in one answer.

        :param enterprise: ``recall.enterprise`` that was asked
        :param fetched: ``tools.puller.Fetched`` with the answer as it came
        :param parsed: ``tools.messages.ParsedAnswer``
        :returns: the ``recall.exchange`` that tells what became of the records
        """
        self.env["recall.completion"].flush_model()
        digest = fetched.digest or self._digester(enterprise)(fetched.answer)
        records = self._load(enterprise, digest.prepared)
        withdrawn = self._withdraw()
        self._compare()
        self.env["recall.completion.check"]._judge(SQL("recall_report_staging"))
        counts = self._decide()
        exchange = self._create_exchange(enterprise, fetched, parsed, counts, withdrawn)
        self._insert_new(exchange)
        self._apply_corrections(exchange)
        Completion = self.env["recall.completion"]
        Completion.invalidate_model()
        received = SQL("completion.exchange_id = %s", exchange.id)
        closed = Completion._close_vehicles(received)
        if exchange.corrected_count or closed < exchange.new_count:
            Completion._redate_vehicles(received)
        Quarantine = self.env["recall.quarantine"]
        Quarantine._close_answered(enterprise)
        Quarantine._add_checked(exchange, records)
        Quarantine._add_refused(exchange, parsed.refused)
        if exchange.record_count:
            self.env["recall.audit.event"]._record(
                "exchange.take_in",
                exchange,
                body=exchange.body_hash,
                **{name: exchange[f"{name}_count"] for name in COUNTS},
            )
        return exchange

    def _stage(self, enterprise, records, contradicting):
        """Stage records; ``replaces_id`` names the one that stands under the same key.

        :param contradicting: set of the positions of records that say other things than
            one before them
        """
        self._load(enterprise, self._preparer(enterprise)(records, contradicting))

    def _load(self, enterprise, prepared):
        """Stage what was prepared; returns the records as they are numbered there."""
        prepared = self._finish_preparing(enterprise, prepared)
        self.env["recall.staging"]._load(
            "recall_report_staging",
            {**STAGED_COLUMNS, **EXTRA_COLUMNS},
            prepared.rows,
            analyze=JOINED_COLUMNS,
        )
        self.env["recall.completion.check"]._find_standing(
            SQL("recall_report_staging"), REPLACED
        )
        # Only its own producer may change a record that stands.
        self.env.cr.execute(
            """UPDATE recall_report_staging row
                  SET taken = NOT own, replaces_id = CASE WHEN own THEN stored.id END
                 FROM recall_report_standing stored
                WHERE stored.idx = row.idx AND stored.same_repair"""
        )
        return prepared.records

    def _withdraw(self):
        """Apply withdrawals, before others are checked against what they withdraw.

        Withdrawals leave the staging table, but for those of a record that stands in a
        newer version. One of an unknown record needs nothing done.

        :returns: ids of the records withdrawn
        """
        self.env.cr.execute(
            SQL(
                """WITH judged AS (
                       SELECT row.idx
                         FROM recall_report_staging row
                         LEFT JOIN recall_completion stored
                                ON stored.id = row.replaces_id
                        WHERE row.kind = 'withdrawal' AND NOT row.contradicts
                          AND (stored.id IS NULL OR stored.state = 'withdrawn'
                               OR row.version > stored.version)),
                   gone AS (
                       DELETE FROM recall_report_staging row USING judged
                        WHERE judged.idx = row.idx RETURNING row.*),
                   closed AS (
                       UPDATE recall_quarantine entry
                          SET state = 'answered', %s
                         FROM gone, recall_enterprise enterprise
                        WHERE enterprise.id = entry.enterprise_id
                          AND enterprise.producer_id = gone.producer_id
                          AND entry.state IN ('open', 'returned')
                          AND entry.vin = gone.vin
                          AND entry.recall_number = gone.recall_number
                          AND entry.repair_number = gone.repair_number)
                   UPDATE recall_completion completion
                      SET state = 'withdrawn', version = gone.version,
                          write_date = now() AT TIME ZONE 'UTC'
                     FROM gone, recall_completion stored
                    WHERE completion.id = gone.replaces_id AND stored.id = completion.id
                      AND gone.version > stored.version
                RETURNING completion.id, stored.state""",
                SETTLED,
            )
        )
        withdrawn = dict(self.env.cr.fetchall())
        self.env["recall.completion"].invalidate_model()
        self.env["recall.quarantine"].invalidate_model()
        if not withdrawn:
            return []
        self.env.cr.execute(
            SQL(
                """UPDATE recall_report_standing SET state = 'withdrawn'
                    WHERE id IN %s""",
                tuple(withdrawn),
            )
        )
        ids = [key for key, state in withdrawn.items() if state == "confirmed"]
        if ids:
            self.env["recall.completion"]._reopen_vehicles(
                SQL("completion.id IN %s", tuple(ids))
            )
        return ids

    def _compare(self):
        """Compare records with what stands: why one cannot take its place.

        The findings join those that need no database, before the check: a record that
        is refused for one of them stands against no other of this answer. A withdrawal
        that is still staged could not be applied: it never becomes a report.
        """
        self._leave_out_numbers()
        self.env.cr.execute(
            SQL(
                """UPDATE recall_report_staging staged
                      SET found = concat_ws(',', nullif(staged.found, ''), judged.code)
                     FROM (SELECT row.idx,
                                  CASE WHEN row.contradicts THEN 'content_differs'
                                       WHEN row.taken THEN 'producer_mismatch'
                                       WHEN row.kind = 'withdrawal'
                                            AND row.version <= stored.version
                                            THEN 'version_outdated'
                                       WHEN row.kind = 'withdrawal'
                                            THEN 'content_differs'
                                       WHEN stored.id IS NULL THEN NULL
                                       WHEN row.kind = 'correction'
                                            AND row.version > stored.version THEN NULL
                                       WHEN stored.state = 'confirmed' AND %s THEN NULL
                                       WHEN row.kind = 'correction'
                                            THEN 'version_outdated'
                                       WHEN stored.state = 'withdrawn'
                                            THEN 'record_withdrawn'
                                       ELSE 'content_differs' END AS code
                             FROM recall_report_staging row
                             LEFT JOIN recall_completion stored
                                    ON stored.id = row.replaces_id) judged
                    WHERE judged.idx = staged.idx AND judged.code IS NOT NULL""",
                SAME_CONTENT,
            )
        )

    def _leave_out_numbers(self):
        """Neither keep nor judge the phone numbers of withdrawals.

        They are known by their key; what is there may stand for none
        (``tools.phone.NO_NUMBER``).
        """
        self.env.cr.execute(
            SQL(
                """UPDATE recall_report_staging
                      SET phone_sealed = NULL, phone_digest = NULL, phone_masked = NULL,
                          found = array_to_string(ARRAY(
                              SELECT code FROM unnest(string_to_array(found, ',')) code
                               WHERE code != ALL(%s)), ',')
                    WHERE kind = 'withdrawal'""",
                PHONE_CODES,
            )
        )

    def _decide(self):
        """Decide what becomes of each checked record: its column ``action``.

        Nearly all records are new, which a column's default says without any write.

        :returns: dict action -> number of records
        """
        self.env.cr.execute(
            SQL(
                """ALTER TABLE recall_report_checked
                     ADD COLUMN action varchar DEFAULT 'new';
                   UPDATE recall_report_checked checked SET action = decided.action
                     FROM (SELECT row.idx,
                                  CASE WHEN row.contradicts OR row.taken
                                            THEN 'quarantined'
                                       WHEN stored.id IS NULL AND NOT row.refused
                                            THEN 'new'
                                       WHEN row.kind = 'correction' AND NOT row.refused
                                            AND row.version > stored.version
                                            THEN 'corrected'
                                       WHEN row.kind != 'withdrawal'
                                            AND stored.state = 'confirmed' AND %s
                                            THEN 'same'
                                       ELSE 'quarantined' END AS action
                             FROM recall_report_checked row
                             LEFT JOIN recall_completion stored
                                    ON stored.id = row.replaces_id
                            WHERE row.refused OR row.contradicts OR row.taken
                               OR row.replaces_id IS NOT NULL) decided
                    WHERE decided.idx = checked.idx;
                   SELECT action, count(*) FROM recall_report_checked GROUP BY 1""",
                SAME_CONTENT,
            )
        )
        return dict(self.env.cr.fetchall())

    def _create_exchange(self, enterprise, fetched, parsed, counts, withdrawn):
        Exchange = self.env["recall.exchange"]
        total = len(parsed.records) + len(parsed.refused)
        quarantined = counts.get("quarantined", 0) + len(parsed.refused)
        known = ("new", "corrected")
        new, corrected = (counts.get(action, 0) for action in known)
        exchange = Exchange.create(
            {
                **Exchange._prepare_exchange_vals(enterprise, fetched),
                "outcome": "success",
                "api_status": int(parsed.status),
                "record_count": total,
                "new_count": new,
                "corrected_count": corrected,
                "withdrawn_count": len(withdrawn),
                "quarantined_count": quarantined,
                "same_count": total - new - corrected - len(withdrawn) - quarantined,
            }
        )
        if withdrawn:
            self.env.cr.execute(
                SQL(
                    "UPDATE recall_completion SET exchange_id = %s WHERE id IN %s",
                    exchange.id,
                    tuple(withdrawn),
                )
            )
        return exchange

    def _insert_new(self, exchange):
        """Insert new records; a terminal sent them, no user: none is named."""
        self.env.cr.execute(
            SQL(
                """INSERT INTO recall_completion (
                          state, producer_id, exchange_id, recall_number, vin,
                          repair_date, repair_number, dealer_name, phone_sealed,
                          phone_digest, phone_masked, synced_at, version, plan_id,
                          vehicle_id, dealer_id, create_date, write_date)
                   SELECT 'confirmed', producer_id, %(exchange)s, recall_number, vin,
                          repair_date, repair_number, dealer_name, phone_sealed,
                          phone_digest, phone_masked, synced_at, version, plan_id,
                          vehicle_id, dealer_id,
                          now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
                     FROM recall_report_checked WHERE action = 'new'""",
                exchange=exchange.id,
            )
        )

    def _apply_corrections(self, exchange):
        """Write corrections; one of a withdrawn record restores it.

        ``synced_at`` stays that of the first version, which was in time or late (7.3).
        """
        self.env.cr.execute(
            SQL(
                """UPDATE recall_completion completion
                      SET state = 'confirmed', exchange_id = %s,
                          repair_date = row.repair_date, dealer_name = row.dealer_name,
                          dealer_id = row.dealer_id, phone_sealed = row.phone_sealed,
                          phone_digest = row.phone_digest,
                          phone_masked = row.phone_masked, version = row.version,
                          write_date = now() AT TIME ZONE 'UTC'
                     FROM recall_report_checked row
                    WHERE completion.id = row.replaces_id
                      AND row.action = 'corrected'""",
                exchange.id,
            )
        )
