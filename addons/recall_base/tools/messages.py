# SPDX-License-Identifier: LGPL-3.0-only
"""Messages of GB/T 41047-2021 annexes A to C: strict decoding and models.

`decode` turns the bytes of a body into plain values, `validate` these into a model,
`validate_records` a list of records into good and refused ones. Only the format is
judged: a wrong VIN or recall number arrives and is answered with its reason later.
"""

import contextlib
import functools
import json
import math
import re
from collections.abc import Sequence
from datetime import date, datetime
from enum import IntEnum
from typing import Annotated, Any, Literal, NamedTuple, NoReturn, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic.json_schema import models_json_schema
from pydantic_core import ErrorDetails, PydanticCustomError

MAX_DEPTH = 16
# Far above any real message; millions of empty objects would only fill the memory.
MAX_CONTAINERS = 1_000_000
MAX_DIGITS = 18
MAX_FLOAT_LENGTH = 40
# An answer of 16 MB holds about 70,000 records: more are made to cost time only.
MAX_ANSWER_RECORDS = 100_000
MAX_COLLECT_RECORDS = 5_000
# What a sync request tells of refused records, and the body that holds it, in bytes.
MAX_REFUSALS = 500
MAX_SYNC_REQUEST = 128 * 1024
MAX_INTEGER = 2**31 - 1

# Codes of the findings about the format of a record.
MISSING = "missing"
FORMAT = "format"


class ApiStatus(IntEnum):
    """Codes of the member `api_status` (annexes B and C), each with its `text`."""

    text: str

    def __new__(cls, code: int, text: str) -> "ApiStatus":
        status = int.__new__(cls, code)
        status._value_ = code
        status.text = text
        return status

    SYSTEM_FAULT = -1, "System fault. Send the request again later."
    SUCCESS = 200, "Success."
    UNAUTHORISED = 401, "Access is not authorised. Ask the operator for access."
    PARAMETER_MISSING = 402, "A required member is missing. Add it and send again."
    KEY_INVALID = 403, "The identity key is not valid. Check it or ask for a new one."
    ROUTE_INVALID = 404, "No such interface. Check the address and the interface name."
    KEY_EXPIRED = 405, "The identity key has expired. Ask the operator for a new one."
    USER_DISABLED = 406, "The user is disabled. Ask the operator to enable the user."
    PARAMETER_FORMAT = 407, "A member has the wrong format. Correct it and send again."
    NOT_PERMITTED = 408, "The identity key does not permit this. Ask the operator."
    PERMISSION_CHECK_FAILED = 409, "The permission could not be checked. Try later."
    USER_UNKNOWN = 410, "The user of this key could not be found. Ask the operator."
    RATE_LIMITED = 429, "Too many requests. Wait a minute, then send again."
    GATEWAY_FAULT = 500, "Gateway fault. Send the request again later."
    BACKEND_FAULT = 501, "Back-end fault. Send the request again later."
    METHOD_NOT_ALLOWED = 502, "Only POST is allowed. Send the request as POST."
    RESULT_NOT_CONVERTED = 503, "The result could not be converted. Tell the operator."


STATUS_TEXT: dict[ApiStatus, str] = {status: status.text for status in ApiStatus}


class MessageError(Exception):
    """A message was refused as a whole.

    `status` is the fitting code, `message` a sentence without any value of the
    message, `member` the path of the member at fault or None. `retry_after` says after
    how many seconds the same request may be answered.
    """

    def __init__(
        self,
        status: ApiStatus,
        message: str,
        member: str | None = None,
        retry_after: int | None = None,
    ):
        super().__init__(message)
        self.status = status
        self.message = message
        self.member = member
        self.retry_after = retry_after


# === DECODER === #

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_NO_BRACKET = re.compile(r"[^\[\]{}]+")
_ONE_KIND = str.maketrans("{}", "[]")
_SUSPECT = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
# A valid surrogate pair and every other escape are consumed; what is in the group
# is NUL or half a pair.
_ESCAPE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|(\\u(?:0000|[dD][89a-fA-F][0-9a-fA-F]{2}))|\\.",
    re.DOTALL,
)


