# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models


class RecallPublication(models.Model):
    """A plan was seen published, with vehicles in scope, for the first time.

    Subscribers of a brand are told of the plans that get their row here while they
    are subscribed. It is no field of the plan: intakes write that row all the time, and
    a statement of ours there would make them start again.
    """

    _name = "recall.publication"
    _description = "First publication of a recall plan"
    _audited = frozenset()
    _order = "id desc"
    _rec_name = "plan_id"
    _log_access = False

    plan_id = fields.Many2one(
        "recall.plan", required=True, readonly=True, ondelete="cascade"
    )
    time = fields.Datetime(required=True, readonly=True)

    _plan_uniq = models.UniqueIndex("(plan_id)", "The plan was seen already.")
