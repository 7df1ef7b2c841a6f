# SPDX-License-Identifier: LGPL-3.0-only
from collections import Counter

from odoo import models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from odoo.addons.recall_base.models.recall_completion_check_rules import REPEATS
from odoo.addons.recall_base.tools.notification import CLOSE, notify


class RecallCompletion(models.Model):
    """What reviewers do to reports: one, or hundreds at once."""

    _inherit = "recall.completion"

    def action_confirm(self):
        """Confirm those that passed the checks: the next delivery carries them.

        Reports in other states are left out, and the answer says how many and why.
        """
        self._check_reviewer()
        skipped = self._describe_skipped("checked")
        where = SQL("id IN %s", tuple(self.ids or [0]))
        confirmed = self.browse()
        while batch := self._confirm(where):
            confirmed |= batch
        self.env["recall.completion.event"]._add(
            SQL("SELECT unnest(%s::int[]), 'confirmed'", confirmed.ids)
        )
        return self._notify(
            self.env._("%(count)s reports confirmed.", count=len(confirmed)), skipped
        )

    def action_reject(self):
        """Ask for the reason of a rejection."""
        return self._open_review("reject")

    def action_withdraw(self):
        """Ask for the reason of a withdrawal."""
        return self._open_review("withdraw")

    def action_take_back(self):
        """Take back a reviewer's rejection, where no rule stands against the report."""
        self._check_reviewer()
        taken_back = self._take_back()
        refused = len(self) - len(taken_back)
        skipped = refused and self.env._(
            "%(count)s stay rejected: no reviewer rejected them, a check stands "
            "against them, or their phone number was erased.",
            count=refused,
        )
        return self._notify(
            self.env._("%(count)s reports to confirm again.", count=len(taken_back)),
            skipped,
        )

    def _open_review(self, purpose):
        self._check_reviewer()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Reject reports")
            if purpose == "reject"
            else self.env._("Withdraw reports"),
            "res_model": "recall.completion.review",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_purpose": purpose,
                "default_completion_ids": self.ids,
            },
        }

    def _describe_skipped(self, *states):
        """Say how many reports are in other states than ``states``, and in which."""
        names = dict(self._fields["state"]._description_selection(self.env))
        counts = Counter(report.state for report in self if report.state not in states)
        return ", ".join(
            f"{count} {names[other]}" for other, count in counts.most_common()
        )

    def _notify(self, done, skipped):
        """Show what was done, and what was left out."""
        if skipped:
            skipped = self.env._("Left as they are: %(reports)s.", reports=skipped)
        kind = "warning" if skipped else "success"
        return notify(f"{done} {skipped or ''}".strip(), kind=kind, then=CLOSE)

    def _reject(self, reason, note=None):
        """Reject reports that wait, for a reviewer's reason; others stay as they are.

        The content that was rejected is remembered: its mere repeat stays rejected.

        :param reason: ``recall.review.reason``
        :param str note: the reviewer's own words; the sender reads them
        :returns: the reports rejected
        """
        self._check_reviewer()
        reason._check_given("reject", note)
        self.flush_recordset()
        self.env.cr.execute(
            SQL(
                """UPDATE recall_completion
                      SET state = 'rejected', reject_reason_id = %s, reject_note = %s
                    WHERE id = ANY(%s) AND state = 'checked'
                RETURNING id""",
                reason.id,
                note or None,
                self.ids,
            )
        )
        rejected = self.browse(sorted(row[0] for row in self.env.cr.fetchall()))
        rejected._remember_rejected()
        rejected._add_reviewers_finding()
        rejected._log_review("rejected", reason, note)
        return rejected

    def _withdraw(self, reason, note=None):
        """Withdraw reports, for a reviewer's reason.

        Of confirmed ones the regulator is told if it knows of them. Rejected ones in
        whose place nothing will come are owed no more.

        :param reason: ``recall.review.reason``
        :param str note: the reviewer's own words
        :returns: the reports withdrawn
        """
        self._check_reviewer()
        reason._check_given("withdraw", note)
        rejected = self.filtered(lambda report: report.state == "rejected")
        confirmed = self - rejected
        confirmed._change_state("confirmed", "withdrawn", reason, note)
        confirmed._reopen_vehicles(
            SQL("completion.id IN %s", tuple(confirmed.ids or [0]))
        )
        return confirmed | rejected._withdraw_rejected(reason, note)

    def _withdraw_rejected(self, reason, note):
        """Withdraw rejected reports; of several under one natural key one is enough.

        :returns: the reports withdrawn; of the others one stands under their key
        """
        self.flush_recordset()
        self.env.cr.execute(
            SQL(
                """WITH ended AS (
                       SELECT DISTINCT ON (vin, recall_number, repair_number) id
                         FROM recall_completion
                        WHERE id = ANY(%s) AND state = 'rejected'
                        ORDER BY vin, recall_number, repair_number, id)
                   UPDATE recall_completion completion
                      SET state = 'withdrawn', changed_at = now() AT TIME ZONE 'UTC'
                     FROM ended
                    WHERE completion.id = ended.id
                      AND NOT EXISTS (SELECT FROM recall_completion other
                           WHERE other.vin = completion.vin
                             AND other.recall_number = completion.recall_number
                             AND other.repair_number = completion.repair_number
                             AND other.state NOT IN ('draft', 'rejected'))
                RETURNING completion.id""",
                self.ids,
            )
        )
        withdrawn = self.browse(sorted(row[0] for row in self.env.cr.fetchall()))
        withdrawn.invalidate_recordset(flush=False)
        withdrawn._log_review("withdrawn", reason, note)
        return withdrawn

    def _take_back(self):
        """Make reports wait again that a reviewer rejected, where the checks agree.

        :returns: the reports that wait again
        """
        rejected = self.filtered(
            lambda report: (
                report.state == "rejected"
                and report.reject_reason_id
                and report.phone_masked
            )
        )
        rejected._forget_rejected()
        taken_back = self.browse()
        for producer, reports in rejected.grouped("producer_id").items():
            reports._check_again(producer)
            taken_back |= reports._store_checked(SQL("NOT refused"))
        (rejected - taken_back)._remember_rejected()
        # Rules confirm no report that people disagree about.
        taken_back._hold_for_review()
        taken_back._log_review("taken_back")
        return taken_back

    def action_restore(self):
        """Undo a withdrawal; the regulator gets the report as a correction.

        One that was rejected before is rejected again.
        """
        self._check_reviewer()
        rejected = self.filtered(lambda report: report._was_only_rejected())
        confirmed = self - rejected
        confirmed._check_not_replaced()
        confirmed._check_not_erased()
        confirmed._change_state("withdrawn", "confirmed")
        confirmed._close_vehicles(
            SQL("completion.id IN %s", tuple(confirmed.ids or [0]))
        )
        rejected._set_rejected_again()

    def _was_only_rejected(self):
        """Whether the report was collected here and withdrawn without being confirmed.

        What the regulator's terminal received has no time of confirmation either.
        """
        never_confirmed = bool(self.record_key) and not self.confirmed_at
        return self.state == "withdrawn" and never_confirmed

    def _set_rejected_again(self):
        self.flush_recordset()
        self.env.cr.execute(
            "UPDATE recall_completion SET state = 'rejected' WHERE id = ANY(%s)",
            [self.ids],
        )
        self.invalidate_recordset(flush=False)
        self._log_review("restored", action="rejected")

    def _hold_for_review(self):
        self.env.cr.execute(
            "UPDATE recall_completion SET held_back = 'review' WHERE id = ANY(%s)"
            " AND held_back IS NULL",
            [self.ids],
        )
        self.invalidate_recordset(["held_back"], flush=False)

    def _check_reviewer(self):
        """Refuse whoever is no reviewer of these reports.

        No role may write to a report: it changes through the actions here only.
        """
        self.check_access("read")
        reviewer = "recall_enterprise.group_reviewer"
        if not (self.env.su or self.env.user.has_group(reviewer)):
            raise AccessError(self.env._("Only reviewers may decide on a report."))

    def _check_not_replaced(self):
        """Refuse to restore reports against which another one stands by now."""
        self.flush_model()
        ids = tuple(self.ids or [0])
        self.env.cr.execute(
            SQL(
                """SELECT row.repair_number FROM recall_completion row
                    WHERE row.id IN %s AND EXISTS (
                          SELECT FROM recall_completion other
                           WHERE other.producer_id = row.producer_id
                             AND other.id != row.id AND (%s)
                             AND (other.state IN ('checked', 'confirmed')
                                  OR other.id IN %s))
                    ORDER BY row.id LIMIT 5""",
                ids,
                SQL(" OR ").join(REPEATS.values()),
                ids,
            )
        )
        numbers = [number for (number,) in self.env.cr.fetchall()]
        if numbers:
            raise UserError(
                self.env._(
                    "Another report stands for the vehicle or under the repair record "
                    "number by now, withdraw it first: %(numbers)s.",
                    numbers=", ".join(numbers),
                )
            )

    def _check_not_erased(self):
        """Refuse to restore reports whose phone number is gone: none could be given."""
        erased = self.filtered(lambda report: not report.phone_masked)
        if erased:
            raise UserError(
                self.env._(
                    "The phone number of these reports was erased on request, and the "
                    "regulator takes no report without one (annex A). Have the repair "
                    "reported anew under another repair record number: %(numbers)s.",
                    numbers=", ".join(erased[:5].mapped("repair_number")),
                )
            )

    def _change_state(self, old, new, reason=None, note=None):
        """Move reports between confirmed and withdrawn, as a new version."""
        self._check_reviewer()
        wrong = self.filtered(lambda report: report.state != old)
        if wrong:
            raise UserError(
                self.env._(
                    "Choose reports in the state %(state)s only; these are not: "
                    "%(numbers)s.",
                    state=dict(self._fields["state"]._description_selection(self.env))[
                        old
                    ],
                    numbers=", ".join(wrong[:5].mapped("repair_number")),
                )
            )
        self.flush_recordset()
        self.env.cr.execute(
            SQL(
                """UPDATE recall_completion
                      SET state = %s, delivery_id = NULL, version = version + 1,
                          changed_at = now() AT TIME ZONE 'UTC'
                    WHERE id IN %s""",
                new,
                tuple(self.ids or [0]),
            )
        )
        self.invalidate_recordset(flush=False)
        deed = "restored" if new == "confirmed" else new
        self._log_review(deed, reason, note, action=new)

    def _log_review(self, deed, reason=None, note=None, *, action=None):
        """Write what a reviewer did to the history and to the operation log.

        The reviewer's words stay in the history: they may name a person.
        """
        if not self:
            return
        self.env["recall.completion.event"]._add(
            SQL("SELECT unnest(%s::int[]), %s", self.ids, deed),
            reason=reason,
            note=note,
        )
        self.env["recall.audit.event"]._record(
            f"completion.{action or deed}",
            self,
            ids=self.ids,
            **({"reason": reason.code} if reason else {}),
        )
