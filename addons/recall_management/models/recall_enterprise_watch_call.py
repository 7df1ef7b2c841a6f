# SPDX-License-Identifier: LGPL-3.0-only
import time

from odoo import api, models
from odoo.exceptions import AccessError, UserError

from odoo.addons.recall_base.tools import messages
from odoo.addons.recall_base.tools.http_client import PeerError
from odoo.addons.recall_base.tools.messages import ApiStatus, MessageError

from . import recall_enterprise_pull


class RecallEnterprise(models.Model):
    _inherit = "recall.enterprise"

    def action_test_call(self):
        """Ask the terminal once and show what came; nothing is taken in (M-MONITOR).

        It is annex B's plain request: without a cursor it acknowledges nothing. It
        takes 10 s at most, in which no transaction is open.
        """
        self.ensure_one()
        self.check_access("read")
        if not self.env.user.has_group("recall_management.group_officer"):
            raise AccessError(self.env._("Only officers make test calls."))
        if not self.has_token:
            raise UserError(
                self.env._("Enter the token first: %(names)s.", names=self.name)
            )
        try:
            payload = self._prepare_members()
        except PeerError as fault:
            raise UserError(fault.message) from None
        self.env["recall.audit.event"]._record("enterprise.test", self)
        # No transaction is open while the network is waited for.
        self.env["ir.cron"]._commit_progress()
        started = time.monotonic()
        answer, error = None, None
        try:
            answer = recall_enterprise_pull._peer_post()(self.url, payload)
        except PeerError as fault:
            error = fault
        call = self.env["recall.enterprise.call"].create(
            {
                "enterprise_id": self.id,
                "seconds": time.monotonic() - started,
                **self._judge_test(answer, error, payload["api_token"]),
            }
        )
        return call._open()

    @api.model
    def _judge_test(self, answer, error, token):
        """Values of a ``recall.enterprise.call`` for what came."""
        if error:
            return {"cause": error.code, "error": error.message}
        vals = {
            "certificate_expires_at": answer.certificate_expires,
            "body_size": len(answer.body),
        }
        try:
            parsed = messages.parse_sync_answer(answer.body)
        except MessageError as fault:
            return {**vals, "cause": "message", "error": fault.message}
        vals["api_status"] = int(parsed.status)
        if parsed.status is ApiStatus.SUCCESS:
            count = len(parsed.records) + len(parsed.refused)
            return {**vals, "cause": False, "record_count": count}
        # A terminal may repeat in its message what it was sent.
        message = parsed.message or messages.STATUS_TEXT[parsed.status]
        return {
            **vals,
            "cause": f"status_{int(parsed.status)}",
            "error": message.replace(token, "***"),
        }
