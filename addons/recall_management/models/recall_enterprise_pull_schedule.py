# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ..tools import schedule

#: Fields that say when a terminal is asked.
SCHEDULE_FIELDS = {"interval_minutes", "quiet_from", "quiet_to", "active"}


class RecallEnterprise(models.Model):
    """When a terminal is asked: its interval, its quiet hours, and "ask now"."""

    _inherit = "recall.enterprise"
    _kept_fields = {"asked_by_hand"}

    quiet_from = fields.Float(
        string="Quiet hours from",
        help="Not asked by itself between these times of the day, in the time zone of "
        "the producer. The same time twice: no quiet hours.",
    )
    quiet_to = fields.Float(
        string="Quiet hours to", help="Before the first time: on the next day."
    )
    timezone = fields.Selection(related="producer_id.timezone", string="Time zone")
    asked_by_hand = fields.Boolean(readonly=True, copy=False)

    _quiet_bounds = models.Constraint(
        """CHECK(coalesce(quiet_from, 0) BETWEEN 0 AND 24
                 AND coalesce(quiet_to, 0) BETWEEN 0 AND 24
                 AND coalesce(quiet_to - quiet_from, 0) < 24)""",
        "Quiet hours are times of the day, 0:00 to 24:00, and leave some of it.",
    )

    def write(self, vals):
        """Extension: a new schedule holds from now on, not after the next request."""
        result = super().write(vals)
        if SCHEDULE_FIELDS & vals.keys() and "next_pull_at" not in vals:
            self._reschedule()
        return result

    def _reschedule(self):
        now = fields.Datetime.now()
        for enterprise in self.filtered("next_pull_at"):
            latest = now + enterprise._pull_wait()
            planned = enterprise._after_quiet(min(enterprise.next_pull_at, latest))
            if planned != enterprise.next_pull_at:
                # sudo: nobody writes this field; who may change the schedule may.
                enterprise.sudo().next_pull_at = planned

    @api.model
    def _cron_pull(self):
        """Extension: what was planned while the clock was ahead is planned anew."""
        now = fields.Datetime.now()
        self.search([("next_pull_at", ">", now)]).filtered(
            lambda one: one.next_pull_at > one._after_quiet(now + one._pull_wait())
        )._reschedule()
        return super()._cron_pull()

    def _after_quiet(self, moment):
        """The moment, or the end of the quiet hours it lies in."""
        zone = self.producer_id.timezone
        return schedule.after_quiet(moment, zone, self.quiet_from, self.quiet_to)

    def _next_pull_at(self):
        return self._after_quiet(super()._next_pull_at())

    def _lease_due(self):
        """Extension: terminals whose quiet hours it is are put off."""
        leased = super()._lease_due()
        quiet = leased.filtered(lambda one: one._is_quiet() and not one.asked_by_hand)
        for enterprise in quiet:
            planned = enterprise._after_quiet(fields.Datetime.now())
            enterprise.write({"lease_until": False, "next_pull_at": planned})
        return leased - quiet

    def _is_quiet(self):
        now = fields.Datetime.now()
        return self._after_quiet(now) != now

    # === Ask now === #

    def action_pull_now(self):
        """Have the scheduled action ask these terminals at once, and say what happens.

        Neither quiet hours nor an open circuit breaker keep it from that.
        """
        self._check_pull_now()
        busy = self.filtered(lambda one: one._is_leased())
        self._ask_by_hand(self - busy)
        # sudo: officers may start this one of the scheduled actions.
        cron = self.env.ref("recall_management.ir_cron_pull").sudo()
        cron._trigger()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "info" if cron.active else "warning",
                "sticky": not cron.active,
                "message": " ".join(self._explain_pull_now(busy, cron.active)),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _check_pull_now(self):
        self.check_access("read")
        if not self.env.user.has_group("recall_management.group_officer"):
            raise AccessError(self.env._("Only officers may have a terminal asked."))
        suspended = self.filtered(lambda one: not one.active)
        if suspended:
            raise UserError(
                self.env._(
                    "Suspended, and so not asked: %(names)s. Take the suspension back "
                    "first.",
                    names=", ".join(suspended.mapped("name")),
                )
            )
        missing = self.filtered(lambda one: not one.has_token)
        if missing:
            raise UserError(
                self.env._(
                    "Enter the token first: %(names)s.",
                    names=", ".join(missing.mapped("name")),
                )
            )

    def _is_leased(self):
        return bool(self.lease_until and self.lease_until > fields.Datetime.now())

    @api.model
    def _ask_by_hand(self, terminals):
        terminals.flush_recordset()
        # The scheduled action may be writing these rows: the call is repeated then,
        # which is nothing to log as an error.
        self.env.cr.execute(
            SQL(
                """UPDATE recall_enterprise
                      SET asked_by_hand = TRUE,
                          next_pull_at = now() AT TIME ZONE 'UTC' - interval '1 second'
                    WHERE id IN %s""",
                tuple(terminals.ids or [0]),
            ),
            log_exceptions=False,
        )
        terminals.invalidate_recordset(["asked_by_hand", "next_pull_at"])

    def _explain_pull_now(self, busy, cron_active):
        """Yield sentences that say what to expect."""
        if not cron_active:
            yield self.env._(
                "The scheduled action that asks the terminals is switched off: nothing "
                "happens until an administrator switches it on."
            )
        elif self - busy:
            yield self.env._(
                "Asked at once: %(names)s. What came of it stands under Exchanges "
                "within a minute.",
                names=", ".join((self - busy).mapped("name")),
            )
        if busy:
            yield self.env._(
                "Being asked at this moment: %(names)s.",
                names=", ".join(busy.mapped("name")),
            )
        for one in (self - busy).filtered(lambda one: one.breaker != "closed"):
            yield self.env._(
                "%(name)s failed %(count)s times in a row (%(error)s) and is tried "
                "once now; if it answers, it is asked as scheduled again.",
                name=one.name,
                count=one.failed_cycles,
                error=one.last_error or "",
            )
        quiet = (self - busy).filtered(lambda one: one._is_quiet())
        if quiet:
            yield self.env._(
                "Asked in spite of quiet hours: %(names)s.",
                names=", ".join(quiet.mapped("name")),
            )
