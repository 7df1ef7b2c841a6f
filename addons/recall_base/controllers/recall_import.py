# SPDX-License-Identifier: LGPL-3.0-only
import csv
import io
import tempfile

import xlsxwriter
from werkzeug.exceptions import NotFound

from odoo import http
from odoo.exceptions import UserError
from odoo.http import request
from odoo.tools import SQL

from ..models.recall_import_file import MAX_FORM
from ..tools.workbook import MIMETYPE, STREAMED
from .download import send_file

# Rows that a sheet holds below its header.
SHEET_ROWS = 1_048_575
WINDOW = 10_000


class RecallImportController(http.Controller):
    """Upload of files to import, download of templates and of refused rows."""

    @http.route(
        "/recall/import/<int:job_id>/file",
        type="http",
        auth="user",
        methods=["POST"],
        max_content_length=MAX_FORM,
    )
    def upload(self, job_id, **_form):
        """Take the file of an import; what is wrong with it is answered as JSON."""
        job = request.env["recall.import"].browse(job_id)
        ufile = request.httprequest.files.get("ufile")
        try:
            if not ufile:
                raise UserError(request.env._("Choose a file."))
            with request.env.cr.savepoint():
                job.check_access("write")
                job._upload(ufile.stream, ufile.filename or "")
        except UserError as error:
            message = str(error)
            return request.make_json_response(
                {"error": {"message": message}}, status=422
            )
        return request.make_json_response({})

    @http.route(
        "/recall/import/template/<string:kind>.<string:form>",
        type="http",
        auth="user",
        methods=["GET"],
        readonly=True,
        max_content_length=0,
    )
    def template(self, kind, form):
        """Give an empty file of a kind: headers and an example row."""
        Import = request.env["recall.import"]
        if kind not in Import._fields["kind"].get_values(request.env):
            raise NotFound
        job = Import.new({"kind": kind})
        job._check_rights()
        if job._kind()._template_form == "json":
            if form != "json":
                raise NotFound
            example = io.BytesIO(job._kind()._example())
            return send_file(example, f"{job.display_name}.json", "application/json")
        if form not in ("csv", "xlsx"):
            raise NotFound
        columns = job._kind()._columns()
        write = _write_csv if form == "csv" else _write_template
        name = f"{job.display_name}.{form}"
        kind = "text/csv; charset=utf-8" if form == "csv" else MIMETYPE
        return send_file(write(columns), name, kind)

    @http.route(
        "/recall/import/<int:job_id>/errors",
        type="http",
        auth="user",
        methods=["GET"],
        max_content_length=0,
    )
    def errors(self, job_id):
        """Give the rows that an import refused, each with the reason, and log it."""
        job = request.env["recall.import"].browse(job_id)
        job.check_access("read")
        request.env["recall.audit.event"]._record(
            "import.download", job, refused=job.refused_count
        )
        name = request.env._("Refused rows of %(file)s", file=job.name or job_id)
        return send_file(_write_errors(job), f"{name}.xlsx", MIMETYPE)


def _write_csv(columns):
    """CSV that spreadsheet programs open as UTF-8: with a byte order mark."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([column.label for column in columns])
    writer.writerow([column.example for column in columns])
    return io.BytesIO(text.getvalue().encode("utf-8-sig"))


def _write_template(columns):
    """XLSX with columns formatted as text: no digit of a VIN or phone is lost."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  # closed with the response
    with xlsxwriter.Workbook(file, STREAMED) as book:
        text = book.add_format({"num_format": "@"})
        bold = book.add_format({"num_format": "@", "bold": True, "bottom": 1})
        optional = book.add_format({"num_format": "@", "bottom": 1})
        sheet = book.add_worksheet()
        sheet.set_column(0, len(columns) - 1, 24, text)
        sheet.freeze_panes(1, 0)
        for index, column in enumerate(columns):
            form = bold if column.required else optional
            sheet.write_string(0, index, column.label, form)
        for index, column in enumerate(columns):
            sheet.write_string(1, index, column.example, text)
    return file


def _write_errors(job):
    env = request.env
    header = [
        *(env._("Row"), env._("Column"), env._("Value"), env._("Reason")),
        env._("Exactly"),
    ]
    reasons = request.env["recall.import.error"]._reasons()
    file = tempfile.TemporaryFile()  # noqa: SIM115  # closed with the response
    with xlsxwriter.Workbook(file, STREAMED) as book:
        bold = book.add_format({"bold": True, "bottom": 1})
        line = SHEET_ROWS
        for error in _read_errors(job):
            if line == SHEET_ROWS:
                sheet, line = _add_sheet(book, header, bold), 0
            line += 1
            number, column, value, code, note = error
            sheet.write_number(line, 0, number)
            sheet.write_string(line, 1, column or "")
            sheet.write_string(line, 2, value or "")
            sheet.write_string(line, 3, reasons.get(code, code))
            sheet.write_string(line, 4, note or "")
        if not book.worksheets():
            _add_sheet(book, header, bold)
    return file


def _add_sheet(book, header, bold):
    sheet = book.add_worksheet()
    sheet.set_column(0, 0, 10)
    sheet.set_column(1, 2, 24)
    sheet.set_column(3, 4, 90)
    sheet.freeze_panes(1, 0)
    for index, text in enumerate(header):
        sheet.write_string(0, index, text, bold)
    return sheet


def _read_errors(job):
    """Yield the refused rows in the order of the file, window by window."""
    last = (0, 0)
    while last:
        rows = request.env.execute_query(
            SQL(
                """SELECT row, "column", value, code, note, id FROM recall_import_error
                    WHERE import_id = %s AND (row, id) > %s
                    ORDER BY row, id LIMIT %s""",
                job.id,
                last,
                WINDOW,
            )
        )
        yield from (row[:5] for row in rows)
        last = rows and (rows[-1][0], rows[-1][5])
