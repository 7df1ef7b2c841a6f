# SPDX-License-Identifier: LGPL-3.0-only
from collections import Counter

from odoo import fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

from odoo.addons.recall_base.tools.notification import RELOAD, notify

from .recall_quarantine import PENDING
from .recall_quarantine_answer import SETTLED
from .recall_quarantine_release import OVERRULABLE

#: For each purpose of a decision the states an entry may be in.
STATES_FOR = {
    "release": PENDING,
    "return": ("open",),
    "close": PENDING,
    "reopen": ("closed", "returned"),
}


class RecallQuarantine(models.Model):
    """What officers do to entries: one, or hundreds at once (M-VERIFY).

    No role may write to an entry: it changes through the deeds here only, each with a
    reason, in the history and in the operation log.
    """

    _inherit = "recall.quarantine"

    decided_by_id = fields.Many2one(
        "res.users", string="Decided by", readonly=True, ondelete="restrict"
    )
    decided_at = fields.Datetime(string="Decided at", readonly=True)
    reason_id = fields.Many2one(
        "recall.quarantine.reason",
        string="Officer's reason",
        readonly=True,
        ondelete="restrict",
    )
    decision_note = fields.Char(string="Officer's words", readonly=True)
    event_ids = fields.One2many(
        "recall.quarantine.event", "entry_id", string="History", readonly=True
    )

    def action_release(self):
        """Ask why the records are to count in spite of what was found."""
        return self._open_decision("release", self.env._("Release records"))

    def action_return(self):
        """Ask what the producer has to correct."""
        return self._open_decision("return", self.env._("Return records"))

    def action_close(self):
        """Ask why nothing needs doing."""
        return self._open_decision("close", self.env._("Close entries"))

    def action_reopen(self):
        """Ask why a decision is taken back."""
        return self._open_decision("reopen", self.env._("Open entries again"))

    def action_check_again(self):
        """Check the records anew; those that pass by now are taken in.

        A plan or a dealer that was filed late, or an exception for a legacy VIN, is
        what they may have waited for.
        """
        self._check_officer()
        pending = self.filtered(lambda entry: entry.state in PENDING)
        taken = pending._take_in(overrule=False)
        self.env["recall.quarantine.event"]._add(pending, "checked")
        pending._log("check")
        left = len(pending) - len(taken)
        done = self.env._("%(count)s records taken in.", count=len(taken))
        if left:
            done = self.env._(
                "%(done)s %(left)s still do not pass: their reasons are as of now.",
                done=done,
                left=left,
            )
        return notify(done, kind="warning" if left else "success", then=RELOAD)

    def _open_decision(self, purpose, title):
        self._check_officer()
        return {
            "type": "ir.actions.act_window",
            "name": title,
            "res_model": "recall.quarantine.decide",
            "view_mode": "form",
            "target": "new",
            "context": {"default_purpose": purpose, "default_entry_ids": self.ids},
        }

    def _check_officer(self):
        self.check_access("read")
        officer = "recall_management.group_officer"
        if not (self.env.su or self.env.user.has_group(officer)):
            raise AccessError(
                self.env._("Only officers may decide on quarantined records.")
            )

    def _describe_states(self, purpose):
        """Say how many entries are in another state than ``purpose`` is for."""
        names = dict(self._fields["state"]._description_selection(self.env))
        counts = Counter(
            entry.state for entry in self if entry.state not in STATES_FOR[purpose]
        )
        return ", ".join(
            f"{count} {names[state]}" for state, count in counts.most_common()
        )

    def _absolute_findings(self):
        """The findings against these entries that nobody may overrule."""
        return self.finding_ids.filtered(
            lambda finding: (
                finding.severity == "error" and finding.code not in OVERRULABLE
            )
        )

    # === Deeds === #

    def _release(self, reason, note=None):
        """Take the records in, in spite of what was found; with content that differs,
        it replaces the one that stands.

        :param reason: ``recall.quarantine.reason``
        :param str note: the officer's own words
        :returns: the entries whose records are taken in; the others have findings that
            nobody may overrule
        """
        self._check_officer()
        reason._check_given("release", note)
        pending = self.filtered(lambda entry: entry.state in PENDING)
        released = pending._take_in(overrule=True)
        released._note_decision("released", reason, note)
        released._log("release", reason)
        return released

    def _return(self, reason, note=None):
        """Give records back to the producer, which is told why."""
        return self._decide("return", "returned", reason, note, SQL("untold = TRUE"))

    def _close(self, reason, note=None):
        """Settle entries for which nothing needs doing.

        The same record sent again does not stand here anew.
        """
        return self._decide("close", "closed", reason, note, SETTLED)

    def _reopen(self, reason, note=None):
        """Take back that an entry was closed or returned."""
        return self._decide(
            "reopen", "open", reason, note, SQL("closed_at = NULL, untold = TRUE")
        )

    def _decide(self, purpose, state, reason, note, assignments):
        self._check_officer()
        reason._check_given(purpose, note)
        self.flush_recordset()
        self.env.cr.execute(
            SQL(
                """UPDATE recall_quarantine SET state = %s, %s
                    WHERE id = ANY(%s) AND state IN %s RETURNING id""",
                state,
                assignments,
                self.ids,
                STATES_FOR[purpose],
            )
        )
        decided = self.browse(sorted(row[0] for row in self.env.cr.fetchall()))
        self.invalidate_recordset(flush=False)
        deed = "reopened" if purpose == "reopen" else state
        decided._note_decision(deed, reason, note)
        decided._log(purpose, reason)
        return decided

    def _note_decision(self, deed, reason, note):
        self.env.cr.execute(
            SQL(
                """UPDATE recall_quarantine
                      SET decided_by_id = %s, reason_id = %s, decision_note = %s,
                          decided_at = now() AT TIME ZONE 'UTC'
                    WHERE id = ANY(%s)""",
                self.env.uid,
                reason.id,
                note or None,
                self.ids,
            )
        )
        self.invalidate_recordset(flush=False)
        self.env["recall.quarantine.event"]._add(self, deed, reason, note)

    def _log(self, deed, reason=None):
        """Log a deed. The officer's words stay in the history: they may name people."""
        if self:
            self.env["recall.audit.event"]._record(
                f"quarantine.{deed}",
                self,
                ids=self.ids,
                **({"reason": reason.code} if reason else {}),
            )
