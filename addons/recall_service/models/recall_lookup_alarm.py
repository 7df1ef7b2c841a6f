# SPDX-License-Identifier: LGPL-3.0-only
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

from odoo.addons.recall_base.tools.messages import ApiStatus

from ..tools.quota import QUOTA_METHODS
from .recall_lookup_guard import WINDOW_SECONDS

#: Kind -> what somebody does who walks through VINs or guesses tokens.
KINDS = [
    ("quota", "Goes on after the quota is used up"),
    ("invalid", "Asks for texts that are no VINs"),
    ("token", "Tries wrong tokens"),
    ("network", "One network looks up many vehicles"),
    ("surge", "Looks up far more vehicles than usual"),
]
#: Statuses of annex C -> kind; a request that names no known interface tries tokens.
STATUS_KINDS = {
    ApiStatus.RATE_LIMITED: "quota",
    ApiStatus.PARAMETER_FORMAT: "invalid",
    ApiStatus.UNAUTHORISED: "token",
    ApiStatus.KEY_INVALID: "token",
}
#: Requests in an hour of the clock from which it is no mistake of a program.
IN_AN_HOUR = 100
#: Look-ups on the public page in the guard's ten minutes: more than people do.
IN_A_WINDOW = 100
#: VINs in an hour, within the quota, from which it is looked at whether that is usual.
MANY_IN_AN_HOUR = 1000
#: So many times its busiest hour of late is more than a data user's business grows.
SURGE = 5
#: Days of late: what is done once a month is in them.
USUAL_DAYS = 35


