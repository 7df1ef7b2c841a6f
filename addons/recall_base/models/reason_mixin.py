# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models
from odoo.exceptions import UserError


class RecallReasonMixin(models.AbstractModel):
    """A short list of reasons to choose from, for each purpose of a decision.

    The concrete model has the selection ``purpose``: what can be decided.
    """

    _name = "recall.reason.mixin"
    _description = "Reason of a decision"
    _order = "purpose, sequence, id"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(
        required=True, help="What interfaces and the operation log say. Never changed."
    )
    needs_note = fields.Boolean(
        string="Asks for a text", help="Who decides has to explain it in words."
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
