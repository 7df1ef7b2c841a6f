# SPDX-License-Identifier: LGPL-3.0-only
from collections import Counter

from odoo import api, fields, models

from odoo.addons.recall_base.models.recall_completion_check import Report
from odoo.addons.recall_base.models.recall_import_kind import (
    Column,
    Fault,
    Outcome,
    recall_number_column,
    vin_column,
)
from odoo.addons.recall_base.tools import cipher

from .recall_collection_store import Incoming

#: Members of annex A -> columns of this kind, to show the cell a finding is about.
MEMBERS = {
    "recallNum": "recall_number",
    "vehicleVin": "vin",
    "recallTime": "repair_date",
    "repairNum": "repair_number",
    "dealerName": "dealer_name",
    "telNum": "phone",
    "parts": "parts",
    "repairMethod": "measure",
}


class RecallImport(models.Model):
    _inherit = "recall.import"

    kind = fields.Selection(
        selection_add=[("reports", "Repair reports")], ondelete={"reports": "cascade"}
    )


class RecallImportKindReports(models.AbstractModel):
    """Repair reports from a file; they are taken in as those of the interface are.

    A report's record id is made of what identifies a repair: recall number, VIN and
    repair record number. The same row again is a repeat; the same repair with other
    content amends the report, or corrects it when it was confirmed.
    """

    _name = "recall.import.kind.reports"
    _inherit = "recall.import.kind"
    _description = "Import of repair reports"

    _groups = "recall_enterprise.group_clerk"
    _fills = "recall_completion"

    @api.model
    def _columns(self):
        return [
            recall_number_column(self.env),
            vin_column(self.env),
            Column(
                "repair_date",
                self.env._("Repair date"),
                required=True,
                format="date",
                aliases=(
                    *("recallTime", "Date", "Date of repair", "Completed on"),
                    *(
                        "维修日期",
                        "召回维修日期",
                        "实施召回的时间",
                        "完成日期",
                        "维修时间",
                    ),
                ),
                example="2025-03-01",
            ),
            Column(
                "repair_number",
                self.env._("Repair record number"),
                required=True,
                size=64,
                aliases=(
                    *("repairNum", "Repair number", "Repair order", "Work order"),
                    *("车辆维修记录编号", "维修记录编号", "维修单号", "工单号"),
                ),
                example="RO-2025-000123",
            ),
            Column(
                "dealer_name",
                self.env._("Dealer"),
                required=True,
                aliases=(
                    *("dealerName", "Dealer name", "Workshop"),
                    *("经销商", "经销商名称", "实施召回的经销商名称", "维修站"),
                ),
                example="上海示例汽车销售服务有限公司",
            ),
            Column(
                "phone",
                self.env._("Contact phone"),
                required=True,
                size=32,
                personal=True,
                aliases=(
                    *("telNum", "Phone", "Phone number", "Mobile", "Telephone"),
                    *(
                        "联系电话",
                        "联系人手机号码",
                        "车辆联系人手机号码",
                        "手机号",
                        "手机号码",
                    ),
                ),
                example="13800138000",
            ),
            Column(
                "parts",
                self.env._("Parts used"),
                size=4000,
                aliases=(
                    *("Part numbers", "Parts", "Part number"),
                    *("更换零部件", "零部件号", "配件号", "零件号"),
                ),
                example="BH-1, BH-2",
            ),
            Column(
                "measure",
                self.env._("Repair measure"),
                size=4000,
                aliases=("repairMethod", "Measure", "维修措施", "召回维修措施"),
                example="",
            ),
        ]

    @api.model
    def _prepare(self, job):
        keys = cipher.KeyRing.from_environment()
        stage = self.env["recall.collection"]._stager(job.producer_id)

        def prepare(items):
            good, numbers, repeated, faults = {}, [], 0, []
            for item in items:
                incoming = _incoming(item.values, keys)
                known = good.setdefault(incoming.key, incoming)
                if known is incoming:
                    numbers.append((item.number, item.values))
                elif known.digests == incoming.digests:
                    repeated += 1
                else:
                    faults.append(Fault(item.number, "row_contradicts"))
            return stage(list(good.values())), numbers, repeated, faults

        return prepare

    @api.model
    def _take_in(self, job, prepared):
        rows, numbers, repeated, faults = prepared
        Collection = self.env["recall.collection"]
        left_out = Collection._store(
            job.producer_id, rows, len(numbers), {"import_id": job.id}
        )
        contradicting = [at for at, word in left_out.items() if word != "repeated"]
        faults = [
            *faults,
            *(Fault(numbers[at][0], "row_contradicts") for at in contradicting),
        ]
        repeated += len(left_out) - len(contradicting)
        refused, warnings, found = 0, Counter(), []
        if len(left_out) < len(numbers):
            refused, warnings, found = self._read_findings(numbers)
        taken = len(numbers) - len(left_out) - refused
        return Outcome(taken, repeated, [*faults, *found], warnings)

    def _read_findings(self, numbers):
        """What the checks found: number refused, warnings by code, faults."""
        members = {
            finding.code: MEMBERS.get(finding.member, "")
            for finding in self.env["recall.finding"].search([])
        }
        places = {column.name: at for at, column in enumerate(self._columns())}
        refused, warnings, faults = 0, Counter(), []
        self.env.cr.execute(
            """SELECT idx, refused, codes FROM recall_report_checked
                WHERE codes != '{}' ORDER BY idx"""
        )
        for idx, is_refused, codes in self.env.cr.fetchall():
            if not is_refused:
                warnings.update(codes)
                continue
            refused += 1
            number, values = numbers[idx]
            for code in codes:
                column = members.get(code, "")
                value = values[places[column]] if column else ""
                faults.append(Fault(number, code, column, value))
        return refused, warnings, faults

    @api.model
    def _after_job(self, job):
        self.env.ref("recall_enterprise.ir_cron_confirm")._trigger()


def _incoming(values, keys):
    number, vin, day, repair, dealer, phone, parts, measure = values
    report = Report(
        number, vin, day, repair, dealer, phone, parts or None, measure or None
    )
    return Incoming(
        f"{number}|{vin}|{repair}", report, keys.blinds("\x1f".join(values))
    )
