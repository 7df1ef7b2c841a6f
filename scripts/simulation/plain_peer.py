# SPDX-License-Identifier: LGPL-3.0-only
"""A producer's terminal that knows only the members of the standard's annex B."""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from .https_peer import HttpsPeer

MEMBERS = (
    "recallNum",
    "vehicleVin",
    "recallTime",
    "repairNum",
    "dealerName",
    "telNum",
)


class PlainPeer(HttpsPeer):
    """A terminal that answers every request with all of its records.

    A request with any member but ``api_token`` and ``api_cfg`` is refused with 407, as
    a strict program would do.
    """

    path = "/sync"

    def __init__(self, certificate: Path, token: str, cfg: str) -> None:
        super().__init__(certificate)
        self.records: list[dict[str, Any]] = []
        self.requests: list[dict[str, Any]] = []
        self._expected = {"api_token": token, "api_cfg": cfg}

    def answer(self, body: bytes, _headers: Mapping[str, str]) -> tuple[int, bytes]:
        """Annex B's answer to a request."""
        return 200, json.dumps(self._answer(json.loads(body))).encode()

    def _answer(self, message: dict[str, Any]) -> dict[str, Any]:
        self.requests.append(message)
        if set(message) != set(self._expected):
            return {"records": [], "count": 0, "api_status": 407}
        if message != self._expected:
            return {"records": [], "count": 0, "api_status": 403}
        records = list(self.records)
        return {"records": records, "count": len(records), "api_status": 200}


def sync_record(report: dict[str, Any]) -> dict[str, Any]:
    """A dealer's report as the standard's record (annex A, no. 5 and 12 to 17)."""
    record = {member: report[member] for member in MEMBERS if member in report}
    return record | {"collectTime": f"{date.today()} 08:00:00"}
