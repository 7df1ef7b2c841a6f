# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models


class RecallDealer(models.Model):
    """A dealer that a producer named in its filing."""

    _name = "recall.dealer"
    _inherit = ["recall.hashed.mixin"]
    _description = "Dealer"
    _order = "producer_id, name"
    _rec_names_search = ["name", "code"]
    _hashed = ("name", "code", "producer_id", "region")

    name = fields.Char(required=True, help="Name as in the filing.")
    code = fields.Char(help="The producer's own number of the dealer.")
    active = fields.Boolean(default=True)
    producer_id = fields.Many2one(
        "recall.producer", required=True, index=True, ondelete="cascade"
    )
    region = fields.Char(size=6, help="Division code of GB/T 2260, six digits.")

    _name_uniq = models.Constraint(
        "UNIQUE(producer_id, name)", "The producer has a dealer of this name already."
    )
    _code_idx = models.Index("(producer_id, code) WHERE code IS NOT NULL")
    _region_form = models.Constraint(
        "CHECK(region ~ '^[0-9]{6}$')", "A region code of GB/T 2260 has six digits."
    )
