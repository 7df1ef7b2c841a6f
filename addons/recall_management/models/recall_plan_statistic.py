# SPDX-License-Identifier: LGPL-3.0-only
from collections import defaultdict
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.recall_base.tools import deadline

from ..tools import forecast

#: Plans of one transaction of the scheduled action.
BATCH = 200
#: Repairs of the last days may still be on their way (clause 7.3).
SETTLED_DAYS = 2
#: Step of the ages at which plans are compared, days.
AGE_STEP = 30
#: States of a plan that is being carried out.
RUNNING = ("published", "running")


class RecallPlanStatistic(models.Model):
    """M-STAT: how fast a plan has been, where it will end, whether it is behind.

    Computed once a day from the daily counts. It has a table of its own: taking in
    writes the plan's row all day.

    A plan is *behind* when it is being carried out, at least 60 days old, and has
    reached less than three quarters of the usual rate: the median of the rates that at
    least five other plans had at the same age (over-the-air recalls are compared with
    their like).
    """

    _name = "recall.plan.statistic"
    _description = "Progress of a recall plan"
    _audited = frozenset()
    _log_access = False
    _rec_name = "plan_id"

    plan_id = fields.Many2one(
        "recall.plan", required=True, readonly=True, index=True, ondelete="cascade"
    )
    computed_on = fields.Date(required=True, readonly=True)
    days_to_50 = fields.Integer(readonly=True, aggregator="avg")
    days_to_80 = fields.Integer(readonly=True, aggregator="avg")
    days_to_90 = fields.Integer(readonly=True, aggregator="avg")
    forecast_rate = fields.Float(readonly=True, aggregator="avg")
    forecast_low = fields.Float(readonly=True, aggregator="avg")
    forecast_high = fields.Float(readonly=True, aggregator="avg")
    usual_rate = fields.Float(readonly=True, aggregator="avg")
    is_behind = fields.Boolean(readonly=True)

    _plan_uniq = models.UniqueIndex("(plan_id)")
    _behind_idx = models.Index("(plan_id) WHERE is_behind")

    @api.model
    def _cron_update(self):
        """Compute the figures of all plans that were not computed today."""
        today = deadline.today()
        usual = self._read_usual()
        while plan_ids := self._find_due(today):
            self._update(self.env["recall.plan"].browse(plan_ids), today, usual)
            left = self._count_due(today)
            if not self.env["ir.cron"]._commit_progress(len(plan_ids), remaining=left):
                break

    def _due_query(self, today):
        return SQL(
            """FROM recall_plan plan
               LEFT JOIN recall_plan_statistic known ON known.plan_id = plan.id
              WHERE known.computed_on IS DISTINCT FROM %s""",
            today,
        )

    def _find_due(self, today):
        query = SQL(
            "SELECT plan.id %s ORDER BY 1 LIMIT %s", self._due_query(today), BATCH
        )
        return [row[0] for row in self.env.execute_query(query)]

    def _count_due(self, today):
        query = SQL("SELECT count(*) %s", self._due_query(today))
        return self.env.execute_query(query)[0][0]

    @api.model
    def _read_usual(self):
        """Read the usual rates.

        :returns: dict ``(over the air, age in steps of 30 days)`` -> ``(median rate,
            number of plans)``
        """
        rows = self.env.execute_query(
            SQL(
                """WITH plan AS (
                       SELECT id, coalesce(over_the_air, false) AS ota,
                              coalesce(announced, recall_start) AS start,
                              completion_rate
                         FROM recall_plan
                        WHERE state != 'withdrawn' AND vehicle_count > 0),
                   total AS (
                       SELECT plan_id, sum(repairs) AS repairs
                         FROM recall_statistic_day GROUP BY 1),
                   step AS (
                       SELECT plan_id, greatest(ceil((day - start + 1)::numeric
                                                     / %(step)s), 1)::int AS number,
                              sum(repairs) AS repairs
                         FROM recall_statistic_day JOIN plan ON plan.id = plan_id
                        GROUP BY 1, 2),
                   rate AS (
                       SELECT plan.id, ota, age,
                              coalesce(completion_rate * sum(step.repairs) OVER (
                                  PARTITION BY plan.id ORDER BY age)
                                  / nullif(total.repairs, 0), 0) AS rate
                         FROM plan
                        CROSS JOIN generate_series(1, 36) age
                         LEFT JOIN total ON total.plan_id = plan.id
                         LEFT JOIN step
                                ON step.plan_id = plan.id AND step.number = age
                        WHERE start + age * %(step)s <= %(today)s)
                SELECT ota, age, percentile_cont(0.5) WITHIN GROUP (ORDER BY rate),
                       count(*)
                  FROM rate GROUP BY 1, 2""",
                step=AGE_STEP,
                today=self._last_day(),
            )
        )
        return {(ota, age): (median, number) for ota, age, median, number in rows}

    @api.model
    def _last_day(self):
        """The last day of which the repairs should have arrived."""
        return deadline.today() - timedelta(days=SETTLED_DAYS)

    @api.model
    def _read_curves(self, plans):
        """Read how the rates of plans have grown.

        :returns: dict plan -> curve of ``tools.forecast``, by days since publication
        """
        days = defaultdict(list)
        for plan_id, day, repairs in self.env.execute_query(
            SQL(
                """SELECT plan_id, day, repairs FROM recall_statistic_day
                    WHERE plan_id IN %s AND repairs != 0 ORDER BY plan_id, day""",
                tuple(plans.ids or [0]),
            )
        ):
            days[plan_id].append((day, repairs))
        return {
            plan: forecast.cumulate(
                days[plan.id], plan._statistic_start(), plan.completion_rate
            )
            for plan in plans
        }

    @api.model
    def _update(self, plans, today, usual):
        """Compute the figures of plans and keep them.

        :param usual: as of ``_read_usual``
        """
        rows = [
            self._prepare_row(plan, curve, today, usual)
            for plan, curve in self._read_curves(plans).items()
        ]
        columns = [
            *("plan_id", "computed_on", "days_to_50", "days_to_80", "days_to_90"),
            *("forecast_rate", "forecast_low", "forecast_high"),
            *("usual_rate", "is_behind"),
        ]
        names = SQL(", ").join(map(SQL.identifier, columns))
        self.env.cr.execute(
            SQL(
                """INSERT INTO recall_plan_statistic (%(names)s) VALUES %(rows)s
                   ON CONFLICT (plan_id) DO UPDATE SET (%(names)s) = (%(values)s)""",
                names=names,
                rows=SQL(", ").join(SQL("%s", row) for row in rows),
                values=SQL(", ").join(
                    SQL("excluded.%s", SQL.identifier(name)) for name in columns
                ),
            )
        )
        self.invalidate_model()

    def _prepare_row(self, plan, curve, today, usual):
        """Values of a plan, in the order of the columns of ``_update``."""
        age = (self._last_day() - plan._statistic_start()).days
        running = plan.state in RUNNING
        fitted = running and forecast.forecast(forecast.weekly(curve, age))
        step = min(age // AGE_STEP, 36)
        median, number = usual.get((bool(plan.over_the_air), step), (None, 0))
        behind = (
            running
            and plan.vehicle_count > 0
            and median is not None
            and forecast.is_behind(
                forecast.rate_on(curve, step * AGE_STEP), age, (median, number - 1)
            )
        )
        return (
            plan.id,
            today,
            *(forecast.days_to(curve, share) for share in (0.5, 0.8, 0.9)),
            *((fitted.rate, fitted.low, fitted.high) if fitted else (None,) * 3),
            median,
            bool(behind),
        )
