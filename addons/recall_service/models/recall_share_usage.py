# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models
from odoo.tools import SQL


class RecallShareUsage(models.Model):
    """How much an interface was used in an hour: counts, and no personal data.

    Without an interface it is what came with a wrong token or a message that could not
    be read. Server processes write it; nobody else does.
    """

    _name = "recall.share.usage"
    _inherit = ["recall.counter.mixin", "recall.call.log.mixin"]
    _description = "Usage of a sharing interface"
    _call_time = "hour"
    _call_count = SQL("request_count")
    _order = "hour desc, interface_id, method, api_status"
    _rec_name = "hour"
    _log_access = False

    interface_id = fields.Many2one(
        "recall.share.interface", readonly=True, index=False, ondelete="restrict"
    )
    data_user_id = fields.Many2one(
        "recall.data.user", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    method = fields.Selection(
        [
            ("one", "One VIN"),
            ("many", "Many VINs"),
            ("changes", "Changes"),
            ("export", "Export files"),
            ("unknown", "Not known"),
        ],
        readonly=True,
        required=True,
    )
    api_status = fields.Integer(
        string="Status", readonly=True, aggregator=None, help="api_status of annex C"
    )
    request_count = fields.Integer(string="Requests", readonly=True)
    vin_count = fields.Integer(string="VINs", readonly=True)
    answer_bytes = fields.Float(string="Answers (bytes)", readonly=True, digits=(20, 0))

    # Sums the day of an interface as well.
    _key_uniq = models.UniqueIndex(
        "(interface_id, hour, method, api_status) NULLS NOT DISTINCT",
        "The usage of this hour is counted already.",
    )
    _hour_idx = models.Index("(hour)")
