# SPDX-License-Identifier: LGPL-3.0-only
import logging
from operator import itemgetter

import psycopg2

from odoo import api, fields, models
from odoo.tools import SQL, groupby

from odoo.addons.recall_base.models.recall_completion_check_rules import VIN_CODES
from odoo.addons.recall_base.models.recall_import_run import CONFLICTS

_logger = logging.getLogger(__name__)

#: Pending entries that are looked at by one statement.
WINDOW = 5000
#: What happens when others change the same records, or hold the terminal's row.
BUSY = (*CONFLICTS, psycopg2.errors.LockNotAvailable)
#: Reasons that can go without the record being sent again: when each has gone. They
#: only choose what is worth checking anew; the check itself decides.
GONE = {
    "plan_unknown": SQL("plan.id IS NOT NULL"),
    "producer_mismatch": SQL("plan.producer_id = enterprise.producer_id"),
    "vin_scope": SQL("vehicle.id IS NOT NULL"),
    "dealer_unknown": SQL(
        """EXISTS (SELECT FROM recall_dealer dealer
                    WHERE dealer.producer_id = enterprise.producer_id
                      AND dealer.active
                      AND entry.dealer_name IN (dealer.name, dealer.code))"""
    ),
    "date_before_start": SQL("plan.recall_start::text <= entry.repair_date"),
    "date_before_production": SQL(
        "coalesce(line.production_start::text, '') <= entry.repair_date"
    ),
    "date_future": SQL("entry.repair_date <= current_date::text"),
    **dict.fromkeys(
        VIN_CODES,
        SQL(
            """EXISTS (SELECT FROM recall_vin_exception exception
                        WHERE exception.producer_id = enterprise.producer_id
                          AND exception.vin = entry.vin
                          AND exception.state = 'approved')"""
        ),
    ),
}
_REASON = "recall_management.quarantine_reason_recheck_filed"


def _version(alias):
    return SQL(
        """CASE WHEN jsonb_typeof(%(name)s.record -> 'recordVersion') = 'number'
                THEN (%(name)s.record ->> 'recordVersion')::numeric ELSE 1 END""",
        name=SQL.identifier(alias),
    )


#: An entry is worth checking: the record has the right form, an officer has not given
#: it back for another reason than the filing, no other entry of its key is as new, and
#: of its errors each has gone.
_READY = SQL(
    """entry.phone_sealed IS NOT NULL AND entry.note IS NULL
       AND (entry.state = 'open' OR EXISTS (
            SELECT FROM recall_quarantine_reason reason
             WHERE reason.id = entry.reason_id AND reason.code = 'amend_filing'))
       AND NOT EXISTS (
            SELECT FROM recall_quarantine other
             WHERE other.enterprise_id = entry.enterprise_id AND other.id != entry.id
               AND other.state IN ('open', 'returned')
               AND other.vin = entry.vin AND other.recall_number = entry.recall_number
               AND other.repair_number = entry.repair_number
               AND %s >= %s)
       AND NOT EXISTS (
            SELECT FROM recall_finding_recall_quarantine_rel rel
              JOIN recall_finding finding ON finding.id = rel.recall_finding_id
             WHERE rel.recall_quarantine_id = entry.id AND finding.severity = 'error'
               AND (CASE finding.code %s ELSE FALSE END) IS NOT TRUE)""",
    _version("other"),
    _version("entry"),
    SQL(" ").join(SQL("WHEN %s THEN %s", code, gone) for code, gone in GONE.items()),
)


