# SPDX-License-Identifier: LGPL-3.0-only
import logging
import traceback
from contextlib import contextmanager

from odoo import api, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

_logger = logging.getLogger(__name__)

#: Transactions in which answers are tried to be stored.
STORE_TRIES = 5


class Guarded:
    """What became of the deed of a ``_guard``: its error, or None."""

    error = None


class IrCron(models.Model):
    """Scheduled actions go on after a clock that was ahead has been put back and after
    a record that fails, and keep what others answered while somebody changes the same
    records."""

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

    @api.model
    def _go_through(self, model, domain, deed, failure, batch=100):
        """Do something for each record that a domain finds now, guarded and by age.

        A record that somebody else holds is left for the next run.

        :param model: empty recordset of the model, in whose name it is done
        :param deed: function of a record, which is locked
        :param str failure: as of ``_guard``
        :param int batch: records between two commits
        :returns: whether there is time left
        """
        self._commit_progress(remaining=model.search_count(domain))
        last = 0
        while found := model.search(
            [*domain, ("id", ">", last)], limit=batch, order="id"
        ):
            last = found[-1].id
            for record in found.try_lock_for_update():
                with self._guard(record, failure):
                    deed(record)
            if not self._commit_progress(len(found)):
                return False
        return True

    @api.model
    def _do_each(self, records, deed, failure):
        """Do something for each of these records, each guarded and committed alone.

        A record that somebody else holds is left for the next run.

        :param deed: function of a record, which is locked
        :param str failure: as of ``_guard``
        """
        self._commit_progress(remaining=len(records))
        for record in records:
            with self._guard(record, failure):
                if record.try_lock_for_update():
                    deed(record)
            if not self._commit_progress(1):
                break

    @api.model
    @contextmanager
    def _guard(self, records, failure):
        """What goes wrong with some records is undone and logged, and stops no others.

        The log tells where it went wrong, not the error's text: that can hold an
        address. What fails as somebody changes the same rows is no fault of theirs: it
        is raised, and the run is done anew.

        :param str failure: what is not done to the records, for the log
        :yields: ``Guarded``
        """
        guarded = Guarded()
        try:
            with self.env.cr.savepoint():
                yield guarded
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise
        except Exception as error:  # noqa: BLE001 - a template is anybody's text
            guarded.error = error
            _logger.error(
                "%s: %s, %s\n%s",
                failure,
                records,
                type(error).__name__,
                "".join(traceback.format_tb(error.__traceback__)),
            )
