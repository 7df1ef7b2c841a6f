# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models, tools
from odoo.tools import SQL


class RecallAgeReport(models.Model):
    """M-STAT: repairs by the age of the vehicle; see ``recall.statistic.age``."""

    _name = "recall.age.report"
    _description = "Repairs by age of the vehicle"
    _auto = False
    _order = "plan_id, age"
    _rec_name = "plan_id"

    plan_id = fields.Many2one("recall.plan", readonly=True)
    producer_id = fields.Many2one("recall.producer", readonly=True)
    brand = fields.Char(readonly=True)
    series = fields.Char(readonly=True)
    published = fields.Date(
        readonly=True, help="Day of the announcement, else the start of the recall."
    )
    # Text: groups are named by it, and "unknown" is none of the ages.
    age = fields.Char(
        string="Age at the repair",
        readonly=True,
        help="Years between the model year in the VIN (position 10) and the repair.",
    )
    repairs = fields.Integer(readonly=True)

    def init(self):
        tools.drop_view_if_exists(self.env.cr, self._table)
        self.env.cr.execute(
            SQL(
                """CREATE VIEW %s AS
                   SELECT cell.id, cell.plan_id, plan.producer_id, plan.brand,
                          plan.series,
                          coalesce(plan.announced, plan.recall_start) AS published,
                          lpad(cell.age::text, 2, '0') AS age,
                          cell.repairs
                     FROM recall_statistic_age cell
                     JOIN recall_plan plan ON plan.id = cell.plan_id
                    WHERE cell.repairs > 0
                      AND plan.state NOT IN ('filed', 'withdrawn')""",
                SQL.identifier(self._table),
            )
        )
