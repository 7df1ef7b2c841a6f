# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

#: Transactions in which answers are tried to be stored.
STORE_TRIES = 3


class IrCron(models.Model):
    """Scheduled actions go on after a clock that was ahead has been put back, and keep
    what others answered while somebody changes the same records."""

    _inherit = "ir.cron"

    def _register_hook(self):
        """Extension: done whenever a server starts."""
        super()._register_hook()
        self._plan_anew()

    @api.model
    def _plan_anew(self):
        """Make actions due whose last run lies in the future.

        The clock was ahead then, and so is their next run: they would stand still until
        the time has caught up.
        """
        self.env.cr.execute(
            SQL(
                """UPDATE ir_cron SET nextcall = %(now)s, lastcall = %(now)s
                    WHERE id IN (SELECT id FROM ir_cron
                                  WHERE lastcall > %(now)s + interval '1 minute'
                                    FOR NO KEY UPDATE SKIP LOCKED)""",
                now=self.env.cr.now().replace(microsecond=0),
            )
        )
        self.invalidate_model(["nextcall", "lastcall"])

    @api.model
    def _commit_guarded(self, store, processed=0):
        """Store what was answered from outside, in transactions of its own.

        Under REPEATABLE READ a transaction fails at a row that somebody changed after
        it began, as can be while an answer is waited for. It begins when all is there,
        and anew after a failure; what was pending before is committed.

        :param store: function without arguments that reads what it changes; it may be
            called several times
        :param int processed: as of ``_commit_progress``
        :returns: whether it was stored
        """
        self._commit_progress()
        for _try in range(STORE_TRIES):
            try:
                store()
                self.env.flush_all()
                self._commit_progress(processed)
                return True
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                self.env.cr.rollback()
        return False
