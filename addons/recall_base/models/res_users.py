# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models


class ResUsers(models.Model):
    _inherit = "res.users"

    recall_producer_ids = fields.Many2many(
        "recall.producer",
        string="Recall producers",
        help="Producers whose records this account may see. It limits the roles of "
        "the enterprise terminal; the regulator's roles see every producer.",
    )
    recall_dealer_id = fields.Many2one(
        "recall.dealer",
        index="btree_not_null",
        help="Dealer whose records this account enters and sees.",
    )
    recall_checklist_hidden = fields.Boolean(
        string="Recall: first steps hidden",
        help="The account has hidden the checklist of its dashboard.",
    )
