# SPDX-License-Identifier: LGPL-3.0-only
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from odoo.addons.recall_base.tools import deadline

from .recall_notice_text import TEXTS

#: Fields that say who is told what: changing one makes the dry run void.
CONTENT = {
    *TEXTS,
    "plan_id",
    "channel",
    "line_ids",
    "dealer_ids",
    "region",
    "without_appointment",
    "told",
    "wait_days",
    "sender",
}


class RecallNoticeRound(models.Model):
    """One time that the owners of a plan's open vehicles are told, over one channel.

    draft -> checked (dry run) -> running -> done; running <-> stopped. Nothing leaves
    before a reviewer starts it. What was said is kept with the round.
    """

    _name = "recall.notice.round"
    _description = "Notice round"
    _audit_readonly = False
    _inherit = ["recall.notice.text", "recall.kept.fields.mixin"]
    _order = "id desc"
    # They move through the actions.
    _kept_fields = {
        "state",
        "number",
        "previous_id",
        "check_result",
        "checked_at",
        "started_at",
        "started_by_id",
        "done_at",
        "next_due",
        "problem",
    }

    name = fields.Char(compute="_compute_name", store=True)
    number = fields.Integer(readonly=True, copy=False, help="Of the plan's rounds.")
    plan_id = fields.Many2one(
        "recall.plan", required=True, index=True, ondelete="restrict"
    )
    producer_id = fields.Many2one(related="plan_id.producer_id", store=True, index=True)
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("checked", "Checked"),
            ("running", "Running"),
            ("done", "Done"),
            ("stopped", "Stopped"),
        ],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
    )
    template_id = fields.Many2one(
        "recall.notice.template",
        domain="[('channel', '=', channel), '|', ('producer_id', '=', False),"
        " ('producer_id', '=', producer_id)]",
        help="Fills in the texts below, which may then be changed for this round.",
    )
    sender = fields.Char(
        string="Sender's mail address",
        default=lambda self: self.env.company.email,
        help="Owners see it and may answer to it.",
    )
    line_ids = fields.Many2many(
        "recall.plan.line",
        string="Product lines",
        domain="[('plan_id', '=', plan_id)]",
        help="Empty: all of the plan.",
    )
    dealer_ids = fields.Many2many(
        "recall.dealer",
        string="Responsible dealers",
        domain="[('producer_id', '=', producer_id)]",
        help="Empty: all, and vehicles without a responsible dealer.",
    )
    region = fields.Char(
        string="Region of the dealer",
        size=6,
        help="First digits of the division code of GB/T 2260: 31 is Shanghai.",
    )
    without_appointment = fields.Boolean(
        string="Only without an appointment",
        help="Leave out vehicles that are expected at a dealer.",
    )
    told = fields.Selection(
        [
            ("all", "All"),
            ("never", "Not told before"),
            ("not_reached", "Not reached by earlier rounds"),
        ],
        string="Owners",
        default="never",
        required=True,
        help="Of vehicles that are still open. Not told: no earlier round of the plan "
        "sent them anything. Not reached: neither reached nor refused, and told longer "
        "ago than the days below.",
    )
    wait_days = fields.Integer(
        string="Days until the next notice",
        default=30,
        help="So long after a notice an owner is not written to again, unless all are.",
    )
    previous_id = fields.Many2one(
        "recall.notice.round", string="Follows", readonly=True, index="btree_not_null"
    )
    next_ids = fields.One2many("recall.notice.round", "previous_id", copy=False)
    check_result = fields.Json(readonly=True, copy=False)
    check_summary = fields.Html(
        string="Dry run", compute="_compute_check_summary", sanitize=False
    )
    checked_at = fields.Datetime(readonly=True, copy=False)
    preview_zh = fields.Html(
        string="Preview (Chinese)", compute="_compute_preview", sanitize=False
    )
    preview_en = fields.Html(
        string="Preview (English)", compute="_compute_preview", sanitize=False
    )
    started_at = fields.Datetime(readonly=True, copy=False)
    started_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    done_at = fields.Datetime(readonly=True, copy=False)
    next_due = fields.Date(
        string="Next notice due",
        readonly=True,
        copy=False,
        help="From this day on those who were not reached should be told again.",
    )
    problem = fields.Char(
        readonly=True, copy=False, help="Why sending does not go on at the moment."
    )
    notice_ids = fields.One2many("recall.notice", "round_id", string="Notices")
    file_ids = fields.One2many("recall.notice.file", "round_id", string="Letter files")

    _number_uniq = models.UniqueIndex("(plan_id, number)")
    _region_form = models.Constraint(
        "CHECK(region ~ '^[0-9]{1,6}$')", "A region is one to six digits of GB/T 2260."
    )
    _wait_days_bounds = models.Constraint(
        "CHECK(wait_days BETWEEN 0 AND 3650)",
        "The days until the next notice are 0 to 3650.",
    )

    @api.depends("number", "plan_id.recall_number", "channel")
    def _compute_name(self):
        for record in self:
            plan = record.plan_id
            record.name = plan and f"{plan.recall_number} #{record.number}"

    @api.depends("name", "channel")
    def _compute_display_name(self):
        channels = dict(self._fields["channel"]._description_selection(self.env))
        for record in self:
            channel = channels.get(record.channel, "")
            record.display_name = f"{record.name or self.env._('New')} {channel}"

    @api.depends("check_result")
    @api.depends_context("lang")
    def _compute_check_summary(self):
        for record in self:
            record.check_summary = record.check_result and self.env["ir.qweb"]._render(
                "recall_enterprise.recall_notice_check",
                {
                    "result": record.check_result,
                    "channels": self._fields["channel"]._description_selection(
                        self.env
                    ),
                    "chosen": record.channel,
                },
            )

    @api.onchange("channel", "plan_id")
    def _onchange_channel(self):
        if not self.template_id or self.template_id.channel != self.channel:
            self.template_id = self.env["recall.notice.template"].search(
                [
                    ("channel", "=", self.channel),
                    ("producer_id", "in", [False, self.plan_id.producer_id.id]),
                ],
                limit=1,
            )
            self._onchange_template()

    @api.onchange("template_id")
    def _onchange_template(self):
        for name in TEXTS if self.template_id else ():
            self[name] = self.template_id[name]

    # === Writing === #

    @api.model_create_multi
    def create(self, vals_list):
        rounds = super().create(vals_list)
        for record in rounds:
            others = self.search([("plan_id", "=", record.plan_id.id)])
            # sudo: numbers are given, not chosen.
            record.sudo().number = 1 + max(others.mapped("number"))
            if record.template_id and not (record.body_zh or record.body_en):
                record._onchange_template()
        return rounds

    def write(self, vals):
        if set(vals) & CONTENT:
            if any(record.state not in ("draft", "checked") for record in self):
                raise UserError(
                    self.env._(
                        "The round was started: what it says and to whom stays as it "
                        "was. Make a next round."
                    )
                )
            # sudo: no role sets the state of a round but through its actions.
            self.sudo().write({"state": "draft", "check_result": False})
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_unless_started(self):
        if any(record.started_at for record in self):
            raise UserError(
                self.env._(
                    "A round that was started is kept as evidence of the notice."
                )
            )

    # === What people do === #

    def action_check(self):
        """Dry run: count who would be told, over which channel; nothing is sent."""
        self.ensure_one()
        self._check_state("draft", "checked")
        self.check_access("write")
        self._refuse_gaps(self._find_gaps() + self._find_setup_gaps())
        result = self.env["recall.notice.audience"]._count(self)
        # sudo: no role sets the state of a round but through its actions.
        self.sudo().write(
            {
                "state": "checked",
                "check_result": result,
                "checked_at": fields.Datetime.now(),
            }
        )
        self._log("notice_round.check", **result)

    def _refuse_gaps(self, gaps):
        if gaps:
            raise UserError("\n".join(gaps))

    def _find_setup_gaps(self):
        """Return what the producer or the channel lacks, as sentences."""
        producer, gaps = self.plan_id.producer_id, []
        if not producer.hotline:
            gaps.append(self.env._("Enter the hotline of the producer."))
        texts = f"{self.body_zh}{self.body_en}"
        if not producer.public_url and (
            "{public_url}" in texts or self.channel == "letter"
        ):
            gaps.append(
                self.env._(
                    "Enter the address of the public recall page at the producer."
                )
            )
        if self.channel == "mail" and not self.sender:
            gaps.append(self.env._("Enter the sender's mail address."))
        return gaps

    def action_start(self):
        """Queue a notice for each vehicle and begin to send."""
        self.ensure_one()
        self._check_reviewer()
        self._check_state("checked")
        count = self.env["recall.notice.audience"]._expand(self)
        if not count:
            raise UserError(
                self.env._(
                    "Nobody is left to be told: widen the audience, check again."
                )
            )
        # sudo: no role sets the state of a round but through its actions.
        self.sudo().write(
            {
                "state": "running",
                "started_at": fields.Datetime.now(),
                "started_by_id": self.env.uid,
            }
        )
        self._log("notice_round.start", notices=count, channel=self.channel)
        self._finish_done()
        self._wake()

    def action_stop(self):
        """Send nothing more after the batch that is on its way."""
        self._check_reviewer()
        self._check_state("running")
        self.sudo().state = "stopped"  # sudo: see action_check
        self._log("notice_round.stop")

    def action_resume(self):
        """Go on with what waits."""
        self._check_reviewer()
        self._check_state("stopped")
        self.sudo().write({"state": "running", "problem": False})  # sudo: see above
        self._log("notice_round.resume")
        self._finish_done()
        self._wake()

    def action_close(self):
        """End a stopped round: what still waits will not be sent by it."""
        self._check_reviewer()
        self._check_state("stopped")
        self.env.cr.execute(
            SQL(
                """UPDATE recall_notice SET state = 'skipped', source = 'hand',
                          result_at = now() AT TIME ZONE 'UTC'
                    WHERE round_id IN %s AND state = 'queued'""",
                tuple(self.ids),
            )
        )
        skipped = self.env.cr.rowcount
        self.env["recall.notice"].invalidate_model()
        self._log("notice_round.close", skipped=skipped)
        self.sudo().state = "running"  # sudo: see action_check
        self._finish_done()

    def action_test(self):
        """Send a sample with masked data to oneself."""
        self.ensure_one()
        self.check_access("read")
        self._refuse_gaps(self._find_setup_gaps())
        action = self.env["recall.notice.sender"]._send_test(self)
        self._log("notice_round.test", channel=self.channel)
        return action

    # === Helpers === #

    def _check_state(self, *states):
        if any(record.state not in states for record in self):
            raise UserError(self.env._("This is not possible in the round's state."))

    def _check_reviewer(self):
        self.check_access("write")
        reviewer = "recall_enterprise.group_reviewer"
        if not (self.env.su or self.env.user.has_group(reviewer)):
            raise AccessError(
                self.env._("Only reviewers may start or stop a round or decide for it.")
            )

    def _log(self, event, **detail):
        for record in self:
            self.env["recall.audit.event"]._record(event, record, **detail)

    def _wake(self):
        # sudo: scheduled actions belong to the system.
        self.env.ref("recall_enterprise.ir_cron_notice_send").sudo()._trigger()

    def _today(self):
        """The day it is where the producer is."""
        return deadline.today(self.producer_id.timezone)

    def _get_dealer_name(self, vehicle):
        """Name of the dealer who is to repair a vehicle; False when any may."""
        return vehicle.responsible_dealer_id.name

    def _finish_done(self):
        """Close running rounds of which nothing waits or is being sent any more."""
        left = self.env["recall.notice"]._read_group(
            [("round_id", "in", self.ids), ("state", "in", ("queued", "sending"))],
            ["round_id"],
        )
        busy = {notice_round.id for (notice_round,) in left}
        for record in self:
            if record.state == "running" and record.id not in busy:
                due = record._today() + timedelta(days=record.wait_days)
                # sudo: see action_check
                record.sudo().write(
                    {
                        "state": "done",
                        "done_at": fields.Datetime.now(),
                        "next_due": due,
                        "problem": False,
                    }
                )
                record._log("notice_round.done", notices=record.notice_count)
