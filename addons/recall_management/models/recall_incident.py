# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models
from odoo.exceptions import AccessError

#: Kinds of incidents, and whether the producer can do something about them.
KINDS = [
    ("failure", "Not delivering"),
    ("slow", "Slow"),
    ("silent", "Silent"),
    ("quarantine", "Many records refused"),
    ("certificate", "Certificate expires"),
    ("token", "Token expires"),
    ("unasked", "Not asked in time"),
    ("own", "Our own network or server"),
    ("cron", "Scheduled action has stopped"),
    ("unsealed", "Operation log is not sealed"),
    ("tampered", "Operation log or data was tampered with"),
]
PRODUCER_KINDS = ("failure", "slow", "silent", "quarantine", "certificate", "token")


class RecallIncident(models.Model):
    """A trouble of one terminal, or of our own side, from its beginning to its end.

    Opened, seen again and closed by ``_cron_watch`` only. It stays open until the
    trouble has been away for a while, so that one which comes and goes is one incident
    with one alarm (M-MONITOR).
    """

    _name = "recall.incident"
    _description = "Incident of a terminal"
    _audit_readonly = False
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _mail_post_access = "read"
    _order = "closed_at desc nulls first, opened_at desc, id desc"

    enterprise_id = fields.Many2one(
        "recall.enterprise",
        string="Terminal",
        readonly=True,
        index=True,
        ondelete="cascade",
        help="Empty: it concerns the management terminal itself.",
    )
    kind = fields.Selection(KINDS, required=True, readonly=True)
    cause = fields.Char(
        string="Code of the cause", readonly=True, help="The latest one."
    )
    error = fields.Char(string="Last error", readonly=True)
    trouble = fields.Char(string="What is wrong", compute="_compute_trouble")
    advice = fields.Char(string="What to do", compute="_compute_trouble")
    state = fields.Selection(
        [("open", "Open"), ("closed", "Closed")],
        compute="_compute_state",
        search="_search_state",
    )
    opened_at = fields.Datetime(required=True, readonly=True)
    first_cycle_at = fields.Datetime(
        string="First seen",
        readonly=True,
        help="When it first failed; the alarm needs two failed cycles.",
    )
    last_seen_at = fields.Datetime(string="Last seen", required=True, readonly=True)
    closed_at = fields.Datetime(readonly=True)
    mail_count = fields.Integer(string="Mails to the producer", readonly=True)
    last_mail_at = fields.Datetime(string="Last mail", readonly=True)
    told_at = fields.Datetime(string="Operator told last", readonly=True)
    days_left = fields.Integer(
        readonly=True, help="Step of the last warning before an expiry: 30, 7, 1, 0."
    )
    acknowledged_id = fields.Many2one(
        "res.users", string="Acknowledged by", readonly=True
    )
    acknowledged_at = fields.Datetime(readonly=True)

    _open_uniq = models.UniqueIndex(
        "(coalesce(enterprise_id, 0), kind) WHERE closed_at IS NULL"
    )

    @api.depends("enterprise_id", "kind")
    @api.depends_context("lang")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for incident in self:
            place = incident.enterprise_id.name
            kind = kinds[incident.kind] if incident.kind else ""
            incident.display_name = f"{place}: {kind}" if place else kind

    @api.depends("cause")
    @api.depends_context("lang")
    def _compute_trouble(self):
        for incident in self:
            incident.trouble, incident.advice = self.env["recall.cause"]._explain(
                incident.cause
            )

    @api.depends("closed_at")
    def _compute_state(self):
        for incident in self:
            incident.state = "closed" if incident.closed_at else "open"

    def _search_state(self, operator, value):
        if operator != "in":
            return NotImplemented
        wanted = [("closed_at", "=", False)] if "open" in value else []
        if "closed" in value:
            ended = [("closed_at", "!=", False)]
            return ["|", *wanted, *ended] if wanted else ended
        return wanted or [(0, "=", 1)]

    def action_acknowledge(self):
        """Take the incident on: reminders to the operator and activities end."""
        self.check_access("read")
        if not self.env.user.has_group("recall_management.group_officer"):
            raise AccessError(self.env._("Only officers acknowledge incidents."))
        fresh = self.filtered(lambda item: item.state == "open")
        fresh = fresh.filtered(lambda item: not item.acknowledged_id)
        # sudo: nobody writes incidents but for this.
        fresh.sudo().write(
            {
                "acknowledged_id": self.env.uid,
                "acknowledged_at": fields.Datetime.now(),
            }
        )
        fresh._end_activities()
        for incident in fresh:
            self.env["recall.audit.event"]._record("incident.acknowledge", incident)

    # === Activities === #

    def _begin_activities(self):
        """Put the incident on the desk of the officer in charge, or of all officers."""
        everybody = self._get_officers()
        kind = self.env.ref("mail.mail_activity_data_warning")
        vals_list = [
            {
                "res_model_id": self.env["ir.model"]._get_id(self._name),
                "res_id": incident.id,
                "activity_type_id": kind.id,
                "automated": True,
                "user_id": user.id,
                "date_deadline": fields.Date.today(),
                "summary": incident.with_context(lang=user.lang).display_name,
                "note": incident.with_context(lang=user.lang).advice,
            }
            for incident in self
            for user in incident.enterprise_id.user_id or everybody
        ]
        # Without the mail of each activity: the operator's alarm says it all at once.
        self.env["mail.activity"].with_context(mail_activity_quick_update=True).create(
            vals_list
        )

    def _end_activities(self):
        # sudo: an activity belongs to one officer, the incident to all of them.
        self.sudo().activity_unlink(["mail.mail_activity_data_warning"])

    @api.model
    def _get_officers(self):
        officer = self.env.ref("recall_management.group_officer")
        users = self.env["res.users"].search([("all_group_ids", "in", officer.ids)])
        return users - self.env.ref("base.user_root")
