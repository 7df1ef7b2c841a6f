# SPDX-License-Identifier: LGPL-3.0-only
import logging

from odoo import models

from .recall_notice_sender import HandOver, Outcome

_logger = logging.getLogger(__name__)

#: Answers of a message gateway that say nothing about the owner's number.
GATEWAY_FAULTS = ("server_error", "insufficient_credit", "unregistered")
_ACCEPTED = ("success", "processing", "sent", "delivered")


class RecallNoticeSender(models.AbstractModel):
    _inherit = "recall.notice.sender"

    def _track(self, messages):
        """Let the gateway's delivery reports find their notices."""
        # sudo: Odoo's trackers are the system's.
        self.env["sms.tracker"].sudo().create(
            [
                {"sms_uuid": message.reference, "recall_notice_id": message.lead_id}
                for message in messages
            ]
        )

    def _hand_over_sms(self, _notice_round, messages):
        """Hand short messages to Odoo's gateway class in one call; ``HandOver``."""
        Writer = self.env["recall.notice.writer"]
        api_class = self.env.company._get_sms_api_class()
        batch = [
            {
                "content": message.text,
                "numbers": [
                    {
                        "uuid": message.reference,
                        "number": Writer._get_address(message, "sms"),
                    }
                ],
            }
            for message in messages
        ]
        url = f"{self.env['recall.notice'].get_base_url()}/sms/status"
        try:
            results = api_class(self.env)._send_sms_batch(
                batch, delivery_reports_url=url
            )
        except Exception as error:  # noqa: BLE001 any provider's own
            # Nobody knows what went out: a person decides.
            _logger.warning("The message gateway failed: %s", type(error).__name__)
            return HandOver(
                [Outcome(message.lead_id, "sending") for message in messages],
                self.env._(
                    "The message gateway did not answer: decide about the messages "
                    "that hang."
                ),
            )
        states = {result["uuid"]: result["state"] for result in results}
        outcomes = [
            self._read_gateway_answer(message, states.get(message.reference))
            for message in messages
        ]
        faults = set(states.values()) & set(GATEWAY_FAULTS)
        problem = faults and self.env._(
            "The message gateway takes nothing (%(why)s). It is tried again by itself; "
            "ask the administrator to check its account.",
            why=", ".join(sorted(faults)),
        )
        return HandOver(outcomes, problem or None)

    def _read_gateway_answer(self, message, answer):
        if answer in _ACCEPTED:
            return Outcome(message.lead_id, "sent")
        if answer is None:
            return Outcome(message.lead_id, "sending")
        if answer in GATEWAY_FAULTS:
            return Outcome(message.lead_id, "queued")
        reason = self.env._("The message gateway answered %(code)s.", code=answer)
        return Outcome(message.lead_id, "undeliverable", reason)
