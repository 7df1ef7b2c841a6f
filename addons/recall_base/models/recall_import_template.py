# SPDX-License-Identifier: LGPL-3.0-only
import hashlib

from odoo import api, fields, models


class RecallImportTemplate(models.Model):
    """How the columns of files with a certain header were read the last time."""

    _name = "recall.import.template"
    _description = "Remembered columns of an import"
    _order = "write_date desc"
    _rec_name = "kind"

    kind = fields.Char(required=True, readonly=True)
    producer_id = fields.Many2one(
        "recall.producer", required=True, index=True, readonly=True, ondelete="cascade"
    )
    header_digest = fields.Char(required=True, readonly=True)
    targets = fields.Json(readonly=True, help="For each column what it is read as.")

    _header_uniq = models.UniqueIndex("(kind, producer_id, header_digest)")

    @api.model
    def _find(self, job, header):
        """The remembered template for a header, or none."""
        return self.search(self._domain(job, header), limit=1)

    @api.model
    def _remember(self, job):
        """Remember the columns of a job that is run, for its producer."""
        header = job.column_ids.mapped("header")
        if not header or not job.producer_id:
            return
        targets = [column.target or "" for column in job.column_ids]
        template = self._find(job, header)
        if not template:
            vals = {name: value for name, _is, value in self._domain(job, header)}
            self.create({**vals, "targets": targets})
        elif template.targets != targets:
            template.targets = targets

    def _domain(self, job, header):
        digest = hashlib.sha256("\x1f".join(header).casefold().encode()).hexdigest()
        return [
            ("kind", "=", job.kind),
            ("producer_id", "=", job.producer_id.id),
            ("header_digest", "=", digest),
        ]
