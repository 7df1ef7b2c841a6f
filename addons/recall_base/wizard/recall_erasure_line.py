# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models


class RecallErasureLine(models.TransientModel):
    """A record that holds contact data of the person sought."""

    _name = "recall.erasure.line"
    _description = "Record with a person's contact data"
    _order = "res_model, id"

    erasure_id = fields.Many2one("recall.erasure", required=True, ondelete="cascade")
    res_model = fields.Char(required=True, readonly=True)
    res_id = fields.Many2oneReference(model_field="res_model", readonly=True)
    kind_name = fields.Char(string="Kind", readonly=True)
    name = fields.Char(string="Record", readonly=True)
    shown = fields.Char(string="Contact data", readonly=True)
    kept = fields.Char(string="Stays for now", readonly=True)
    chosen = fields.Boolean(string="Erase")
