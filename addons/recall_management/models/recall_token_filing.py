# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models


class RecallToken(models.Model):
    _inherit = "recall.token"

    purpose = fields.Selection(
        selection_add=[("plans", "Filing system hands plans over (plans)")],
        ondelete={"plans": "cascade"},
    )
    filing_system_id = fields.Many2one(
        "recall.filing.system",
        index="btree_not_null",
        ondelete="restrict",
        readonly=True,
    )
