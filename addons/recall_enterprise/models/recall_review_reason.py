# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models


class RecallReviewReason(models.Model):
    """Why a reviewer rejects a report or withdraws one: a short list to choose from."""

    _name = "recall.review.reason"
    _inherit = ["recall.reason.mixin"]
    _description = "Reason of a review"

    purpose = fields.Selection(
        [("reject", "Rejecting"), ("withdraw", "Withdrawing")],
        required=True,
        default="reject",
    )
