# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models


class RecallToken(models.Model):
    _name = "recall.token"
    _inherit = ["recall.token", "recall.remembered.mixin"]

    _remembered_fields = frozenset(
        {"digest", "purpose", "expires_at", "revoked_at", "allowed_addresses"}
    )

    data_user_id = fields.Many2one(
        "recall.data.user", index="btree_not_null", ondelete="restrict", readonly=True
    )

    def _get_owner_fields(self):
        """Override to let a data user have two live tokens, as a producer has."""
        return [*super()._get_owner_fields(), "data_user_id"]
