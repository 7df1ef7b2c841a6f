# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models


class RecallNoticeTemplate(models.Model):
    """A text from which notice rounds start."""

    _name = "recall.notice.template"
    _description = "Template of an owner notice"
    _inherit = ["recall.notice.text"]
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    producer_id = fields.Many2one(
        "recall.producer",
        index="btree_not_null",
        ondelete="cascade",
        default=lambda self: self._default_producer(),
        help="Empty: every producer of this terminal may use it.",
    )

    def _default_producer(self):
        producers = self.env.user.recall_producer_ids
        return producers if len(producers) == 1 else False
