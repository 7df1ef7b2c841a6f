# SPDX-License-Identifier: LGPL-3.0-only
"""Messages of the recall information management system: filed plans (annex A)."""

from typing import Annotated, Any, Literal

from pydantic import Field

from .messages import (
    AnswerHead,
    Count,
    Date,
    Finding,
    Message,
    Name,
    Number,
    Recall,
    Request,
    Short,
    Text,
    items_of,
)

MAX_PLANS = 100
#: VINs of one plan in one message: a longer list comes in pages.
MAX_VINS = 100_000


class PlanPart(Message):
    partNumber: Short
    partName: Name | None = None


class PlanLine(Message):
    """A product line of a plan; what is not given is as in the plan itself."""

    brand: Name | None = None
    series: Name | None = None
    model: Name | None = None
    productionStart: Date | None = None
    productionEnd: Date | None = None
    numRecall: Count | None = None
    vinRange: Text | None = None


class PlanDealer(Message):
    """A dealer named in the filing; `region` is a code of GB/T 2260."""

    dealerName: Name
    dealerCode: Short | None = None
    region: Short | None = None


class PlanVehicle(Message):
    """A vehicle in scope; `line` is the position in `lines`, counted from 0.

    A vehicle that is here already moves to the line that is given.
    """

    vin: Short
    line: Number | None = None


class PlanAnnouncement(Message):
    """What was made public; several plans can name the same one."""

    number: Name
    title: Name | None = None
    date: Date | None = None
    url: Name | None = None


class PlanRemoval(Message):
    """Vehicles that the filing takes out of the scope again, and why."""

    vins: Annotated[list[Short], Field(min_length=1, max_length=MAX_VINS)]
    reason: Name


class PlanVinFile(Message):
    """A VIN list that was uploaded before, and what it has to be.

    `reference` and `sha256` are those of the answer to the upload, `rows` is the number
    of VINs in the list.
    """

    reference: Short
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    rows: Count


class PlanMessage(Recall):
    """A recall plan: annex A no. 1 to 11 and the project's optional members.

    A long VIN list comes in pages: the same plan again, each time with other `vins`.
    Each page adds, a repeated page changes nothing, and `vinTotal`, the number of VINs
    in the whole list, tells when all have arrived. Or `vinFile` names an upload, which
    is taken in by and by; its `rows` are the `vinTotal` where that is not given.

    What owners are warned of (`doNotDrive`, `parkOutside`) and when parts are there
    (`partsState`, `partsFrom`) stays as it is in a filing that does not tell it.
    """

    numRecall: Count
    vinRange: Text
    announced: Date | None = None
    productionStart: Date | None = None
    productionEnd: Date | None = None
    overTheAir: bool | None = None
    doNotDrive: bool | None = None
    parkOutside: bool | None = None
    partsState: Literal["available", "awaited", "not_needed"] | None = None
    partsFrom: Date | None = None
    parts: list[PlanPart] = []
    lines: list[PlanLine] = []
    dealers: list[PlanDealer] = []
    vins: Annotated[list[PlanVehicle], Field(max_length=MAX_VINS)] = []
    vinTotal: Number | None = None
    vinFile: PlanVinFile | None = None
    removal: PlanRemoval | None = None
    announcement: PlanAnnouncement | None = None
    planState: Literal["filed", "published", "withdrawn"] | None = None
    stateReason: Name | None = None
    extends: Short | None = None
    source: Text | None = None


class PlansRequest(Request):
    """Plans that the recall information management system hands over."""

    plans: Annotated[
        list[Any], items_of("PlanMessage", min_length=1, max_length=MAX_PLANS)
    ]


class PlanVinFileError(Message):
    """Why row `row` of a VIN list did not come in."""

    row: Number
    code: str


class PlanVinFileResult(Message):
    """How far the taking in of an uploaded VIN list is; counts of rows.

    `state` is `running`, `paused` (by a person), `done`, `failed` or `stopped`.
    """

    reference: str
    state: Literal["running", "paused", "done", "failed", "stopped"]
    read: Number = 0
    added: Number = 0
    repeated: Number = 0
    refused: Number = 0
    errors: list[PlanVinFileError] = []
    message: str | None = None


class PlanResult(Message):
    """What became of the plan at `index` of the request.

    `added` VINs came into scope, `refused` ones are no VINs of GB 16735; `received` are
    in scope now or were, of `expected` in the whole list where the filing told it. The
    `findings` of a rejected plan say why; a plan that came in has one for each product
    line that stays, because vehicles are of it, though the filing lists it no more.
    """

    index: Number
    recallNum: str
    status: Literal["created", "amended", "unchanged", "rejected"]
    version: Number | None = None
    added: Number = 0
    removed: Number = 0
    received: Number | None = None
    expected: Number | None = None
    vinFile: PlanVinFileResult | None = None
    refusedVins: list[str] = []
    stayingVins: list[str] = []
    unknownVins: list[str] = []
    findings: list[Finding] = []


class Upload(Message):
    """An uploaded VIN list: what a plan names as `vinFile`."""

    reference: str
    sha256: str
    size: Number


class UploadAnswer(AnswerHead):
    count: Number
    uploads: list[Upload]


class PlansAnswer(AnswerHead):
    """`accepted` + `rejected` = `count`, one result for each plan in its order."""

    count: Number
    accepted: Number
    rejected: Number
    results: list[PlanResult]
