# SPDX-License-Identifier: LGPL-3.0-only
from datetime import datetime

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.recall_base.models.recall_completion_keep import KEEP_YEARS

ARCHIVE_BATCH = 5000


class RecallCompletion(models.Model):
    """Archive (clause 7.4 a): kept reports leave the daily lists, and nothing else.

    Not Odoo's ``active``: that hides a record from every search, and an archived
    report is still counted, delivered and found by its VIN.
    """

    _inherit = "recall.completion"
    _keep_since = ("create_date", "confirmed_at", "changed_at")

    archived_at = fields.Datetime(
        readonly=True,
        copy=False,
        help="When the report left the daily lists; it is kept all the same.",
    )

    _confirmed_idx = models.Index(
        "(producer_id, confirmed_at) WHERE confirmed_at IS NOT NULL"
    )

    def _was_confirmed(self):
        return super()._was_confirmed() or bool(self.confirmed_at)

    def action_archive_kept(self):
        """Take finished reports out of the daily lists."""
        self._check_reviewer()
        open_reports = self.filtered(lambda report: not report._was_confirmed())
        if open_reports:
            raise UserError(
                self.env._(
                    "Only confirmed and withdrawn reports can be archived; these are "
                    "still to be dealt with: %(numbers)s.",
                    numbers=", ".join(open_reports[:5].mapped("repair_number")),
                )
            )
        fresh = self.filtered(lambda report: not report.archived_at)
        fresh._set_archived(SQL("now() AT TIME ZONE 'UTC'"), "completion.archive")

    def action_unarchive_kept(self):
        """Put archived reports back into the daily lists."""
        self._check_reviewer()
        archived = self.filtered("archived_at")
        archived._set_archived(SQL("NULL"), "completion.unarchive")

    def _set_archived(self, value, event):
        if not self:
            return
        self.flush_recordset()
        self.env.cr.execute(
            SQL(
                "UPDATE recall_completion SET archived_at = %s WHERE id IN %s",
                value,
                tuple(self.ids),
            )
        )
        self.invalidate_recordset(["archived_at"], flush=False)
        self.env["recall.audit.event"]._record(event, self, ids=self.ids)

    @api.model
    def _cron_archive(self):
        """Archive, batch by batch, the reports that are older than 10 years.

        Each producer's go by the time of their confirmation, once: what a reviewer has
        put back stays in the lists.
        """
        Cron = self.env["ir.cron"]
        before = fields.Datetime.now() - relativedelta(years=KEEP_YEARS)
        producers = self.env["recall.producer"].with_context(active_test=False)
        for producer in producers.search([]):
            while self._archive_old(producer, before):
                if not Cron._commit_progress(1):
                    return

    def _archive_old(self, producer, before):
        """Archive the next batch of a producer; returns whether there was any."""
        since = producer.archived_until or datetime.min
        self.env.cr.execute(
            SQL(
                """SELECT max(confirmed_at) FROM (
                       SELECT confirmed_at FROM recall_completion
                        WHERE producer_id = %s AND confirmed_at > %s
                          AND confirmed_at < %s
                        ORDER BY confirmed_at LIMIT %s) batch""",
                producer.id,
                since,
                before,
                ARCHIVE_BATCH,
            )
        )
        [until] = self.env.cr.fetchone()
        if until:
            count = self._archive_between(producer, since, until)
            producer.archived_until = until
            self.env["recall.audit.event"]._record(
                "completion.archive_old", producer, count=count, until=str(until)
            )
        return bool(until)

    def _archive_between(self, producer, since, until):
        self.env.cr.execute(
            SQL(
                """UPDATE recall_completion
                      SET archived_at = now() AT TIME ZONE 'UTC'
                    WHERE producer_id = %s AND confirmed_at > %s
                      AND confirmed_at <= %s AND archived_at IS NULL""",
                producer.id,
                since,
                until,
            )
        )
        archived = self.env.cr.rowcount
        self.invalidate_model(["archived_at"])
        return archived
