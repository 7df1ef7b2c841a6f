# SPDX-License-Identifier: LGPL-3.0-only
from odoo import models


class RecallPlan(models.Model):
    _name = "recall.plan"
    _inherit = ["recall.plan", "recall.remembered.mixin"]

    _remembered_fields = frozenset(
        {
            *("state", "producer_id", "recall_number", "announced", "recall_start"),
            *("brand", "series", "model", "defect", "consequence", "measure"),
            *("over_the_air", "do_not_drive", "park_outside"),
            *("parts_state", "parts_from"),
        }
    )

    # The public page tells on every look-up when the plans last changed.
    _write_date_idx = models.Index("(write_date)")
