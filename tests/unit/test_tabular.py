# SPDX-License-Identifier: LGPL-3.0-only
"""Files of tables: whatever was written comes back, and a bad file is refused."""

import csv
import datetime
import io
import zipfile

import openpyxl
import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st
from tools import tabular
from tools.tabular import TableError

HEADER = ["Recall", "VIN", "电话", "Note"]
# What XML and CSV can hold: no NUL, no half of a surrogate pair, no bare line ends
# that a program would unify.
TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"),
    max_size=20,
)
CELL = st.one_of(
    TEXT,
    st.sampled_from(
        [
            '"',
            '""',
            ",",
            ";",
            "\t",
            "a\nb",
            "=1+1",
            "-1",
            "+86",
            "@x",
            "'",
            "召回",
            "\\N",
        ]
    ),
)
ROW = st.lists(CELL, min_size=4, max_size=4)
ROWS = st.lists(ROW, max_size=12)


def is_blank(row):
    return all(tabular.is_blank(cell) for cell in row)


def numbered(rows):
    """The rows that are not blank, with their numbers below the header in row 1."""
    return [(at, row) for at, row in enumerate(rows, start=2) if not is_blank(row)]


def write_csv(rows, encoding="utf-8", delimiter=",", line_end="\r\n"):
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=line_end)
    # A spreadsheet leaves blank rows blank; csv.writer would write one empty cell.
    for row in rows:
        if is_blank(row) and row:
            text.write(delimiter * (len(row) - 1) + line_end)
        else:
            writer.writerow(row)
    return io.BytesIO(text.getvalue().encode(encoding))


def write_xlsx(rows, **options):
    file = io.BytesIO()
    safe = {"strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(file, {"in_memory": True, **safe, **options}) as book:
        sheet = book.add_worksheet()
        for at, row in enumerate(rows):
            for column, cell in enumerate(row):
                sheet.write_string(at, column, cell)
    return file


def read_all(file, width=4):
    layout = tabular.detect(file)
    return [
        (row.number, (row.cells + [""] * width)[:width])
        for row in tabular.read(file, layout)
    ]


def code_of(file, sheet=""):
    with pytest.raises(TableError) as caught:
        tabular.detect(file, sheet)
    return caught.value.code


@given(
    ROWS,
    st.sampled_from(["utf-8", "utf-8-sig", "gb18030"]),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["\r\n", "\n"]),
)
def test_rows_written_as_csv_come_back_changed(rows, encoding, delimiter, line_end):
    rows = [*rows, ["S2025M0001V", "x", "1", "end"]]
    file = write_csv([HEADER, *rows], encoding, delimiter, line_end)
    assert read_all(file) == numbered(rows)


@given(ROWS, st.booleans())
def test_rows_written_as_xlsx_come_back_changed(rows, streamed):
    rows = [*rows, ["S2025M0001V", "x", "1", "end"]]
    file = write_xlsx([HEADER, *rows], constant_memory=streamed)
    assert read_all(file) == numbered(rows)


@given(ROWS)
def test_rows_written_by_openpyxl_come_back_changed(rows):
    rows = [*rows, ["S2025M0001V", "x", "1", "end"]]
    book = openpyxl.Workbook()
    for at, row in enumerate([HEADER, *rows], start=1):
        for column, cell in enumerate(row, start=1):
            place = book.active.cell(at, column)
            place.data_type, place._value = "s", cell
    file = io.BytesIO()
    book.save(file)
    assert read_all(file) == numbered(rows)


@given(ROWS, st.data(), st.sampled_from(["utf-8-sig", "gb18030", "xlsx"]))
def test_reading_from_the_middle_gives_other_rows(rows, data, form):
    rows = [*rows, ["S2025M0001V", "x", "1", "end"]]
    whole = [HEADER, *rows]
    file = write_xlsx(whole) if form == "xlsx" else write_csv(whole, form)
    layout = tabular.detect(file)
    found = list(tabular.read(file, layout))
    cut = data.draw(st.integers(0, len(found)))
    after = found[cut - 1] if cut else tabular.Row(0, [], 0)
    rest = list(tabular.read(file, layout, after.number, after.offset))
    assert rest == found[cut:]


