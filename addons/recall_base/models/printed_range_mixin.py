# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models

from ..tools import vin_range


class RecallVinRangeMixin(models.AbstractModel):
    """A printed VIN range, with a hint where people could take it for the truth."""

    _name = "recall.vin.range.mixin"
    _description = "Printed VIN range"

    vin_range = fields.Char(
        string="VIN range",
        help="As printed in the announcement: a label. The VIN list decides.",
    )
    vin_range_hint = fields.Char(
        string="About the VIN range", compute="_compute_vin_range_hint"
    )

    @api.depends("vin_range")
    @api.depends_context("lang")
    def _compute_vin_range_hint(self):
        for record in self:
            kinds = {piece.kind for piece in vin_range.read_ranges(record.vin_range)}
            record.vin_range_hint = " ".join(
                sentence
                for kind, sentence in self._vin_range_hints().items()
                if kind in kinds
            )

    @api.model
    def _vin_range_hints(self):
        """What to say of each kind of ``tools.vin_range``, worst first."""
        return {
            "inverted": self.env._("Runs backwards: a label only."),
            "wildcard": self.env._("Holds signs for any character: a label only."),
            "short": self.env._("Not of 17 characters: a label only."),
            "text": self.env._("Free text: a label only."),
        }