class RecallLookupAlarm(models.Model):
    """Somebody walks through VINs, or guesses tokens: told to the operator (X-ATTACK).

    Quotas, the puzzle of the public page and the length of tokens keep whoever it is
    from getting far; the alarm is there so that a person looks at it. One stays open,
    and is told once, until an operator has acknowledged it.

    Of a network nothing is kept but how often it asked: the gateway's log tells which
    it was.
    """

    _name = "recall.lookup.alarm"
    _description = "Alarm about look-ups"
    _audit_ignored = {"last_seen_at", "request_count"}
    _order = "acknowledged_at desc nulls first, opened_at desc, id desc"

    kind = fields.Selection(KINDS, string="What is done", required=True, readonly=True)
    interface_id = fields.Many2one(
        "recall.share.interface",
        readonly=True,
        index="btree_not_null",
        ondelete="cascade",
        help="Empty: nobody who is known here.",
    )
    data_user_id = fields.Many2one(
        related="interface_id.data_user_id", string="Data user"
    )
    request_count = fields.Integer(
        string="Count",
        readonly=True,
        help="Most requests in one hour, or by one network in ten minutes; most VINs "
        "in one hour where they are far more than usual.",
    )
    advice = fields.Char(string="What to do", compute="_compute_advice")
    opened_at = fields.Datetime(string="First seen", required=True, readonly=True)
    last_seen_at = fields.Datetime(string="Last seen", required=True, readonly=True)
    acknowledged_id = fields.Many2one(
        "res.users", string="Acknowledged by", readonly=True
    )
    acknowledged_at = fields.Datetime(readonly=True)

    _open_uniq = models.UniqueIndex(
        "(kind, coalesce(interface_id, 0)) WHERE acknowledged_at IS NULL",
        "This alarm is open already.",
    )

    @api.depends("kind", "interface_id")
    @api.depends_context("lang")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for alarm in self:
            parts = (alarm.data_user_id.name, kinds.get(alarm.kind))
            alarm.display_name = ": ".join(part for part in parts if part)

    @api.depends("kind", "interface_id")
    @api.depends_context("lang")
    def _compute_advice(self):
        known = self.env._(
            "Ask the data user what its program does. Suspend it if it means no good."
        )
        unknown = self.env._(
            "Look in the gateway's log for the address that asks most, and close it "
            "out there if it means no good."
        )
        surge = self.env._(
            "Ask the data user what it looks up so many vehicles for. If it knows "
            "nothing of it, somebody else has its token: let it issue another one and "
            "revoke this one. Suspend it if it means no good."
        )
        for alarm in self:
            if alarm.kind == "surge":
                alarm.advice = surge
            else:
                alarm.advice = known if alarm.interface_id else unknown

    def action_acknowledge(self):
        """Take the alarm as seen; the same happening again opens a new one."""
        self.check_access("read")
        if not self.env.user.has_group("recall_service.group_operator"):
            raise AccessError(self.env._("Only operators acknowledge alarms."))
        # sudo: nobody writes alarms but for this.
        self.filtered(lambda alarm: not alarm.acknowledged_at).sudo().write(
            {
                "acknowledged_id": self.env.uid,
                "acknowledged_at": fields.Datetime.now(),
            }
        )

    # === Watching === #

    @api.model
    def _cron_watch(self):
        """Open alarms about what happens now, and tell the operator of the new ones."""
        now = fields.Datetime.now()
        found = {
            **self._find_partners(now),
            **self._find_surges(now),
            **self._find_networks(now),
        }
        known = {
            (alarm.kind, alarm.interface_id.id): alarm
            for alarm in self.search([("acknowledged_at", "=", False)])
        }
        for key in found.keys() & known.keys():
            most = max(found[key], known[key].request_count)
            known[key].write({"last_seen_at": now, "request_count": most})
        fresh = self.create(
            [
                {
                    "kind": kind,
                    "interface_id": interface_id,
                    "request_count": count,
                    "opened_at": now,
                    "last_seen_at": now,
                }
                for (kind, interface_id), count in found.items()
                if (kind, interface_id) not in known
                and not self._is_told(kind, interface_id, now)
            ]
        )
        if fresh:
            self._tell(fresh)

    @api.model
    def _is_told(self, kind, interface_id, now):
        """Whether what is counted was acknowledged in the hours that are counted."""
        return self.search_count(
            [
                ("kind", "=", kind),
                ("interface_id", "=", interface_id),
                ("acknowledged_at", ">=", _hour_before(now)),
            ],
            limit=1,
        )

    @api.model
    def _find_partners(self, now):
        """What data users and strangers do at the sharing interface.

        :returns: dict (kind, id of the interface or False) -> requests in an hour
        """
        groups = self.env["recall.share.usage"]._read_group(
            [
                ("hour", ">=", _hour_before(now)),
                ("api_status", "in", [int(status) for status in STATUS_KINDS]),
                "|",
                ("interface_id", "=", False),
                ("interface_id.sandbox", "=", False),
            ],
            ["hour:hour", "interface_id", "api_status"],
            ["request_count:sum"],
        )
        counts = {}
        for hour, interface, status, requests in groups:
            kind = STATUS_KINDS[ApiStatus(status)]
            if kind == "token" or interface:
                key = (kind, interface.id, hour)
                counts[key] = counts.get(key, 0) + requests
        found = {}
        for (kind, interface_id, _hour), requests in counts.items():
            if requests >= IN_AN_HOUR:
                key = (kind, interface_id)
                found[key] = max(requests, found.get(key, 0))
        return found

    @api.model
    def _find_surges(self, now):
        """Interfaces that look up far more than in any hour of late, within the quota.

        A quota leaves room for a busy day; who walks through VINs fills it. What has
        gone on for two hours is usual from then on: it was told.

        :returns: as ``_find_partners``, with VINs in an hour
        """
        begin = _hour_before(now)
        lately = self._read_busiest([("hour", ">=", begin)])
        most = {one: vins for one, vins in lately.items() if vins >= MANY_IN_AN_HOUR}
        usual = self._read_busiest(
            [
                ("interface_id", "in", list(most)),
                ("hour", "<", begin),
                ("hour", ">=", begin - timedelta(days=USUAL_DAYS)),
            ]
        )
        return {
            ("surge", one): vins
            for one, vins in most.items()
            if vins >= SURGE * usual.get(one, 0)
        }

    @api.model
    def _read_busiest(self, domain):
        """VINs in the busiest hour of productive interfaces: dict id -> number."""
        groups = self.env["recall.share.usage"]._read_group(
            [
                *domain,
                ("interface_id.sandbox", "=", False),
                ("method", "in", QUOTA_METHODS),
                ("api_status", "=", ApiStatus.SUCCESS),
            ],
            ["interface_id", "hour:hour"],
            ["vin_count:sum"],
        )
        busiest = {}
        for interface, _hour, vins in groups:
            busiest[interface.id] = max(vins, busiest.get(interface.id, 0))
        return busiest

    @api.model
    def _find_networks(self, now):
        """The network that looks most vehicles up on the public page, if too many."""
        [[most]] = self.env.execute_query(
            SQL(
                """SELECT max(visits) FROM (
                       SELECT count(*) AS visits FROM recall_lookup_visit
                        WHERE at > %s GROUP BY origin) network""",
                now - timedelta(seconds=WINDOW_SECONDS),
            )
        )
        enough = (most or 0) >= IN_A_WINDOW
        return {("network", False): most} if enough else {}

    @api.model
    def _tell(self, alarms):
        """Queue one mail to the operator about all new alarms."""
        company = self.env.company
        lang = company.partner_id.lang or "en_US"
        template = self.env.ref("recall_service.mail_template_lookup_alarm")
        template.with_context(alarms=alarms.with_context(lang=lang)).send_mail(
            company.id
        )
        self.env.ref("mail.ir_cron_mail_scheduler_action")._trigger()


def _hour_before(now):
    """When the hour of the clock before this one began."""
    return now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