def decode(raw: bytes, *, max_depth: int = MAX_DEPTH) -> object:
    """Value of a JSON body, read more strictly than `json.loads` does.

    Refused are, each with a sentence and where possible the place: an empty body, a
    byte order mark, UTF-16 and UTF-32, invalid UTF-8, NaN and Infinity, numbers above
    a double or of more than 18 digits, a member given twice, nesting deeper than
    `max_depth`, more than a million objects and arrays, NUL, unpaired surrogates.

    :raises MessageError: always with status 407.
    """
    text = _decode_utf8(raw)
    _check_depth(text, max_depth)
    _check_escapes(text)
    try:
        return json.loads(
            text,
            object_pairs_hook=_build_object,
            parse_constant=_refuse_constant,
            parse_int=_build_integer,
            parse_float=_build_float,
        )
    except json.JSONDecodeError as error:
        place = _place(text, error.pos)
        _refuse(f"The body is not valid JSON: {error.msg} at {place}.")


def _refuse(message: str, member: str | None = None) -> NoReturn:
    raise MessageError(ApiStatus.PARAMETER_FORMAT, message, member) from None


def _place(text: str, position: int) -> str:
    line = text.count("\n", 0, position) + 1
    return f"line {line}, column {position - text.rfind(chr(10), 0, position)}"


def _decode_utf8(raw: bytes) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in raw[:4]:
        _refuse("The body is UTF-16 or UTF-32. Send UTF-8.")
    if raw.startswith(b"\xef\xbb\xbf"):
        _refuse("The body starts with a byte order mark. Send UTF-8 without it.")
    if (position := raw.find(0)) >= 0:
        _refuse(f"The body holds a NUL byte at byte {position + 1}.")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        _refuse(f"The body is not valid UTF-8 at byte {error.start + 1}.")
    if not text or text.isspace():
        _refuse("The body is empty. Send a JSON object.")
    return text


def _check_depth(text: str, max_depth: int) -> None:
    """Refuse deep nesting before the parser can recurse into it.

    Strings are cut out, then each round removes the innermost level of brackets.
    """
    bare = text
    if "\\" in text:
        bare = text.replace("\\\\", "").replace('\\"', "")
    outside = "".join(bare.split('"')[::2])
    brackets = _NO_BRACKET.sub("", outside).translate(_ONE_KIND)
    if len(brackets) > 2 * MAX_CONTAINERS:
        _refuse(f"The body holds more than {MAX_CONTAINERS} objects and arrays.")
    for _ in range(max_depth):
        brackets = brackets.replace("[]", "")
    # What is left are brackets of deeper levels, or some that the other side lacks.
    if "[]" in brackets or brackets.count("[") > max_depth:
        _refuse(f"The body is nested deeper than {max_depth} levels.")


def _check_escapes(text: str) -> None:
    if not _SUSPECT.search(text):
        return
    for escape in _ESCAPE.finditer(text):
        if escape[1]:
            what = "a NUL" if escape[1] == "\\u0000" else "an unpaired surrogate"
            _refuse(f"The body holds {what} at {_place(text, escape.start())}.")


def _build_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    seen: set[str] = set()
    # `set.add` returns None: the first name that is already seen ends the search.
    twice = next(name for name, _ in pairs if name in seen or seen.add(name))
    if not _NAME.fullmatch(twice):  # no member's: it may be anything
        _refuse("A member is given twice in one object.")
    _refuse(f'The member "{twice}" is given twice in one object.', twice)


def _refuse_constant(name: str) -> NoReturn:
    _refuse(f"The body holds {name}, which is not a JSON number.")


def _build_integer(digits: str) -> int:
    if len(digits.lstrip("-")) > MAX_DIGITS:
        _refuse(f"A number starting {digits[:12]} has more than {MAX_DIGITS} digits.")
    return int(digits)


def _build_float(digits: str) -> float:
    if len(digits) > MAX_FLOAT_LENGTH:
        _refuse(f"A number starting {digits[:12]} is too long.")
    value = float(digits)
    if math.isinf(value):
        _refuse(f"The number {digits} is too large.")
    return value


