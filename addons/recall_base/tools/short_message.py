# SPDX-License-Identifier: LGPL-3.0-only
"""Handing short messages to a gateway, and what its answers say about each.

A gateway is an object of a provider class of Odoo's `sms` module: it has a method
`_send_sms_batch(messages, delivery_reports_url)`.
"""

import logging
from collections.abc import Iterable
from typing import NamedTuple, Protocol

_logger = logging.getLogger(__name__)

#: The gateway took the message.
SENT = "sent"
#: It takes nothing at the moment; the message was not sent.
CLOSED = "closed"
#: It does not take this message, to this number.
REFUSED = "refused"
#: Nobody knows whether the message went out.
UNCLEAR = "unclear"
#: Code of a message about which the gateway said nothing.
NO_ANSWER = "no_answer"

_STATES = {
    **dict.fromkeys(("success", "processing", "sent", "delivered"), SENT),
    **dict.fromkeys(("insufficient_credit", "unregistered"), CLOSED),
    # Providers answer so for a connection that broke behind the hand-over, too.
    **dict.fromkeys(("server_error", NO_ANSWER), UNCLEAR),
}


class ShortMessage(NamedTuple):
    """A message ready to hand over; `number` in the form of E.164."""

    reference: str
    number: str
    text: str


class Answer(NamedTuple):
    """What a gateway said about a message: one of the states above, and its code."""

    state: str
    code: str


class Gateway(Protocol):
    """The one method of Odoo's provider classes that is used."""

    def _send_sms_batch(
        self, messages: list[dict], delivery_reports_url: str | bool = False
    ) -> list[dict]: ...


def hand_over(
    gateway: Gateway,
    messages: Iterable[ShortMessage],
    reports_url: str | bool = False,
) -> dict[str, Answer]:
    """Hand messages over in one call; returns an answer for each reference.

    Nothing is raised: a gateway that breaks off leaves every message unclear.

    `reports_url` is where the gateway reports deliveries, if it does.
    """
    messages = list(messages)
    batch = [
        {
            "content": message.text,
            "numbers": [{"uuid": message.reference, "number": message.number}],
        }
        for message in messages
    ]
    codes = {}
    try:
        results = gateway._send_sms_batch(batch, delivery_reports_url=reports_url)
        codes = {result["uuid"]: result["state"] for result in results}
    except Exception as error:  # noqa: BLE001 any provider's own
        # Without its text: that can hold numbers.
        _logger.warning("The message gateway failed: %s", type(error).__name__)
    return {
        message.reference: _read(codes.get(message.reference) or NO_ANSWER)
        for message in messages
    }


def _read(code: str) -> Answer:
    return Answer(_STATES.get(code, REFUSED), code)
