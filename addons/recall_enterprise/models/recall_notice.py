# SPDX-License-Identifier: LGPL-3.0-only
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .recall_notice_text import CHANNELS

#: States in which the owner was told, or may have been.
TOLD = ("sending", "sent", "delivered", "reached", "refused")
#: States in which an owner was written to who has not been heard of.
UNANSWERED = ("sent", "delivered", "undeliverable")
#: Notices marked as reached between two commits.
MARK_BATCH = 20_000
#: Results, and the states that they may follow. A vehicle that waits in the queue has
#: none by report: its message was not sent.
RESULTS = {
    "delivered": ("sending", "sent", "undeliverable"),
    "undeliverable": ("sending", "sent", "delivered"),
    "refused": (
        "queued",
        "sending",
        "sent",
        "delivered",
        "undeliverable",
        "no_address",
    ),
    "reached": (
        "queued",
        "sending",
        "sent",
        "delivered",
        "undeliverable",
        "refused",
        "no_address",
    ),
}
#: Minutes after which a message that is "being sent" is so no more: a scheduled action
#: is ended long before (limit_time_real_cron).
HANGING_MINUTES = 30


class RecallNotice(models.Model):
    """What became of telling one vehicle's owner in one notice round.

    Up to millions of rows: no chatter, no log columns. Notices with one lead are told
    by one message. Nobody writes to a notice: it changes through the round, through the
    gateways' reports and through results.
    """

    _name = "recall.notice"
    _description = "Owner notice"
    _audited = frozenset()
    _order = "id desc"
    _rec_name = "vin"
    _rec_names_search = ["vin"]
    _log_access = False

    round_id = fields.Many2one(
        "recall.notice.round",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    plan_id = fields.Many2one("recall.plan", required=True, readonly=True, index=True)
    producer_id = fields.Many2one("recall.producer", required=True, readonly=True)
    vehicle_id = fields.Many2one(
        "recall.vehicle", required=True, readonly=True, index=True, ondelete="restrict"
    )
    vin = fields.Char(string="VIN", required=True, readonly=True)
    contact_id = fields.Many2one(
        "recall.owner.contact",
        string="Owner contact",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    lead_id = fields.Many2one(
        "recall.notice",
        string="Told with",
        readonly=True,
        index="btree_not_null",
        help="An owner's vehicles are named in one message: the notice it is for.",
    )
    channel = fields.Selection(CHANNELS, required=True, readonly=True)
    state = fields.Selection(
        [
            ("queued", "Waiting"),
            ("sending", "Being sent"),
            ("sent", "Sent"),
            ("delivered", "Delivered"),
            ("reached", "Reached"),
            ("undeliverable", "Undeliverable"),
            ("refused", "Refused"),
            ("no_address", "No address"),
            ("skipped", "Not needed"),
        ],
        string="Result",
        default="queued",
        required=True,
        readonly=True,
    )
    reason = fields.Char(readonly=True, help="Why, without personal data.")
    source = fields.Selection(
        [
            ("sending", "Sending"),
            ("report", "Delivery report"),
            ("hand", "By hand"),
            ("repair", "Repair"),
        ],
        string="Known by",
        readonly=True,
    )
    attempts = fields.Integer(readonly=True, default=0)
    handed_at = fields.Datetime(string="Handed over", readonly=True)
    sent_at = fields.Datetime(string="Sent", readonly=True)
    result_at = fields.Datetime(string="Result known", readonly=True)
    reference = fields.Char(
        readonly=True, help="Names the message to the mail or message gateway."
    )
    content_digest = fields.Char(
        string="Digest of the text", readonly=True, help="SM3 of what was sent."
    )
    file_id = fields.Many2one(
        "recall.notice.file",
        string="Letter file",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
    )

    _round_vehicle_uniq = models.UniqueIndex(
        "(round_id, vehicle_id)", "The vehicle has a notice in this round already."
    )
    _reference_uniq = models.UniqueIndex("(reference) WHERE reference IS NOT NULL")
    _round_state_idx = models.Index("(round_id, state)")
    _queue_idx = models.Index("(round_id, lead_id) WHERE state = 'queued'")

    def _set_result(self, state, source, reason=None):
        """Note what became of these notices, where the result can follow their state.

        :param str state: one of ``RESULTS``
        :returns: number of notices that changed
        """
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """UPDATE recall_notice
                      SET state = %s, source = %s, reason = %s,
                          result_at = now() AT TIME ZONE 'UTC',
                          sent_at = CASE WHEN %s = 'hand' THEN sent_at
                                         ELSE coalesce(sent_at, handed_at) END
                    WHERE id IN %s AND state IN %s""",
                state,
                source,
                reason,
                source,
                tuple(self.ids or [0]),
                RESULTS[state],
            )
        )
        changed = self.env.cr.rowcount
        self.invalidate_model()
        if changed and source != "hand":  # a person's results are logged together
            self.env["recall.audit.event"]._record(
                "notice.result", self, result=state, count=changed
            )
        return changed

    @api.model
    def _take_report(self, references, state, reason=None):
        """Take a gateway's report for the messages of these references.

        It holds for every vehicle that the message named.
        """
        leads = self.search([("reference", "in", list(references))])
        told = self.search([("lead_id", "in", leads.ids)])
        changed = told._set_result(state, "report", reason)
        # What hung was sent after all: nothing may be left to do.
        told.round_id._finish_done()
        return changed

    # === Messages of which nobody knows whether they were sent === #

    @api.model
    def _hanging(self):
        """Condition on notices that were being sent when the server stopped."""
        return SQL(
            """state = 'sending' AND channel != 'letter'
               AND handed_at < now() AT TIME ZONE 'UTC' - make_interval(mins => %s)""",
            HANGING_MINUTES,
        )

    def action_send_again(self):
        """Send once more what may not have gone out."""
        self._decide("queued", "notice.send_again")
        rounds = self.round_id.filtered(lambda waiting: waiting.state == "running")
        rounds._wake()

    def action_count_as_sent(self):
        """Count as sent what may have gone out."""
        self._decide("sent", "notice.count_as_sent")
        self.round_id._finish_done()

    def _decide(self, state, event):
        """Decide about hanging messages, all vehicles of each."""
        self.round_id._check_reviewer()
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """UPDATE recall_notice SET state = %s, source = 'hand', reason = NULL,
                          sent_at = CASE WHEN %s = 'sent' THEN handed_at END
                    WHERE %s AND lead_id IN (
                          SELECT lead_id FROM recall_notice WHERE id IN %s)""",
                state,
                state,
                self._hanging(),
                tuple(self.ids or [0]),
            )
        )
        decided = self.env.cr.rowcount
        self.invalidate_model()
        if not decided:
            raise UserError(
                self.env._(
                    "None of these hangs: only what was being sent for more than "
                    "%(minutes)s minutes can be decided.",
                    minutes=HANGING_MINUTES,
                )
            )
        self.env["recall.audit.event"]._record(event, self[:1].round_id, count=decided)

    def action_reveal(self):
        """Show the owner's contact to a reader of personal data, and log it."""
        self.ensure_one()
        self.check_access("read")
        if not self.contact_id:
            raise UserError(self.env._("The vehicle has no owner contact."))
        return self.contact_id.action_reveal()

    # === Repairs === #

    @api.model
    def _mark_repaired(self, where):
        """Mark owners as reached whose repair is recorded, however it came.

        :param SQL where: condition on ``recall_completion completion``
        """
        self.env["recall.completion"].flush_model()
        self._mark_reached(
            SQL(
                """SELECT told.id FROM recall_completion completion
                     JOIN recall_notice told ON told.vehicle_id = completion.vehicle_id
                    WHERE completion.state = 'confirmed' AND told.state IN %s AND %s""",
                UNANSWERED,
                where,
            )
        )

    def _mark_reached(self, found):
        """Mark notices as reached by the repair; returns their number.

        :param SQL found: query of ids
        """
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """UPDATE recall_notice
                      SET state = 'reached', source = 'repair', reason = NULL,
                          result_at = now() AT TIME ZONE 'UTC'
                    WHERE id IN (%s)""",
                found,
            )
        )
        marked = self.env.cr.rowcount
        self.invalidate_model()
        if marked:
            self.env["recall.audit.event"]._record("notice.repaired", count=marked)
        return marked

    @api.model
    def _cron_mark_repaired(self):
        """Mark those whose repair came in while their message was on its way.

        It was no more than being sent then, or a letter that was not yet posted. Only
        rounds at work, or done within a week, can have such ones.
        """
        Cron = self.env["ir.cron"]
        last_week = fields.Datetime.now() - timedelta(days=7)
        rounds = self.env["recall.notice.round"].search(
            ["|", ("state", "=", "running"), ("done_at", ">", last_week)]
        )
        found = SQL(
            """SELECT told.id FROM recall_notice told
                 JOIN recall_vehicle vehicle ON vehicle.id = told.vehicle_id
                WHERE told.round_id IN %s AND told.state IN %s
                  AND vehicle.state = 'done' LIMIT %s""",
            tuple(rounds.ids or [0]),
            UNANSWERED,
            MARK_BATCH,
        )
        while (marked := self._mark_reached(found)) and Cron._commit_progress(marked):
            pass
