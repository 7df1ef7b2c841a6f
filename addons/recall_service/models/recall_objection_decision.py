# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models
from odoo.exceptions import AccessError

from odoo.addons.recall_base.tools.notification import RELOAD, notify

from .recall_objection import ANSWER_DAYS, REPORT_DAYS, UNANSWERED

DECIDERS = ("recall_service.group_producer", "recall_service.group_operator")
#: For each purpose of a decision the states an objection may be in.
STATES_FOR = {"accept": UNANSWERED, "refuse": (*UNANSWERED, "accepted")}
STATE_AFTER = {"accept": "accepted", "refuse": "refused"}


class RecallObjection(models.Model):
    """What the producer's people decide, or the regulator's for them."""

    _inherit = "recall.objection"

    def action_accept(self):
        """Ask why: the producer will report the repair."""
        return self._open_decision("accept", self.env._("Accept objections"))

    def action_refuse(self):
        """Ask why the vehicle stays open."""
        return self._open_decision("refuse", self.env._("Refuse objections"))

    def _open_decision(self, purpose, title):
        self._check_decider()
        return {
            "type": "ir.actions.act_window",
            "name": title,
            "res_model": "recall.objection.decide",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_purpose": purpose,
                "default_objection_ids": self.ids,
            },
        }

    def action_take(self):
        """Note that the account handles these objections."""
        self._check_decider()
        self._as_system().user_id = self.env.user
        self._log_many("take")

    def action_give_back(self):
        """Leave these objections to whoever takes them next."""
        self._check_decider()
        self._as_system().user_id = False
        self._log_many("give_back")

    def action_reopen(self):
        """Take a decision back: the producer has to answer anew."""
        self._check_decider()
        decided = self.filtered(lambda item: item.state in ("accepted", "refused"))
        if not decided:
            return notify(
                self.env._("There is no decision to take back."), kind="warning"
            )
        decided._as_system()._move_to(
            "passed",
            reason_id=False,
            decision_note=False,
            decided_at=False,
            decided_by_id=False,
            due_on=self._get_term(ANSWER_DAYS),
        )
        decided._log_many("reopen")
        return notify(self.env._("The producer has to answer anew."), then=RELOAD)

    def _decide(self, purpose, reason, note):
        """Accept or refuse those of these objections that are in a fitting state.

        :returns: the objections that were decided on
        """
        self._check_decider()
        reason._check_given(purpose, note)
        ready = self.filtered(lambda item: item.state in STATES_FOR[purpose])
        ready._as_system()._move_to(
            STATE_AFTER[purpose],
            reason_id=reason.id,
            decision_note=(note or "").strip() or False,
            decided_at=fields.Datetime.now(),
            decided_by_id=self.env.uid,
            due_on=self._get_term(REPORT_DAYS) if purpose == "accept" else False,
        )
        for objection in ready:
            self.env["recall.audit.event"]._record(
                f"objection.{purpose}", objection, reason=reason.code
            )
        return ready

    def _as_system(self):
        # sudo: no role may write to an objection; callers have checked that the
        # account sees these and may decide.
        return self.sudo()

    def _check_decider(self):
        """Refuse who may not decide, or may not see one of these objections."""
        if not self.env.su and not any(map(self.env.user.has_group, DECIDERS)):
            raise AccessError(
                self.env._("Only the producer's and the regulator's accounts decide.")
            )
        self.check_access("read")
