# SPDX-License-Identifier: LGPL-3.0-only
from odoo import models


class IrHttp(models.AbstractModel):
    _inherit = "ir.http"

    def session_info(self):
        """Override of `web` to land a dealer's account at the look-up of vehicles."""
        info = super().session_info()
        info["home_action_id"] = info["home_action_id"] or self._get_home_action()
        return info

    def _get_home_action(self):
        """Id of the action that an account without one of its own begins with."""
        look_up = self.env.ref("recall_enterprise.recall_desk_action_look_up")
        return self.env["recall.desk"]._is_at_desk() and look_up.id