# === MODELS === #

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(_DATE.pattern + r" [0-9]{2}:[0-9]{2}:[0-9]{2}")


# The records of an answer share few days and times; what is refused is not remembered.
@functools.lru_cache(maxsize=1024)
def _check_date(text: str) -> str:
    with contextlib.suppress(ValueError):
        if _DATE.fullmatch(text) and date.fromisoformat(text):
            return text
    raise PydanticCustomError("date", "must be a calendar date written CCYY-MM-DD")


@functools.lru_cache(maxsize=1024)
def _check_time(text: str) -> str:
    with contextlib.suppress(ValueError):
        if _TIME.fullmatch(text) and datetime.fromisoformat(text):
            return text
    raise PydanticCustomError("time", "must be a time written CCYY-MM-DD HH24:MM:SS")


def _required(length: int) -> FieldInfo:
    # The pattern asks for one character that is not blank.
    return Field(max_length=length, pattern=r"\S")


def items_of(model: str, **limits: int) -> FieldInfo:
    # A list whose records are judged one by one, by the named model.
    items = {"items": {"$ref": f"#/$defs/{model}"}}
    return Field(json_schema_extra=items, **limits)


# Lengths in characters; a VIN field takes more than 17, so that a wrong VIN arrives.
Short = Annotated[str, _required(64)]
Phone = Annotated[str, _required(32)]
Name = Annotated[str, _required(200)]
Secret = Annotated[str, _required(512)]
Text = Annotated[str, _required(4000)]
Cursor = Annotated[str, Field(max_length=512)]
# As it came in a record that was refused: it may be empty.
Told = Annotated[str, Field(max_length=200)]
Date = Annotated[
    str, AfterValidator(_check_date), Field(json_schema_extra={"format": "date"})
]
Time = Annotated[
    str,
    AfterValidator(_check_time),
    Field(json_schema_extra={"pattern": _TIME.pattern}),
]
Count = Annotated[int, Field(ge=1, le=MAX_INTEGER)]
Number = Annotated[int, Field(ge=0, le=MAX_INTEGER)]
Status = Annotated[int, Field(json_schema_extra={"enum": [*map(int, ApiStatus)]})]
# A foreign peer may use the name for something else: that never spoils its answer.
Remark = Annotated[
    str | None,
    BeforeValidator(lambda value: value[:4000] if isinstance(value, str) else None),
]


class Message(BaseModel):
    """Base of all: exact types, unknown members ignored, null means not given."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _drop_nulls(cls, data: Any) -> Any:
        if isinstance(data, dict) and None in data.values():
            return {name: value for name, value in data.items() if value is not None}
        return data


class Repair(Message):
    """What every repair report holds: annex A no. 5 and 12 to 16."""

    recallNum: Short
    vehicleVin: Short
    recallTime: Date
    repairNum: Short
    dealerName: Name
    telNum: Phone


class Recall(Message):
    """What every recall holds: annex A no. 1 to 6 and 9 to 11."""

    producerName: Name
    brand: Name
    series: Name
    model: Name
    recallNum: Short
    recallStartTime: Date
    defectDesc: Text
    possibleConsequence: Text
    repairMethod: Text


class AnswerHead(Message):
    """What every answer holds, also one that refuses."""

    api_status: Status
    request_id: Remark = None
    message: Remark = None


class Request(Message):
    api_token: Secret
    api_cfg: Name


class Refusal(Message):
    """What the regulator says of a record that it refused or decided on later.

    `refusalId` is its own number of the case: the same one again is told anew when its
    `status` changes. The key may be wrong or lacking, as it was in the record. What is
    `open` or `returned` waits for the producer; all else is dealt with.
    """

    refusalId: Count
    status: Literal["open", "returned", "released", "closed", "answered"]
    recallNum: Told | None = None
    vehicleVin: Told | None = None
    repairNum: Told | None = None
    recordVersion: Count | None = None
    codes: Annotated[list[Short], Field(max_length=50)] = []
    message: Annotated[str, Field(max_length=1000)] | None = None


class LogHead(Message):
    """How far the regulator's operation log has come, for the producer as witness.

    `note` is a signed checkpoint and `key` the public key, as `verify_log.py` reads
    them.
    """

    note: Annotated[str, Field(max_length=2000)]
    key: Annotated[str, Field(max_length=500)]


class SyncRequest(Request):
    """Annex B request; cursor, limit, refusals and log are the project's own."""

    api_cursor: Cursor | None = None
    api_limit: Count | None = None
    api_refused: Annotated[list[Refusal], Field(max_length=MAX_REFUSALS)] | None = None
    api_log: LogHead | None = None


