# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models

from odoo.addons.recall_base.models.guarded_many2one import GuardedMany2one


class RecallCompletion(models.Model):
    _inherit = "recall.completion"
    #: Clause 7.4 b: the management terminal keeps its data for ever.
    _keep_years = None

    synced_at = fields.Datetime(
        help="When the enterprise terminal handed the record over first (annex A, 17): "
        "by that moment it is in time or late (7.3). Corrections leave it as it is."
    )
    exchange_id = GuardedMany2one(
        "recall.exchange",
        string="Received with",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        help="The exchange that brought the present version.",
    )
