# SPDX-License-Identifier: LGPL-3.0-only
import re
import unicodedata
from typing import Any, NamedTuple

from odoo import api, models

from ..tools import cells, json_list, tabular

_SIGNS = re.compile(r"[\W_]+")
#: Columns that are read as text of at most so many characters, if not told otherwise.
MAX_TEXT = 200
#: Rows: with fewer, the statements' own cost shows; with more, a stop comes late.
BATCH = 20_000
#: What is wrong with a file as a whole: each has a ``code`` and ``facts``.
FILE_ERRORS = (tabular.TableError, json_list.ListError)


class Column(NamedTuple):
    """What a kind of import reads from a column of the file."""

    name: str
    label: str  # in the reader's language: header of the template
    required: bool = False
    format: str = "text"  # or "date"
    size: int = MAX_TEXT  # characters
    aliases: tuple[str, ...] = ()  # headers it is known by, Chinese and English
    example: str = ""
    personal: bool = False  # shown masked, wherever its cells are shown


def recall_number_column(env):
    """The column of the recall number, as every kind names it."""
    return Column(
        "recall_number",
        env._("Recall number"),
        required=True,
        size=64,
        aliases=("recallNum", "Recall no.", "召回编号", "召回号"),
        example="S2025M0149I",
    )


def vin_column(env):
    """The column of VINs, as every kind reads it."""
    return Column(
        "vin",
        env._("VIN"),
        required=True,
        size=64,
        aliases=(
            *("VIN code", "Vehicle VIN", "vehicleVin", "Chassis number"),
            *("VIN码", "车辆VIN", "车架号", "车辆识别代号", "车辆识别代码"),
        ),
        example="LTZAA11B7SA000001",
    )


class Item(NamedTuple):
    """A row of the file whose cells have the right form."""

    number: int
    values: tuple[str, ...]  # in the order of the kind's columns, "" for none


class Fault(NamedTuple):
    """Why a row is refused: the code is that of a ``recall.finding``."""

    number: int
    code: str
    column: str = ""  # name of the column, if it is one
    value: str = ""  # masked by whoever keeps it
    note: str = ""  # what exactly is wrong, where the code does not tell


class Outcome(NamedTuple):
    """What became of the items of a batch: taken + repeated + refused = items."""

    taken: int
    repeated: int = 0
    faults: tuple[Fault, ...] | list[Fault] = ()  # of refused items
    warnings: dict[str, int] = {}  # code -> number of items that were taken in with it


class RecallImportKind(models.AbstractModel):
    """What a kind of import reads and how it is taken in. One model for each kind.

    A kind is a model ``recall.import.kind.<key>`` that inherits this one, and its key a
    choice of ``recall.import.kind``. It says which columns there are (``_columns``) and
    stores a batch (``_take_in``). The job does the rest.
    """

    _name = "recall.import.kind"
    _description = "Kind of import"

    #: Roles that may import this kind, XML ids separated by commas.
    _groups = "recall_base.group_keeper"
    #: Whether the job belongs to a plan, which is then asked for.
    _needs_plan = False
    #: Whether all rows are of one producer, or each says whose it is.
    _needs_producer = True
    #: What the template is.
    _template_form = "xlsx"
    #: Rows that are taken in by one transaction.
    _batch = BATCH
    #: The big table that this kind fills.
    _fills = None
    #: Bytes and rows of a file, where the kind takes less than a job can.
    _most_bytes = None
    _most_rows = None

    @api.model
    def _columns(self):
        """The columns a file may have: list of ``Column``."""
        raise NotImplementedError

    @api.model
    def _detect(self, stream, sheet=""):
        """Tell what a file is (``tools.tabular.Layout``), or raise ``FILE_ERRORS``."""
        return tabular.detect(stream, sheet)

    @api.model
    def _read(self, file, layout, after_row, offset):
        """Yield the rows of a file behind a position (``tools.tabular.Row``)."""
        return tabular.read(file, layout, after_row, offset)

    @api.model
    def _check_job(self, job):
        """Raise ``UserError`` where the job cannot be run, e.g. without its plan."""

    @api.model
    def _prepare(self, job):
        """Make the function that prepares a batch while the database is busy.

        It is called in a thread with a list of ``Item`` and must not touch the
        database. What it returns goes to ``_take_in``. Look up here what it needs.
        """
        return lambda items: items

    @api.model
    def _take_in(self, job, prepared: Any) -> Outcome:
        """Store a batch by set-based statements, in the present transaction.

        Storing an item again must change nothing and count as repeated.
        """
        raise NotImplementedError

    @api.model
    def _after_job(self, job):
        """Do what is due after the last batch, e.g. wake a scheduled action."""

    # === What holds for every kind === #

    @api.model
    def _guess(self, headers):
        """Guess which column each header of a file means.

        :returns: list of column names, "" where none is known
        """
        known = {}
        for column in self._columns():
            for text in (column.name, column.label, *column.aliases):
                known.setdefault(_plain(text), column.name)
        found, names = set(), []
        for header in headers:
            name = known.get(_plain(header), "")
            names.append("" if name in found else name)
            found.add(name)
        return names

    @api.model
    def _reader(self, mapping, width):
        """Make the function that gives a row's cells their form. No database in it.

        :param dict mapping: column name -> index of the cell
        :param int width: number of cells that each row of the file must have
        :returns: function of ``(number, cells)`` that returns ``(Item, [])`` or
            ``(None, list of Fault)``
        """
        columns = [
            (column, mapping.get(column.name, -1), cells.FORMS[column.format])
            for column in self._columns()
        ]

        def read(number, row):
            faults, values = [], []
            if len(row) != width:
                # Cells that spreadsheets leave out at the end are empty ones.
                row = [*row, *[""] * (width - len(row))]
                if any(row[width:]):
                    return None, [Fault(number, "row_ragged")]
            for column, index, form in columns:
                text = cells.clean(row[index]) if index >= 0 else ""
                if text:
                    text, code = form(text, column.size)
                    if code:
                        faults.append(Fault(number, code, column.name, row[index]))
                elif column.required:
                    faults.append(Fault(number, "cell_missing", column.name))
                values.append(text)
            return (None, faults) if faults else (Item(number, tuple(values)), faults)

        return read


def _plain(text):
    """A header without what people write differently: case, width, signs, blanks."""
    return _SIGNS.sub("", unicodedata.normalize("NFKC", text)).casefold()
