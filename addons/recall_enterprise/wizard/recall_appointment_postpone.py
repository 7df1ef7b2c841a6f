# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models


class RecallAppointmentPostpone(models.TransientModel):
    _name = "recall.appointment.postpone"
    _description = "Postpone an appointment"

    appointment_id = fields.Many2one(
        "recall.appointment", required=True, readonly=True, ondelete="cascade"
    )
    planned_from = fields.Datetime(
        string="Was expected at",
        related="appointment_id.planned_at",
        related_sudo=False,  # of an appointment the account may read
    )
    planned_at = fields.Datetime(string="New time", required=True)
    reason = fields.Selection(
        selection=lambda self: (
            self.env["recall.appointment.postponement"]
            ._fields["reason"]
            ._description_selection(self.env)
        ),
        required=True,
        default="owner",
    )

    def action_postpone(self):
        """Move the appointment to the new time."""
        self.ensure_one()
        self.appointment_id._postpone(self.planned_at, self.reason)
        return {"type": "ir.actions.act_window_close"}
