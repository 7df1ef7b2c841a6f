# SPDX-License-Identifier: LGPL-3.0-only
import re
from collections import defaultdict
from typing import Any, NamedTuple

from odoo import api, fields, models

from ..tools import messages
from ..tools.cells import clean
from ..tools.messages import MessageError
from ..tools.plan_messages import PlanMessage
from .recall_import_kind import BATCH, Column, Fault, Outcome, recall_number_column

#: Columns that are the same in all rows of a recall -> members of the message.
OF_PLAN = {
    "recall_number": "recallNum",
    "recall_start": "recallStartTime",
    "announced": "announced",
    "announcement": "announcement",
    "defect": "defectDesc",
    "consequence": "possibleConsequence",
    "measure": "repairMethod",
    "over_the_air": "overTheAir",
    "do_not_drive": "doNotDrive",
    "park_outside": "parkOutside",
    "parts_state": "partsState",
    "parts_from": "partsFrom",
    "parts": "parts",
    "extends": "extends",
    "source": "source",
}
#: Columns that tell the product lines of a recall apart.
OF_LINE = {
    "brand": "brand",
    "series": "series",
    "model": "model",
    "production_start": "productionStart",
    "production_end": "productionEnd",
    "announced_count": "numRecall",
    "vin_range": "vinRange",
}
YES = {"1", "y", "yes", "true", "是", "ota", "有"}
NO = {"", "0", "n", "no", "false", "否", "无"}
#: Columns of yes and no; where a warning to owners is empty, the file tells nothing.
YES_NO = ("over_the_air", "do_not_drive", "park_outside")
PARTS_STATES = {
    "": None,
    **dict.fromkeys(("available", "in stock", "有", "有货", "充足"), "available"),
    **dict.fromkeys(("awaited", "待供", "待到货", "等待"), "awaited"),
    **dict.fromkeys(
        ("not_needed", "not needed", "不需要", "无需", "无需零部件"), "not_needed"
    ),
}
_SEPARATORS = re.compile(r"[,;，；、\s]+")


class FiledPlan(NamedTuple):
    """The rows of one recall number, as a message without the producer's name."""

    numbers: list[int]
    members: dict[str, Any]


class RefusedRow(NamedTuple):
    """A row whose cells have the wrong form: others of its recall wait for it."""

    number: int
    recall_number: str
    faults: list[Fault]


class RecallImport(models.Model):
    _inherit = "recall.import"

    kind = fields.Selection(
        selection_add=[("plans", "Recall plans")], ondelete={"plans": "cascade"}
    )


