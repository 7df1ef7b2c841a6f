# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models, tools
from odoo.tools import SQL

from .recall_completion import OWN
from .recall_completion_deadline import REPLACED


class RecallPunctualityReport(models.Model):
    """Share of reports that arrived by 24:00 of the next day (clause 7.3).

    What has arrived is summed up already; what is late and not there yet is counted
    through the index of owed reports.
    """

    _name = "recall.punctuality.report"
    _description = "Punctuality of reports"
    _auto = False
    _order = "month desc, producer_id, id"
    _rec_name = "month"

    producer_id = fields.Many2one("recall.producer", readonly=True)
    plan_id = fields.Many2one("recall.plan", readonly=True)
    dealer_id = fields.Many2one("recall.dealer", readonly=True)
    month = fields.Date(string="Month of the repair", readonly=True)
    on_time_count = fields.Integer(string="Arrived in time", readonly=True)
    late_count = fields.Integer(string="Delivered late", readonly=True)
    missing_count = fields.Integer(
        string="Late: not there yet",
        readonly=True,
        help="Past the limit by the clock of the producer.",
    )
    total_count = fields.Integer(string="Reports", readonly=True)
    on_time_share = fields.Float(
        string="Share in time",
        readonly=True,
        aggregator="avg",
        help="Arrived in time / (arrived + late and not there yet).",
    )

    def init(self):
        tools.drop_view_if_exists(self.env.cr, self._table)
        self.env.cr.execute(
            SQL("CREATE VIEW %s AS %s", SQL.identifier(self._table), self._view_query())
        )

    def _view_query(self):
        """Arrived reports, and those past their limit by the producer's own clock."""
        return SQL(
            """WITH owed AS (
                   SELECT id, producer_id, plan_id, dealer_id, repair_date
                     FROM recall_completion rejected
                    WHERE first_delivery_id IS NULL AND state != 'withdrawn'
                      AND %(own)s AND NOT (%(replaced)s)
                UNION ALL
                   SELECT completion.id, completion.producer_id, plan_id, dealer_id,
                          repair_date
                     FROM recall_delivery delivery
                     JOIN recall_completion completion
                       ON completion.first_delivery_id = delivery.id
                    WHERE mode = 'acknowledged' AND acknowledged_at IS NULL),
               missing AS (
                   SELECT min(owed.id) AS id, owed.producer_id, plan_id, dealer_id,
                          date_trunc('month', repair_date)::date AS month,
                          count(*) AS missing_count
                     FROM owed
                     JOIN recall_producer producer ON producer.id = owed.producer_id
                    WHERE repair_date + 1 < (now() AT TIME ZONE timezone)::date
                    GROUP BY 2, 3, 4, 5),
               figures AS (
                   SELECT coalesce(known.id, -missing.id) AS id,
                          producer_id, plan_id, dealer_id, month,
                          coalesce(arrived_count, 0) AS arrived,
                          coalesce(late_count, 0) AS late_count,
                          coalesce(missing_count, 0) AS missing_count
                     FROM recall_punctuality known
                     FULL JOIN missing USING (producer_id, plan_id, dealer_id, month))
            SELECT id, producer_id, plan_id, dealer_id, month,
                   arrived - late_count AS on_time_count, late_count, missing_count,
                   arrived + missing_count AS total_count,
                   (arrived - late_count)::float
                       / nullif(arrived + missing_count, 0) AS on_time_share
              FROM figures""",
            own=OWN,
            replaced=REPLACED,
        )

    def _read_group_select(self, aggregate_spec, query):
        """The share of a group is that of its sums, not a mean of shares."""
        if aggregate_spec != "on_time_share:avg":
            return super()._read_group_select(aggregate_spec, query)
        return SQL(
            "sum(%s)::float / nullif(sum(%s), 0)",
            self._field_to_sql(self._table, "on_time_count", query),
            self._field_to_sql(self._table, "total_count", query),
        )
