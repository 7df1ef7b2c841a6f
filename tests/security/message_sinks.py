# SPDX-License-Identifier: LGPL-3.0-only
"""Servers of the test's own, which take mails and short messages and keep them."""

from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from typing import Any

from simulation.message_peers import MailPeer, SmsPeer


class MailSink(MailPeer):
    """A mail server that keeps every mail with its receivers."""

    def __init__(self) -> None:
        self.mails: list[tuple[Sequence[str], EmailMessage]] = []

    def take(self, receivers: Sequence[str], mail: EmailMessage) -> None:
        self.mails.append((receivers, mail))

    def text_to(self, address: str) -> str | None:
        """Text of the last mail to an address."""
        found = [mail for receivers, mail in self.mails if address in receivers]
        return found[-1].get_body(("html", "plain")).get_content() if found else None


class SmsSink(SmsPeer):
    """A gateway that keeps every short message."""

    def __init__(self) -> None:
        self.calls: list[Mapping[str, Any]] = []

    def take(self, messages: Sequence[Mapping[str, Any]]) -> None:
        self.calls += messages

    def text_to(self, number: str) -> str | None:
        """The last message to a number."""
        found = [
            message["content"]
            for message in self.calls
            if any(one["number"].endswith(number) for one in message["numbers"])
        ]
        return found[-1] if found else None
