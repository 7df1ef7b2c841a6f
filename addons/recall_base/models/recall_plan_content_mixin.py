# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, models


class RecallPlanContentMixin(models.AbstractModel):
    """Records of which a plan's version is made: each change of them makes one."""

    _name = "recall.plan.content.mixin"
    _description = "Content of a recall plan"

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        records.plan_id._keep_version()
        return records

    def write(self, vals):
        plans = self.plan_id
        done = super().write(vals)
        (plans | self.plan_id)._keep_version()
        return done

    def unlink(self):
        plans = self.plan_id
        done = super().unlink()
        plans.exists()._keep_version()
        return done
