# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models

from .recall_quarantine_release import OVERRULABLE


class RecallFinding(models.Model):
    _inherit = "recall.finding"

    overrulable = fields.Boolean(
        string="May be overruled",
        compute="_compute_overrulable",
        help="Whether an officer may release a record in spite of it.",
    )

    @api.depends("code", "severity")
    def _compute_overrulable(self):
        for finding in self:
            finding.overrulable = (
                finding.severity == "warning" or finding.code in OVERRULABLE
            )
