# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models


class RecallStatisticMonth(models.Model):
    """M-STAT: confirmed reports of a plan by dealer and month of the repair.

    Producer, brand and province are joined when it is read: they follow a correction
    of the plan or of the dealer.
    """

    _name = "recall.statistic.month"
    _description = "Repairs by plan, dealer and month"
    _audited = frozenset()
    _log_access = False
    _order = "plan_id, month, dealer_id"

    plan_id = fields.Many2one(
        "recall.plan", required=True, readonly=True, ondelete="cascade"
    )
    month = fields.Date(required=True, readonly=True, help="First day of the month.")
    dealer_id = fields.Many2one(
        "recall.dealer",
        readonly=True,
        ondelete="cascade",
        help="Empty: not in the filing.",
    )
    repairs = fields.Integer(required=True, readonly=True)
    late = fields.Integer(string="Late", required=True, readonly=True)

    _key_uniq = models.UniqueIndex("(plan_id, month, coalesce(dealer_id, 0))")

    def init(self):
        super().init()
        # Room for new versions of a row on its page: the index needs no new entry.
        self.env.cr.execute("ALTER TABLE recall_statistic_month SET (fillfactor = 70)")
