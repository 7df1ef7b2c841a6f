# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models


class RecallWmi(models.Model):
    """A world manufacturer identifier of GB 16737.

    ``code`` has three characters; a maker of fewer than 1000 vehicles a year shares
    them (the third is 9) and is told apart by positions 12-14: six characters here.
    """

    _name = "recall.wmi"
    _description = "World manufacturer identifier"
    _order = "code"
    _rec_name = "code"
    _rec_names_search = ["code", "manufacturer"]

    code = fields.Char(required=True, size=6)
    manufacturer = fields.Char(required=True)
    source = fields.Char(help="Where this assignment was read.")
    producer_id = fields.Many2one(
        "recall.producer", index="btree_not_null", ondelete="set null"
    )

    _code_uniq = models.Constraint("UNIQUE(code)", "This WMI is in the list already.")
    _code_form = models.Constraint(
        "CHECK(code ~ '^[A-HJ-NPR-Z0-9]{3}([A-HJ-NPR-Z0-9]{3})?$')",
        "A WMI has 3 (small makers: 6) capitals or digits, without I, O and Q.",
    )

    @api.depends("code", "manufacturer")
    def _compute_display_name(self):
        for wmi in self:
            wmi.display_name = f"{wmi.code} {wmi.manufacturer or ''}".strip()
