# SPDX-License-Identifier: LGPL-3.0-only
from odoo import models

from .recall_notice_text import CHANNELS, TEXTS


class RecallNoticeRound(models.Model):
    _inherit = "recall.notice.round"

    def action_next_round(self):
        """Propose the round that tells those who were not reached."""
        self.ensure_one()
        self.check_access("write")
        self._check_state("done")
        proposal = self.create(
            {
                **{name: self[name] for name in ("sender", "wait_days", *TEXTS)},
                "plan_id": self.plan_id.id,
                "line_ids": self.line_ids.ids,
                "dealer_ids": self.dealer_ids.ids,
                "region": self.region,
                "without_appointment": self.without_appointment,
                "template_id": self.template_id.id,
                "told": "not_reached",
                "channel": self.channel,
            }
        )
        proposal.sudo().previous_id = self.id  # sudo: given, not chosen
        proposal._choose_channel()
        return proposal._open()

    def _choose_channel(self):
        """Take the channel not tried yet that reaches most; the letter after all."""
        tried = set(
            self.search(
                [("plan_id", "=", self.plan_id.id), ("id", "!=", self.id)]
            ).mapped("channel")
        )
        counts = self.env["recall.notice.audience"]._count(self)
        left = [channel for channel, _name in CHANNELS if channel not in tried]
        best = max(left, key=lambda name: counts[name]["reachable"], default="letter")
        if best != self.channel:
            template = self.env["recall.notice.template"].search(
                [
                    ("channel", "=", best),
                    ("producer_id", "in", [False, self.producer_id.id]),
                ],
                limit=1,
            )
            self.write({"channel": best, "template_id": template.id})
            self._onchange_template()

    def _open(self):
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
        }
