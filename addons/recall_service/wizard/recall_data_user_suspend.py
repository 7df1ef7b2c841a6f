# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models

from odoo.addons.recall_base.tools.notification import RELOAD, notify


class RecallDataUserSuspend(models.TransientModel):
    """Dialogue that asks why data users are suspended."""

    _name = "recall.data.user.suspend"
    _description = "Suspend data users"

    data_user_ids = fields.Many2many("recall.data.user", required=True)
    reason = fields.Text(required=True, help="The data user reads it on its page.")

    def action_apply(self):
        """Suspend them: every request is answered 406 from now on."""
        self.ensure_one()
        self.data_user_ids._suspend(self.reason.strip())
        return notify(
            self.env._(
                "%(names)s: answered 406 from now on.",
                names=", ".join(self.data_user_ids.mapped("name")),
            ),
            kind="warning",
            then=RELOAD,
        )
