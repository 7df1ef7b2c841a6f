# SPDX-License-Identifier: LGPL-3.0-only
import functools
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta

from odoo import api, fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from odoo.addons.recall_base.tools import cipher, http_client, messages
from odoo.addons.recall_base.tools.http_client import PeerError
from odoo.addons.recall_base.tools.messages import ApiStatus, MessageError

from ..tools.puller import Puller

_logger = logging.getLogger(__name__)

#: A lease outlives a run. One whose worker is gone ends at once (`_lease_due`).
LEASE_SECONDS = 300
#: After this long a run starts no further request; the next run goes on.
BUDGET_SECONDS = 50
#: Requests under way at once, and those that are only waited for (`tools.puller`).
THREADS = 16
SLOW_THREADS = 48
#: Answers stored at once, each on a connection of its own. The leases keep them apart:
#: a terminal's records, its producer's plans and their figures are nobody else's.
STORERS = 2
#: How often a run looks for terminals that became due meanwhile.
LOOK_SECONDS = 1
#: How often a transaction is tried that meets another one's changes.
STORE_TRIES = 3
LOCK_MILLISECONDS = 5000
NOW = SQL("(now() AT TIME ZONE 'UTC')")


class RecallEnterprise(models.Model):
    """The scheduled pull (clause 7.5.2).

    Due terminals are leased and the lease committed, threads fetch without a cursor,
    each answer is taken in by a transaction of its own, two at a time. A dead terminal
    costs two tries of 5 s in one thread, delays no other and never fails the scheduled
    action. Of those that have more pages than a run has time each gets one in its turn.
    """

    _inherit = "recall.enterprise"

    @api.model
    def _cron_pull(self):
        """Ask all terminals that are due; 60 s at the most, then a new run is due.

        The limit is for Odoo's ``limit_time_real_cron``, which stands for all the
        scheduled actions of a turn together, and for those that wait for this one.
        """
        stop_at = time.monotonic() + BUDGET_SECONDS
        with (
            ExitStack() as connections,
            ThreadPoolExecutor(STORERS, thread_name_prefix="recall-store") as threads,
            Puller(_peer_post(), THREADS, SLOW_THREADS) as puller,
        ):
            besides = [self._open_beside(connections) for _ in range(STORERS - 1)]
            self._submit_due(puller)
            for beside in besides:
                threads.submit(beside._store_beside, puller, stop_at)
            look_at = time.monotonic() + LOOK_SECONDS
            for fetched in puller.results():
                self._store_fetched(puller, fetched, stop_at)
                now = time.monotonic()
                if now >= stop_at:
                    self._give_back(puller.withdraw())
                elif now >= look_at and puller.waiting < THREADS:
                    self._submit_due(puller)
                    look_at = now + LOOK_SECONDS
        self._have_run_again()

    def _open_beside(self, connections):
        """Return this model on a connection of its own, for another thread.

        It does not write the progress of the scheduled action: two would collide.
        """
        cr = connections.enter_context(self.env.registry.cursor())
        context = {**self.env.context, "ir_cron_progress_id": False}
        return self.with_env(self.env(cr=cr, context=context))

    def _store_beside(self, puller, stop_at):
        """Store answers beside the scheduled action's own thread.

        If that fails, the other thread goes on; the lease of whom it concerns runs out.
        """
        try:
            for fetched in puller.results():
                self._store_fetched(puller, fetched, stop_at)
        except Exception:
            _logger.exception("Answers are no longer stored by a second thread")

    def _store_fetched(self, puller, fetched, stop_at):
        """Store a result; have the next page asked for."""
        request = self.browse(fetched.key)._store_guarded(fetched, stop_at)
        if request:
            puller.submit(**request)

    def _submit_due(self, puller):
        """Lease what is due and have it asked.

        Somebody may save a terminal at the same moment: it is leased a little later.
        """
        try:
            requests = [one._prepare_guarded() for one in self._lease_due()]
            # No transaction is open while the network is waited for.
            remaining = puller.pending + len(requests)
            self.env["ir.cron"]._commit_progress(remaining=remaining)
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            self.env.cr.rollback()
            return
        for request in requests:
            puller.submit(**request)

    def _give_back(self, ids):
        """End the leases of terminals that were not asked: they keep their turn."""
        if not ids:
            return
        try:
            self.env.cr.execute(
                SQL(
                    "UPDATE recall_enterprise SET lease_until = NULL WHERE id IN %s",
                    tuple(ids),
                ),
                log_exceptions=False,
            )
            self.browse(ids).invalidate_recordset(["lease_until"])
            self.env["ir.cron"]._commit_progress(len(ids))
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            self.env.cr.rollback()  # the leases run out by themselves

    def _have_run_again(self):
        """Have the scheduled action run again at once if there is more to ask for.

        By a trigger, and not as work that remains: other scheduled actions that are
        ready come between.
        """
        self.env.cr.execute(
            SQL("SELECT FROM recall_enterprise WHERE %s LIMIT 1", self._due_sql())
        )
        if self.env.cr.rowcount:
            self.env.ref("recall_management.ir_cron_pull")._trigger()
        self.env["ir.cron"]._commit_progress(remaining=0)

    # === Lease === #

    @api.model
    def _due_sql(self):
        """Condition on ``recall_enterprise``: to be asked now, and leased to nobody."""
        return SQL(
            """active AND token_sealed IS NOT NULL AND next_pull_at <= %(now)s
               AND (lease_until IS NULL OR lease_until < %(now)s
                    OR NOT EXISTS (
                       SELECT FROM pg_stat_activity
                        WHERE pid = lease_pid
                          AND backend_start::text = lease_started))""",
            now=NOW,
        )

    @api.model
    def _lease_due(self):
        """Lease the terminals that are due, so that no other worker asks them.

        A lease ends by itself, and at once when the database connection that took it is
        gone: a killed worker holds up nothing. Those that somebody asked for come
        first, those that failed last come last; else whoever waits longest.
        """
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """WITH due AS MATERIALIZED (
                       SELECT id FROM recall_enterprise WHERE %(due)s
                          FOR UPDATE SKIP LOCKED)
                   UPDATE recall_enterprise enterprise
                      SET lease_until = %(now)s + %(lease)s * interval '1 second',
                          lease_pid = pg_backend_pid(),
                          lease_started = me.backend_start::text
                     FROM due, pg_stat_activity me
                    WHERE me.pid = pg_backend_pid() AND enterprise.id = due.id
                RETURNING enterprise.id, enterprise.asked_by_hand IS TRUE,
                          enterprise.failure_count > 0, enterprise.next_pull_at""",
                now=NOW,
                lease=LEASE_SECONDS,
                due=self._due_sql(),
            ),
            log_exceptions=False,
        )
        rows = sorted(
            self.env.cr.fetchall(), key=lambda row: (not row[1], bool(row[2]), row[3])
        )
        leased = self.browse(row[0] for row in rows)
        leased.invalidate_recordset()
        return leased

    def _release(self, *, due_again):
        """End the lease; a terminal that has more is due again at once."""
        if due_again:
            self.write({"lease_until": False, "next_pull_at": fields.Datetime.now()})
            return
        self.write(
            {
                "lease_until": False,
                "asked_by_hand": False,
                "next_pull_at": self._next_pull_at(),
            }
        )

    def _pull_wait(self):
        """Time from the end of one cycle to the next."""
        return timedelta(minutes=self.interval_minutes)

    def _next_pull_at(self):
        return fields.Datetime.now() + self._pull_wait()

    # === Fetching === #

    def _prepare_guarded(self):
        """What ``Puller.submit`` takes; where it cannot be made, a request that fails:
        what is wrong with one terminal stops no other.
        """
        try:
            with self.env.cr.savepoint():
                return self._prepare_request()
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise
        except PeerError as error:
            fault = error
        except Exception:
            _logger.exception("Request to enterprise %s cannot be made", self.id)
            fault = PeerError("request", self.env._("The request could not be made."))
        fault.attempts = 0
        return {"key": self.id, "url": self.url, "payload": {}, "error": fault}

    def _prepare_request(self):
        """Annex B's request, with the optional members unless plain; it may raise."""
        self.ensure_one()
        payload = self._prepare_members()
        if not self.plain:
            payload["api_cursor"] = self.cursor or ""
        return {
            "key": self.id,
            "url": self.url,
            "payload": payload,
            "digest": self.env["recall.intake"]._digester(self),
            "slow": bool(self.failure_count),
        }

    def _prepare_members(self):
        """Annex B's members; raises ``PeerError`` where the token cannot be opened."""
        try:
            # sudo: the sealed token is hidden from every role.
            token = cipher.KeyRing.from_environment().open(
                self.sudo().token_sealed, self._get_seal_context("token_sealed")
            )
        except (cipher.KeyFileError, cipher.SealError) as error:
            _logger.error("Token of enterprise %s cannot be opened: %s", self.id, error)
            message = self.env._("The token cannot be opened. Enter it again.")
            raise PeerError("token", message) from None
        return {"api_token": token, "api_cfg": self.api_cfg}

    # === Storing === #

    def _store_guarded(self, fetched, stop_at):
        """Store what a request came to and commit; whatever happens, the run goes on.

        Somebody may save this terminal or a plan at the same moment: under REPEATABLE
        READ the later transaction fails, and is tried anew.

        :returns: the request for the terminal's next page, None when it is done
        """
        for tries_left in reversed(range(STORE_TRIES)):
            try:
                return self._store_and_commit(fetched, stop_at)
            except Exception as error:
                self.env.cr.rollback()
                if tries_left and isinstance(error, PG_CONCURRENCY_EXCEPTIONS_TO_RETRY):
                    continue
                _logger.exception("Answer of enterprise %s is not stored", self.id)
                break
        self._note_unstored(fetched)
        return None

    def _store_and_commit(self, fetched, stop_at):
        self._lock()
        self.env.invalidate_all()  # another thread may have stored the page before
        more = self._store(fetched)
        request = None
        if more and self.active and time.monotonic() < stop_at:
            request = self._prepare_guarded()
        else:
            self._release(due_again=more)
        self.env["ir.cron"]._commit_progress(0 if request else 1)
        return request

    def _lock(self):
        """Lock the terminal first of all: whoever saves it meanwhile waits for us.

        We wait for them too, here and for plans, but not without end.
        """
        self.env.cr.execute(
            SQL(
                """SET LOCAL lock_timeout = %s;
                   SELECT FROM recall_enterprise WHERE id = %s FOR NO KEY UPDATE""",
                LOCK_MILLISECONDS,
                self.id,
            ),
            log_exceptions=False,
        )

    def _note_unstored(self, fetched):
        """Note that an answer could not be stored, as far as even that can be.

        If it cannot, the lease runs out and the terminal is asked anew.
        """
        try:
            self._lock()
            message = self.env._("The answer could not be stored.")
            self._note_failure(fetched, "storage", message)
            self._release(due_again=False)
            self.env["ir.cron"]._commit_progress(1)
        except Exception:
            self.env.cr.rollback()
            _logger.exception("Failure of enterprise %s is not noted", self.id)

    def _store(self, fetched):
        """Store what a request came to.

        :returns: whether the terminal has more to give
        """
        try:
            if fetched.error:
                raise fetched.error
            if not fetched.digest:
                digest = self.env["recall.intake"]._digester(self)(fetched.answer)
                fetched = replace(fetched, digest=digest)
            if fetched.digest.error:
                raise fetched.digest.error
        except PeerError as error:
            return self._note_failure(fetched, error.code, error.message)
        except MessageError as error:
            return self._note_failure(fetched, "message", error.message)
        parsed = fetched.digest.parsed
        if parsed.status is not ApiStatus.SUCCESS:
            return self._store_refusal(fetched, parsed)
        exchange = self.env["recall.intake"]._take_in(self, fetched, parsed)
        # A cursor that stays where it is would give the same page for ever.
        moves = not self.plain and parsed.next_cursor not in (None, self.cursor)
        self._note_success(fetched, parsed)
        # Also after the last page: the next request acknowledges it.
        return bool(moves and exchange.record_count)

    def _store_refusal(self, fetched, parsed):
        """Note an answer that is no success; find the way back where there is one.

        :returns: whether to ask again at once
        """
        message = parsed.message or messages.STATUS_TEXT[parsed.status]
        # A terminal may repeat in its message what it was sent.
        message = message.replace(fetched.payload["api_token"], "***")
        self._note_failure(fetched, "status", message, int(parsed.status))
        if parsed.status is not ApiStatus.PARAMETER_FORMAT or self.plain:
            return False
        if self.cursor:
            self.cursor = False  # it was restored from a backup: start again
        else:
            self.plain = True
        return True

    def _note_success(self, fetched, parsed):
        self.write(
            {
                "failure_count": 0,
                "last_error": False,
                "last_success_at": fields.Datetime.now(),
                "certificate_expires_at": fetched.answer.certificate_expires,
                "cursor": parsed.next_cursor or self.cursor,
                "lease_until": fields.Datetime.now() + timedelta(seconds=LEASE_SECONDS),
            }
        )

    def _note_failure(self, fetched, outcome, error, api_status=False):
        """Write down a failure; returns False: there is nothing more to get now."""
        self.env["recall.exchange"]._create_failed(
            self, fetched, outcome, error, api_status
        )
        self.write({"failure_count": self.failure_count + 1, "last_error": error})
        return False


def _peer_post():
    """The function that asks a terminal, with the settings outside the database."""
    return functools.partial(http_client.fetch, **http_client.read_environment())
