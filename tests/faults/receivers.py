# SPDX-License-Identifier: LGPL-3.0-only
"""Who takes messages: a mail server, a gateway of short messages, a partner."""

import re
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from simulation.message_peers import MailPeer, SmsPeer
from simulation.webhook_receiver import WebhookReceiver

#: What each of them takes for one message, in seconds.
PAUSE = 0.01
NUMBER = re.compile(r"[SE]20\d\dM\d{4}[VIO]")
#: Who was told of which recall, and how often.
Told = Counter[tuple[str, str]]


class Mailbox(MailPeer):
    """A mail server that takes every mail, after a moment."""

    def __init__(self) -> None:
        self.told: Told = Counter()

    def take(self, receivers: Sequence[str], mail: EmailMessage) -> None:
        # From here on the sender cannot know whether the mail was taken.
        for number in NUMBER.findall(mail["Subject"]):
            self.told.update((address, number) for address in receivers)
        time.sleep(PAUSE)


class Gateway(SmsPeer):
    """A gateway that takes every short message, after a moment for each number."""

    def __init__(self) -> None:
        self.told: Told = Counter()

    def take(self, messages: Sequence[Mapping[str, Any]]) -> None:
        numbers = 0
        # From here on the sender cannot know whether the messages were taken.
        for message in messages:
            [about] = NUMBER.findall(message["content"])
            self.told.update((one["number"], about) for one in message["numbers"])
            numbers += len(message["numbers"])
        time.sleep(PAUSE * numbers)


class Partner(WebhookReceiver):
    """A partner's server that keeps every body under each id."""

    def __init__(self, certificate: Path) -> None:
        super().__init__(certificate)
        self.bodies: defaultdict[str, set[bytes]] = defaultdict(set)

    def answer(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        status, answer = super().answer(body, headers)
        if status == 200:
            self.bodies[headers["webhook-id"]].add(body)
        time.sleep(PAUSE)
        return status, answer
