# SPDX-License-Identifier: LGPL-3.0-only
import re

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..tools import vin
from .recall_import_kind import MAX_TEXT, Column, Fault, Outcome

LEGACY_VIN = re.compile(r"[0-9A-Z-]{5,17}")


class RecallImport(models.Model):
    """What an import of legacy VINs needs beside its file (M-LEGACY)."""

    _inherit = "recall.import"
    _written_fields = {"document", "document_name", "reason"}

    kind = fields.Selection(
        selection_add=[("legacy", "Legacy VINs")], ondelete={"legacy": "cascade"}
    )
    document = fields.Binary(
        attachment=True,
        copy=False,
        help="Shows the numbers of the file, e.g. the list of the authority.",
    )
    document_name = fields.Char(copy=False)
    reason = fields.Text(
        copy=False,
        help="Why these vehicles have no VIN of GB 16735. No owner's data. A row with "
        "a reason of its own has that one.",
    )


class RecallImportKindLegacy(models.AbstractModel):
    """Vehicles whose VIN does not meet GB 16735, by file (M-LEGACY).

    Each row asks for an exception, with the document of the import; another person
    approves them, and the vehicles enter the scope of the plan, marked for ever. One
    with an approved exception enters it at once.
    """

    _name = "recall.import.kind.legacy"
    _inherit = "recall.import.kind"
    _description = "Import of legacy VINs"

    _groups = "recall_base.group_keeper"
    _needs_plan = True
    _fills = "recall_vin_exception"

    @api.model
    def _columns(self):
        return [
            Column(
                "vin",
                self.env._("Number on the vehicle"),
                required=True,
                size=64,
                aliases=(
                    *("VIN", "Legacy VIN", "Chassis number", "Frame number"),
                    *("VIN码", "车架号", "车辆识别代号", "车辆识别代码", "车辆编号"),
                ),
                example="LZW-1994-00017",
            ),
            Column(
                "reason",
                self.env._("Reason"),
                size=MAX_TEXT,
                aliases=("Reason", "Why", "原因", "理由", "说明"),
                example="Built in 1994",
            ),
        ]

    @api.model
    def _check_job(self, job):
        if not job.plan_id:
            raise UserError(self.env._("Choose the plan whose vehicles these are."))
        if not job.document or not (job.reason or "").strip():
            raise UserError(
                self.env._("Give a reason and add a document that shows the numbers.")
            )

    @api.model
    def _prepare(self, job):
        def prepare(items):
            rows, faults = {}, []
            for number, (text, reason) in items:
                code = _find_fault(text := vin.normalise_typed(text))
                if code:
                    faults.append(Fault(number, code, "vin", text))
                else:
                    rows.setdefault(text, reason)
            return rows, faults, len(items)

        return prepare

    @api.model
    def _take_in(self, job, prepared):
        rows, faults, count = prepared
        approved = self.env["recall.vin.exception"]._find_approved(
            job.producer_id.id, rows
        )
        line = job.plan_id.line_ids
        added, _refused = self.env["recall.vehicle"]._add_to_scope(
            job.plan_id,
            [(text, line.id if len(line) == 1 else None) for text in sorted(approved)],
        )
        asked = self._ask(job, rows)
        taken = added + asked
        return Outcome(taken, count - len(faults) - taken, faults)

    def _ask(self, job, rows):
        """Ask for exceptions; returns for how many none is there or asked for yet."""
        staged = self.env["recall.staging"]._load(
            "recall_legacy_staging",
            {"vin": "varchar", "reason": "text"},
            ((text, reason or job.reason) for text, reason in rows.items()),
        )
        self.env.cr.execute(
            SQL(
                """INSERT INTO recall_vin_exception (
                          vin, producer_id, plan_id, import_id, reason, state,
                          requested_by_id, create_uid, write_uid, create_date,
                          write_date)
                   SELECT vin, %(producer)s, %(plan)s, %(job)s, reason, 'requested',
                          %(user)s, %(user)s, %(user)s,
                          now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
                     FROM %(staged)s
                   ON CONFLICT (producer_id, vin)
                         WHERE state IN ('requested', 'approved') DO NOTHING""",
                producer=job.producer_id.id,
                plan=job.plan_id.id,
                job=job.id,
                user=job.create_uid.id,
                staged=staged,
            )
        )
        asked = self.env.cr.rowcount
        self.env["recall.vin.exception"].invalidate_model()
        if asked:
            self.env["recall.audit.event"]._record(
                "vin_exception.import",
                job,
                producer=job.producer_id.id,
                plan=job.plan_id.id,
                count=asked,
                sha256=job.sha256,
            )
        return asked


def _find_fault(text):
    """Code of why a number needs, or can have, no exception; None if it can."""
    if not LEGACY_VIN.fullmatch(text):
        return "legacy_vin_form"
    return "legacy_vin_valid" if vin.is_vin(text) else None
