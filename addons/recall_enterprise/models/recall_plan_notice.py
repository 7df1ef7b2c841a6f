# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models
from odoo.tools import SQL


class RecallPlan(models.Model):
    _inherit = "recall.plan"

    notice_round_ids = fields.One2many(
        "recall.notice.round", "plan_id", groups="recall_enterprise.group_clerk"
    )
    notice_round_count = fields.Integer(
        string="Notice rounds",
        compute="_compute_notices",
        groups="recall_enterprise.group_clerk",
    )
    notice_reached_rate = fields.Float(
        string="Owners reached",
        compute="_compute_notices",
        groups="recall_enterprise.group_clerk",
        help="Share of the vehicles whose owners were told in some round of which the "
        "owner is known to have been reached.",
    )

    def _compute_notices(self):
        """Count by the plan's notices; only the form of a plan shows it."""
        rounds = dict(
            self.env["recall.notice.round"]._read_group(
                [("plan_id", "in", self.ids)], ["plan_id"], ["__count"]
            )
        )
        self.env["recall.notice"].flush_model()
        self.env.cr.execute(
            SQL(
                """SELECT plan_id, count(*) FILTER (WHERE reached)::float8 / count(*)
                     FROM (SELECT plan_id, vehicle_id,
                                  bool_or(state = 'reached') AS reached
                             FROM recall_notice WHERE plan_id IN %s GROUP BY 1, 2) told
                    GROUP BY 1""",
                tuple(self.ids or [0]),
            )
        )
        rates = dict(self.env.cr.fetchall())
        for plan in self:
            plan.notice_round_count = rounds.get(plan, 0)
            plan.notice_reached_rate = rates.get(plan.id, 0)

    def action_open_notice_rounds(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "recall_enterprise.recall_notice_round_action"
        )
        return {
            **action,
            "domain": [("plan_id", "=", self.id)],
            "context": {"default_plan_id": self.id},
        }
