# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models
from odoo.tools import SQL


class RecallCompletionEvent(models.Model):
    """One line of a report's history: what a person or its sender did to it.

    What rules do in bulk is not here, for it would double the big table: the report
    itself tells when it came in and was confirmed, its findings why it was rejected.
    """

    _name = "recall.completion.event"
    _description = "History of a repair report"
    _audited = frozenset()
    _order = "id desc"
    _log_access = False

    completion_id = fields.Many2one(
        "recall.completion",
        string="Repair report",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    time = fields.Datetime(required=True, readonly=True)
    user_id = fields.Many2one(
        "res.users",
        string="By",
        readonly=True,
        index="btree_not_null",
        help="Empty: the producer's internal system sent it.",
    )
    deed = fields.Selection(
        [
            ("handed_in", "Handed in"),
            ("amended", "Amended by the sender"),
            ("corrected", "Corrected by the sender"),
            ("confirmed", "Confirmed"),
            ("rejected", "Rejected"),
            ("taken_back", "Rejection taken back"),
            ("withdrawn", "Withdrawn"),
            ("restored", "Restored"),
        ],
        required=True,
        readonly=True,
    )
    reason_id = fields.Many2one(
        "recall.review.reason", readonly=True, ondelete="restrict"
    )
    note = fields.Char(readonly=True)

    @api.model
    def _add(self, deeds, *, user=True, reason=None, note=None):
        """Add a line for each of many reports, in one statement.

        :param SQL deeds: a query of ``(completion_id, deed)``
        :param bool user: whether the present account did it
        """
        self.env.cr.execute(
            SQL(
                """INSERT INTO recall_completion_event
                          (completion_id, deed, time, user_id, reason_id, note)
                   SELECT done.completion_id, done.deed, now() AT TIME ZONE 'UTC',
                          %(user)s, %(reason)s, %(note)s
                     FROM (%(deeds)s) AS done(completion_id, deed)
                    ORDER BY 1""",
                deeds=deeds,
                user=self.env.uid if user else None,
                reason=reason.id if reason else None,
                note=note or None,
            )
        )
        self.env["recall.completion"].invalidate_model(["event_ids"])
