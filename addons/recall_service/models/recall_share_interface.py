# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models
from odoo.tools import SQL

PURPOSE = "share"


class RecallShareInterface(models.Model):
    """A data interface opened to a data user (clause 8.3.2, annex C).

    ``api_exchange_cfg`` of the requests is the field ``api_cfg`` here.
    """

    _name = "recall.share.interface"
    _description = "Sharing interface"
    _inherit = ["recall.interface.mixin"]
    _order = "data_user_id, name"
    _owner_field = "data_user_id"
    _event_kind = "share_interface"

    data_user_id = fields.Many2one(
        "recall.data.user", required=True, index=True, ondelete="restrict"
    )

    def _purpose_sql(self):
        return SQL("%s", PURPOSE)

    def _get_token_purpose(self):
        return PURPOSE
