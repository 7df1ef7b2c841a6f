# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models
from odoo.tools import SQL

from odoo.addons.recall_base.tools import deadline


class RecallDelivery(models.Model):
    """What is known of reports when the delivery that first carried them arrives."""

    _inherit = "recall.delivery"

    arrived_at = fields.Datetime(
        readonly=True,
        copy=False,
        help="When it was acknowledged; a plain answer arrives when it is given.",
    )
    arrived_count = fields.Integer(
        string="Arrived with it",
        readonly=True,
        copy=False,
        help="Reports of which no earlier delivery has carried a version.",
    )

    _arrived_idx = models.Index("(producer_id, arrived_at)")

    def _note_arrival(self):
        """Mark reports that are late now, and add to the figures of punctuality.

        Called once, when the delivery has arrived: it writes to late reports only.
        """
        self.ensure_one()
        self.arrived_at = self.sent_at if self.mode == "plain" else self.acknowledged_at
        due = deadline.due_date(self.arrived_at, self.producer_id.timezone)
        self.env.cr.execute(
            SQL(
                """UPDATE recall_completion SET arrived_late = TRUE
                    WHERE first_delivery_id = %s AND repair_date < %s""",
                self.id,
                due,
            )
        )
        self.env["recall.completion"].invalidate_model(["arrived_late"])
        self.arrived_count = self.env["recall.punctuality"]._add(self, due)
        self.flush_recordset()
