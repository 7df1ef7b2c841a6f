# SPDX-License-Identifier: LGPL-3.0-only
"""Example of a client for the sharing interface: Python 3.10, nothing else needed.

export RECALL_URL=https://recall.example.cn RECALL_TOKEN=... RECALL_CFG=...
python3 recall_client.py one LTZTEST18SA000001
python3 recall_client.py many LTZTEST18SA000001 LTZTEST13SA000004
python3 recall_client.py changes cursor.txt
"""

import json
import os
import pathlib
import sys
import time
import urllib.error
import urllib.request

#: Clause 8.3.2: break off after 3 s and ask again; a repeated request is harmless.
TIMEOUT = 3
#: Codes after which the same request may succeed a little later.
PASSING = {-1, 409, 429, 500, 501}
SUCCESS = 200


class RecallError(Exception):
    """The interface answered with another code than 200."""

    def __init__(self, status, message):
        super().__init__(f"api_status {status}: {message}")
        self.status = status


class RecallClient:
    def __init__(self, url, token, cfg, tries=3):
        self._address = f"{url.rstrip('/')}/recall/v1/share"
        self._head = {"api_exchange_token": token, "api_exchange_cfg": cfg}
        self._tries = tries

    def ask_one(self, vin):
        """The recalls of one vehicle (annex C)."""
        return self._ask(api_exchange_vin=vin)["exchange_records"]

    def ask_many(self, vins):
        """Pairs of result and recalls, in the order of the VINs (at most 10,000)."""
        answer = self._ask(timeout=60, api_exchange_vins=list(vins))
        return pair(answer)

    def read_changes(self, cursor=""):
        """Pages of changes: (pairs of result and recalls, cursor to keep)."""
        more = True
        while more:
            answer = self._ask(timeout=60, api_exchange_cursor=cursor)
            cursor, more = answer["next_cursor"], answer["has_more"]
            yield pair(answer), cursor

    def _ask(self, timeout=TIMEOUT, **members):
        body = json.dumps(self._head | members).encode()
        request = urllib.request.Request(
            self._address, body, {"Content-Type": "application/json"}
        )
        for left in reversed(range(self._tries)):
            answer, wait = self._send(request, timeout)
            status = answer["api_status"]
            if status == SUCCESS:
                return answer
            if status not in PASSING or not left:
                raise RecallError(status, answer.get("message", ""))
            time.sleep(wait)
        raise AssertionError("unreachable")

    def _send(self, request, timeout):
        """The answer, and the seconds to wait before the next try."""
        try:
            with urllib.request.urlopen(request, timeout=timeout) as response:
                return json.load(response), int(response.headers["Retry-After"] or 1)
        except urllib.error.HTTPError as error:  # the gateway: the same body
            with error:
                return json.load(error), int(error.headers["Retry-After"] or 1)
        except (OSError, ValueError) as error:
            return {"api_status": 501, "message": str(error)}, 1


def pair(answer):
    """Each result of an answer with its records."""
    records = iter(answer["exchange_records"])
    return [
        (result, [next(records) for _ in range(result["count"])])
        for result in answer["exchange_results"]
    ]


def describe(vin, recalls):
    for recall in recalls:
        state = "done" if recall["isRecalled"] else "OPEN"
        print(f"{vin}: {recall['recallNum']} {state}: {recall['defectDesc']}")


def main(action, *arguments):
    names = ("RECALL_URL", "RECALL_TOKEN", "RECALL_CFG")
    client = RecallClient(*(os.environ[name] for name in names))
    if action == "one":
        [vin] = arguments
        describe(vin, client.ask_one(vin))
    elif action == "many":
        for result, recalls in client.ask_many(arguments):
            print(f"{result['vehicleVin']}: {result['status']}")
            describe(result["vehicleVin"], recalls)
    elif action == "changes":
        kept = pathlib.Path(*arguments)
        cursor = kept.read_text() if kept.exists() else ""
        for pairs, next_cursor in client.read_changes(cursor):
            for result, recalls in pairs:
                print(f"{result['vehicleVin']}: {result['status']}")
                describe(result["vehicleVin"], recalls)
            # Kept after the page was dealt with: a break repeats it, and loses nothing.
            kept.write_text(next_cursor)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except RecallError as error:
        sys.exit(str(error))
