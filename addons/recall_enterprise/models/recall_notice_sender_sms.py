# SPDX-License-Identifier: LGPL-3.0-only
from odoo import models

from odoo.addons.recall_base.tools import short_message

from .recall_notice_sender import HandOver, Outcome

#: What an answer of the gateway makes of a message.
_STATES = {
    short_message.SENT: "sent",
    short_message.CLOSED: "queued",
    short_message.REFUSED: "undeliverable",
    short_message.UNCLEAR: "sending",
}


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
        answers = short_message.hand_over(
            self.env.company._get_sms_api_class()(self.env),
            [
                short_message.ShortMessage(
                    message.reference,
                    Writer._get_address(message, "sms"),
                    message.text,
                )
                for message in messages
            ],
            f"{self.env['recall.notice'].get_base_url()}/sms/status",
        )
        outcomes = [
            self._read_gateway_answer(message, answers[message.reference])
            for message in messages
        ]
        return HandOver(outcomes, self._find_gateway_problem(answers.values()))

    def _find_gateway_problem(self, answers):
        """Why the gateway takes no more, in words for people, or None."""
        if any(answer.state == short_message.UNCLEAR for answer in answers):
            # Nobody knows what went out: a person decides.
            return self.env._(
                "The message gateway did not answer: decide about the messages "
                "that hang."
            )
        faults = {
            answer.code for answer in answers if answer.state == short_message.CLOSED
        }
        if not faults:
            return None
        return self.env._(
            "The message gateway takes nothing (%(why)s). It is tried again by itself; "
            "ask the administrator to check its account.",
            why=", ".join(sorted(faults)),
        )

    def _read_gateway_answer(self, message, answer):
        reason = None
        if answer.state == short_message.REFUSED:
            reason = self.env._(
                "The message gateway answered %(code)s.", code=answer.code
            )
        return Outcome(message.lead_id, _STATES[answer.state], reason)
