# SPDX-License-Identifier: LGPL-3.0-only
from odoo import models


class RecallPlan(models.Model):
    _inherit = "recall.plan"

    # The public page tells on every look-up when the plans last changed.
    _write_date_idx = models.Index("(write_date)")
