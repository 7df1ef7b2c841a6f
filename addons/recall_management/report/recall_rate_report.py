# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models, tools
from odoo.tools import SQL

#: Measures of a group: the sum of one column divided by that of another.
RATIOS = {
    "completion_rate:avg": ("done_count", "countable"),
    "raw_rate:avg": ("done_count", "vehicle_count"),
}


class RecallRateReport(models.Model):
    """M-STAT: one row a plan, for completion rates by whatever plans have.

    The rate of a group is done / (in scope - exported - scrapped - stolen) of all its
    vehicles, not the mean of its plans' rates.
    """

    _name = "recall.rate.report"
    _description = "Completion rates"
    _auto = False
    _order = "completion_rate desc, id"
    _rec_name = "plan_id"

    plan_id = fields.Many2one("recall.plan", readonly=True)
    producer_id = fields.Many2one("recall.producer", readonly=True)
    brand = fields.Char(readonly=True)
    series = fields.Char(readonly=True)
    state = fields.Selection(
        selection=lambda self: self.env["recall.plan"]._fields["state"].selection,
        readonly=True,
    )
    over_the_air = fields.Boolean(string="Over-the-air update", readonly=True)
    published = fields.Date(
        readonly=True, help="Day of the announcement, else the start of the recall."
    )
    vehicle_count = fields.Integer(string="In scope", readonly=True)
    countable = fields.Integer(
        string="To be done",
        readonly=True,
        help="In scope, less exported, scrapped and stolen vehicles.",
    )
    done_count = fields.Integer(string="Done", readonly=True)
    completion_rate = fields.Float(readonly=True, aggregator="avg")
    raw_rate = fields.Float(readonly=True, aggregator="avg")
    usual_rate = fields.Float(
        string="Usual at this age", readonly=True, aggregator="avg"
    )
    forecast_rate = fields.Float(
        string="Final rate expected", readonly=True, aggregator="avg"
    )
    forecast_low = fields.Float(
        string="Final rate, at least", readonly=True, aggregator="avg"
    )
    forecast_high = fields.Float(
        string="Final rate, at most", readonly=True, aggregator="avg"
    )
    days_to_50 = fields.Integer(string="Days to 50%", readonly=True, aggregator="avg")
    days_to_80 = fields.Integer(string="Days to 80%", readonly=True, aggregator="avg")
    days_to_90 = fields.Integer(string="Days to 90%", readonly=True, aggregator="avg")
    is_behind = fields.Boolean(string="Behind", readonly=True)

    def init(self):
        tools.drop_view_if_exists(self.env.cr, self._table)
        self.env.cr.execute(
            SQL(
                """CREATE VIEW %s AS
                   SELECT plan.id, plan.id AS plan_id, plan.producer_id, plan.brand,
                          plan.series, plan.state, plan.over_the_air,
                          coalesce(plan.announced, plan.recall_start) AS published,
                          plan.vehicle_count, plan.done_count, plan.completion_rate,
                          plan.raw_rate,
                          plan.vehicle_count - plan.exported_count
                            - plan.scrapped_count - plan.stolen_count AS countable,
                          figures.usual_rate, figures.forecast_rate,
                          figures.forecast_low, figures.forecast_high,
                          figures.days_to_50, figures.days_to_80, figures.days_to_90,
                          coalesce(figures.is_behind, false) AS is_behind
                     FROM recall_plan plan
                     LEFT JOIN recall_plan_statistic figures
                            ON figures.plan_id = plan.id
                    WHERE plan.state NOT IN ('filed', 'withdrawn')""",
                SQL.identifier(self._table),
            )
        )

    def _read_group_select(self, aggregate_spec, query):
        """Override of the ORM: the rate of a group is that of its vehicles."""
        if aggregate_spec in RATIOS:
            above, below = (
                self._field_to_sql(self._table, name, query)
                for name in RATIOS[aggregate_spec]
            )
            return SQL("sum(%s)::float8 / nullif(sum(%s), 0)", above, below)
        return super()._read_group_select(aggregate_spec, query)

    def action_open_plan(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "recall.plan",
            "res_id": self.plan_id.id,
            "views": [(False, "form")],
        }
