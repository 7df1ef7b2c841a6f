# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models, tools
from odoo.tools import SQL

from ..tools.provinces import CODES, PROVINCES


class RecallRepairReport(models.Model):
    """M-STAT: repairs by dealer, province and month, with what was late (7.3).

    The province is the dealer's (first two digits of its GB/T 2260 code). Reads the
    counts of ``recall.statistic.month``.
    """

    _name = "recall.repair.report"
    _description = "Repairs by dealer and month"
    _auto = False
    _order = "month desc, plan_id, id"
    _rec_name = "plan_id"

    plan_id = fields.Many2one("recall.plan", readonly=True)
    producer_id = fields.Many2one("recall.producer", readonly=True)
    brand = fields.Char(readonly=True)
    series = fields.Char(readonly=True)
    published = fields.Date(
        readonly=True, help="Day of the announcement, else the start of the recall."
    )
    dealer_id = fields.Many2one("recall.dealer", readonly=True)
    province = fields.Selection(
        [(province.code, province.name) for province in PROVINCES], readonly=True
    )
    month = fields.Date(readonly=True, help="Month of the repair.")
    repairs = fields.Integer(readonly=True)
    late = fields.Integer(
        string="Reported late",
        readonly=True,
        help="Synchronised after 24:00 of the day after the repair (clause 7.3).",
    )
    late_share = fields.Float(
        string="Share reported late",
        readonly=True,
        aggregator="avg",
        help="Reported late / repairs.",
    )

    def init(self):
        tools.drop_view_if_exists(self.env.cr, self._table)
        self.env.cr.execute(
            SQL(
                """CREATE VIEW %s AS
                   SELECT cell.id, cell.plan_id, plan.producer_id, plan.brand,
                          plan.series,
                          coalesce(plan.announced, plan.recall_start) AS published,
                          cell.dealer_id, cell.month, cell.repairs,
                          cell.late, cell.late::float8 / cell.repairs AS late_share,
                          CASE WHEN left(dealer.region, 2) IN %s
                               THEN left(dealer.region, 2) END AS province
                     FROM recall_statistic_month cell
                     JOIN recall_plan plan ON plan.id = cell.plan_id
                     LEFT JOIN recall_dealer dealer ON dealer.id = cell.dealer_id
                    WHERE cell.repairs > 0
                      AND plan.state NOT IN ('filed', 'withdrawn')""",
                SQL.identifier(self._table),
                CODES,
            )
        )

    def _read_group_select(self, aggregate_spec, query):
        """Override of the ORM: the share of a group is that of its sums."""
        if aggregate_spec == "late_share:avg":
            return SQL(
                "sum(%s)::float8 / nullif(sum(%s), 0)",
                self._field_to_sql(self._table, "late", query),
                self._field_to_sql(self._table, "repairs", query),
            )
        return super()._read_group_select(aggregate_spec, query)
