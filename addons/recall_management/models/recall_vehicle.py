# SPDX-License-Identifier: LGPL-3.0-only
from odoo import models


class RecallVehicle(models.Model):
    _name = "recall.vehicle"
    _inherit = ["recall.vehicle", "recall.vin.tail.mixin"]

    _vin_tail_idx = models.Index("(right(vin::text, 6))")
