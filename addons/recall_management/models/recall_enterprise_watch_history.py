# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models

from .recall_enterprise import STATES


class RecallEnterpriseHistory(models.Model):
    """A time that a terminal was in one state (M-MONITOR). Written by changes only."""

    _name = "recall.enterprise.history"
    _description = "History of a terminal's states"
    _audited = frozenset()
    _order = "id desc"
    _rec_name = "state"
    _log_access = False

    enterprise_id = fields.Many2one(
        "recall.enterprise",
        string="Terminal",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    state = fields.Selection(STATES, required=True, readonly=True)
    started_at = fields.Datetime(string="From", required=True, readonly=True)
    ended_at = fields.Datetime(string="Until", readonly=True)
    error = fields.Char(
        string="Last error",
        readonly=True,
        help="Of the terminal, when the state began.",
    )

    _running_uniq = models.UniqueIndex("(enterprise_id) WHERE ended_at IS NULL")

    @api.model
    def _note(self, enterprise, now):
        """End the state that was, and begin the one that the terminal is in now."""
        running = self.search(
            [("enterprise_id", "=", enterprise.id), ("ended_at", "=", False)]
        )
        running.ended_at = now
        running.flush_recordset()
        self.create(
            {
                "enterprise_id": enterprise.id,
                "state": enterprise.state,
                "started_at": now,
                "error": enterprise.last_error,
            }
        )
