# SPDX-License-Identifier: LGPL-3.0-only
"""Messages by which a data user asks for more than annex C has: the project's own.

Annex C knows one VIN in a request. A request that has one of the members
`api_exchange_vins`, `api_exchange_cursor` and `api_exchange_export` instead asks for
many VINs, for changes and for export files. The answers have annex C's members and
more; a plain peer neither sends nor gets any of these.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from .messages import (
    ApiStatus,
    Count,
    Cursor,
    Message,
    MessageError,
    Name,
    Number,
    Secret,
    ShareAnswer,
    ShareRequest,
    Short,
    validate,
)

#: Most VINs of a request, and of a page of changes.
MAX_VINS = 10_000
DEFAULT_LIMIT = 5_000
#: Bytes that hold a request for as many, also one that is written with blanks.
MAX_SHARE_REQUEST = 512 * 1024

Method: TypeAlias = Literal["one", "many", "changes", "export"]


class ShareHead(Message):
    """What every sharing request holds."""

    api_exchange_token: Secret
    api_exchange_cfg: Name


class ShareManyRequest(ShareHead):
    """Many VINs. What is no VIN is told in its result and stops no other."""

    api_exchange_vins: Annotated[list[Short], Field(min_length=1, max_length=MAX_VINS)]


class ShareChangesRequest(ShareHead):
    """Vehicles that changed since a cursor; an empty cursor begins with all of them."""

    api_exchange_cursor: Cursor
    api_limit: Annotated[int, Field(ge=1, le=MAX_VINS)] = DEFAULT_LIMIT


class ShareExportRequest(ShareHead):
    """The newest complete export as files of this format."""

    api_exchange_export: Literal["ndjson", "csv"]


class ShareResult(Message):
    """What is known of the VIN at `index` of the request, or of the page.

    `found`: its `count` recalls are among `exchange_records`, in this order; `none`: no
    recall is known (any more); `invalid`: it is no VIN, and `message` says why.
    """

    index: Number
    vehicleVin: Short
    status: Literal["found", "none", "invalid"]
    count: Number
    message: str | None = None


class ShareManyAnswer(ShareAnswer):
    """One result a VIN, in the order in which they were asked."""

    exchange_results: list[ShareResult] = []


class ShareChangesAnswer(ShareManyAnswer):
    """A page of changes. Replace all that you hold of each VIN in the results."""

    next_cursor: Cursor | None = None
    has_more: bool | None = None


class ShareFile(Message):
    """One file of an export: gzip, UTF-8. `url` works until `expires`."""

    url: str
    name: Short
    size: Count
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    records: Number
    expires: str


class ShareExportAnswer(ShareAnswer):
    """Files of one export; `next_cursor` asks for what changed since it began."""

    exchange_files: list[ShareFile] = []
    exported_at: str | None = None
    next_cursor: Cursor | None = None


METHODS: dict[Method, type[Message]] = {
    "one": ShareRequest,
    "many": ShareManyRequest,
    "changes": ShareChangesRequest,
    "export": ShareExportRequest,
}
#: Member of the request that chooses the method.
MEMBERS: dict[str, Method] = {
    "api_exchange_vin": "one",
    "api_exchange_vins": "many",
    "api_exchange_cursor": "changes",
    "api_exchange_export": "export",
}


def choose_method(message: dict[str, object]) -> Method:
    """The method a request asks for; without any of the members it is annex C's.

    :raises MessageError: 407 when it asks for two at once.
    """
    given = [name for name in MEMBERS if message.get(name) is not None]
    if len(given) > 1:
        text = f"Send one of the members {' and '.join(given)}, not both."
        raise MessageError(ApiStatus.PARAMETER_FORMAT, text, given[1])
    return MEMBERS[given[0]] if given else "one"


def read_request(method: Method, message: dict[str, object]) -> Message:
    """Model instance of a sharing request.

    :raises MessageError: 402 or 407, as `messages.validate` does.
    """
    return validate(METHODS[method], message)
