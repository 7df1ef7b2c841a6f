# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models


class RecallQuarantineReason(models.Model):
    """Why an officer decides on a quarantined record: a short list to choose from."""

    _name = "recall.quarantine.reason"
    _inherit = ["recall.reason.mixin"]
    _description = "Reason of a decision on a quarantined record"

    name = fields.Char(help="The producer reads it where it is told.")
    purpose = fields.Selection(
        [
            ("release", "Releasing"),
            ("return", "Returning"),
            ("close", "Closing"),
            ("reopen", "Opening again"),
            ("recheck", "Passing when checked again by itself"),
        ],
        required=True,
        default="release",
    )