class SyncRecord(Repair):
    """Annex B record; kind and version are the project's own."""

    collectTime: Time
    recordKind: Literal["completion", "correction", "withdrawal"] = "completion"
    recordVersion: Count = 1


class SyncAnswer(AnswerHead):
    """Annex B answer; cursor and `has_more` are the project's own."""

    records: Annotated[list[Any], items_of("SyncRecord", max_length=MAX_ANSWER_RECORDS)]
    count: Number
    next_cursor: Cursor | None = None
    has_more: bool | None = None


class CollectRequest(Request):
    """Repair reports of a dealers' system (5.2.1.1)."""

    records: Annotated[
        list[Any],
        items_of("CollectRecord", min_length=1, max_length=MAX_COLLECT_RECORDS),
    ]


class CollectRecord(Repair):
    """One repair report; `recordId` is the sender's own name for it."""

    recordId: Short
    parts: Annotated[list[Short], Field(max_length=200)] = []
    repairMethod: Annotated[str, Field(max_length=4000)] = ""


class Finding(Message):
    """Why a record is refused; `member` is empty when it is the record as a whole."""

    code: str
    member: str
    message: str


class CollectResult(Message):
    """What became of the record at `index` of the request."""

    recordId: str
    index: Number
    status: Literal["accepted", "repeated", "rejected"]
    findings: list[Finding]


class CollectAnswer(AnswerHead):
    """`accepted` counts repeated records too: accepted + rejected = count."""

    count: Number
    accepted: Number
    rejected: Number
    results: list[CollectResult]


class ShareRequest(Message):
    """Annex C request."""

    api_exchange_token: Secret
    api_exchange_cfg: Name
    api_exchange_vin: Short


class ShareRecord(Recall):
    """Annex C record (8.2); what may be None is shared by special grant only."""

    vehicleVin: Short
    isRecalled: bool
    recallTime: Date | None = None
    repairNum: Short | None = None
    dealerName: Name | None = None
    telNum: Phone | None = None


class ShareAnswer(AnswerHead):
    """Annex C answer."""

    exchange_records: list[ShareRecord]
    count: Number


def json_schema(*others: type[Message]) -> dict[str, Any]:
    """JSON schema (2020-12) of the messages here and of `others`.

    Each is under `$defs` by its name.
    """
    models = [
        *(SyncRequest, SyncRecord, SyncAnswer, CollectRequest, CollectRecord),
        *(CollectAnswer, ShareRequest, ShareRecord, ShareAnswer),
        *others,
    ]
    schema = models_json_schema([(model, "validation") for model in models])[1]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


# === VALIDATION === #

Model = TypeVar("Model", bound=Message)

_ABSENT = ("is missing", "is empty")
_PROBLEMS = {
    "missing": "is missing",
    "too_short": "is empty",
    "date": "{reason}",
    "time": "{reason}",
    "string_type": "must be a string, not {got}",
    "int_type": "must be a whole number, not {got}",
    "bool_type": "must be true or false, not {got}",
    "list_type": "must be an array, not {got}",
    "model_type": "must be an object, not {got}",
    "string_too_long": "is longer than {max_length} characters",
    "too_long": "holds more than {max_length} entries",
    "literal_error": "must be {expected}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
}
_GOT = {
    "NoneType": "null",
    "bool": "true or false",
    "int": "a number",
    "float": "a decimal number",
    "str": "a string",
    "list": "an array",
    "dict": "an object",
}


