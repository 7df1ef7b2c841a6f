# SPDX-License-Identifier: LGPL-3.0-only
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.base.models.ir_cron import _intervalTypes

#: Scheduled actions that are watched, by the name of their heartbeat.
WATCHED = {
    "pull": "recall_management.ir_cron_pull",
    "watch": "recall_management.ir_cron_watch",
}
#: Intervals without a finished run after which a scheduled action has stopped.
MISSED_INTERVALS = 3
#: A cycle over 200 terminals that all hang takes 150 s: sooner is no alarm.
SHORTEST_LIMIT = timedelta(minutes=5)


class RecallHeartbeat(models.Model):
    """When each scheduled action last finished a run (M-MONITOR).

    ``ir.cron.lastcall`` does not do: it also moves on when every run fails.
    """

    _name = "recall.heartbeat"
    _description = "Heartbeat of a scheduled action"
    _audited = frozenset()
    _log_access = False

    name = fields.Char(required=True, readonly=True)
    beat_at = fields.Datetime(required=True, readonly=True)

    _name_uniq = models.Constraint("UNIQUE(name)", "There is one row an action.")

    @api.model
    def _beat(self, name):
        self.env.cr.execute(
            SQL(
                """INSERT INTO recall_heartbeat (name, beat_at) VALUES (%s, %s)
                   ON CONFLICT (name) DO UPDATE SET beat_at = excluded.beat_at""",
                name,
                fields.Datetime.now(),
            )
        )
        self.invalidate_model()

    @api.model
    def _get_ages(self):
        """Seconds since the last finished run: dict name of ``WATCHED`` -> float."""
        now = fields.Datetime.now()
        beats = dict(self._read_group([], ["name"], ["beat_at:max"]))
        return {
            name: (
                now - (beats.get(name) or self._get_cron(name).create_date)
            ).total_seconds()
            for name in WATCHED
        }

    @api.model
    def _is_alive(self, name):
        """Whether a scheduled action is switched on and has finished a run lately.

        One that has finished in the future has not: the clock was put back, and the
        action stands still until the time has caught up.
        """
        cron = self._get_cron(name)
        now = fields.Datetime.now()
        step = _intervalTypes[cron.interval_type](cron.interval_number)
        limit = max(now + MISSED_INTERVALS * step - now, SHORTEST_LIMIT)
        return cron.active and abs(self._get_ages()[name]) <= limit.total_seconds()

    @api.model
    def _check(self):
        """What must hold for the terminal to do its work: dict name -> bool."""
        return {
            "pull": self._is_alive("pull"),
            "watch": self._is_alive("watch"),
            "log": not self.env["recall.audit.seal"]._is_behind(),
        }

    def _get_cron(self, name):
        return self.env.ref(WATCHED[name])


class RecallEnterprise(models.Model):
    _inherit = "recall.enterprise"

    @api.model
    def _cron_pull(self):
        """Extension: a run that has finished leaves a heartbeat."""
        result = super()._cron_pull()
        self.env["recall.heartbeat"]._beat("pull")
        return result
