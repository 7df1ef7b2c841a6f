# SPDX-License-Identifier: LGPL-3.0-only
"""Tables in files: CSV (UTF-8 or GB18030) and XLSX, read as rows of texts.

`detect` tells what a file is and finds its header; `read` yields its rows from there
or from any place that an earlier reading reached. Memory is bounded: a CSV file is
read line by line, a sheet row by row, and only the shared strings of a workbook are
held as a whole.

Cells are handed out as they are, never mended. A number is written without exponent as
long as a spreadsheet keeps all its digits, a date cell as CCYY-MM-DD. What a cell
cannot tell is marked: `FORMULA` stands for a formula, U+FFFD for bytes that are not
text.
"""

import codecs
import csv
import datetime
import functools
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

from lxml import etree
from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format

#: Stands in a cell for a formula, whose result nobody has checked.
FORMULA = "\ufffdformula"
#: Stands in a text for what could not be decoded.
DAMAGED = "\ufffd"

MAX_COLUMNS = 200
MAX_LINE = 1 << 20  # bytes
MAX_HEADER_ROW = 50
# An unpacked sheet of a million rows has about 0.5 GB.
MAX_UNPACKED = 4 << 30
# Above this, packed content is looked at: text packs 5 to 30 times, a bomb 1000 times.
SMALL_MEMBER = 20 << 20
MAX_RATIO = 250
# The one part of a workbook that is held in memory: about a million texts.
MAX_STRINGS = 64 << 20

_BLOCK = 1 << 20
_DELIMITERS = ",\t;|"
_BLANKS = " \t\r\n\u00a0\u3000\ufeff"
# What stands in data and never in a header: a VIN, a date, a phone number.
_DATA = re.compile(
    r"[0-9A-HJ-NPR-Z]{17}|[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}.*|\+?[0-9 -]{7,20}"
)
_ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")
_DIMENSION = re.compile(rb'<(?:\w+:)?dimension ref="[A-Z]+\d+:[A-Z]+(\d+)"')
_WHOLE = re.compile(r"-?[0-9]{1,15}")
_EPOCH = datetime.datetime(1899, 12, 30)
_EPOCH_1904 = datetime.datetime(1904, 1, 1)


class TableError(Exception):
    """A file cannot be read as a table.

    `code` says why, `facts` where; neither holds a cell's content, except a header.
    """

    def __init__(self, code: str, **facts: object):
        super().__init__(f"{code} {facts or ''}".strip())
        self.code = code
        self.facts = facts


class Row(NamedTuple):
    """A row that is not blank.

    `number` counts from 1 as a spreadsheet shows it; `offset` is where the next row
    begins in a CSV file (0 in a workbook).
    """

    number: int
    cells: list[str]
    offset: int


@dataclass(frozen=True, slots=True)
class Layout:
    """What a file is. Rows follow row `header_row`, in a CSV file from `offset` on."""

    format: str  # "csv" or "xlsx"
    header: tuple[str, ...]
    header_row: int
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    sheets: tuple[str, ...] = ()
    offset: int = 0
    last_row: int = 0  # as the workbook says; 0 where it does not
    samples: tuple[str, ...] = ()


def detect(file: BinaryIO, sheet: str = "") -> Layout:
    """Tell the format of a seekable file and find its header.

    :param sheet: name of a workbook's sheet; its first one with content if not given
    :raises TableError: empty, format_xls, format_unknown, damaged, bomb,
        strings_too_large, encoding, encoding_utf16, line_too_long, line_ends,
        quote_open, sheet_missing, no_rows, header_missing, header_title, header_blank,
        header_duplicate, too_many_columns
    """
    file.seek(0)
    start = file.read(4096)
    if not start.strip():
        raise TableError("empty")
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        raise TableError("format_xls")
    if start.startswith(b"PK\x03\x04"):
        return _detect_xlsx(file, sheet)
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise TableError("encoding_utf16")
    if b"\0" in start or start.startswith((b"%PDF", b"PK", b"<")):
        raise TableError("format_unknown")
    return _detect_csv(file)


