# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models
from odoo.fields import Domain


class RecallLegacyVinMixin(models.AbstractModel):
    """Marks records of vehicles whose VIN passed by an exception, for ever.

    Nothing is stored on the big tables: exceptions are few and never deleted, so the
    mark is looked up for the rows on the screen.
    """

    _name = "recall.legacy.vin.mixin"
    _description = "Mark of legacy VINs"

    legacy_vin = fields.Boolean(
        string="Legacy VIN",
        compute="_compute_legacy_vin",
        search="_search_legacy_vin",
        help="The VIN does not meet GB 16735 and passed by an approved exception.",
    )

    legacy_mark = fields.Char(
        string="Mark", compute="_compute_legacy_vin", help="Tells a legacy VIN."
    )

    @api.depends("vin")
    @api.depends_context("lang")
    def _compute_legacy_vin(self):
        legacy = self._legacy_vins([("vin", "in", self.mapped("vin"))])
        for record in self:
            record.legacy_vin = record.vin in legacy
            record.legacy_mark = record.legacy_vin and self.env._("Legacy VIN")

    def _search_legacy_vin(self, operator, value):
        if operator != "in":
            return NotImplemented
        marked = Domain("vin", "in", sorted(self._legacy_vins([])))
        return marked if True in value else ~marked

    def _legacy_vins(self, domain):
        # sudo: dealers see the mark, not the exception behind it.
        exceptions = self.env["recall.vin.exception"].sudo()
        passed = Domain("state", "in", ("approved", "revoked")) & Domain(domain)
        return set(exceptions.search_fetch(passed, ["vin"]).mapped("vin"))
