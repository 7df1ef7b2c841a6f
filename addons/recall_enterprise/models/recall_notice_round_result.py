# SPDX-License-Identifier: LGPL-3.0-only
from datetime import timedelta

from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import SQL

from .recall_notice import HANGING_MINUTES
from .recall_notice_text import TEXTS

#: Results as a person sums them up: count on the round -> states of notices.
COUNTS = {
    "notice_count": None,
    "queued_count": ("queued",),
    "sending_count": ("sending",),
    "sent_count": ("sent", "delivered", "reached", "refused", "undeliverable"),
    "delivered_count": ("delivered", "reached", "refused"),
    "reached_count": ("reached",),
    "refused_count": ("refused",),
    "undeliverable_count": ("undeliverable",),
    "no_address_count": ("no_address",),
    "skipped_count": ("skipped",),
}


class RecallNoticeRound(models.Model):
    _inherit = "recall.notice.round"

    notice_count = fields.Integer(string="Vehicles", compute="_compute_counts")
    queued_count = fields.Integer(string="Waiting", compute="_compute_counts")
    sending_count = fields.Integer(string="Being sent", compute="_compute_counts")
    sent_count = fields.Integer(string="Sent", compute="_compute_counts")
    delivered_count = fields.Integer(string="Delivered", compute="_compute_counts")
    reached_count = fields.Integer(string="Reached", compute="_compute_counts")
    refused_count = fields.Integer(string="Refused", compute="_compute_counts")
    undeliverable_count = fields.Integer(
        string="Undeliverable", compute="_compute_counts"
    )
    no_address_count = fields.Integer(string="No address", compute="_compute_counts")
    skipped_count = fields.Integer(string="Not needed", compute="_compute_counts")
    hanging_count = fields.Integer(
        compute="_compute_hanging_count",
        help="Handed over when the server stopped: nobody knows whether they went out.",
    )
    progress = fields.Float(compute="_compute_counts", help="Share that was handled.")
    reached_rate = fields.Float(string="Reached share", compute="_compute_counts")

    @api.depends_context("uid")
    def _compute_counts(self):
        """Count by one index; nothing is stored: senders would wait for each other."""
        counts = {}
        for notice_round, state, count in self.env["recall.notice"]._read_group(
            [("round_id", "in", self.ids)], ["round_id", "state"], ["__count"]
        ):
            counts.setdefault(notice_round.id, {})[state] = count
        for record in self:
            of = counts.get(record.id, {})
            for name, states in COUNTS.items():
                record[name] = sum(of.get(state, 0) for state in states or of)
            handled = record.notice_count - record.queued_count
            record.progress = handled / record.notice_count if of else 0
            record.reached_rate = (
                record.reached_count / record.notice_count if of else 0
            )

    def _compute_hanging_count(self):
        self.env["recall.notice"].flush_model()
        self.env.cr.execute(
            SQL(
                """SELECT round_id, count(*) FROM recall_notice
                    WHERE round_id IN %s AND %s GROUP BY 1""",
                tuple(self.ids or [0]),
                self.env["recall.notice"]._hanging(),
            )
        )
        counts = dict(self.env.cr.fetchall())
        for record in self:
            record.hanging_count = counts.get(record.id, 0)

    @api.depends(*TEXTS, "plan_id", "channel", "check_result")
    def _compute_preview(self):
        Writer = self.env["recall.notice.writer"]
        for record in self:
            sample = (None, None)
            if record.state == "checked" and record.id:
                sample = self.env["recall.notice.audience"]._find_sample(record)
            for lang in ("zh", "en"):
                name = f"preview_{lang}"
                if not (record.plan_id and record[f"body_{lang}"]):
                    record[name] = False
                    continue
                full = "zh_CN" if lang == "zh" else "en_US"
                message = Writer._write_sample(record, full, *sample)
                record[name] = self._prepare_preview(message)

    def _prepare_preview(self, message):
        return Markup("<h4>%s</h4><div>%s</div>") % (message.subject, message.html)

    def action_open_notices(self):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "recall_enterprise.recall_notice_action"
        )
        return {**action, "domain": [("round_id", "in", self.ids)], "context": {}}

    def action_open_hanging(self):
        """Show the messages that a person must decide about."""
        limit = fields.Datetime.now() - timedelta(minutes=HANGING_MINUTES)
        domain = [
            ("round_id", "in", self.ids),
            ("state", "=", "sending"),
            ("handed_at", "<", limit),
        ]
        return {**self.action_open_notices(), "domain": domain}
