# SPDX-License-Identifier: LGPL-3.0-only
"""A person at the web client: logs in and calls what the screens call."""

import itertools
import re
from pathlib import Path
from typing import Any

import requests

TIMEOUT_SECONDS = 120


class WebError(Exception):
    """The server refused a call; the message is what a person would read."""


class WebClient:
    """A session at ``url`` (HTTPS), verified with the authority's certificate."""

    def __init__(self, url: str, ca_file: Path, database: str) -> None:
        self.url = url
        self.database = database
        self._session = requests.Session()
        self._session.verify = str(ca_file)
        self._session.trust_env = False
        self._ids = itertools.count(1)

    def log_in(self, login: str, password: str) -> "WebClient":
        self._call(
            "/web/session/authenticate",
            {"db": self.database, "login": login, "password": password},
        )
        return self

    def call(self, model: str, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call a public method of a model as the web client does."""
        return self._call(
            f"/web/dataset/call_kw/{model}/{method}",
            {"model": model, "method": method, "args": args, "kwargs": kwargs},
        )

    def create(self, model: str, values: dict[str, Any]) -> int:
        return self.call(model, "create", [values])[0]

    def search_read(
        self, model: str, domain: list, fields: list[str], **options: Any
    ) -> list[dict[str, Any]]:
        return self.call(model, "search_read", domain, fields, **options)

    def upload(self, path: str, name: str, content: bytes) -> None:
        """Upload a file as a form does."""
        page = self._session.get(f"{self.url}/web", timeout=TIMEOUT_SECONDS)
        token = re.search(r'csrf_token: "([^"]+)"', page.text)
        if not token:
            raise WebError(page.text)
        response = self._session.post(
            self.url + path,
            data={"csrf_token": token[1]},
            files={"ufile": (name, content)},
            timeout=TIMEOUT_SECONDS,
        )
        if not response.ok:
            raise WebError(response.text)

    def download(self, path: str) -> bytes:
        """Content of a page or file, as its link gives it."""
        response = self._session.get(self.url + path, timeout=TIMEOUT_SECONDS)
        response.raise_for_status()
        return response.content

    def post(self, path: str, message: dict[str, Any]) -> dict[str, Any]:
        """Post a message to an interface, as a program does: no session."""
        response = requests.post(
            self.url + path,
            json=message,
            verify=self._session.verify,
            timeout=TIMEOUT_SECONDS,
        )
        return response.json()

    def _call(self, path: str, params: dict[str, Any]) -> Any:
        response = self._session.post(
            self.url + path,
            json={"jsonrpc": "2.0", "id": next(self._ids), "params": params},
            timeout=TIMEOUT_SECONDS,
        )
        response.raise_for_status()
        answer = response.json()
        if "error" in answer:
            raise WebError(answer["error"]["data"]["message"])
        return answer.get("result")
