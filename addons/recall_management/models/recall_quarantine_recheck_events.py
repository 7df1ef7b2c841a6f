# SPDX-License-Identifier: LGPL-3.0-only
"""What may let quarantined records pass: each event has them checked again."""

from odoo import api, models

#: Fields of a plan that rules look at.
JUDGED = {"recall_number", "producer_id", "recall_start", "line_ids"}


class RecallPlan(models.Model):
    _inherit = "recall.plan"

    @api.model_create_multi
    def create(self, vals_list):
        plans = super().create(vals_list)
        self.env["recall.quarantine.recheck"]._note(plans.producer_id)
        return plans

    def write(self, vals):
        done = super().write(vals)
        if JUDGED & vals.keys():
            self.env["recall.quarantine.recheck"]._note(self.producer_id)
        return done


class RecallVehicle(models.Model):
    _inherit = "recall.vehicle"

    @api.model
    def _add_to_scope(self, plan, vins):
        added, refused = super()._add_to_scope(plan, vins)
        if added:
            self.env["recall.quarantine.recheck"]._note(plan.producer_id)
        return added, refused

    @api.model
    def _assign_lines(self, plan, vins):
        moved = super()._assign_lines(plan, vins)
        if moved:
            self.env["recall.quarantine.recheck"]._note(plan.producer_id)
        return moved


class RecallDealer(models.Model):
    _inherit = "recall.dealer"

    @api.model_create_multi
    def create(self, vals_list):
        dealers = super().create(vals_list)
        self.env["recall.quarantine.recheck"]._note(dealers.producer_id)
        return dealers

    def write(self, vals):
        done = super().write(vals)
        self.env["recall.quarantine.recheck"]._note(self.producer_id)
        return done


class RecallVinException(models.Model):
    _inherit = "recall.vin.exception"

    def _decide(self, state):
        super()._decide(state)
        if state == "approved":
            self.env["recall.quarantine.recheck"]._note(self.producer_id)
