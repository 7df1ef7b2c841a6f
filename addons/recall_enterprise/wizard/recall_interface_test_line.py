# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models


class RecallInterfaceTestLine(models.TransientModel):
    """One check of a self-test: its mark, what was found, what to do."""

    _name = "recall.interface.test.line"
    _description = "Check of a self-test"

    test_id = fields.Many2one(
        "recall.interface.test", required=True, index=True, ondelete="cascade"
    )
    name = fields.Char(string="Check", required=True, readonly=True)
    mark = fields.Selection(
        [
            ("good", "Good"),
            ("remark", "Remark"),
            ("bad", "Bad"),
            ("skipped", "Not reached"),
        ],
        required=True,
        readonly=True,
    )
    finding = fields.Char(readonly=True)
    advice = fields.Char(string="What to do", readonly=True)
