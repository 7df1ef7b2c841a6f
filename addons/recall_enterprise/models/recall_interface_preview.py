# SPDX-License-Identifier: LGPL-3.0-only
import json

from odoo import fields, models
from odoo.tools import SQL

from odoo.addons.recall_base.tools import answers

#: As many records of the page are shown; all of them would only slow the screen.
SHOWN = 50


class RecallInterface(models.Model):
    """What the regulator would be sent now. Looking at it delivers nothing."""

    _inherit = "recall.interface"

    waiting_count = fields.Integer(
        string="Waiting",
        compute="_compute_waiting_count",
        help="Confirmed, corrected or withdrawn reports that no delivery carries yet.",
    )
    preview_text = fields.Text(string="Next answer", compute="_compute_preview_text")
    preview_note = fields.Char(compute="_compute_preview_text")

    def _compute_waiting_count(self):
        for interface in self:
            interface.waiting_count = (
                interface._count_deliverable() if interface.purpose == "sync" else 0
            )

    def _compute_preview_text(self):
        for interface in self:
            answer, total = interface._preview()
            interface.preview_text = json.dumps(answer, ensure_ascii=False, indent=2)
            interface.preview_note = interface._describe(len(answer["records"]), total)

    def _preview(self):
        """Make the next answer with masked phones, without marking anything.

        :returns: ``(answer, records of the whole page)``; the answer has the first
        """
        pending = self._find_pending()
        where = SQL("delivery_id = %s", pending.id) if pending else self._deliverable()
        total = pending.record_count or min(self._count_deliverable(), self.page_size)
        if self.purpose != "sync":
            where, total = SQL("FALSE"), 0
        rows = self._read_rows(where, SQL("id LIMIT %s", SHOWN), masked=True)
        answer = answers.sync_answer(
            self._prepare_records(
                rows, pending.sent_at or fields.Datetime.now(), extended=True
            ),
            next_cursor=pending.cursor or "",
            has_more=not pending and self._count_deliverable() > self.page_size,
        )
        return answer, total

    def _describe(self, shown, total):
        if not total:
            return self.env._("Nothing waits: the answer would hold no record.")
        if self._find_pending():
            return self.env._(
                "This delivery was sent and waits for its acknowledgement: the next "
                "request gets it again. The first %(shown)s of %(total)s records.",
                shown=shown,
                total=total,
            )
        return self.env._(
            "The next request gets a new delivery. The first %(shown)s of %(total)s "
            "records.",
            shown=shown,
            total=total,
        )

    def action_preview(self):
        """Show what would be sent now."""
        self.ensure_one()
        view = self.env.ref("recall_enterprise.recall_interface_view_form_preview")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("What would be sent now"),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(view.id, "form")],
            "target": "new",
        }
