# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models
from odoo.tools import SQL


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
        help="When it was first seen withdrawn, as nobody else says.",
    )

    _plan_uniq = models.UniqueIndex("(plan_id)", "The plan was seen already.")

    @api.model
    def _note_withdrawals(self):
        """Note when plans that were public are first seen withdrawn.

        A plan's own time of writing would not do: it is that of the beginning of the
        transaction that wrote it, and changes with every correction.
        """
        self.env.cr.execute(
            SQL(
                """UPDATE recall_publication seen SET withdrawn_at = %s
                     FROM recall_plan plan
                    WHERE plan.id = seen.plan_id AND plan.state = 'withdrawn'
                      AND seen.withdrawn_at IS NULL""",
                fields.Datetime.now(),
            )
        )
        self.invalidate_model(["withdrawn_at"])
