# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.recall_base.tools import deadline

from .recall_lookup import PUBLIC_STATES


class RecallPlanProgress(models.Model):
    """S-REPORT: what the counters of a published plan said on a day.

    The public curve of a rate comes from here. The counters of the plan are in the
    database of every service terminal, whoever else works in it, so that nothing of
    another terminal is needed; and what was told on a day stays as it was told, also
    where reports come late or are withdrawn. A day on which nothing changed has no row.
    """

    _name = "recall.plan.progress"
    _description = "Progress of a recall plan by day"
    _audited = frozenset()
    _log_access = False
    _order = "plan_id, day"

    plan_id = fields.Many2one(
        "recall.plan", required=True, readonly=True, ondelete="cascade"
    )
    day = fields.Date(required=True, readonly=True)
    vehicles = fields.Integer(string="In scope", required=True, readonly=True)
    countable = fields.Integer(
        required=True,
        readonly=True,
        help="In scope - exported - scrapped - stolen.",
    )
    done = fields.Integer(required=True, readonly=True)

    _key_uniq = models.UniqueIndex("(plan_id, day)")

    def init(self):
        super().init()
        # When the tables of plans and vehicles are there.
        self.pool.post_init(self._backfill_once)

    def _backfill_once(self):
        """Begin with the days on which the vehicles known by now were repaired.

        The one time that vehicles are counted: when the add-on comes into a database
        that has plans already. Of those days only the repairs are known; what was in
        scope is taken from today's counters.
        """
        cr = self.env.cr
        cr.execute("SELECT 1 FROM recall_plan_progress LIMIT 1")
        if not cr.fetchone():
            cr.execute(
                """INSERT INTO recall_plan_progress
                          (plan_id, day, vehicles, countable, done)
                   SELECT plan.id, state_date, vehicle_count,
                          vehicle_count - exported_count - scrapped_count
                          - stolen_count,
                          sum(count(*)) OVER (PARTITION BY plan.id ORDER BY state_date)
                     FROM recall_vehicle vehicle
                     JOIN recall_plan plan ON plan.id = vehicle.plan_id
                    WHERE vehicle.state = 'done' AND state_date IS NOT NULL
                    GROUP BY plan.id, state_date"""
            )

    @api.model
    def _cron_note(self):
        """Note the counters of the plans that are told of, where they have changed."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """INSERT INTO recall_plan_progress
                          (plan_id, day, vehicles, countable, done)
                   SELECT plan.id, %(today)s, plan.vehicle_count, now.countable,
                          plan.done_count
                     FROM recall_plan plan
                    CROSS JOIN LATERAL (
                          SELECT vehicle_count - exported_count - scrapped_count
                                 - stolen_count AS countable) now
                     LEFT JOIN LATERAL (
                          SELECT vehicles, countable, done FROM recall_plan_progress
                           WHERE plan_id = plan.id ORDER BY day DESC LIMIT 1
                          ) last ON true
                    WHERE plan.state IN %(states)s AND plan.vehicle_count > 0
                      AND (last.vehicles, last.countable, last.done) IS DISTINCT FROM
                          (plan.vehicle_count, now.countable, plan.done_count)
                   ON CONFLICT (plan_id, day) DO UPDATE
                      SET vehicles = excluded.vehicles,
                          countable = excluded.countable, done = excluded.done""",
                today=deadline.today(),
                states=PUBLIC_STATES,
            )
        )
        self.invalidate_model()
