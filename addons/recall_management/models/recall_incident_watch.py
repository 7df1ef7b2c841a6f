# SPDX-License-Identifier: LGPL-3.0-only
from datetime import timedelta

from odoo import api, fields, models

from .recall_incident import PRODUCER_KINDS

#: Failed cycles in a row that make an alarm: a single one is no incident.
ALARM_CYCLES = 2
#: Causes of a failure that lie at this terminal alone.
OUR_CAUSES = ("storage", "token", "request")
#: A trouble must be away this long, and two intervals, before its incident ends.
HOLD = timedelta(minutes=30)
#: The same for what ends at once: an expiry that has been renewed.
SURE_KINDS = ("certificate", "token")
#: Terminals asked within this time are compared: the circuit breaker asks hourly.
OWN_WINDOW = timedelta(minutes=75)
#: With fewer terminals "more than half" says nothing about our own side.
OWN_TERMINALS = 5
#: Days before an expiry when it is told (again).
EXPIRY_STEPS = (0, 1, 7, 30)
REMINDER = timedelta(days=1)


class RecallIncident(models.Model):
    """Opening and closing of incidents, by a scheduled action (M-MONITOR).

    Whatever is to be told is queued as mail in the transaction that notes it, and sent
    by the mail queue.
    """

    _inherit = "recall.incident"

    @api.model
    def _cron_watch(self):
        now = fields.Datetime.now()
        self.env["recall.enterprise"]._refresh_changed_states(now)
        self._watch(now)
        self.env["recall.heartbeat"]._beat("watch")

    @api.model
    def _watch(self, now):
        """Compare the troubles there are with the incidents that are open."""
        found = self._find_troubles(now)
        running = self.search([("closed_at", "=", False)])
        known = {(item.enterprise_id, item.kind): item for item in running}
        spared = running.filtered(lambda item: not item._concerns_producer())
        seen = self.browse()
        for key in found.keys() & known.keys():
            known[key]._see(found[key], now)
            seen |= known[key]
        own = any(kind == "own" for _enterprise, kind in found)
        excused = now if own else self._get_excused_until()
        opened = self._open(
            {
                key: cause
                for key, cause in found.items()
                if key not in known and _is_alarm(*key, excused)
            },
            now,
        )
        closed = (running - seen).filtered(lambda item: item._is_over(now))
        closed._close(now)
        # What was our own fault has become the producer's.
        turned = (seen & spared).filtered(lambda item: item._concerns_producer())
        reminded = (seen - turned).filtered(lambda item: item._is_reminder_due(now))
        self._tell(opened, reminded, closed, now, own)
        if not own:
            turned._mail_producers("opened", now)

    # === Troubles === #

    @api.model
    def _find_troubles(self, now):
        """Troubles of all terminals and of our own side.

        :returns: dict ``(recall.enterprise, or an empty one, kind)`` -> cause
        """
        limits = self.env["recall.cause"]._get_limits()
        enterprises = self.env["recall.enterprise"].search([])
        nobody = enterprises.browse()
        stopped = not self.env["recall.heartbeat"]._is_alive("pull")
        found = {}
        if stopped:
            found[nobody, "cron"] = "cron"
        if _is_own_fault(enterprises, now):
            found[nobody, "own"] = "own"
        for trouble in self.env["recall.audit.seal"]._find_troubles():
            found[nobody, trouble] = trouble
        for enterprise in enterprises:
            for kind, cause in enterprise._get_troubles(now, limits).items():
                # One incident says that none is asked.
                if not (stopped and kind == "unasked"):
                    found[enterprise, kind] = cause
        return found

    @api.model
    def _get_excused_until(self):
        """Until when failures were probably our own fault; False if never."""
        return self._read_group([("kind", "=", "own")], [], ["last_seen_at:max"])[0][0]

    # === Opening and closing === #

    @api.model
    def _open(self, troubles, now):
        """Open incidents.

        :param troubles: dict as of ``_find_troubles``
        """
        incidents = self.with_context(mail_create_nosubscribe=True).create(
            [
                {
                    "enterprise_id": enterprise.id,
                    "kind": kind,
                    "cause": cause,
                    "error": kind == "failure" and enterprise.last_error,
                    "opened_at": now,
                    "first_cycle_at": kind == "failure" and enterprise.failing_since,
                    "last_seen_at": now,
                }
                for (enterprise, kind), cause in troubles.items()
            ]
        )
        for incident in incidents:
            incident.days_left = incident._get_days_left(now)
        incidents._begin_activities()
        return incidents

    def _see(self, cause, now):
        vals = {"last_seen_at": now}
        if cause != self.cause:
            vals["cause"] = cause
        if self.kind == "failure" and self.enterprise_id.last_error != self.error:
            vals["error"] = self.enterprise_id.last_error
        self.write(vals)

    def _is_over(self, now):
        """Whether the trouble has been away long enough, or its terminal has."""
        enterprise = self.enterprise_id
        if self.kind in SURE_KINDS or (enterprise and not enterprise.active):
            return True
        hold = max(HOLD, timedelta(minutes=2 * enterprise.interval_minutes))
        return now - self.last_seen_at >= hold

    def _close(self, now):
        self.write({"closed_at": now})
        self._end_activities()

    # === Reminders === #

    def _get_days_left(self, now):
        """Step of ``EXPIRY_STEPS`` that an expiry has come to; 0 for other kinds."""
        if self.kind not in SURE_KINDS:
            return 0
        days = (self._get_expiry() - now) / timedelta(days=1)
        return next((step for step in EXPIRY_STEPS if days <= step), EXPIRY_STEPS[-1])

    def _get_expiry(self):
        """When the certificate or token ends; of a token, the end of its last day."""
        enterprise = self.enterprise_id
        if self.kind == "certificate":
            return enterprise.certificate_expires_at
        return enterprise._get_token_end()

    def _is_reminder_due(self, now):
        """Once a day; before an expiry only as often as ``EXPIRY_STEPS`` has it.

        While a terminal does not deliver at all, its other troubles are not told.
        """
        if self.kind != "failure" and self.enterprise_id.bad_cycles:
            return False
        if self.kind in SURE_KINDS and self._get_days_left(now):
            return self._get_days_left(now) < self.days_left
        return now - (self.told_at or self.opened_at) >= REMINDER

    def _concerns_producer(self):
        """Whether the producer can do something, or was told before that it should."""
        is_ours = self.kind == "failure" and self.cause in OUR_CAUSES
        return self.kind in PRODUCER_KINDS and (not is_ours or self.mail_count > 0)


def _is_alarm(enterprise, kind, excused):
    """Whether a trouble opens an incident.

    :param excused: failures up to then were probably our own fault; False if none
    """
    if kind != "failure":
        return not enterprise.bad_cycles
    return enterprise.bad_cycles >= ALARM_CYCLES and (
        not excused or enterprise.last_failed_at > excused
    )


def _is_own_fault(enterprises, now):
    """Whether more than half of the terminals that were asked lately have failed."""
    asked = enterprises.filtered(
        lambda item: item.last_asked_at and now - item.last_asked_at <= OWN_WINDOW
    )
    failed = asked.filtered("bad_cycles")
    return len(asked) >= OWN_TERMINALS and 2 * len(failed) > len(asked)
