# SPDX-License-Identifier: LGPL-3.0-only
from datetime import timedelta

from odoo import fields, models

from .recall_enterprise_pull_breaker import OURS

#: Answers that the average response time looks back on.
AVERAGE_OF = 20
#: How much the refused share forgets with each answer that holds new records.
REFUSED_MEMORY = 0.9
#: Longest time between two requests that a cycle stands for.
OBSERVED_MAX = timedelta(hours=2)


class RecallEnterprise(models.Model):
    """The watch on each terminal (clause 5.2.2.3, M-MONITOR).

    Facts are noted by the transaction that stores an answer, which holds the
    terminal's row anyway: nothing here reads the exchanges. A *cycle* is one scheduled
    request with all its pages; it has failed when its last answer was no success. What
    comes of time alone (silence, expiry) is judged by ``recall.incident._cron_watch``.
    """

    _inherit = "recall.enterprise"
    _kept_fields = {
        "last_asked_at",
        "last_failed_at",
        "failing_since",
        "bad_cycles",
        "cycle_open",
        "cycle_at",
        "last_outcome",
        "last_api_status",
        "last_record_at",
        "response_seconds",
        "response_count",
        "recent_records",
        "recent_refused",
        "cycle_total",
        "cycle_failed_total",
        "record_total",
    }

    technical_name = fields.Char(
        string="Technical contact", help="Whom at the producer to speak to."
    )
    technical_email = fields.Char(
        string="Mail of the technical contact",
        help="Alarms go there, one mail for each incident. Separate several addresses "
        "with commas. Empty: the technical contact of the producer.",
    )
    technical_lang = fields.Selection(
        selection=lambda self: self.env["res.lang"].get_installed(),
        string="Language of alarms",
        default=lambda self: self.env.lang or "en_US",
    )
    user_id = fields.Many2one(
        "res.users",
        string="Officer in charge",
        domain="[('share', '=', False)]",
        help="Gets the activity of an incident. Empty: all officers get it.",
    )
    token_valid_until = fields.Date(
        help="As the producer told with the token. Empty: not known, no warning."
    )

    last_asked_at = fields.Datetime(string="Asked last", readonly=True, copy=False)
    last_failed_at = fields.Datetime(string="Failed last", readonly=True, copy=False)
    failing_since = fields.Datetime(readonly=True, copy=False)
    bad_cycles = fields.Integer(
        string="Cycles without success",
        readonly=True,
        copy=False,
        help="In a row, and whoever is to blame: failed cycles are the terminal's own.",
    )
    cycle_open = fields.Boolean(readonly=True, copy=False)
    cycle_at = fields.Datetime(string="Last cycle", readonly=True, copy=False)
    last_outcome = fields.Char(readonly=True, copy=False)
    last_api_status = fields.Integer(readonly=True, copy=False)
    last_record_at = fields.Datetime(
        string="Last new record", readonly=True, copy=False
    )
    response_seconds = fields.Float(
        string="Response time (s)",
        digits=(8, 3),
        readonly=True,
        copy=False,
        aggregator="avg",
        help="Average of about the last 20 answers; clause 9.1 allows 5 s.",
    )
    response_count = fields.Integer(readonly=True, copy=False)
    recent_records = fields.Float(readonly=True, copy=False)
    recent_refused = fields.Float(readonly=True, copy=False)
    cycle_total = fields.Integer(string="Cycles", readonly=True, copy=False)
    cycle_failed_total = fields.Integer(
        string="Failed cycles", readonly=True, copy=False
    )
    record_total = fields.Integer(string="Records taken in", readonly=True, copy=False)

    # === Noting what came === #

    def _note_success(self, fetched, parsed):
        result = super()._note_success(fetched, parsed)
        self._note_answer("success", fetched.answer)
        return result

    def _note_failure(self, fetched, outcome, error, api_status=False):
        result = super()._note_failure(fetched, outcome, error, api_status)
        self._note_answer(outcome, fetched.answer, api_status)
        return result

    def _note_answer(self, outcome, answer, api_status=False):
        """Note how a request ended, and how long its answer took if there was one."""
        now = fields.Datetime.now()
        vals = {
            "last_asked_at": now,
            "last_outcome": outcome,
            "last_api_status": api_status,
            "cycle_open": True,
        }
        if outcome != "success":
            vals["last_failed_at"] = now
        if answer:
            count = min(self.response_count + 1, AVERAGE_OF)
            change = (answer.seconds - self.response_seconds) / count
            vals["response_count"] = count
            vals["response_seconds"] = self.response_seconds + change
            self.env["recall.availability.day"]._add(
                self, requests=1, seconds_sum=answer.seconds, seconds_max=answer.seconds
            )
        self._write_watch(vals)

    def _note_records(self, exchange):
        """Note the records that came for the first time: silence and floods are judged
        by them. A plain terminal repeats a week's records with each answer.
        """
        refused = exchange._count_kept()
        repeated = exchange.same_count + exchange.quarantined_count - refused
        fresh = exchange.record_count - repeated
        if not fresh:
            return
        vals = {
            "recent_records": self.recent_records * REFUSED_MEMORY + fresh,
            "recent_refused": self.recent_refused * REFUSED_MEMORY + refused,
            "record_total": self.record_total + exchange.new_count,
        }
        if exchange.new_count or exchange.corrected_count or exchange.withdrawn_count:
            vals["last_record_at"] = fields.Datetime.now()
        self._write_watch(vals)
        self.env["recall.availability.day"]._add(
            self, records=exchange.new_count, refused=refused
        )

    def _release(self, **options):
        result = super()._release(**options)
        if self.cycle_open:
            self._note_cycle()
        return result

    def _note_cycle(self):
        """Count a cycle that has ended, and the time that it stands for.

        The time since the request before counts as down when this cycle failed: a
        terminal that the circuit breaker has asked less often gains nothing by it. What
        is our own fault counts neither as up nor as down.
        """
        now, failed = fields.Datetime.now(), self.last_outcome != "success"
        if self.last_outcome not in OURS:
            seconds = self._get_span(now).total_seconds()
            self.env["recall.availability.day"]._add(
                self,
                cycles=1,
                failed=int(failed),
                observed=seconds,
                down=seconds if failed else 0,
            )
        self._write_watch(
            {
                "cycle_open": False,
                "cycle_at": now,
                "cycle_total": self.cycle_total + 1,
                "cycle_failed_total": self.cycle_failed_total + failed,
                "bad_cycles": self.bad_cycles + 1 if failed else 0,
                "failing_since": (self.failing_since or now) if failed else False,
            }
        )
        self._refresh_state(now)

    def _get_span(self, now):
        """Time since the cycle before; after a pause only the usual interval."""
        span = timedelta(minutes=self.interval_minutes)
        if self.cycle_at and now - self.cycle_at <= max(OBSERVED_MAX, 2 * span):
            return now - self.cycle_at
        return span

    def _write_watch(self, vals):
        # sudo: nobody writes these fields; whoever may ask a terminal has them noted.
        self.sudo().write(vals)
