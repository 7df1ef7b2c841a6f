# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models


class RecallStatisticDealer(models.Model):
    """M-STAT: confirmed reports of a plan by dealer.

    What ``recall.statistic.month`` has by month as well, in far fewer rows: for the
    dashboard, which sums up all dealers of the country.
    """

    _name = "recall.statistic.dealer"
    _description = "Repairs by plan and dealer"
    _audited = frozenset()
    _log_access = False
    _order = "plan_id, dealer_id"

    plan_id = fields.Many2one(
        "recall.plan", required=True, readonly=True, ondelete="cascade"
    )
    dealer_id = fields.Many2one(
        "recall.dealer",
        readonly=True,
        ondelete="cascade",
        help="Empty: not in the filing.",
    )
    repairs = fields.Integer(required=True, readonly=True)
    late = fields.Integer(string="Late", required=True, readonly=True)

    _key_uniq = models.UniqueIndex("(plan_id, coalesce(dealer_id, 0))")

    def init(self):
        super().init()
        # Room for new versions of a row on its page: the index needs no new entry.
        self.env.cr.execute("ALTER TABLE recall_statistic_dealer SET (fillfactor = 70)")
