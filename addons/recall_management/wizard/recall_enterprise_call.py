# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models


class RecallEnterpriseCall(models.TransientModel):
    """What a test call of a terminal brought."""

    _name = "recall.enterprise.call"
    _description = "Test call of a terminal"

    enterprise_id = fields.Many2one("recall.enterprise", readonly=True)
    cause = fields.Char(readonly=True)
    trouble = fields.Char(string="What is wrong", compute="_compute_trouble")
    advice = fields.Char(string="What to do", compute="_compute_trouble")
    error = fields.Char(string="In detail", readonly=True)
    api_status = fields.Integer(readonly=True)
    seconds = fields.Float(string="Duration (s)", digits=(8, 3), readonly=True)
    body_size = fields.Integer(string="Bytes", readonly=True)
    record_count = fields.Integer(string="Records", readonly=True)
    certificate_expires_at = fields.Datetime(readonly=True)

    @api.depends("cause")
    @api.depends_context("lang")
    def _compute_trouble(self):
        for call in self:
            call.trouble, call.advice = self.env["recall.cause"]._explain(call.cause)

    def _open(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Test call"),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "new",
        }
