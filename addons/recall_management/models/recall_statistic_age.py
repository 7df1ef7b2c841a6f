# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models


class RecallStatisticAge(models.Model):
    """M-STAT: confirmed reports of a plan by the age of the vehicle at the repair.

    The age is the year of the repair less the model year that position 10 of the VIN
    names; 0 for a model year ahead. It is told by the report alone, so that a later
    amendment of the plan moves nothing. Empty where the VIN names no year (vehicles
    from before GB 16735, makers abroad that use the position otherwise).
    """

    _name = "recall.statistic.age"
    _description = "Repairs by plan and age of the vehicle"
    _audited = frozenset()
    _log_access = False
    _order = "plan_id, age"

    plan_id = fields.Many2one(
        "recall.plan", required=True, readonly=True, ondelete="cascade"
    )
    age = fields.Integer(readonly=True, aggregator=None, help="Years; empty: unknown.")
    repairs = fields.Integer(required=True, readonly=True)

    _key_uniq = models.UniqueIndex("(plan_id, coalesce(age, -1))")
