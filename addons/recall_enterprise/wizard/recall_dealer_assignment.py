# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.recall_base.tools.notification import CLOSE, notify
from odoo.addons.recall_base.tools.vin import is_vin
from odoo.addons.recall_base.tools.vin_scan import find_vin

#: More VINs are a file for the import of VIN lists.
PASTE_LIMIT = 5000


class RecallDealerAssignment(models.TransientModel):
    """Say which dealer is to see to vehicles: chosen in a list, or pasted."""

    _name = "recall.dealer.assignment"
    _description = "Responsible dealer of vehicles"

    plan_id = fields.Many2one("recall.plan", readonly=True)
    vehicle_ids = fields.Many2many("recall.vehicle", readonly=True)
    vehicle_count = fields.Integer(compute="_compute_vehicle_count")
    producer_id = fields.Many2one("recall.producer", compute="_compute_producer_id")
    vins = fields.Text(string="VINs", help="One a line, at most 5,000.")
    dealer_id = fields.Many2one("recall.dealer", string="Responsible dealer")
    keep_assigned = fields.Boolean(
        string="Only vehicles without one",
        default=True,
        help="Leave vehicles alone that have a responsible dealer already.",
    )

    @api.model
    def default_get(self, fields_list):
        """Take what the dialogue was opened on: chosen vehicles, or one plan."""
        defaults = super().default_get(fields_list)
        active_ids = self.env.context.get("active_ids", [])
        if self.env.context.get("active_model") == "recall.vehicle":
            defaults["vehicle_ids"] = [fields.Command.set(active_ids)]
        elif self.env.context.get("active_model") == "recall.plan":
            defaults["plan_id"] = active_ids[:1] and active_ids[0]
        return defaults

    @api.depends("vehicle_ids")
    def _compute_vehicle_count(self):
        for assignment in self:
            assignment.vehicle_count = len(assignment.vehicle_ids)

    @api.depends("plan_id", "vehicle_ids")
    def _compute_producer_id(self):
        for assignment in self:
            plans = assignment.plan_id or assignment.vehicle_ids.plan_id
            assignment.producer_id = plans.producer_id[:1]

    def action_assign(self):
        """Make the dealer responsible, and say for how many vehicles."""
        self.ensure_one()
        if not self.dealer_id:
            raise UserError(self.env._("Choose the dealer first."))
        vehicles, unknown = self.vehicle_ids, []
        if self.plan_id:
            vehicles, unknown = self._find_pasted()
        changed = vehicles._assign_dealer(self.dealer_id, self.keep_assigned)
        message = self.env._(
            "%(dealer)s sees to %(count)s more vehicles.",
            dealer=self.dealer_id.name,
            count=changed,
        )
        if unknown:
            message += " " + self.env._(
                "Not in the scope of this plan: %(count)s, such as %(vins)s.",
                count=len(unknown),
                vins=", ".join(unknown[:5]),
            )
        return notify(message, kind="warning" if unknown else "success", then=CLOSE)

    def _find_pasted(self):
        """Return the plan's vehicles that were pasted, and the VINs of no vehicle."""
        lines = filter(None, map(str.strip, (self.vins or "").splitlines()))
        vins = dict.fromkeys(find_vin(line, is_vin) for line in lines)
        if not vins or len(vins) > PASTE_LIMIT:
            raise UserError(
                self.env._(
                    "Paste 1 to %(limit)s VINs, one a line. Longer lists come with the "
                    "import of VIN lists.",
                    limit=PASTE_LIMIT,
                )
            )
        vehicles = self.env["recall.vehicle"].search(
            [("plan_id", "=", self.plan_id.id), ("vin", "in", list(vins))]
        )
        found = set(vehicles.mapped("vin"))
        return vehicles, [vin for vin in vins if vin not in found]
