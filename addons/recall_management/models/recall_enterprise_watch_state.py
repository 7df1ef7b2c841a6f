# SPDX-License-Identifier: LGPL-3.0-only
import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from odoo.addons.recall_base.tools import deadline

from .recall_enterprise_pull_breaker import OPENS_AFTER

_logger = logging.getLogger(__name__)

#: Fewer answers than this do not make a terminal slow.
SLOW_ANSWERS = 5
#: Fewer records than this do not make a flood of refused ones.
REFUSED_RECORDS = 20
#: Intervals without a request after which a terminal counts as not asked.
UNASKED_INTERVALS = 3
#: Minutes that a request may be late in any case.
UNASKED_MINUTES = 15
#: State that a kind of trouble puts a terminal in, the worst first.
STATE_OF_KIND = {
    "failure": "failing",
    "slow": "slow",
    "unasked": "silent",
    "silent": "silent",
    "certificate": "certificate",
    "token": "token",
}
#: States in which somebody must do something.
ATTENTION = ("failing", "down", "slow", "silent", "certificate", "token")


class RecallEnterprise(models.Model):
    """What the noted facts mean: troubles of a terminal, its state, what to do."""

    _inherit = "recall.enterprise"
    _kept_fields = {"state_since"}

    state_since = fields.Datetime(readonly=True, copy=False)
    history_ids = fields.One2many(
        "recall.enterprise.history", "enterprise_id", readonly=True
    )
    trouble = fields.Char(
        string="What is wrong", compute="_compute_trouble", compute_sudo=True
    )
    advice = fields.Char(
        string="What to do", compute="_compute_trouble", compute_sudo=True
    )

    @api.model_create_multi
    def create(self, vals_list):
        enterprises = super().create(vals_list)
        enterprises._refresh_state()
        return enterprises

    def write(self, vals):
        result = super().write(vals)
        if vals.get("active"):
            # Asked at once; the time before counts neither as up nor as down.
            self._write_watch(
                {"cycle_at": False, "next_pull_at": fields.Datetime.now()}
            )
        if {"active", "token_valid_until"} & set(vals):
            self._refresh_state()
        return result

    @api.depends("state", "last_outcome", "last_api_status")
    @api.depends_context("lang")
    def _compute_trouble(self):
        Cause = self.env["recall.cause"]
        limits = Cause._get_limits()
        now = fields.Datetime.now()
        for enterprise in self:
            troubles = enterprise._get_troubles(now, limits)
            cause = next(iter(troubles.values()), False)
            enterprise.trouble, enterprise.advice = Cause._explain(cause)

    # === Judging === #

    def _get_troubles(self, now, limits):
        """Troubles of this terminal, the worst first.

        :param dict limits: of ``recall.cause._get_limits``
        :returns: dict kind of incident -> code of ``recall.cause``
        """
        self.ensure_one()
        if not self.active or (not self.last_asked_at and not self._is_unasked(now)):
            return {}
        troubles = {
            "failure": self._get_failure_cause(),
            "slow": self._is_slow(limits) and "slow",
            "unasked": self._is_unasked(now) and "unasked",
            "silent": self._is_silent(now, limits) and "silent",
            "quarantine": self._is_flooded(limits) and "quarantine",
            "certificate": _expiry(
                "certificate", self.certificate_expires_at, now, limits
            ),
            "token": _expiry("token", self._get_token_end(), now, limits),
        }
        return {kind: cause for kind, cause in troubles.items() if cause}

    def _get_token_end(self):
        """End of the token's last day on the producer's clocks; False: not known."""
        if not self.token_valid_until:
            return False
        last = self.token_valid_until
        return deadline.day_start(last + timedelta(days=1), self.producer_id.timezone)

    def _get_failure_cause(self):
        if not self.bad_cycles:
            return False
        if self.last_outcome == "status":
            return f"status_{self.last_api_status}"
        return self.last_outcome

    def _is_slow(self, limits):
        return (
            self.response_count >= SLOW_ANSWERS
            and self.response_seconds > limits["slow_seconds"]
        )

    def _is_unasked(self, now):
        """Whether we did not ask it in time, which is our own fault.

        Measured from when it was due: quiet hours and the circuit breaker move that.
        """
        late = timedelta(
            minutes=max(UNASKED_INTERVALS * self.interval_minutes, UNASKED_MINUTES)
        )
        # sudo: the sealed token is hidden from every role.
        return bool(
            self.sudo().token_sealed
            and self.next_pull_at
            and now - self.next_pull_at > late
        )

    def _is_silent(self, now, limits):
        """Whether it brings nothing new for days although its recalls run."""
        limit = now - timedelta(days=limits["silent_days"])
        if (self.last_record_at or self.create_date) > limit:
            return False
        # One of the few plans of a producer; its counters are kept.
        return bool(
            self.env["recall.plan"]
            .sudo()  # sudo: also who may not see the plan sees the state
            .search_count(
                [
                    ("producer_id", "=", self.producer_id._origin.id),
                    ("state", "in", ("published", "running")),
                    ("recall_start", "<=", limit.date()),
                    ("completion_rate", "<", 1),
                    ("vehicle_count", ">", 0),
                ],
                limit=1,
            )
        )

    def _is_flooded(self, limits):
        share = limits["quarantine_percent"] / 100
        return (
            self.recent_records >= REFUSED_RECORDS
            and self.recent_refused > share * self.recent_records
        )

    # === State === #

    def _judge_state(self, now, limits):
        self.ensure_one()
        if not self.active:
            return "suspended"
        if not self.last_asked_at and not self._is_unasked(now):
            return "new"
        if self.breaker != "closed" or self.bad_cycles >= OPENS_AFTER:
            return "down"
        kinds = self._get_troubles(now, limits)
        return next(
            (state for kind, state in STATE_OF_KIND.items() if kind in kinds), "working"
        )

    def _refresh_state(self, now=None):
        """Judge the state anew; a change is kept in the history."""
        now = now or fields.Datetime.now()
        limits = self.env["recall.cause"]._get_limits()
        for enterprise in self:
            state = enterprise._judge_state(now, limits)
            if state == enterprise.state and enterprise.state_since:
                continue
            enterprise._write_watch({"state": state, "state_since": now})
            # sudo: nobody writes the history; it is part of the change.
            self.env["recall.enterprise.history"].sudo()._note(enterprise, now)

    @api.model
    def _refresh_changed_states(self, now):
        """Judge what comes of time alone; each change is a transaction of its own.

        A terminal whose row is locked is being asked right now, and judged by that.
        """
        limits = self.env["recall.cause"]._get_limits()
        enterprises = self.with_context(active_test=False).search([])
        changed = enterprises.filtered(
            lambda item: item._judge_state(now, limits) != item.state
        )
        self.env["ir.cron"]._commit_progress(remaining=len(changed))
        for enterprise in changed:
            try:
                if enterprise.try_lock_for_update():
                    enterprise._refresh_state(now)
                self.env["ir.cron"]._commit_progress(1)
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                self.env.cr.rollback()
                _logger.info("State of enterprise %s is judged later", enterprise.id)


def _expiry(kind, expires_at, now, limits):
    """Code of what ends soon or has ended; False when it is far away or not known."""
    if not expires_at or expires_at - now > timedelta(days=limits["expiry_days"]):
        return False
    return f"{kind}_expired" if expires_at <= now else f"{kind}_expiring"
