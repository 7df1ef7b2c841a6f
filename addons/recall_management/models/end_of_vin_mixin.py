# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models
from odoo.fields import Domain
from odoo.tools import SQL

#: What people read off a windscreen or a letter: the serial number.
TAIL_LENGTH = 6


class RecallVinTailMixin(models.AbstractModel):
    """Search by the last six characters of ``vin``; a model brings its own index.

    The column is not stored twice: the index is one on an expression.
    """

    _name = "recall.vin.tail.mixin"
    _description = "Search by the last characters of a VIN"

    vin_tail = fields.Char(
        string="Last 6 of the VIN",
        compute="_compute_vin_tail",
        search="_search_vin_tail",
        exportable=False,
    )

    def _compute_vin_tail(self):
        for record in self:
            record.vin_tail = record.vin and record.vin[-TAIL_LENGTH:]

    def _search_vin_tail(self, operator, value):
        if operator != "in":
            return NotImplemented
        tails = tuple(text.strip().upper() for text in value if text)
        if not tails:
            return Domain.FALSE
        return Domain.custom(
            to_sql=lambda model, alias, query: SQL(
                "right(%s::text, %s) IN %s",
                SQL.identifier(alias, "vin"),
                SQL(str(TAIL_LENGTH)),
                tails,
            )
        )
