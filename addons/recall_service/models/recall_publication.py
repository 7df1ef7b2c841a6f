# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models
from odoo.tools import SQL

from .recall_push import TOLD_STATES


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
    withdrawn_at = fields.Datetime(
        string="Withdrawn on",
        readonly=True,
        help="Since when it was seen withdrawn; empty while the recall is public.",
    )
    again_at = fields.Datetime(
        string="Public again on",
        readonly=True,
        help="When it was last seen public after a withdrawal.",
    )

    _plan_uniq = models.UniqueIndex("(plan_id)", "The plan was seen already.")

    @api.model
    def _note_changes(self):
        """Note which of these plans are seen withdrawn now, and which public again.

        A plan's own time of writing would not do: it is that of the beginning of the
        transaction that wrote it, and changes with every correction.
        """
        self.env.cr.execute(
            SQL(
                """UPDATE recall_publication seen
                      SET withdrawn_at = CASE WHEN plan.state = 'withdrawn'
                                              THEN %(now)s::timestamp END,
                          again_at = CASE WHEN plan.state = 'withdrawn'
                                          THEN seen.again_at
                                          ELSE %(now)s::timestamp END
                     FROM recall_plan plan
                    WHERE plan.id = seen.plan_id
                      AND CASE WHEN plan.state = 'withdrawn'
                               THEN seen.withdrawn_at IS NULL
                               ELSE seen.withdrawn_at IS NOT NULL
                                    AND plan.state IN %(states)s END""",
                now=fields.Datetime.now(),
                states=TOLD_STATES,
            )
        )
        self.invalidate_model(["withdrawn_at", "again_at"])