class RecallQuarantineRecheck(models.Model):
    """Entries of a terminal wait to be checked again: what they lacked may be here.

    A plan, a vehicle in scope, a dealer or an exception for a VIN that is new inserts a
    row (nobody's row is updated: an interface may be what brings them) and wakes the
    scheduled action. It goes over the terminal's pending entries in the order of their
    exchanges, exchange by exchange in a transaction of its own that also moves the
    position: after a kill it goes on there. What comes in meanwhile is a row of its
    own, for which all are looked at once more. A daily round catches what an answer and
    a plan, stored in the same moment, did not see of each other.
    """

    _name = "recall.quarantine.recheck"
    _description = "Quarantined records to be checked again"
    _audited = frozenset()
    _order = "id"

    enterprise_id = fields.Many2one(
        "recall.enterprise",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    exchange_position = fields.Integer(readonly=True, help="Exchange looked at last.")
    entry_position = fields.Integer(readonly=True, help="Entry looked at last.")

    @api.model
    def _note(self, producers):
        """Have the pending entries of producers checked again, soon."""
        # sudo: whoever files what was missing need not see the quarantine.
        self.sudo()._insert(SQL("producer_id = ANY(%s)", producers.ids))

    def _cron_note_all(self):
        """Have all pending entries checked again, once a day."""
        self._insert(SQL("TRUE"))

    def _insert(self, condition):
        self.env.cr.execute(
            SQL(
                """INSERT INTO recall_quarantine_recheck (
                          enterprise_id, exchange_position, entry_position, create_date)
                   SELECT id, 0, 0, now() AT TIME ZONE 'UTC'
                     FROM recall_enterprise WHERE %s""",
                condition,
            )
        )
        if self.env.cr.rowcount:
            self.invalidate_model()
            self.env.ref("recall_management.ir_cron_quarantine_recheck")._trigger()

    def _cron_run(self):
        """Check again what waits, terminal by terminal, while there is time."""
        Cron = self.env["ir.cron"]
        waiting = self.search([]).enterprise_id.ids
        Cron._commit_progress(remaining=len(waiting))
        for enterprise_id in waiting:
            try:
                if not self._run(enterprise_id):
                    return
            except BUSY:
                self.env.cr.rollback()  # its row stays: next time
            except Exception:
                _logger.exception(
                    "Quarantine of terminal %s not checked", enterprise_id
                )
                self.env.cr.rollback()
                # Not at once again, but with the next event or the daily round.
                self.search([("enterprise_id", "=", enterprise_id)]).unlink()
            if not Cron._commit_progress(1):
                return
        Cron._commit_progress(remaining=self.search_count([]))

    def _run(self, enterprise_id):
        """Go over the entries of a terminal; False when there is no time left."""
        Cron = self.env["ir.cron"]
        row = self._begin(enterprise_id)
        while window := row._next_window():
            for exchange_id, entries in groupby(window, itemgetter(0)):
                ready = [
                    entry_id for _exchange, entry_id, is_ready in entries if is_ready
                ]
                self.env["recall.quarantine"].browse(ready)._recheck()
                row.exchange_position = exchange_id
                row.entry_position = entries[-1][1]
                if ready and not Cron._commit_progress():
                    return False
            if not Cron._commit_progress():
                return False
        row.unlink()
        return True

    def _begin(self, enterprise_id):
        """The row that was begun, or one for all that wait."""
        rows = self.search([("enterprise_id", "=", enterprise_id)])
        begun = rows.filtered("exchange_position")[:1]
        if not begun:
            rows[1:].unlink()
        return begun or rows[:1]

    def _next_window(self):
        """The next pending entries: ``(exchange id, id, whether worth checking)``."""
        self.flush_recordset()
        return self.env.execute_query(
            SQL(
                """WITH entry AS MATERIALIZED (
                       SELECT * FROM recall_quarantine
                        WHERE enterprise_id = %(enterprise)s
                          AND state IN ('open', 'returned')
                          AND (exchange_id, id) > (%(exchange)s, %(entry)s)
                        ORDER BY exchange_id, id LIMIT %(limit)s)
                   SELECT entry.exchange_id, entry.id, coalesce(%(ready)s, FALSE)
                     FROM entry
                     JOIN recall_enterprise enterprise
                       ON enterprise.id = entry.enterprise_id
                     LEFT JOIN recall_plan plan
                            ON plan.recall_number = entry.recall_number
                     LEFT JOIN recall_vehicle vehicle
                            ON vehicle.vin = entry.vin AND vehicle.plan_id = plan.id
                           AND vehicle.state != 'removed'
                     LEFT JOIN recall_plan_line line ON line.id = vehicle.line_id
                    ORDER BY entry.exchange_id, entry.id""",
                enterprise=self.enterprise_id.id,
                exchange=self.exchange_position,
                entry=self.entry_position,
                limit=WINDOW,
                ready=_READY,
            )
        )


class RecallQuarantine(models.Model):
    _inherit = "recall.quarantine"

    _pending_exchange_idx = models.Index(
        "(enterprise_id, exchange_id, id) WHERE state IN ('open', 'returned')"
    )

    def _recheck(self):
        """Check these records anew; those that pass by now are taken in, and their
        entries tell that it happened by itself.

        :returns: the entries whose records count now
        """
        taken = self._take_in(overrule=False)
        if taken:
            # The reason may have been deleted, as long as no entry has it.
            reason = self.env.ref(_REASON, raise_if_not_found=False)
            taken.reason_id = reason
            self.env["recall.quarantine.event"]._add(taken, "rechecked", reason)
            taken._log("recheck")
        return taken
