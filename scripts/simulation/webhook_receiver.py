# SPDX-License-Identifier: LGPL-3.0-only
"""A partner's server that takes the messages of its webhook, and how it is entered."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

from .https_peer import HttpsPeer
from .web_client import WebClient

#: Seconds in which a message arrives, also on a busy machine.
PATIENCE = 90
#: Where nobody listens: a receiver that is down.
NOBODY = "https://localhost:9/recall"


class WebhookReceiver(HttpsPeer):
    """Takes what is signed with ``secret``, each message once; refuses all else."""

    path = "/recall"

    def __init__(self, certificate: Path) -> None:
        super().__init__(certificate)
        self.secret = ""
        self.taken: dict[str, dict[str, Any]] = {}  # by webhook-id

    def answer(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        try:
            Webhook(self.secret).verify(body.decode(), dict(headers.items()))
        except (WebhookVerificationError, ValueError):
            return 401, b"{}"
        self.taken[headers["webhook-id"]] = json.loads(body)
        return 200, b"{}"

    def wait(self, kind: str) -> bool:
        """Whether a message of a kind came in time."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if any(message["type"] == kind for message in self.taken.values()):
                return True
            time.sleep(0.2)
        return False


def enter_webhook(operator: WebClient, name: str, url: str) -> list[Any]:
    """The operator enters an address of the first insurer; returns id and secret."""
    [insurer] = operator.search_read(
        "recall.data.user", [("kind", "=", "insurer")], ["name"], limit=1
    )
    hook = operator.create(
        "recall.webhook",
        {
            "name": name,
            "data_user_id": insurer["id"],
            "url": url,
            "email": "it@insurer.example",
        },
    )
    action = operator.call("recall.webhook", "action_issue_secret", [hook])
    return [hook, action["context"]["default_secret"]]