def read(
    file: BinaryIO, layout: Layout, after_row: int = 0, offset: int = 0
) -> Iterator[Row]:
    """Yield the rows below the header that are not blank.

    :param after_row: number of the last row of an earlier reading, with its `offset`
    :raises TableError: damaged, line_too_long, quote_open; facts name the row
    """
    if layout.format == "xlsx":
        return _read_xlsx(file, layout, max(after_row, layout.header_row))
    if not after_row:
        after_row, offset = layout.header_row, layout.offset
    return _read_csv(file, layout, after_row, offset)


def is_blank(text: str) -> bool:
    return not text.strip(_BLANKS)


def clean(text: str) -> str:
    """Take away the blanks around a cell's text, also wide ones."""
    return text.strip(_BLANKS)


# === HEADER === #


def _find_header(rows: Iterator[Row], **facts: object) -> Layout:
    """Make the layout of the first row that is not blank and the one below it."""
    head = next(rows, None)
    if head is None or head.number > MAX_HEADER_ROW:
        raise TableError("empty" if head is None else "header_missing")
    header = [clean(text) for text in head.cells]
    while header and not header[-1]:
        header.pop()
    first = next(rows, None)
    _check_header(header, head.number, first)
    if first is None:
        raise TableError("no_rows")
    return Layout(
        header=tuple(header),
        header_row=head.number,
        offset=head.offset,
        samples=tuple((*first.cells, *[""] * len(header))[: len(header)]),
        **facts,
    )


def _check_header(header: list[str], number: int, first: Row | None) -> None:
    if len(header) > MAX_COLUMNS:
        raise TableError("too_many_columns", limit=MAX_COLUMNS)
    if any(_DATA.fullmatch(text) for text in header):
        raise TableError("header_missing")
    filled = sum(map(bool, header))
    below = sum(not is_blank(text) for text in first.cells) if first else 0
    if filled == 1 and below > 1:
        raise TableError("header_title", row=number)
    for index, text in enumerate(header):
        if not text:
            raise TableError("header_blank", column=column_letters(index), row=number)
    seen: set[str] = set()
    for text in header:
        if text.casefold() in seen:
            raise TableError("header_duplicate", name=text[:64])
        seen.add(text.casefold())


