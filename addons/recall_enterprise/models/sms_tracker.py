# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models


class SmsTracker(models.Model):
    _inherit = "sms.tracker"

    recall_notice_id = fields.Many2one(
        "recall.notice", index="btree_not_null", ondelete="cascade"
    )

    def _action_update_from_sms_state(
        self, sms_state, failure_type=False, failure_reason=False
    ):
        super()._action_update_from_sms_state(
            sms_state, failure_type=failure_type, failure_reason=failure_reason
        )
        # Odoo's "sent" means delivered to the telephone; "pending" says nothing new.
        if sms_state == "sent":
            self._report_notices("delivered")
        elif sms_state == "error":
            self._report_notices("undeliverable", failure_type)

    def _action_update_from_provider_error(self, provider_error):
        answer = super()._action_update_from_provider_error(provider_error)
        self._report_notices("undeliverable", provider_error)
        return answer

    def _report_notices(self, state, code=None):
        references = self.filtered("recall_notice_id").mapped("sms_uuid")
        if references:
            reason = code and self.env._(
                "The message gateway answered %(code)s.", code=code
            )
            self.env["recall.notice"]._take_report(references, state, reason)
