# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models
from odoo.tools import SQL


class RecallToken(models.Model):
    _inherit = "recall.token"

    last_used_at = fields.Datetime(
        string="Last used",
        compute="_compute_last_used",
        help="Last request that was answered, by the interface log.",
    )
    last_address = fields.Char(
        string="Last used from", compute="_compute_last_used", help="Peer's address."
    )

    def _compute_last_used(self):
        # Read from the log: a field that each request wrote would be a hot row.
        self.env.cr.execute(
            SQL(
                """SELECT token.id, log.time, log.address
                     FROM recall_token token, LATERAL (
                          SELECT time, address FROM recall_interface_log
                           WHERE key_id = token.key_id AND api_status = 200
                           ORDER BY id DESC LIMIT 1) log
                    WHERE token.id IN %s""",
                tuple(self.ids or [0]),
            )
        )
        used = {row[0]: row[1:] for row in self.env.cr.fetchall()}
        for token in self:
            token.last_used_at, token.last_address = used.get(token.id, (False, False))
