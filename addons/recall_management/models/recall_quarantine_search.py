# SPDX-License-Identifier: LGPL-3.0-only
from odoo import models


class RecallQuarantine(models.Model):
    _name = "recall.quarantine"
    _inherit = ["recall.quarantine", "recall.vin.tail.mixin"]

    _vin_tail_idx = models.Index("(right(vin::text, 6))")
