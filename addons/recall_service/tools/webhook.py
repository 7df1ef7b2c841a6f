# SPDX-License-Identifier: LGPL-3.0-only
"""Messages to the servers of partners, by the Standard Webhooks convention.

A message keeps its id and its body over all tries; time stamp and signature are those
of the try. While a secret is being replaced, both sign.
"""

import base64
import random
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from standardwebhooks import Webhook

PREFIX = "whsec_"
SECRET_BYTES = 32
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=6)
#: A message that is refused, or a receiver that takes none, is given up after this.
GIVE_UP = timedelta(days=3)
#: Part of the wait that is left to chance: receivers do not all come back at once.
JITTER = 0.2
#: Statuses that are about the receiver and not about the message.
OVERLOADED = (408, 425, 429)
GONE = 410

# Sends (address, body, headers) and returns the HTTP status; its errors have a `code`.
Sender = Callable[[str, bytes, dict[str, str]], int]


@dataclass(frozen=True, slots=True)
class Message:
    """A message that is due: `key` is the sender's own, `id` the receiver's."""

    key: int
    id: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Result:
    """What a try came to: an HTTP status, or the code of what went wrong."""

    key: int
    status: int = 0
    fault: str = ""

    @property
    def taken(self) -> bool:
        return 200 <= self.status < 300

    @property
    def about_receiver(self) -> bool:
        """Whether the next message would fail as well."""
        return bool(
            self.fault
            or self.status >= 500
            or self.status in OVERLOADED
            or self.status == GONE
        )


def make_secret() -> str:
    """Make a signing secret: 256 random bits, as `whsec_` and base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def sign(message: Message, keys: Sequence[str], now: datetime) -> dict[str, str]:
    """Make the headers of a try at `now` (in UTC), one signature for each secret."""
    moment = now.replace(tzinfo=UTC)
    text = message.body.decode()
    signatures = [Webhook(key).sign(message.id, moment, text) for key in keys]
    return {
        "webhook-id": message.id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def deliver(
    url: str, keys: Sequence[str], messages: Sequence[Message], send: Sender
) -> list[Result]:
    """Send messages one after the other, until one shows that the receiver is ill.

    :returns: a result for each message that was tried
    """
    results = []
    for message in messages:
        headers = sign(message, keys, datetime.now(UTC))
        try:
            result = Result(message.key, status=send(url, message.body, headers))
        except Exception as error:  # noqa: BLE001 - a thread has to report
            result = Result(message.key, fault=getattr(error, "code", "unknown"))
        results.append(result)
        if result.about_receiver:
            break
    return results


def wait_after(failures: int, chance: Callable[[], float] = random.random) -> timedelta:
    """How long to wait after so many failures: doubled each time, up to six hours.

    :param chance: gives a number from 0 to 1
    """
    doubled = FIRST_WAIT * 2 ** min(max(failures, 1) - 1, 20)
    wait = min(doubled, LONGEST_WAIT) * (1 - JITTER + 2 * JITTER * chance())
    return timedelta(seconds=round(wait.total_seconds()))
