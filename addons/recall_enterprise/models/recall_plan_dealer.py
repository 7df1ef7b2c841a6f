# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models


class RecallPlanDealer(models.Model):
    """Parts of one recall at one dealer, and how many vehicles it can take a day."""

    _name = "recall.plan.dealer"
    _description = "Parts at a dealer"
    _inherit = ["recall.kept.fields.mixin"]
    _order = "dealer_id, recall_number desc"
    _rec_name = "recall_number"
    # What a dealer says of its parts; the lines themselves are made by the system.
    _written_fields = {"availability", "quantity", "expected_date", "capacity"}

    plan_id = fields.Many2one(
        "recall.plan", required=True, index=True, readonly=True, ondelete="cascade"
    )
    dealer_id = fields.Many2one(
        "recall.dealer", required=True, index=True, readonly=True, ondelete="cascade"
    )
    # Kept beside the plan, for dealers search by them and may not read plans.
    recall_number = fields.Char(related="plan_id.recall_number", store=True)
    producer_id = fields.Many2one(related="plan_id.producer_id", store=True, index=True)
    plan_state = fields.Selection(related="plan_id.state", store=True)
    product = fields.Char(compute="_compute_product", compute_sudo=True)
    availability = fields.Selection(
        [("stock", "In stock"), ("ordered", "Ordered"), ("none", "No parts")],
        default="none",
        required=True,
    )
    quantity = fields.Integer(help="Vehicles that the parts in stock suffice for.")
    expected_date = fields.Date(
        string="Expected on", help="When the ordered parts are to arrive."
    )
    capacity = fields.Integer(
        string="Vehicles a day",
        help="How many vehicles of this recall the workshop takes in a day. "
        "0: no limit.",
    )

    _plan_dealer_uniq = models.Constraint(
        "UNIQUE(plan_id, dealer_id)", "The dealer has a line for this plan already."
    )
    _not_negative = models.Constraint(
        "CHECK(quantity >= 0 AND capacity >= 0)",
        "Quantity and vehicles a day cannot be negative.",
    )

    @api.depends("plan_id.brand", "plan_id.series", "plan_id.model")
    def _compute_product(self):
        for line in self:
            plan = line.plan_id
            line.product = " ".join(filter(None, (plan.brand, plan.series, plan.model)))

    @api.onchange("availability")
    def _onchange_availability(self):
        if self.availability != "stock":
            self.quantity = 0
        if self.availability != "ordered":
            self.expected_date = False

    @api.model
    def action_open_own(self):
        """Open the dealer's list, with a line for each plan that is running."""
        dealer = self.env["recall.desk"]._get_own_dealer()
        self._add_missing(dealer)
        return self.env["recall.desk"]._read_action("recall_plan_dealer_action_own")

    @api.model
    def _add_missing(self, dealer):
        """Add the lines that a dealer lacks for the current plans of its producer."""
        # sudo: dealers may not read plans, nor make lines for them.
        sudo = self.sudo()
        known = sudo.search([("dealer_id", "=", dealer.id)]).plan_id
        current = sudo.env["recall.plan"].search(
            [
                ("producer_id", "=", dealer.producer_id.id),
                ("state", "in", ("published", "running")),
            ]
        )
        sudo.create(
            [{"plan_id": plan.id, "dealer_id": dealer.id} for plan in current - known]
        )
