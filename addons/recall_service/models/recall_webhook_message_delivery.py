# SPDX-License-Identifier: LGPL-3.0-only
import functools
import logging
import queue
import time
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.recall_base.tools import cipher, http_client

from ..tools import webhook

_logger = logging.getLogger(__name__)

#: Webhooks that are served at once, each by one thread.
THREADS = 16
#: Threads that may be with receivers that failed last: they delay no others.
FAILING_THREADS = 12
#: Messages of one webhook that a thread sends before it reports.
BATCH = 10
#: Seconds of one run; what is left then is for the next.
RUN_SECONDS = 40


class Job(NamedTuple):
    """What a thread has to do. It touches no database."""

    hook_id: int
    failing: bool
    url: str
    keys: list
    messages: list


class RecallWebhookMessage(models.Model):
    _inherit = "recall.webhook.message"

    @api.model
    def _cron_deliver(self):
        """Send what is due, in threads without a database cursor.

        Only one run goes on at a time: the scheduled action is locked by whoever runs
        it. A message is marked as taken after its receiver said so. A server that dies
        in between sends it once more, with the same id.
        """
        done, busy = queue.SimpleQueue(), {}
        send = functools.partial(
            http_client.post_message, **http_client.read_environment()
        )
        stop_at = time.monotonic() + RUN_SECONDS
        with ThreadPoolExecutor(THREADS, "webhook") as pool:
            while True:
                jobs = self._take_due(busy) if time.monotonic() < stop_at else []
                for job in jobs:
                    busy[job.hook_id] = job
                    pool.submit(_work, job, send, done)
                # Nothing is held while a receiver is waited for.
                self.env["ir.cron"]._commit_progress()
                if not busy:
                    break
                job, results = done.get()
                del busy[job.hook_id]
                store = functools.partial(self._store, job, results)
                if not self.env["ir.cron"]._commit_guarded(store, len(results)):
                    # They stay waiting, and are sent again under the same id.
                    _logger.warning("Results of webhook %s are lost", job.hook_id)
        if self._take_due({}):
            self.env["recall.webhook"]._wake()
        self.env["ir.cron"]._commit_progress(remaining=0)

    @api.model
    def _take_due(self, busy):
        """Jobs for the threads that are free, those of healthy receivers first."""
        self.flush_model()
        free = THREADS - len(busy)
        places = FAILING_THREADS - sum(job.failing for job in busy.values())
        self.env.cr.execute(self._due_sql(tuple(busy) or (0,), free))
        jobs = []
        for hook_id, failing, ids in self.env.cr.fetchall():
            if failing and places <= 0:
                continue
            job = self._prepare_job(hook_id, failing, ids)
            if job:
                places -= failing
                jobs.append(job)
        return jobs

    def _due_sql(self, busy, limit):
        return SQL(
            """SELECT hook.id, hook.failing_since IS NOT NULL, due.ids
                 FROM recall_webhook hook
                 JOIN recall_data_user data_user
                   ON data_user.id = hook.data_user_id AND data_user.active
                CROSS JOIN LATERAL (
                      SELECT array_agg(batch.id ORDER BY batch.number) AS ids
                        FROM (SELECT id, number FROM recall_webhook_message
                               WHERE webhook_id = hook.id AND state = 'waiting'
                                 AND next_try_at <= %(now)s
                               ORDER BY number LIMIT %(batch)s) batch) due
                WHERE hook.state = 'active' AND due.ids IS NOT NULL
                  AND hook.id NOT IN %(busy)s
                  AND coalesce(hook.next_try_at, %(now)s) <= %(now)s
                ORDER BY hook.failing_since NULLS FIRST, hook.last_success_at
                LIMIT %(limit)s""",
            now=fields.Datetime.now(),
            batch=BATCH,
            busy=busy,
            limit=limit,
        )

    def _prepare_job(self, hook_id, failing, ids):
        hook = self.env["recall.webhook"].browse(hook_id)
        try:
            keys = hook._open_secrets()
        except (cipher.SealError, cipher.KeyFileError) as error:
            _logger.error(
                "The secret of webhook %s cannot be opened: %s", hook_id, error
            )
            return None
        # One that was away is tried with one message, then gets the others.
        messages = self._find_probe(hook_id) if failing else self.browse(ids)
        prepared = [
            webhook.Message(message.id, message.reference, message.payload.encode())
            for message in messages
        ]
        return Job(hook_id, failing, hook.url, keys, prepared)

    def _find_probe(self, hook_id):
        """The due message that was tried least: one that always fails holds up none."""
        return self.search(
            [
                ("webhook_id", "=", hook_id),
                ("state", "=", "waiting"),
                ("next_try_at", "<=", fields.Datetime.now()),
            ],
            order="attempts, number",
            limit=1,
        )

    def _store(self, job, results):
        hook = self.env["recall.webhook"].browse(job.hook_id).exists()
        messages = {
            message.id: message
            for message in self.browse([result.key for result in results]).exists()
        }
        for result in results:
            if result.key in messages:
                messages[result.key]._note_result(result)
        if hook and results:
            hook._note_results(results)

    def _note_result(self, result):
        now = fields.Datetime.now()
        attempts = self.attempts + 1
        first = self.first_try_at or now
        vals = {
            "attempts": attempts,
            "first_try_at": first,
            "last_status": result.status,
            "last_fault": result.fault,
        }
        if result.taken:
            vals.update(state="sent", sent_at=now)
        elif now - first >= webhook.GIVE_UP and not self._waits_for(result, first):
            vals["state"] = "failed"
        else:
            vals["next_try_at"] = now + webhook.wait_after(attempts)
        self.write(vals)

    def _waits_for(self, result, first):
        """Whether the receiver is away, and has taken no other message meanwhile."""
        taken_at = self.webhook_id.last_success_at
        return result.about_receiver and not (taken_at and taken_at > first)


def _work(job, send, done):
    """Send the messages of a job, in a thread, and report."""
    done.put((job, webhook.deliver(job.url, job.keys, job.messages, send)))
