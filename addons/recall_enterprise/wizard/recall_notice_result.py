# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.recall_base.tools.notification import CLOSE, notify


class RecallNoticeResult(models.TransientModel):
    """Note what became of notices: a letter came back, an owner called.

    For the notices that were chosen in the list, or for a list of VINs.
    """

    _name = "recall.notice.result"
    _description = "Result of owner notices"

    round_id = fields.Many2one("recall.notice.round", ondelete="cascade")
    notice_ids = fields.Many2many(
        "recall.notice",
        string="Chosen notices",
        default=lambda self: self._default_notices(),
    )
    notice_count = fields.Integer(compute="_compute_notice_count")
    result = fields.Selection(
        [
            ("reached", "Reached: the owner knows"),
            ("delivered", "Delivered"),
            ("undeliverable", "Undeliverable"),
            ("refused", "Refused"),
        ],
        required=True,
        default="undeliverable",
    )
    reason = fields.Char(help="Why, without names or numbers: moved, unknown, refused.")
    vins = fields.Text(string="VINs", help="One or many: a line each.")
    list_file = fields.Binary(string="File of VINs", attachment=False)
    list_file_name = fields.Char()

    def _default_notices(self):
        context = self.env.context
        chosen = context.get("active_model") == "recall.notice"
        return context.get("active_ids") if chosen else False

    @api.depends("notice_ids")
    def _compute_notice_count(self):
        for wizard in self:
            wizard.notice_count = len(wizard.notice_ids)

    def action_note(self):
        """Note the result for all of them."""
        self.ensure_one()
        notices, unknown = self._find_notices()
        notices.check_access("read")
        notices.round_id.check_access("write")
        changed = notices._set_result(self.result, "hand", self.reason)
        self.env["recall.audit.event"]._record(
            "notice.result",
            self.round_id or notices[:1].round_id,
            result=self.result,
            notices=changed,
        )
        notices.round_id._finish_done()
        return self._tell(changed, len(notices) - changed, unknown)

    def _find_notices(self):
        """Return the notices meant and the VINs that have none in the round."""
        if not (self.vins or self.list_file):
            if not self.notice_ids:
                raise UserError(self.env._("Enter VINs or choose a file with them."))
            return self.notice_ids, []
        if not self.round_id:
            raise UserError(self.env._("Choose the round that the VINs belong to."))
        reader = self.env["recall.vehicle.report"].new(
            {
                "producer_id": self.round_id.producer_id.id,
                "vins": self.vins,
                "list_file": self.list_file,
            }
        )
        vins = reader._read_vins()
        notices = self.env["recall.notice"].search(
            [("round_id", "=", self.round_id.id), ("vin", "in", vins)]
        )
        return notices, sorted(set(vins) - set(notices.mapped("vin")))

    def _tell(self, changed, kept, unknown):
        lines = [self.env._("%(count)s notices changed.", count=changed)]
        if kept:
            lines.append(
                self.env._(
                    "%(count)s stayed as they were: the result cannot follow theirs.",
                    count=kept,
                )
            )
        if unknown:
            lines.append(
                self.env._(
                    "%(count)s VINs have no notice in this round: %(vins)s.",
                    count=len(unknown),
                    vins=", ".join(unknown[:5]),
                )
            )
        kind = "warning" if kept or unknown else "success"
        return notify(" ".join(lines), kind=kind, then=CLOSE)