class RecallImportKindPlans(models.AbstractModel):
    """Filed plans of a producer from a table: a row for each product line.

    The lines of a recall that a filing does not list may go: where one of its rows is
    refused, all are. For the same reason a file is taken in as one batch.
    """

    _name = "recall.import.kind.plans"
    _inherit = "recall.import.kind"
    _description = "Import of recall plans"

    _groups = "recall_base.group_keeper"
    _batch = _most_rows = BATCH

    @api.model
    def _columns(self):
        return [
            recall_number_column(self.env),
            Column(
                "brand",
                self.env._("Brand"),
                required=True,
                aliases=("品牌",),
                example="示例",
            ),
            Column(
                "series",
                self.env._("Series"),
                required=True,
                aliases=("车型系列", "车系"),
                example="甲系列",
            ),
            Column(
                "model",
                self.env._("Model"),
                required=True,
                aliases=("车型", "车型名称", "产品型号"),
                example="TST7000A",
            ),
            Column(
                "recall_start",
                self.env._("Recall start"),
                required=True,
                format="date",
                aliases=("recallStartTime", "Start of the recall", "召回开始时间"),
                example="2025-03-01",
            ),
            Column(
                "announced_count",
                self.env._("Announced vehicles"),
                required=True,
                size=10,
                aliases=("numRecall", "Number of vehicles", "召回数量", "数量"),
                example="1200",
            ),
            Column(
                "vin_range",
                self.env._("VIN range"),
                required=True,
                size=4000,
                aliases=("vinRange", "VIN范围", "VIN 范围"),
                example="LTZAA11B7SA000001 - LTZAA11B7SA001200",
            ),
            Column(
                "defect",
                self.env._("Defect"),
                required=True,
                size=4000,
                aliases=("defectDesc", "缺陷描述", "缺陷情况"),
                example="制动软管可能开裂。",
            ),
            Column(
                "consequence",
                self.env._("Possible consequences"),
                required=True,
                size=4000,
                aliases=("possibleConsequence", "可能造成的后果", "可能后果"),
                example="制动距离变长。",
            ),
            Column(
                "measure",
                self.env._("Repair measures"),
                required=True,
                size=4000,
                aliases=("repairMethod", "召回维修措施", "维修措施"),
                example="更换制动软管。",
            ),
            Column(
                "production_start",
                self.env._("Production start"),
                format="date",
                aliases=(
                    "productionStart",
                    "Built from",
                    "生产开始日期",
                    "生产起始日期",
                ),
                example="2024-01-01",
            ),
            Column(
                "production_end",
                self.env._("Production end"),
                format="date",
                aliases=("productionEnd", "Built to", "生产结束日期", "生产终止日期"),
                example="2024-06-30",
            ),
            Column(
                "announced",
                self.env._("Announced on"),
                format="date",
                aliases=("公告日期", "发布日期"),
                example="2025-02-20",
            ),
            Column(
                "announcement",
                self.env._("Announcement"),
                aliases=("Announcement number", "公告编号", "公告号"),
                example="2025年第12号",
            ),
            Column(
                "parts",
                self.env._("Part numbers"),
                size=4000,
                aliases=("Parts", "零部件号", "更换零部件", "零件号"),
                example="BH-1, BH-2",
            ),
            Column(
                "over_the_air",
                self.env._("Over-the-air update"),
                size=8,
                aliases=("overTheAir", "OTA", "是否OTA", "远程升级"),
            ),
            Column(
                "do_not_drive",
                self.env._("Do not drive"),
                size=8,
                aliases=("doNotDrive", "禁止驾驶", "停止驾驶", "请勿驾驶"),
            ),
            Column(
                "park_outside",
                self.env._("Park outside"),
                size=8,
                aliases=("parkOutside", "室外停放", "停放室外"),
            ),
            Column(
                "parts_state",
                self.env._("Repair parts"),
                size=16,
                aliases=("partsState", "零部件供应", "零部件供应情况"),
            ),
            Column(
                "parts_from",
                self.env._("Parts expected from"),
                format="date",
                aliases=("partsFrom", "零部件预计到货日期", "预计到货日期"),
            ),
            Column(
                "extends",
                self.env._("Extends"),
                size=64,
                aliases=("Extends recall", "扩大召回的原编号", "原召回编号"),
            ),
            Column("source", self.env._("Source"), size=4000, aliases=("来源",)),
        ]

    @api.model
    def _prepare(self, job):
        names = [column.name for column in self._columns()]

        def prepare(items):
            plans, faults, refused = defaultdict(list), [], {}
            for item in items:
                if isinstance(item, RefusedRow):
                    refused.setdefault(item.recall_number, item.number)
                    faults += item.faults
                    continue
                cells = dict(zip(names, item.values, strict=True))
                rows = plans[cells["recall_number"]]
                fault = _find_cell_fault(item.number, cells)
                if not fault and rows and not _same_plan(rows[0][1], cells):
                    fault = Fault(item.number, "plan_rows_differ", "recall_number")
                if fault:
                    refused.setdefault(cells["recall_number"], item.number)
                    faults.append(fault)
                else:
                    rows.append((item.number, cells))
            for number, row in refused.items():
                faults += _refuse_others(plans.pop(number, ()), row)
            return [_make_plan(rows) for rows in plans.values()], faults

        return prepare

    @api.model
    def _reader(self, mapping, width):
        """Override: the rows of a recall come in together, or none of them."""
        read = super()._reader(mapping, width)
        index = mapping["recall_number"]

        def read_row(number, row):
            item, faults = read(number, row)
            if faults:
                recall = clean(row[index]) if index < len(row) else ""
                item = RefusedRow(number, recall, faults)
            return item, []

        return read_row

    @api.model
    def _take_in(self, job, prepared):
        plans, faults = prepared
        taken = repeated = 0
        faults = list(faults)
        # What the file says is said by the account that brought it.
        Plan = self.env["recall.plan"].with_user(job.create_uid)
        Plan = Plan.with_context(recall_origin="file")
        for filed in plans:
            try:
                with self.env.cr.savepoint():
                    result = self._take_in_plan(Plan, job, filed)
            except MessageError as error:
                faults += (
                    Fault(number, "plan_row", note=error.message)
                    for number in filed.numbers
                )
                continue
            if result is None:
                faults += (Fault(number, "plan_of_other") for number in filed.numbers)
                continue
            faults += find_kept_lines(filed.numbers[0], result)
            if result["status"] == "unchanged":
                repeated += len(filed.numbers)
            else:
                taken += len(filed.numbers)
        return Outcome(taken, repeated, faults)

    def _take_in_plan(self, Plan, job, filed):
        """What ``_take_in`` tells of a plan; None if it is another producer's."""
        number = filed.members["recallNum"]
        known = Plan.search([("recall_number", "=", number)])
        if known and known.producer_id != job.producer_id:
            return None
        members = {**filed.members, "producerName": job.producer_id.name}
        message = messages.validate(PlanMessage, members)
        return Plan._take_in(message)


