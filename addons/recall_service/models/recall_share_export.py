# SPDX-License-Identifier: LGPL-3.0-only
import csv
import gzip
import hashlib
import io
import tempfile
from contextlib import ExitStack
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.recall_base.tools import answers, workbook
from odoo.addons.recall_base.tools.messages import ShareRecord

from .recall_share import prepare_record

#: Vehicles of one file, and of one statement.
RANGE, CHUNK = 100_000, 2_000
#: How old an export is when the next one begins, and how many complete ones are kept.
AGE, KEPT = timedelta(hours=20), 2
FORMATS = ("ndjson", "csv")
#: Clause 8.2's contents, which every interface has: one export serves them all.
MEMBERS = tuple(
    name for name, field in ShareRecord.model_fields.items() if field.is_required()
)


class RecallShareExport(models.Model):
    """All vehicles of published recalls as files, for data users who mirror them.

    Made in the background, range by range of vehicles, each range one transaction: a
    worker that is killed leaves whole ranges behind, and the next run goes on. What
    changes meanwhile is told by the changes since ``cursor``.
    """

    _name = "recall.share.export"
    _description = "Complete export for data users"
    _audit_readonly = False
    _order = "id desc"
    _rec_name = "create_date"

    state = fields.Selection(
        [("running", "Being made"), ("done", "Complete")],
        default="running",
        required=True,
        readonly=True,
    )
    finished_at = fields.Datetime(string="Complete since", readonly=True)
    cursor = fields.Char(
        string="Changes since",
        readonly=True,
        required=True,
        help="Cursor that asks for what changed since the export began.",
    )
    last_vehicle_id = fields.Integer(readonly=True)
    record_count = fields.Integer(string="Records", readonly=True)
    file_ids = fields.One2many(
        "recall.share.export.file", "export_id", string="Files", readonly=True
    )

    _running_uniq = models.UniqueIndex(
        "(state) WHERE state = 'running'", "An export is being made already."
    )

    # === Making === #

    @api.model
    def _cron_export(self):
        """Make the next range of the export, or begin a new one when it is time."""
        Cron = self.env["ir.cron"]
        while export := self._get_running():
            export._make_range()
            if not Cron._commit_progress(1, remaining=export.state == "running"):
                break
            if export.state == "done":
                break

    def _get_running(self):
        """The export to go on with; a new one if the last one has become old."""
        if running := self.search([("state", "=", "running")]):
            return running
        last = self.search([], limit=1)
        if last and last.create_date > fields.Datetime.now() - AGE:
            return self.browse()
        began = self.env["recall.share.change"]._get_last()
        return self.create({"cursor": f"since:{began}"})

    def _make_range(self):
        """Write the next vehicles to a file of each format; the last one finishes."""
        with ExitStack() as stack:
            writers = {
                name: stack.enter_context(_Writer(name, MEMBERS)) for name in FORMATS
            }
            count, last = self._write_range(list(writers.values()))
            if count:
                self._keep_files(writers, count)
        ended = last == self.last_vehicle_id
        self.write({"last_vehicle_id": last, "record_count": self.record_count + count})
        if ended:
            self._finish()

    def _write_range(self, writers):
        """Returns ``(number of records, id of the last vehicle looked at)``."""
        count, last = 0, self.last_vehicle_id
        for _turn in range(RANGE // CHUNK):
            upto = self._find_end(last)
            if not upto:
                break
            condition = SQL("vehicle.id > %s AND vehicle.id <= %s", last, upto)
            for recall in self.env["recall.lookup"]._read_recalls(condition):
                record = prepare_record(recall)
                for writer in writers:
                    writer.add(record)
                count += 1
            last = upto
        return count, last

    def _find_end(self, last):
        """The id up to which the next chunk reaches, None behind the last vehicle."""
        self.env.cr.execute(
            SQL(
                """SELECT max(id) FROM (SELECT id FROM recall_vehicle
                    WHERE id > %s ORDER BY id LIMIT %s) chunk""",
                last,
                CHUNK,
            )
        )
        return self.env.cr.fetchone()[0]

    def _keep_files(self, writers, count):
        number = len(self.file_ids) // len(FORMATS) + 1
        day = self.create_date.strftime("%Y%m%d")
        for name, writer in writers.items():
            content = writer.finish()
            file_name = f"recalls-{day}-{number:05}.{name}.gz"
            attachment = self.env["ir.attachment"].create(
                {"name": file_name, "raw": content, "mimetype": "application/gzip"}
            )
            self.env["recall.share.export.file"].create(
                {
                    "export_id": self.id,
                    "format": name,
                    "name": file_name,
                    "size": len(content),
                    "sha256": hashlib.sha256(content).hexdigest(),
                    "record_count": count,
                    "attachment_id": attachment.id,
                }
            )

    def _finish(self):
        """Offer the export, and remove all but the last ones."""
        self.write({"state": "done", "finished_at": fields.Datetime.now()})
        self.env["recall.audit.event"]._record(
            "share_export.done", self, count=self.record_count
        )
        old = self.search([("state", "=", "done")], offset=KEPT)
        attachments = old.file_ids.attachment_id
        old.unlink()
        attachments.unlink()

    # === Telling === #

    @api.model
    def _answer(self, form, grant, request_id, base):
        """Annex C's envelope with the files of the newest complete export.

        :param str form: one of ``FORMATS``
        :param str base: address of this server, as the data user reached it
        """
        export = self.search([("state", "=", "done")], limit=1)
        if grant.terms["sandbox"] or not export:
            message = self._explain_absence(grant)
            return {
                **answers.share_answer([], request_id=request_id, message=message),
                "exchange_files": [],
            }
        files = export.file_ids.filtered(lambda file: file.format == form)
        return {
            **answers.share_answer([], request_id=request_id),
            "exchange_files": [
                file._prepare_address(grant.interface_id, base)
                for file in files.sorted("name")
            ],
            "exported_at": export.finished_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "next_cursor": export.cursor,
        }

    def _explain_absence(self, grant):
        if grant.terms["sandbox"]:
            return "The sandbox has no export files."
        return "The first export is still being made. Ask again in an hour."


class _Writer:
    """One compressed file of records, on disk while it grows."""

    def __init__(self, form, members):
        self._form, self._members = form, members
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  closed by __exit__
        # Without a time in its head: the same records are the same bytes.
        self._zip = gzip.GzipFile(fileobj=self._file, mode="wb", mtime=0)
        self._text = io.TextIOWrapper(self._zip, encoding="utf-8", newline="")
        self._csv = csv.writer(self._text)
        if form == "csv":
            self._csv.writerow(members)

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self._file.close()

    def add(self, record):
        if self._form == "csv":
            self._csv.writerow([_to_cell(record[name]) for name in self._members])
        else:
            self._text.write(f"{answers.encode(record)}\n")

    def finish(self):
        self._text.close()
        self._file.seek(0)
        return self._file.read()


def _to_cell(value):
    """A value for a CSV file that people may open with a spreadsheet."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return workbook.guard(value)