class Refused(NamedTuple):
    """A record that does not fit its model: position, record as it came, why."""

    index: int
    record: Any
    findings: list[dict[str, str]]


class Checked(NamedTuple):
    """Records that fit, each as (position, model instance), and those that do not."""

    good: list[tuple[int, Any]]
    refused: list[Refused]


class ParsedAnswer(NamedTuple):
    """A sync answer taken apart; with a status other than 200 it has no records."""

    status: ApiStatus
    records: list[SyncRecord]
    refused: list[Refused]
    next_cursor: str | None = None
    has_more: bool = False
    message: str | None = None
    request_id: str | None = None


def validate(model: type[Model], data: object) -> Model:
    """`data` as an instance of `model`.

    :raises MessageError: 402 when a required member is missing, null or empty, else
        407; either names the member.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        findings = _findings(error, "The message")
    findings.sort(key=lambda finding: finding["code"] != MISSING)
    first = findings[0]
    missing = first["code"] == MISSING
    status = ApiStatus.PARAMETER_MISSING if missing else ApiStatus.PARAMETER_FORMAT
    raise MessageError(status, first["message"], first["member"] or None)


def validate_records(model: type[Model], items: Sequence[Any]) -> Checked:
    """Each of `items` by itself: one bad record never spoils a good one."""
    with contextlib.suppress(ValidationError):
        return Checked([*enumerate(_list_adapter(model).validate_python(items))], [])
    checked = Checked([], [])
    for index, item in enumerate(items):
        try:
            checked.good.append((index, model.model_validate(item)))
        except ValidationError as error:
            findings = _findings(error, "The record")
            checked.refused.append(Refused(index, item, findings))
    return checked


def parse_sync_answer(raw: bytes) -> ParsedAnswer:
    """Body of an answer to a sync request, taken apart.

    :raises MessageError: when the envelope is at fault: not JSON, a member missing or
        of a wrong type, an unknown `api_status`, `count` not the number of records.
    """
    data = decode(raw)
    head = validate(AnswerHead, data)
    if head.api_status not in STATUS_TEXT:
        message = f"api_status {head.api_status} is not a code of the standard."
        _refuse(message, "api_status")
    status = ApiStatus(head.api_status)
    if status is not ApiStatus.SUCCESS:
        rest = {"message": head.message, "request_id": head.request_id}
        return ParsedAnswer(status, [], [], **rest)
    answer = validate(SyncAnswer, data)
    if answer.count != len(answer.records):
        message = (
            f"count is {answer.count}, but there are {len(answer.records)} records."
        )
        _refuse(message, "count")
    checked = validate_records(SyncRecord, answer.records)
    return ParsedAnswer(
        status,
        [record for _index, record in checked.good],
        checked.refused,
        answer.next_cursor,
        bool(answer.has_more and answer.next_cursor),
        answer.message,
        answer.request_id,
    )


@functools.cache
def _list_adapter(model: type[Model]) -> TypeAdapter[list[Model]]:
    return TypeAdapter(list[model])


def _findings(error: ValidationError, whole: str) -> list[dict[str, str]]:
    return [_finding(details, whole) for details in error.errors(include_url=False)]


def _finding(details: ErrorDetails, whole: str) -> dict[str, str]:
    steps = (f"[{s}]" if isinstance(s, int) else f".{s}" for s in details["loc"])
    member = "".join(steps).removeprefix(".")
    problem = _problem(details["type"], details["input"])
    code = MISSING if problem in _ABSENT else FORMAT
    problem = problem.format(
        got=_GOT.get(type(details["input"]).__name__, "another type"),
        reason=details["msg"],
        **details.get("ctx", {}),
    )
    subject = f"The member {member}" if member else whole
    return {"code": code, "member": member, "message": f"{subject} {problem}."}


def _problem(kind: str, value: object) -> str:
    if isinstance(value, str) and not value.strip():
        return _PROBLEMS["too_short"]
    return _PROBLEMS.get(kind, "is wrong: {reason}")
