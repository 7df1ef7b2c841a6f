# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models


class RecallObjectionReason(models.Model):
    """Why an objection is accepted or refused: a short list to choose from."""

    _name = "recall.objection.reason"
    _inherit = ["recall.reason.mixin"]
    _description = "Reason of a decision on an objection"

    name = fields.Char(help="The visitor reads it on the page of the objection.")
    purpose = fields.Selection(
        [("accept", "Accepting"), ("refuse", "Refusing")],
        required=True,
        default="refuse",
    )
