# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models
from odoo.tools import SQL


class RecallPunctuality(models.Model):
    """How many reports arrived in time, by plan, dealer and month of the repair.

    Kept by the statement that notes a delivery's arrival: no screen counts reports.
    Only one delivery of a producer waits at a time, so nothing else writes its rows.
    """

    _name = "recall.punctuality"
    _description = "Arrived reports by plan, dealer and month"
    _audited = frozenset()
    _log_access = False

    producer_id = fields.Many2one(
        "recall.producer", required=True, readonly=True, index=True, ondelete="cascade"
    )
    plan_id = fields.Many2one("recall.plan", readonly=True, ondelete="cascade")
    dealer_id = fields.Many2one("recall.dealer", readonly=True, ondelete="cascade")
    month = fields.Date(required=True, readonly=True, help="First day of the month.")
    arrived_count = fields.Integer(string="Arrived", readonly=True)
    late_count = fields.Integer(string="Delivered late", readonly=True)

    _key_uniq = models.UniqueIndex(
        "(producer_id, month, coalesce(plan_id, 0), coalesce(dealer_id, 0))"
    )

    @api.model
    def _add(self, delivery, due):
        """Add the reports which a delivery was the first to carry.

        :param date due: repairs before this day have arrived late
        :returns: number of these reports
        """
        self.env.cr.execute(
            SQL(
                """WITH fresh AS (
                       SELECT producer_id, plan_id, dealer_id,
                              date_trunc('month', repair_date)::date AS month,
                              count(*) AS arrived,
                              count(*) FILTER (WHERE repair_date < %s) AS late
                         FROM recall_completion WHERE first_delivery_id = %s
                        GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4),
                   added AS (
                       INSERT INTO recall_punctuality AS known (
                              producer_id, plan_id, dealer_id, month,
                              arrived_count, late_count)
                       SELECT * FROM fresh
                       ON CONFLICT (producer_id, month, coalesce(plan_id, 0),
                                    coalesce(dealer_id, 0))
                       DO UPDATE SET
                          arrived_count = known.arrived_count + excluded.arrived_count,
                          late_count = known.late_count + excluded.late_count)
                SELECT coalesce(sum(arrived), 0)::int FROM fresh""",
                due,
                delivery.id,
            )
        )
        self.invalidate_model()
        return self.env.cr.fetchone()[0]