def find_kept_lines(number, result):
    """One fault for each product line that a plan in row ``number`` lists no more."""
    return [Fault(number, "line_kept", note=name) for name in result["kept"]]


def _find_cell_fault(number, cells):
    count = cells["announced_count"].replace(",", "")
    if not (count.isascii() and count.isdigit() and int(count)):
        return Fault(number, "cell_number", "announced_count", count)
    for name in YES_NO:
        if cells[name].casefold() not in YES | NO:
            return Fault(number, "cell_yes_no", name, cells[name])
    if cells["parts_state"].casefold() not in PARTS_STATES:
        return Fault(number, "cell_parts_state", "parts_state", cells["parts_state"])
    if cells["parts_from"] and _read_parts_state(cells) != "awaited":
        return Fault(number, "cell_parts_from", "parts_from", cells["parts_from"])
    return None


def _read_parts_state(cells):
    return PARTS_STATES[cells["parts_state"].casefold()]


def _refuse_others(rows, refused):
    """Faults for the good rows of a recall that has a refused one."""
    note = f"Row {refused} of the same recall was refused."
    return [Fault(number, "plan_row_refused", note=note) for number, _cells in rows]


def _same_plan(first, cells):
    return all(first[name] == cells[name] for name in OF_PLAN)


def _make_plan(rows):
    """A ``FiledPlan`` of rows ``(number, cells)`` with the same recall number."""
    first = rows[0][1]
    members = {member: first[name] for name, member in OF_PLAN.items() if first[name]}
    members |= {
        OF_PLAN[name]: first[name].casefold() in YES for name in YES_NO if first[name]
    }
    members.setdefault("overTheAir", False)
    if first["parts_state"]:
        members["partsState"] = _read_parts_state(first)
    parts = dict.fromkeys(filter(None, _SEPARATORS.split(first["parts"])))
    members["parts"] = [{"partNumber": number} for number in parts]
    if first["announcement"]:
        members["announcement"] = {"number": first["announcement"]}
    lines = [_make_line(cells) for _number, cells in rows]
    members["lines"] = lines
    members |= {name: lines[0][name] for name in ("brand", "series", "model")}
    members["numRecall"] = sum(line["numRecall"] for line in lines)
    members["vinRange"] = "; ".join(dict.fromkeys(line["vinRange"] for line in lines))
    return FiledPlan([number for number, _cells in rows], members)


def _make_line(cells):
    line = {member: cells[name] for name, member in OF_LINE.items() if cells[name]}
    line["numRecall"] = int(cells["announced_count"].replace(",", ""))
    return line
