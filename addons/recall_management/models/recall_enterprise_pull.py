# SPDX-License-Identifier: LGPL-3.0-only
import functools
import logging
import os
import time
from datetime import timedelta

from odoo import api, fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from odoo.addons.recall_base.tools import cipher, http_client, messages
from odoo.addons.recall_base.tools.http_client import PeerError
from odoo.addons.recall_base.tools.messages import ApiStatus, MessageError

from ..tools.puller import Puller

_logger = logging.getLogger(__name__)

#: A lease outlives one fetch (two tries of 5 s) and its taking in by far.
LEASE_SECONDS = 60
#: After this long a run starts no further page; the next run goes on.
BUDGET_SECONDS = 50
THREADS = 16
#: How often a transaction is tried that meets another one's changes.
STORE_TRIES = 3
LOCK_MILLISECONDS = 5000


class RecallEnterprise(models.Model):
    """The scheduled pull (clause 7.5.2).

    Due terminals are leased and the lease committed, threads fetch without a cursor,
    each answer is taken in by a transaction of its own. A dead terminal costs two tries
    of 5 s in one thread and never fails the scheduled action.
    """

    _inherit = "recall.enterprise"

    @api.model
    def _cron_pull(self):
        leased = self._lease_due()
        requests = [enterprise._prepare_request() for enterprise in leased]
        # No transaction is open while the network is waited for.
        self.env["ir.cron"]._commit_progress(remaining=len(leased))
        stop_at = time.monotonic() + BUDGET_SECONDS
        with Puller(_peer_post(), THREADS) as puller:
            for request in requests:
                puller.submit(**request)
            for fetched in puller.results():
                request = self.browse(fetched.key)._store_guarded(fetched, stop_at)
                if request:
                    puller.submit(**request)

    # === Lease === #

    @api.model
    def _lease_due(self):
        """Lease the terminals that are due, so that no other worker asks them.

        A lease ends by itself, and at once when the database connection that took it is
        gone: a killed worker holds up nothing.
        """
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """UPDATE recall_enterprise enterprise
                      SET lease_until = %(now)s + %(lease)s * interval '1 second',
                          lease_pid = pg_backend_pid(),
                          lease_started = me.backend_start::text
                     FROM pg_stat_activity me
                    WHERE me.pid = pg_backend_pid() AND enterprise.id IN (
                          SELECT id FROM recall_enterprise
                           WHERE active AND token_sealed IS NOT NULL
                             AND next_pull_at <= %(now)s
                             AND (lease_until IS NULL OR lease_until < %(now)s
                                  OR NOT EXISTS (
                                      SELECT FROM pg_stat_activity
                                       WHERE pid = lease_pid
                                         AND backend_start::text = lease_started))
                           ORDER BY next_pull_at FOR UPDATE SKIP LOCKED)
                RETURNING enterprise.id""",
                now=SQL("(now() AT TIME ZONE 'UTC')"),
                lease=LEASE_SECONDS,
            )
        )
        leased = self.browse(row[0] for row in self.env.cr.fetchall())
        leased.invalidate_recordset()
        return leased

    def _release(self, *, due_again):
        """End the lease; a terminal that has more is due again at once."""
        wait = timedelta(minutes=0 if due_again else self.interval_minutes)
        self.write({"lease_until": False, "next_pull_at": fields.Datetime.now() + wait})

    # === Fetching === #

    def _prepare_request(self):
        """What ``Puller.submit`` takes: annex B's request with the optional members,
        unless plain; an error where the token cannot be opened.
        """
        self.ensure_one()
        try:
            # sudo: the sealed token is hidden from every role.
            token = cipher.KeyRing.from_environment().open(
                self.sudo().token_sealed, self._token_context()
            )
        except (cipher.KeyFileError, cipher.SealError) as error:
            _logger.error("Token of enterprise %s cannot be opened: %s", self.id, error)
            message = self.env._("The token cannot be opened. Enter it again.")
            fault = PeerError("token", message)
            fault.attempts = 0
            return {"key": self.id, "url": self.url, "payload": {}, "error": fault}
        payload = {"api_token": token, "api_cfg": self.api_cfg}
        if not self.plain:
            payload["api_cursor"] = self.cursor or ""
        return {"key": self.id, "url": self.url, "payload": payload}

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
        more = self._store(fetched)
        request = None
        if more and self.active and time.monotonic() < stop_at:
            request = self._prepare_request()
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
            parsed = messages.parse_sync_answer(fetched.answer.body)
        except PeerError as error:
            return self._note_failure(fetched, error.code, error.message)
        except MessageError as error:
            return self._note_failure(fetched, "message", error.message)
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
                "state": "working",
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
        self.write(
            {
                "state": "failing",
                "failure_count": self.failure_count + 1,
                "last_error": error,
            }
        )
        return False


def _peer_post():
    """The function that asks a terminal, with the settings outside the database."""
    networks = os.environ.get("RECALL_PEER_NETWORKS", "")
    return functools.partial(
        http_client.fetch,
        ca_file=os.environ.get("RECALL_CA_FILE"),
        networks=tuple(part.strip() for part in networks.split(",") if part.strip()),
    )
