# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models
from odoo.tools import SQL

from ..tools import cells, contacts
from ..tools.phone import mask_phone

MAX_SHOWN = 100
MAX_NOTE = 300


class RecallImport(models.Model):
    _inherit = "recall.import"

    error_ids = fields.One2many("recall.import.error", "import_id", string="Errors")
    has_errors = fields.Boolean(compute="_compute_has_errors")

    @api.depends("finding_counts")
    def _compute_has_errors(self):
        Error = self.env["recall.import.error"]
        for job in self:
            errors = Error.search([("import_id", "=", job._origin.id)], limit=1)
            job.has_errors = bool(job._origin) and bool(errors)


class RecallImportError(models.Model):
    """A row that an import refused, and why. What is personal in it is masked."""

    _name = "recall.import.error"
    _description = "Refused row of an import"
    _audited = frozenset()
    _log_access = False
    _order = "import_id desc, row, id"
    _rec_name = "row"

    import_id = fields.Many2one(
        "recall.import", required=True, index=True, readonly=True, ondelete="cascade"
    )
    row = fields.Integer(required=True, readonly=True, aggregator=None)
    column = fields.Char(readonly=True, help="As in the header of the file.")
    value = fields.Char(readonly=True, help="Masked where it is personal.")
    code = fields.Char(required=True, readonly=True)
    note = fields.Char(
        string="Exactly", readonly=True, help="What the reason alone does not tell."
    )
    reason = fields.Char(compute="_compute_reason", search="_search_reason")

    @api.depends("code")
    @api.depends_context("lang")
    def _compute_reason(self):
        reasons = self._reasons()
        for error in self:
            error.reason = reasons.get(error.code, error.code)

    def _search_reason(self, operator, value):
        findings = self.env["recall.finding"].search([("name", operator, value)])
        return [("code", "in", findings.mapped("code"))]

    @api.model
    def _reasons(self):
        """What each code means and what to do about it, in the reader's language."""
        # sudo: the catalogue of findings holds nothing but texts.
        return {
            finding.code: f"{finding.name}. {finding.advice or ''}".strip()
            for finding in self.env["recall.finding"].sudo().search([])
        }

    @api.model
    def _add(self, job, faults):
        """Keep faults, their values masked."""
        if not faults:
            return
        headers = {
            column.target.partition(".")[2]: column.header
            for column in job.column_ids
            if column.target
        }
        columns = {column.name: column for column in job._kind()._columns()}
        rows = [
            (
                job.id,
                fault.number,
                headers.get(fault.column)
                or getattr(columns.get(fault.column), "label", fault.column)
                or None,
                mask(fault.value, columns.get(fault.column)),
                fault.code,
                fault.note[:MAX_NOTE] or None,
            )
            for fault in faults
        ]
        columns = ("import_id", "row", "column", "value", "code", "note")
        self.env["recall.staging"]._copy("recall_import_error", columns, rows)
        self.invalidate_model()

    def _delete_of(self, jobs):
        self.env.cr.execute(
            SQL(
                "DELETE FROM recall_import_error WHERE import_id IN %s",
                tuple(jobs.ids or [0]),
            )
        )
        self.invalidate_model()


def mask(text, column):
    """What may be shown of a cell.

    :param column: ``recall_import_kind.Column`` it is read as, None where not known
    """
    text = text.replace("\0", "")
    if not text:
        return None
    if text == cells.FORMULA:
        return "="
    if column is None:
        return f"{text[:1]}***"
    if not column.personal:
        return contacts.hide(text[:MAX_SHOWN])
    digits = sum(char.isdigit() for char in text)
    return mask_phone(text) if digits * 2 > len(text) else f"{text[:1]}***"