@pytest.mark.parametrize(
    ("code", "content"),
    [
        ("empty", b""),
        ("empty", b" \r\n\n"),
        ("empty", b"\xef\xbb\xbf"),
        ("format_xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
        ("format_unknown", b"%PDF-1.7\n"),
        ("format_unknown", b"VIN\0,x\n1,2\n"),
        ("format_unknown", b"<html><table>"),
        ("encoding_utf16", "VIN,x\n1,2\n".encode("utf-16")),
        ("encoding", b"VIN,x\n\xff\xff\xff\n"),
        ("no_rows", b"VIN,Date\n"),
        ("no_rows", b"VIN,Date\n,\n\n"),
        ("line_ends", b"VIN,Date\rx,y\rz,a"),
        ("header_missing", b"LTZAA11B1SA000001,2025-03-01\nx,y\n"),
        ("header_missing", b"name,13800138000\nx,y\n"),
        ("header_missing", b"\n" * 60 + b"VIN,Date\nx,y\n"),
        ("header_title", "汽车召回维修记录,,\nVIN,日期,电话\nx,y,z\n".encode()),
        ("header_blank", b"VIN,,Date\nx,y,z\n"),
        ("header_duplicate", b"VIN,vin \nx,y\n"),
        ("too_many_columns", ",".join(f"c{n}" for n in range(201)).encode() + b"\nx\n"),
        ("quote_open", b'VIN,Date\n"x,y\n' + b"z,z\n" * 50_000),
        ("quote_open", b'VIN,Date\n"x"x,y\n'),
        ("line_too_long", b"V" * (1 << 20) + b"\nx\n"),
        ("damaged", b"PK\x03\x04 but nothing else"),
    ],
)
def test_bad_file_is_taken_for_a_table(code, content):
    assert code_of(io.BytesIO(content)) == code


def test_open_quotation_mark_swallows_the_rows_behind_it():
    file = write_csv([HEADER, *[["a", "b", "c", "d"]] * 5])
    file.seek(0, io.SEEK_END)
    file.write(b'"x,b,c,d\r\ny,b,c,d\r\n')
    rows = tabular.read(file, tabular.detect(file))
    assert len([next(rows) for _ in range(5)]) == 5
    with pytest.raises(TableError) as caught:
        next(rows)
    assert (caught.value.code, caught.value.facts) == ("quote_open", {"row": 7})


def test_row_that_is_no_text_spoils_the_file():
    # The first megabyte is fine, so that only a whole look at the file tells.
    good = b"a,b,c,d\r\n" * 150_000
    file = io.BytesIO(b"Recall,VIN,x,y\r\n" + good + b"\xff\xfe,b,c,d\r\n")
    assert code_of(file) == "encoding"


def test_nul_reaches_the_database():
    file = io.BytesIO(b"Recall,VIN\r\n" + b"a,b\r\n" * 1000 + b"x\0,y\r\n")
    assert read_all(file, 2)[-1] == (1002, ["x\ufffd", "y"])


def test_gb18030_behind_a_megabyte_of_ascii_is_garbled():
    rows = [["a", "b", "c", "d"]] * 150_000 + [["召回", "b", "c", "d"]]
    file = write_csv([["Recall", "VIN", "x", "y"], *rows], "gb18030")
    layout = tabular.detect(file)
    assert layout.encoding == "gb18030"
    assert list(tabular.read(file, layout))[-1].cells[0] == "召回"


def test_cells_of_a_workbook_lose_their_meaning():
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        day = book.add_format({"num_format": "yyyy/m/d"})
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        sheet.write_row(0, 0, [f"column {letter}" for letter in "abcdefgh"])
        sheet.write_datetime(1, 0, datetime.date(2025, 3, 1), day)
        sheet.write_datetime(1, 1, datetime.datetime(2025, 3, 1, 14, 30), moment)
        sheet.write_number(1, 2, 13800138000)
        sheet.write_number(1, 3, 1.5)
        sheet.write_boolean(1, 4, True)
        sheet.write_formula(1, 5, "=1+1", value=2)
        sheet.write_number(1, 6, 1.2345678901234568e17)
        sheet.write_rich_string(1, 7, "a", book.add_format({"bold": True}), "b")
    [(_number, cells)] = read_all(file, 8)
    assert cells == [
        *("2025-03-01", "2025-03-01 14:30:00", "13800138000", "1.5", "TRUE"),
        *(tabular.FORMULA, "1.234567890123457E+17", "ab"),
    ]


def test_dates_of_a_workbook_that_counts_from_1904_are_four_years_off():
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True, "date_1904": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["VIN", "Date"])
        form = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_datetime(1, 1, datetime.date(2025, 3, 1), form)
    assert read_all(file, 2) == [(2, ["", "2025-03-01"])]


def test_merged_title_hides_the_header():
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.merge_range(0, 0, 0, 2, "召回维修记录")
        sheet.write_row(1, 0, ["VIN", "日期", "电话"])
        sheet.write_row(2, 0, ["x", "y", "z"])
    assert code_of(file) == "header_title"


def test_sheets_are_mixed_up():
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        book.add_worksheet("Read me")
        hidden = book.add_worksheet("Hidden")
        hidden.write_row(0, 0, ["secret"])
        hidden.hide()
        for name in ("First", "Second"):
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, ["VIN", name])
            sheet.write_row(1, 0, ["x", "y"])
    layout = tabular.detect(file)
    assert (layout.sheet, layout.sheets) == ("First", ("Read me", "First", "Second"))
    assert tabular.detect(file, "Second").header == ("VIN", "Second")
    assert code_of(file, "Hidden") == "sheet_missing"


def test_zip_bomb_is_unpacked():
    file = write_xlsx([HEADER, ["a", "b", "c", "d"]])
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/bomb.xml", b" " * (tabular.SMALL_MEMBER + 1))
    assert code_of(file) == "bomb"


def test_entities_are_expanded():
    file = write_xlsx([HEADER, ["a", "b", "c", "d"]])
    bomb = (
        b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
        b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        b"<si><t>&b;</t></si></sst>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            target.writestr(name, bomb if name == "xl/sharedStrings.xml" else content)
    assert code_of(out) in ("damaged", "header_missing", "empty", "header_blank")


def test_workbook_that_was_cut_off_is_read_to_the_cut():
    content = write_xlsx([HEADER, ["a", "b", "c", "d"]]).getvalue()
    for size in range(100, len(content), 997):
        assert code_of(io.BytesIO(content[:size])) in ("damaged", "format_unknown")


def test_million_columns_fill_the_memory():
    book = openpyxl.Workbook()
    book.active["A1"], book.active["XFD1"] = "VIN", "far away"
    book.active["A2"] = "x"
    file = io.BytesIO()
    book.save(file)
    assert code_of(file) == "too_many_columns"
