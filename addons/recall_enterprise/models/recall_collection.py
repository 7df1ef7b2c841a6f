# SPDX-License-Identifier: LGPL-3.0-only
import json
from collections import Counter

from odoo import api, models

from odoo.addons.recall_base.models.base import hide
from odoo.addons.recall_base.models.recall_completion_check import Report
from odoo.addons.recall_base.tools import answers, cipher, messages
from odoo.addons.recall_base.tools.messages import CollectRecord

from .recall_collection_store import Incoming


class RecallCollection(models.AbstractModel):
    """Taking in repair reports from the producer's internal system (5.2.1.1)."""

    _inherit = "recall.collection"

    @api.model
    def _answer_collect(self, request, request_id, address):
        """Answer a batch of reports, record by record.

        A report whose members have wrong formats is refused; the sender still has it.
        One with findings of the audit is kept as rejected, for a person to see, and
        answered so. The sender's record id makes repeats harmless: the same content
        again changes nothing, other content amends the report.
        """
        grant = self.env["recall.interface"]._authorise(
            request.api_token, request.api_cfg, "collect", address
        )
        interface = self.env["recall.interface"].browse(grant.interface_id)
        good, results = self._read_records(request.records)
        self._take_in(interface, good, results)
        if any(result["status"] != "repeated" for result in results.values()):
            self._record_batch(interface, grant.token_id, request.records, results)
            self.env.ref("recall_enterprise.ir_cron_confirm")._trigger()
        return answers.collect_answer(
            [results[index] for index in sorted(results)], request_id=request_id
        )

    def _record_batch(self, interface, token_id, records, results):
        """Log a batch that changed something, by what became of its records."""
        became = Counter(result["status"] for result in results.values())
        counts = {name: became[name] for name in ("accepted", "repeated", "rejected")}
        self.env["recall.audit.event"]._record(
            "completion.collect",
            interface,
            token=token_id,
            digest=hide(json.dumps(records, sort_keys=True, default=str)),
            **counts,
        )

    def _read_records(self, raw_records):
        """Validate formats; return ``({index: record}, {index: result})``.

        A record id that stands twice in one batch is refused the second time.
        """
        parsed = messages.validate_records(CollectRecord, raw_records)
        results = {
            index: _result(index, _record_id(raw), "rejected", findings)
            for index, raw, findings in parsed.refused
        }
        good, seen = {}, set()
        for index, record in parsed.good:
            if record.recordId in seen:
                finding = {
                    "code": messages.FORMAT,
                    "member": "recordId",
                    "message": "The batch holds this record id before.",
                }
                results[index] = _result(index, record.recordId, "rejected", [finding])
            else:
                seen.add(record.recordId)
                good[index] = record
        return good, results

    def _take_in(self, interface, good, results):
        """Store the records whose form is right, and answer for each of them."""
        if not good:
            return
        producer = interface.producer_id
        incoming = list(map(_incoming, good.values()))
        rows = self._stager(producer)(incoming)
        repeated = self._store(
            producer, rows, len(incoming), {"interface_id": interface.id}
        )
        records = [(index, record.recordId) for index, record in good.items()]
        for position in repeated:
            index, record_id = records[position]
            results[index] = _result(index, record_id, "repeated")
        if len(repeated) < len(records):
            self._answer_checked(records, results)

    def _answer_checked(self, records, results):
        findings = {
            finding.code: {
                "code": finding.code,
                "member": finding.member or "",
                "message": f"{finding.name}. {finding.advice or ''}".strip(),
            }
            for finding in self.env["recall.finding"].search([])
        }
        remarks = self.env["recall.completion.check"]._reviewer_remarks()
        self.env.cr.execute("SELECT idx, refused, codes FROM recall_report_checked")
        for idx, refused, codes in self.env.cr.fetchall():
            index, record_id = records[idx]
            results[index] = _result(
                index,
                record_id,
                "rejected" if refused else "accepted",
                [findings[code] | remarks.get((idx, code), {}) for code in codes],
            )


def _result(index, record_id, status, findings=()):
    return {
        "recordId": record_id,
        "index": index,
        "status": status,
        "findings": list(findings),
    }


def _record_id(raw):
    """The sender's id of a record that did not fit the model, where it has one."""
    record_id = raw.get("recordId") if isinstance(raw, dict) else None
    return record_id if isinstance(record_id, str) else ""


def _incoming(record):
    content = json.dumps(record.model_dump(), sort_keys=True)
    report = Report.from_message(
        record,
        part_numbers=", ".join(record.parts) or None,
        measure=record.repairMethod or None,
    )
    # Under each key: a repeat after a rotation of the keys is one as well.
    digests = cipher.KeyRing.from_environment().blinds(content)
    return Incoming(record.recordId, report, digests)
