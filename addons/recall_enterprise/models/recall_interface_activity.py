# SPDX-License-Identifier: LGPL-3.0-only
from odoo import models
from odoo.tools import SQL


class RecallInterface(models.Model):
    _inherit = "recall.interface"

    def _get_last_request(self):
        """When a peer asked last and was answered; None: never, as far as is known."""
        self.ensure_one()
        self.env.cr.execute(
            SQL(
                """SELECT time FROM recall_interface_log
                    WHERE interface_id = %s AND api_status = 200
                      AND self_test IS NOT TRUE
                    ORDER BY id DESC LIMIT 1""",
                self.id,
            )
        )
        row = self.env.cr.fetchone()
        return row and row[0]
