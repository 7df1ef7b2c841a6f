# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models
from odoo.exceptions import UserError

from ..tools.vin import is_vin
from ..tools.vin_scan import find_vin

#: A longer list comes as a file.
PASTE_LIMIT = 1000


class RecallPlanRemoval(models.TransientModel):
    """Dialogue that takes vehicles out of the scope of a plan."""

    _name = "recall.plan.removal"
    _description = "Take vehicles out of scope"

    plan_id = fields.Many2one("recall.plan", required=True, readonly=True)
    vins = fields.Text(string="VINs", required=True, help="One a line.")
    reason = fields.Char(required=True)

    def action_confirm(self):
        """Take the vehicles out, and say what stayed and why."""
        self.ensure_one()
        self.plan_id.check_access("write")
        lines = filter(None, map(str.strip, self.vins.splitlines()))
        vins = list(dict.fromkeys(find_vin(line, is_vin) for line in lines))
        if not vins or len(vins) > PASTE_LIMIT:
            raise UserError(
                self.env._(
                    "Paste 1 to %(limit)s VINs, one a line. Longer lists come as a "
                    "file: Import, “VINs to take out of scope”.",
                    limit=PASTE_LIMIT,
                )
            )
        result = self.plan_id._take_out(vins, self.reason)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "message": self._tell(result),
                "type": "success" if result["removed"] else "warning",
                "sticky": bool(result["staying"] or result["unknown"]),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def _tell(self, result):
        sentences = [
            self.env._(
                "Vehicles taken out of scope: %(count)s.", count=result["removed"]
            )
        ]
        if result["staying"]:
            sentences.append(
                self.env._(
                    "Repaired, so they stay: %(count)s, such as %(vins)s.",
                    count=len(result["staying"]),
                    vins=", ".join(result["staying"][:5]),
                )
            )
        if result["unknown"]:
            sentences.append(
                self.env._(
                    "Not in the scope of this plan: %(count)s, such as %(vins)s.",
                    count=len(result["unknown"]),
                    vins=", ".join(result["unknown"][:5]),
                )
            )
        return " ".join(sentences)