def column_letters(index: int) -> str:
    """Name a column as spreadsheets do: 0 is A, 26 is AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


# === CSV === #


def _detect_csv(file: BinaryIO) -> Layout:
    encoding = _detect_encoding(file)
    offset = _bom_length(file)
    file.seek(offset)
    line = file.readline(MAX_LINE)
    while line and not line.strip():
        line = file.readline(MAX_LINE)
    if b"\r" in line.rstrip(b"\r\n") and not line.endswith(b"\n"):
        raise TableError("line_ends")
    text = re.sub('"[^"]*"', "", line.decode(encoding, "replace"))
    delimiter = max(_DELIMITERS, key=text.count)
    draft = Layout("csv", (), 0, encoding, delimiter)
    rows = _read_csv(file, draft, 0, offset)
    return _find_header(rows, format="csv", encoding=encoding, delimiter=delimiter)


def _bom_length(file: BinaryIO) -> int:
    file.seek(0)
    return 3 if file.read(3) == codecs.BOM_UTF8 else 0


def _detect_encoding(file: BinaryIO) -> str:
    """Tell which encoding all of a file is in."""
    for encoding in ("utf-8", "gb18030"):
        decoder = codecs.getincrementaldecoder(encoding)()
        file.seek(0)
        try:
            while block := file.read(_BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return encoding
    raise TableError("encoding")


class _Lines:
    """Lines of a binary file as text; `offset` is where the next one begins.

    No byte of a longer character is a line feed, neither in UTF-8 nor in GB18030.
    """

    def __init__(self, file: BinaryIO, encoding: str, offset: int):
        file.seek(offset)
        self._read = functools.partial(file.readline, MAX_LINE)
        self._encoding = encoding
        self.offset = offset

    def __iter__(self) -> Iterator[str]:
        encoding = self._encoding
        for line in iter(self._read, b""):
            self.offset += len(line)
            if len(line) == MAX_LINE:
                raise TableError("line_too_long")
            try:
                text = line.decode(encoding)
            except UnicodeDecodeError:
                text = line.decode(encoding, "replace")
            yield text.replace("\0", DAMAGED) if "\0" in text else text


def _read_csv(
    file: BinaryIO, layout: Layout, number: int, offset: int
) -> Iterator[Row]:
    lines = _Lines(file, layout.encoding, offset)
    try:
        for cells in csv.reader(lines, delimiter=layout.delimiter, strict=True):
            number += 1
            if any(cells) and not all(map(is_blank, cells)):
                yield Row(number, cells, lines.offset)
    except csv.Error:
        # Read on, the cell would swallow the rows that follow.
        raise TableError("quote_open", row=number + 1) from None
    except TableError as error:
        error.facts.setdefault("row", number + 1)
        raise


# === XLSX === #

_DAMAGES = (
    zipfile.BadZipFile,
    zlib.error,
    etree.XMLSyntaxError,
    EOFError,
    KeyError,
    NotImplementedError,
    OverflowError,
    RuntimeError,  # encrypted member
    ValueError,
    IndexError,
)


def _detect_xlsx(file: BinaryIO, sheet: str) -> Layout:
    try:
        book = _Workbook(file)
        if sheet and sheet not in book.sheets:
            raise TableError("sheet_missing", name=sheet[:64])
        names = [sheet] if sheet else list(book.sheets)
        name = next((name for name in names if next(book.rows(name), None)), names[0])
        return _find_header(
            book.rows(name),
            format="xlsx",
            sheet=name,
            sheets=tuple(book.sheets),
            last_row=book.last_row(name),
        )
    except _DAMAGES as error:
        raise TableError("damaged") from error


def _read_xlsx(file: BinaryIO, layout: Layout, after_row: int) -> Iterator[Row]:
    number = after_row
    try:
        for row in _Workbook(file).rows(layout.sheet, after_row):
            number = row.number
            yield row
    except _DAMAGES as error:
        raise TableError("damaged", row=number + 1) from error


class _Workbook:
    """The visible sheets of a workbook, in either kind of OOXML."""

    def __init__(self, file: BinaryIO):
        self._zip = zipfile.ZipFile(file)
        self._check_size()
        if "[Content_Types].xml" not in self._zip.NameToInfo:
            raise TableError("format_unknown")
        root = self._parse(self._find_book())
        self._epoch = _EPOCH_1904 if _is_1904(root) else _EPOCH
        targets = self._read_targets()
        self.sheets = {
            node.get("name"): targets[_relation_id(node)]
            for node in root.iterfind("{*}sheets/{*}sheet")
            if node.get("state", "visible") == "visible"
        }

    def _check_size(self) -> None:
        members = self._zip.infolist()
        packed = [
            member
            for member in members
            if member.file_size > SMALL_MEMBER
            and member.file_size > MAX_RATIO * max(member.compress_size, 1)
        ]
        if packed or sum(member.file_size for member in members) > MAX_UNPACKED:
            raise TableError("bomb")

    def _find_book(self) -> str:
        for name in ("xl/workbook.xml", "xl/workbook2.xml"):
            if name in self._zip.NameToInfo:
                return name
        raise TableError("format_unknown")

    def _read_targets(self) -> dict[str, str]:
        root = self._parse("xl/_rels/workbook.xml.rels")
        return {
            node.get("Id"): _member_name(node.get("Target"))
            for node in root.iter("{*}Relationship")
        }

    def _parse(self, name: str) -> etree._Element:
        return etree.fromstring(self._zip.read(name), _parser())

    @functools.cached_property
    def _strings(self) -> list[str]:
        """The texts that cells refer to by number."""
        info = self._zip.NameToInfo.get("xl/sharedStrings.xml")
        if info is None:
            return []
        if info.file_size > MAX_STRINGS:
            raise TableError("strings_too_large")
        with self._zip.open(info) as stream:
            return [_rich_text(node) for node in _iterate(stream, "{*}si")]

    @functools.cached_property
    def _date_styles(self) -> frozenset[str]:
        """Numbers of the cell styles that show a number as a date."""
        if "xl/styles.xml" not in self._zip.NameToInfo:
            return frozenset()
        root = self._parse("xl/styles.xml")
        own = {
            node.get("numFmtId"): node.get("formatCode", "")
            for node in root.iterfind("{*}numFmts/{*}numFmt")
        }
        styles = root.iterfind("{*}cellXfs/{*}xf")
        formats = (node.get("numFmtId", "0") for node in styles)
        return frozenset(
            str(index)
            for index, key in enumerate(formats)
            if is_date_format(own.get(key) or BUILTIN_FORMATS.get(int(key), ""))
        )

    def last_row(self, sheet: str) -> int:
        """Number of the last row by what the sheet says of itself, 0 if nothing."""
        with self._zip.open(self.sheets[sheet]) as stream:
            found = _DIMENSION.search(stream.read(4096))
        return int(found[1]) if found else 0

    def rows(self, sheet: str, after_row: int = 0) -> Iterator[Row]:
        """Yield the rows of a sheet that are not blank; earlier ones cost little."""
        number = 0
        with self._zip.open(self.sheets[sheet]) as stream:
            for node in _iterate(stream, "{*}row"):
                number = int(node.get("r") or number + 1)
                if number <= after_row:
                    continue
                cells = self._cells(node)
                if any(cells) and not all(map(is_blank, cells)):
                    yield Row(number, cells, 0)

    def _cells(self, row: etree._Element) -> list[str]:
        cells: list[str] = []
        for cell in row:
            place = cell.get("r")
            if place:
                index = _column_index(place.rstrip("0123456789"))
                if index > len(cells):
                    # Far away stands for: more than there may be.
                    cells += [""] * (min(index, MAX_COLUMNS) - len(cells))
            cells.append(self._text(cell))
            if len(cells) > MAX_COLUMNS and cells[-1]:
                break
        return cells

    def _text(self, cell: etree._Element) -> str:
        kind, value = cell.get("t"), None
        for child in cell:
            tag = child.tag.rpartition("}")[2]
            if tag == "f":
                return FORMULA
            if tag == "is":
                return _rich_text(child)
            if tag == "v":
                value = child.text
        if not value:
            return ""
        if kind == "s":
            return self._strings[int(value)]
        if kind in (None, "n"):
            return self._number(value, cell.get("s"))
        if kind == "b":
            return "TRUE" if value == "1" else "FALSE"
        return (
            value[:10]
            if kind == "d" and value[10:19] in ("", "T00:00:00")
            else _unescape(value)
        )

    def _number(self, value: str, style: str | None) -> str:
        if style is not None and style in self._date_styles:
            return self._date(float(value))
        if _WHOLE.fullmatch(value):
            return value
        number = float(value)
        # A spreadsheet keeps 15 digits.
        return str(int(number)) if number.is_integer() and abs(number) < 1e15 else value

    def _date(self, days: float) -> str:
        moment = self._epoch + datetime.timedelta(seconds=round(days * 86400))
        if days < 1 and self._epoch is _EPOCH:
            return f"{moment:%H:%M:%S}"
        plain = moment.time() == datetime.time()
        return f"{moment:%Y-%m-%d}" if plain else f"{moment:%Y-%m-%d %H:%M:%S}"


def _is_1904(root: etree._Element) -> bool:
    node = root.find("{*}workbookPr")
    return node is not None and node.get("date1904") in ("1", "true")


def _relation_id(node: etree._Element) -> str:
    return next(value for name, value in node.items() if name.endswith("}id"))


def _member_name(target: str) -> str:
    return target.lstrip("/") if target.startswith("/") else f"xl/{target}"


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)


def _iterate(stream: io.IOBase, tag: str) -> Iterator[etree._Element]:
    """Yield the elements of one name as they end, and drop each one after its use."""
    for _event, node in etree.iterparse(
        stream, tag=tag, resolve_entities=False, no_network=True, load_dtd=False
    ):
        yield node
        node.clear()
        while node.getprevious() is not None:
            del node.getparent()[0]


@functools.lru_cache(maxsize=1024)
def _column_index(letters: str) -> int:
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - 64
    return index - 1


def _rich_text(node: etree._Element) -> str:
    """Text of a string item: its own and that of its runs, without phonetic hints."""
    texts = []
    for child in node:
        tag = child.tag.rpartition("}")[2]
        if tag == "t":
            texts.append(child.text or "")
        elif tag == "r":
            texts += [part.text or "" for part in child.iterfind("{*}t")]
    return _unescape("".join(texts))


def _unescape(text: str) -> str:
    """Read what XML cannot hold and workbooks write as _x000D_."""
    return _ESCAPE.sub(_character, text) if "_x" in text else text


def _character(match: re.Match) -> str:
    code = int(match[1], 16)
    return DAMAGED if not code or 0xD800 <= code <= 0xDFFF else chr(code)
