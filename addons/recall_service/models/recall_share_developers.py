# SPDX-License-Identifier: LGPL-3.0-only
"""What the page for developers says that is not in its template."""

from typing import NamedTuple

from odoo.tools import LazyTranslate, file_open

from odoo.addons.recall_base.tools.messages import ApiStatus

_lt = LazyTranslate(__name__)

#: Stands in the files of the examples for the address of this server.
PLACEHOLDER = "https://recall.example.cn"
FOLDER = "recall_service/static/examples"

_AGAIN = _lt("Send the same request again, after 1, 2, 4 … seconds.")
_OPERATOR = _lt("Do not repeat it. Ask the operator.")

#: Code of annex C -> what it means, what the program does.
ADVICE = {
    ApiStatus.SYSTEM_FAULT: (_lt("System fault"), _AGAIN),
    ApiStatus.SUCCESS: (_lt("Success"), _lt("Use the records.")),
    ApiStatus.UNAUTHORISED: (
        _lt("The address you ask from is not permitted"),
        _lt("Ask from a permitted address, or have yours added."),
    ),
    ApiStatus.PARAMETER_MISSING: (
        _lt("A required member is missing or empty"),
        _lt("Add the member that the message names."),
    ),
    ApiStatus.KEY_INVALID: (
        _lt("The token is unknown, wrong or revoked"),
        _lt("Check the token. Stop asking until it is right."),
    ),
    ApiStatus.ROUTE_INVALID: (
        _lt("There is no open interface of this name"),
        _lt("Check api_exchange_cfg."),
    ),
    ApiStatus.KEY_EXPIRED: (
        _lt("The token has expired"),
        _lt("Exchange the token. Two may live at once, so do it before the end."),
    ),
    ApiStatus.USER_DISABLED: (_lt("The data user is disabled"), _OPERATOR),
    ApiStatus.PARAMETER_FORMAT: (
        _lt("A member or the body has a wrong format"),
        _lt("Correct what the message names, such as a character of the VIN."),
    ),
    ApiStatus.NOT_PERMITTED: (
        _lt("The token does not permit this interface or method"),
        _OPERATOR,
    ),
    ApiStatus.PERMISSION_CHECK_FAILED: (
        _lt("The permission could not be checked"),
        _AGAIN,
    ),
    ApiStatus.USER_UNKNOWN: (_lt("No data user belongs to the token"), _OPERATOR),
    ApiStatus.RATE_LIMITED: (
        _lt("A quota is used up"),
        _lt("Wait as many seconds as the header Retry-After says."),
    ),
    ApiStatus.GATEWAY_FAULT: (_lt("Fault of the gateway"), _AGAIN),
    ApiStatus.BACKEND_FAULT: (_lt("The server or its database is away"), _AGAIN),
    ApiStatus.METHOD_NOT_ALLOWED: (
        _lt("The request was not sent by POST"),
        _lt("Send it by POST."),
    ),
    ApiStatus.RESULT_NOT_CONVERTED: (
        _lt("The result could not be written as JSON"),
        _lt("Tell the operator the request_id."),
    ),
}


class Example(NamedTuple):
    """A program that is shown, can be fetched, and is run by a test."""

    title: str
    file: str

    def show(self, base):
        """What the page shows: title, address and text with this server's address."""
        with file_open(f"{FOLDER}/{self.file}") as source:
            text = source.read().replace(PLACEHOLDER, base)
        return {
            "title": self.title,
            "file": self.file,
            "url": f"/{FOLDER}/{self.file}",
            "text": text,
        }


EXAMPLES = (
    Example("curl", "ask.sh"),
    Example("Python", "recall_client.py"),
    Example("Java", "RecallClient.java"),
)


#: Messages that the page shows; they are the same in every language.
SAMPLES = {
    "one_request": """\
{"api_exchange_token": "…", "api_exchange_cfg": "…",
 "api_exchange_vin": "LTZTEST18SA000001"}""",
    "one_answer": """\
{"exchange_records": [{
   "producerName": "…", "brand": "…", "series": "…", "model": "…",
   "recallNum": "S2025M9901V", "recallStartTime": "2025-01-15",
   "defectDesc": "…", "possibleConsequence": "…", "repairMethod": "…",
   "vehicleVin": "LTZTEST18SA000001", "isRecalled": false}],
 "count": 1, "api_status": 200, "request_id": "…"}""",
    "many_request": """\
{"api_exchange_token": "…", "api_exchange_cfg": "…",
 "api_exchange_vins": ["LTZTEST18SA000001", "LTZTEST13SA000004", "WRONG"]}""",
    "many_answer": """\
{"exchange_records": [{…}], "count": 1, "api_status": 200,
 "exchange_results": [
   {"index": 0, "vehicleVin": "LTZTEST18SA000001", "status": "found", "count": 1},
   {"index": 1, "vehicleVin": "LTZTEST13SA000004", "status": "none", "count": 0},
   {"index": 2, "vehicleVin": "WRONG", "status": "invalid", "count": 0,
    "message": "…"}],
 "request_id": "…"}""",
    "export_request": """\
{"api_exchange_token": "…", "api_exchange_cfg": "…",
 "api_exchange_export": "ndjson"}""",
    "export_answer": """\
{"exchange_records": [], "count": 0, "api_status": 200,
 "exchange_files": [{"url": "https://recall.example.cn/recall/v1/export/…",
   "name": "recalls-20250601-00001.ndjson.gz", "size": 1234567, "sha256": "…",
   "records": 100000, "expires": "2025-06-01T10:15:00Z"}],
 "exported_at": "2025-06-01T02:00:00Z", "next_cursor": "…", "request_id": "…"}""",
}


def show_samples(base):
    """Messages for the page, with this server's address."""
    return {name: text.replace(PLACEHOLDER, base) for name, text in SAMPLES.items()}


def find_advice(status):
    """Meaning of a code and what to do, to be translated."""
    return ADVICE[status]
