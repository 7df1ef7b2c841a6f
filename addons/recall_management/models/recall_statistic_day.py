# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models


class RecallStatisticDay(models.Model):
    """M-STAT: confirmed reports of a plan by the day of the repair."""

    _name = "recall.statistic.day"
    _description = "Repairs by plan and day"
    _audited = frozenset()
    _log_access = False
    _order = "plan_id, day"

    plan_id = fields.Many2one(
        "recall.plan", required=True, readonly=True, ondelete="cascade"
    )
    day = fields.Date(required=True, readonly=True)
    repairs = fields.Integer(required=True, readonly=True)
    late = fields.Integer(
        string="Late",
        required=True,
        readonly=True,
        help="Synchronised after 24:00 of the day after the repair (clause 7.3).",
    )

    _key_uniq = models.UniqueIndex("(plan_id, day)")

    def init(self):
        super().init()
        # When all tables are there.
        self.pool.post_init(self.env["recall.statistic"]._install)
