# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.recall_base.tools import cipher
from odoo.addons.recall_base.tools.notification import RELOAD, notify

#: An event names that many reports; their number is complete.
LOGGED_IDS = 100


class RecallCompletion(models.Model):
    """Reports that no delivery can carry: their sealed phone number does not open."""

    _inherit = "recall.completion"

    # A version, not a mark: a correction is a new version and travels by itself.
    fault_version = fields.Integer(
        string="Version that cannot be delivered", readonly=True, copy=False
    )
    undeliverable = fields.Boolean(
        string="Cannot be delivered",
        compute="_compute_undeliverable",
        search="_search_undeliverable",
        help="The sealed phone number cannot be opened: it was altered, or its key is "
        "no longer in the key file.",
    )

    _undeliverable_idx = models.Index("(producer_id, id) WHERE fault_version = version")

    @api.depends("fault_version", "version")
    def _compute_undeliverable(self):
        for report in self:
            report.undeliverable = (
                bool(report.fault_version) and report.fault_version == report.version
            )

    def _search_undeliverable(self, operator, value):
        if operator != "in":
            return NotImplemented
        found = Domain(
            "id",
            "in",
            SQL("(SELECT id FROM recall_completion WHERE fault_version = version)"),
        )
        return found if True in value else ~found

    def action_deliver_again(self):
        """Put reports back in the queue whose phone number opens again."""
        self._check_reviewer()
        mended = self.filtered(lambda report: report._opens())
        mended.flush_recordset()
        self.env.cr.execute(
            SQL(
                "UPDATE recall_completion SET fault_version = NULL WHERE id IN %s",
                tuple(mended.ids or [0]),
            )
        )
        mended.invalidate_recordset(["fault_version", "undeliverable"], flush=False)
        if mended:
            self.env["recall.audit.event"]._record(
                "completion.deliver_again", mended, ids=mended.ids
            )
        return self._notify_mended(len(mended), len(self) - len(mended))

    def _why_person_kept(self):
        """Extension: a report goes to the regulator with its number."""
        if not self._is_to_travel():
            return super()._why_person_kept()
        return self.env._(
            "It is not handed over to the regulator yet, which needs the number "
            "(annex A): try again then, or delete the draft."
        )

    def _is_to_travel(self):
        """Whether the report will be given, or is given again until acknowledged."""
        if self.state != "confirmed":
            return self.state in ("draft", "checked")
        if self.delivery_id:
            return not self.delivery_id.acknowledged_at
        given_at = self.synced_at
        return not given_at or given_at < (self.changed_at or given_at)

    def _opens(self):
        if self.state == "withdrawn":
            return True  # goes without a number
        try:
            self._open_phone()
        except cipher.SealError:
            return False
        return True

    def _notify_mended(self, mended, shut):
        if shut:
            text = self.env._(
                "%(mended)s go with the next delivery. The phone number of %(shut)s "
                "still cannot be opened: put the missing key back into the key file, "
                "or have the dealer's system send the report again with the number.",
                mended=mended,
                shut=shut,
            )
        else:
            text = self.env._("%(mended)s go with the next delivery.", mended=mended)
        return notify(text, kind="warning" if shut else "success", then=RELOAD)

    @api.model
    def _set_aside(self, ids):
        """Keep reports out of deliveries, in their present version, and raise alarm.

        :param ids: ids of reports whose phone number does not open
        """
        self.env.cr.execute(
            SQL(
                """UPDATE recall_completion
                      SET fault_version = version, delivery_id = NULL,
                          first_delivery_id = nullif(first_delivery_id, delivery_id)
                    WHERE id = ANY(%s)""",
                ids,
            )
        )
        self.invalidate_model(["fault_version", "undeliverable", "delivery_id"])
        self.env["recall.audit.event"]._record(
            "completion.undeliverable",
            self.browse(ids),
            reason="phone",
            count=len(ids),
            ids=ids[:LOGGED_IDS],
        )
