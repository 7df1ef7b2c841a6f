# SPDX-License-Identifier: LGPL-3.0-only
from odoo import models


class RecallPlanLine(models.Model):
    _name = "recall.plan.line"
    _inherit = ["recall.plan.line", "recall.remembered.mixin"]

    _remembered_fields = frozenset({"brand", "series", "model"})
