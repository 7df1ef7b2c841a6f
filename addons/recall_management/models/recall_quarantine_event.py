# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL


class RecallQuarantineEvent(models.Model):
    """What was done to an entry of the quarantine: its history. Append-only."""

    _name = "recall.quarantine.event"
    _inherit = ["recall.kept.for.ever.mixin"]
    _description = "History of a quarantined record"
    _audited = frozenset()
    _order = "id desc"
    _log_access = False

    entry_id = fields.Many2one(
        "recall.quarantine",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    time = fields.Datetime(required=True, readonly=True)
    user_id = fields.Many2one(
        "res.users", string="By", required=True, readonly=True, ondelete="restrict"
    )
    deed = fields.Selection(
        [
            ("released", "Released"),
            ("returned", "Returned to the producer"),
            ("closed", "Closed"),
            ("reopened", "Opened again"),
            ("checked", "Checked again"),
            ("rechecked", "Passed when checked again by itself"),
        ],
        required=True,
        readonly=True,
    )
    reason_id = fields.Many2one(
        "recall.quarantine.reason", readonly=True, ondelete="restrict"
    )
    note = fields.Char(string="In their words", readonly=True)

    @api.model
    def _add(self, entries, deed, reason=None, note=None):
        """Write one line for each entry, in one statement."""
        self.env.cr.execute(
            SQL(
                """INSERT INTO recall_quarantine_event (
                          entry_id, time, user_id, deed, reason_id, note)
                   SELECT unnest(%s::int[]), now() AT TIME ZONE 'UTC',
                          %s, %s, %s, %s""",
                entries.ids,
                self.env.uid,
                deed,
                reason.id if reason else None,
                note or None,
            )
        )
        entries.invalidate_recordset(["event_ids"], flush=False)

    def write(self, vals):  # pylint: disable=method-required-super
        raise UserError(self.env._("The history cannot be changed."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("The history cannot be deleted."))
