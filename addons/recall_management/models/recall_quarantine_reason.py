# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models
from odoo.exceptions import UserError


class RecallQuarantineReason(models.Model):
    """Why an officer decides on a quarantined record: a short list to choose from."""

    _name = "recall.quarantine.reason"
    _description = "Reason of a decision on a quarantined record"
    _order = "purpose, sequence, id"

    name = fields.Char(
        required=True, translate=True, help="The producer reads it where it is told."
    )
    code = fields.Char(required=True, help="What the operation log says.")
    purpose = fields.Selection(
        [
            ("release", "Releasing"),
            ("return", "Returning"),
            ("close", "Closing"),
            ("reopen", "Opening again"),
        ],
        required=True,
        default="release",
    )
    needs_note = fields.Boolean(
        string="Asks for a text", help="The officer has to explain it in words."
    )
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)

    _code_uniq = models.Constraint(
        "UNIQUE(purpose, code)", "A reason with this code exists already."
    )

    def _check_given(self, purpose, note):
        """Refuse a deed without a reason for it, and words where they are asked for."""
        if len(self) != 1 or self.purpose != purpose:
            raise UserError(self.env._("Choose the reason first."))
        if self.needs_note and not (note or "").strip():
            raise UserError(
                self.env._(
                    "“%(reason)s” has to be explained: write a sentence.",
                    reason=self.name,
                )
            )
