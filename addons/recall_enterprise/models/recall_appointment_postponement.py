# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models


class RecallAppointmentPostponement(models.Model):
    """One change of an appointment's time: from when, to when, and why."""

    _name = "recall.appointment.postponement"
    _description = "Postponement of an appointment"
    _order = "id desc"
    _rec_name = "appointment_id"

    appointment_id = fields.Many2one(
        "recall.appointment",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    planned_from = fields.Datetime(
        string="Was expected at", required=True, readonly=True
    )
    planned_to = fields.Datetime(string="Now expected at", required=True, readonly=True)
    # A list and no free text: nobody writes of the owner here.
    reason = fields.Selection(
        [
            ("owner", "The owner asked for it"),
            ("parts", "Parts are missing"),
            ("workshop", "The workshop is full"),
            ("other", "Other reason"),
        ],
        required=True,
        readonly=True,
    )
