# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models
from odoo.exceptions import UserError

from ..tools import deadline

#: State -> states it may become, by a button, a message or the clock.
STEPS = {
    "filed": ("published", "withdrawn"),
    "published": ("running", "finished", "withdrawn"),
    "running": ("finished", "withdrawn"),
    "finished": ("running",),
    "withdrawn": ("published",),
}
#: Where a step comes from that undoes one.
ENDED = ("finished", "withdrawn")
#: State -> field with the day it was reached.
DAYS = {
    "published": "published_on",
    "running": "started_on",
    "finished": "finished_on",
    "withdrawn": "withdrawn_on",
}


class RecallPlan(models.Model):
    """The life of a plan: filed, published, running, finished; or withdrawn."""

    _inherit = "recall.plan"
    _kept_fields = {"state", "state_reason", *DAYS.values()}

    published_on = fields.Date(readonly=True, copy=False)
    started_on = fields.Date(string="Running since", readonly=True, copy=False)
    finished_on = fields.Date(readonly=True, copy=False)
    withdrawn_on = fields.Date(readonly=True, copy=False)
    state_reason = fields.Char(
        string="Reason", readonly=True, copy=False, tracking=True
    )

    @api.ondelete(at_uninstall=False)
    def _unlink_only_filed(self):
        if any(plan.state != "filed" for plan in self):
            raise UserError(
                self.env._("A plan that was published is not deleted: withdraw it.")
            )

    def action_publish(self):
        """Tell the public and the data users of these plans."""
        self._step("published")

    def action_finish(self):
        """Ask for the reason, then finish the plan."""
        return self._ask_reason("finished", self.env._("Finish the recall"))

    def action_withdraw(self):
        """Ask for the reason, then withdraw the plan."""
        return self._ask_reason("withdrawn", self.env._("Withdraw the plan"))

    def action_reopen(self):
        """Ask for the reason, then undo the end of the plan."""
        self.ensure_one()
        target = "running" if self.state == "finished" else "published"
        return self._ask_reason(target, self.env._("Open the plan again"))

    def _ask_reason(self, target, title):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": title,
            "res_model": "recall.plan.step",
            "view_mode": "form",
            "target": "new",
            "context": {"default_plan_id": self.id, "default_target": target},
        }

    def _step(self, target, reason=""):
        """Move plans to a state, for an account that may change them."""
        self.check_access("write")
        for plan in self:
            plan._step_to(target, reason)

    def _step_to(self, target, reason=""):
        """Move a plan to another state and keep the day; the log is told.

        :raises UserError: where there is no such step, or its reason is missing
        """
        self.ensure_one()
        if target not in STEPS[self.state]:
            names = dict(self._fields["state"]._description_selection(self.env))
            raise UserError(
                self.env._(
                    "%(plan)s is %(state)s: it cannot become %(target)s.",
                    plan=self.recall_number,
                    state=names[self.state],
                    target=names[target],
                )
            )
        if not reason.strip() and (target in ENDED or self.state in ENDED):
            raise UserError(self.env._("Enter the reason."))
        before = self.state
        # sudo: no role writes the state; it moves by steps.
        self.sudo().write({"state": target, "state_reason": reason or False})
        self._note_step(target)
        self.env["recall.audit.event"]._record(
            "plan.step",
            self,
            recall_number=self.recall_number,
            before=before,
            after=target,
            reason=reason,
        )

    def _note_step(self, state):
        """Keep the day on which a state was reached."""
        if state in DAYS:
            # sudo: the day follows from the step, nobody writes it.
            self.sudo()[DAYS[state]] = deadline.today()

    @api.model
    def _cron_start(self):
        """Have published plans run whose recall has started."""
        due = self.search(
            [
                ("state", "=", "published"),
                ("recall_start", "<=", deadline.today()),
            ]
        )
        Cron = self.env["ir.cron"]
        Cron._commit_progress(remaining=len(due))
        for plan in due:
            if plan.try_lock_for_update():
                plan._step_to("running")
            if not Cron._commit_progress(1):
                break
