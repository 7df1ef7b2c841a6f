# SPDX-License-Identifier: LGPL-3.0-only
import dataclasses
import hashlib
import io
import itertools

from odoo import Command, models
from odoo.exceptions import UserError

from ..tools import json_list, tabular
from .recall_import_error import mask
from .recall_import_kind import FILE_ERRORS

MAX_FILE = 512 << 20
#: The same with what a form has around the file.
MAX_FORM = MAX_FILE + (1 << 16)


class RecallImport(models.Model):
    """What an uploaded file is, and how its columns are read."""

    _inherit = "recall.import"

    def _upload(self, stream, name):
        """Keep an uploaded file, sealed, and find its columns.

        :param stream: seekable binary file
        :raises UserError: with a sentence that says what to do, when it is no table
        """
        job = self._as_account()
        job._check_open()
        kind = job._kind()
        size = stream.seek(0, io.SEEK_END)
        if kind._most_bytes and size > kind._most_bytes:
            raise UserError(self._explain("too_large", {"limit": kind._most_bytes}))
        layout = job._find_layout(stream)
        stream.seek(0)
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        stream.seek(0)
        self.env["recall.import.chunk"]._store(job, stream)
        job.write({"name": name[:200], "sha256": digest, "size": size})
        job._set_layout(layout)
        job._log("upload", size=size, sha256=digest)

    def _find_layout(self, stream, sheet=""):
        """Tell what a file is.

        :raises UserError: with a sentence that says what to do, when it is no table
        """
        kind = self._kind()
        try:
            layout = kind._detect(stream, sheet)
            if kind._most_rows:
                layout = self._count_rows(kind, stream, layout)
        except FILE_ERRORS as error:
            raise UserError(self._explain(error.code, error.facts)) from error
        return layout

    def _count_rows(self, kind, stream, layout):
        """Read a file once to its end; its layout tells the last row from now on.

        :raises UserError: when it has more rows than the kind takes
        """
        number = count = 0
        rows = kind._read(stream, layout, layout.header_row, layout.offset)
        for row in itertools.islice(rows, kind._most_rows + 1):
            number, count = row.number, count + 1
        if count > kind._most_rows:
            facts = {"limit": kind._most_rows}
            raise UserError(self._explain("too_many_rows", facts))
        return dataclasses.replace(layout, last_row=number)

    def _read_layout(self):
        """Find header and columns again, after another sheet was chosen."""
        for job in self.sudo():  # sudo: what a file is, is the job's own.
            job._set_layout(job._find_layout(job._file(), job.sheet or ""))

    def _set_layout(self, layout):
        self.write(
            {
                "format": layout.format,
                "encoding": layout.encoding.upper() or False,
                "delimiter": layout.delimiter or False,
                "sheet": layout.sheet or False,
                "sheet_names": ", ".join(layout.sheets) or False,
                "header_row": layout.header_row,
                "data_offset": layout.offset,
                "row_estimate": layout.last_row,
                "state": "draft",
                "column_ids": [
                    Command.clear(),
                    *(
                        Command.create({"position": index, "header": header})
                        for index, header in enumerate(layout.header)
                    ),
                ],
            }
        )
        self._guess_columns(layout)
        self._after_mapping()

    def _guess_columns(self, layout):
        """Choose what each column is read as: as the last time, or by its header."""
        kind = self._kind()
        template = self.env["recall.import.template"]._find(self, layout.header)
        targets = template.targets or [
            name and f"{self.kind}.{name}" for name in kind._guess(layout.header)
        ]
        known = {f"{self.kind}.{column.name}": column for column in kind._columns()}
        for line, target, sample in zip(
            self.column_ids, targets, layout.samples, strict=True
        ):
            column = known.get(target)
            line.write(
                {
                    "target": target if column else False,
                    "sample": mask(tabular.clean(sample), column),
                }
            )

    def _file(self, offset=0):
        return self.env["recall.import.chunk"]._open_file(self, offset)

    def _layout(self):
        """What was found when the file was uploaded."""
        return tabular.Layout(
            format=self.format,
            header=tuple(self.column_ids.mapped("header")),
            header_row=self.header_row,
            encoding=self.encoding or "",
            delimiter=self.delimiter or "",
            sheet=self.sheet or "",
            offset=self.data_offset,
        )

    # === Mapping === #

    def _mapping(self):
        """Column name of the kind -> index of the cell."""
        return {
            line.target.partition(".")[2]: line.position
            for line in self.column_ids
            if line.target
        }

    def _mapping_fault(self):
        """The sentence that says what is missing in the mapping, or none."""
        targets = [line.target for line in self.column_ids if line.target]
        names = {f"{self.kind}.{c.name}": c for c in self._kind()._columns()}
        twice = [target for target in set(targets) if targets.count(target) > 1]
        if twice:
            return self.env._(
                "Two columns are read as %(name)s: choose one of them.",
                name=names[twice[0]].label,
            )
        if set(targets) - set(names):
            return self.env._("A column is read as something of another kind.")
        missing = [
            c.label for key, c in names.items() if c.required and key not in targets
        ]
        if missing:
            return self.env._(
                "Choose the column for: %(names)s.", names=", ".join(missing)
            )
        return None

    def _check_mapping(self):
        if fault := self._mapping_fault():
            raise UserError(fault)

    def _after_mapping(self):
        """Bring the state in line with the mapping."""
        for job in self.sudo():  # sudo: the state is the job's own.
            if job.state in ("draft", "mapped", "tested"):
                complete = job.sha256 and not job._mapping_fault()
                state = "mapped" if complete else "draft"
                if job.state != state:
                    job.state = state

    # === Sentences === #

    def _explain(self, code, facts):
        """What is wrong with a file and what to do, in the reader's language."""
        save = self.env._(
            "Open it in the spreadsheet program, save it as XLSX or CSV UTF-8."
        )
        sentences = {
            "empty": self.env._("The file is empty. Choose another one."),
            "format_xls": self.env._(
                "This is an old Excel file (.xls) or one with a password. Save it as "
                "XLSX without password."
            ),
            "format_unknown": self.env._(
                "This is neither CSV nor XLSX. %(save)s", save=save
            ),
            "damaged": self.env._(
                "The workbook is damaged from row %(row)s on. Save it again in the "
                "spreadsheet program.",
                row=facts.get("row", 1),
            ),
            "bomb": self.env._(
                "Unpacked, the workbook is far too large. Save only the rows that are "
                "needed, as CSV UTF-8."
            ),
            "strings_too_large": self.env._(
                "The workbook holds too many different texts. Save it as CSV UTF-8."
            ),
            "too_large": self.env._(
                "The file has more than %(limit)s MB. Split it, or save it as CSV.",
                limit=facts.get("limit", MAX_FILE) >> 20,
            ),
            "too_many_rows": self.env._(
                "The file has more than %(limit)s rows. Split it.",
                limit=f"{facts.get('limit', 0):,}",
            ),
            "encoding": self.env._(
                "The text is neither UTF-8 nor GB18030. Save it as CSV UTF-8."
            ),
            "encoding_utf16": self.env._("The text is UTF-16. Save it as CSV UTF-8."),
            "line_too_long": self.env._(
                "Row %(row)s has no end. %(save)s", row=facts.get("row", 1), save=save
            ),
            "line_ends": self.env._(
                "The lines end as on very old computers. Save it as CSV UTF-8."
            ),
            "quote_open": self.env._(
                "In row %(row)s a quotation mark opens a cell and does not close it, "
                "or closes it too early. Correct the row.",
                row=facts.get("row", 1),
            ),
            "sheet_missing": self.env._(
                "The workbook has no sheet %(name)s.", name=facts.get("name")
            ),
            "no_rows": self.env._(
                "Below the column names there is no row. Add the data."
            ),
            "header_missing": self.env._(
                "The first row has data, not column names. Put a row with the names "
                "of the columns above it; the template has one."
            ),
            "header_title": self.env._(
                "Row %(row)s is a title over several columns. Delete the rows above "
                "the column names, and merged cells.",
                row=facts.get("row", 1),
            ),
            "header_blank": self.env._(
                "Column %(column)s has no name in row %(row)s. Unmerge the cells of "
                "that row and give each column a name, or delete the column.",
                column=facts.get("column"),
                row=facts.get("row", 1),
            ),
            "header_duplicate": self.env._(
                "Two columns have the name “%(name)s”. Give each its own.",
                name=facts.get("name"),
            ),
            "too_many_columns": self.env._(
                "The file has more than %(limit)s columns. Delete those that are not "
                "needed.",
                limit=facts.get("limit"),
            ),
            "json_encoding": self.env._(
                "The text is not plain UTF-8. Save it as UTF-8 without byte order mark."
            ),
            "json_list": self.env._(
                'The file has no list of plans: {"plans": [...]}. The template shows '
                "how it has to look."
            ),
            "json_cut": self.env._(
                "The file breaks off before its end. Get it anew from where it came."
            ),
            "json_damaged": self.env._(
                "The file is no valid JSON at plan %(row)s: get it anew or correct it.",
                row=facts.get("row", 1),
            ),
            "item_too_large": self.env._(
                "Plan %(row)s has more than %(limit)s MB. Import its VIN list as a "
                "file of its own.",
                row=facts.get("row", 1),
                limit=json_list.MAX_ITEM >> 20,
            ),
            "unexpected": self.env._(
                "Something unexpected happened, which is written in the server's log. "
                "Resume the import later; it goes on behind row %(row)s.",
                row=facts.get("row", 0),
            ),
        }
        return sentences[code]
