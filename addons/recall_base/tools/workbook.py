# SPDX-License-Identifier: LGPL-3.0-only
"""Workbooks with tables and charts of one look.

What others wrote (names, brands) is text in every cell: never a formula, never a link.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager

import xlsxwriter

MIMETYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: Bars of a chart: the first rows of the sheet.
BARS = 15
COLOR = "#6F4F8F"
_TEXTS = {
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
#: Options of a workbook that is written row by row, however many there are.
STREAMED = {"constant_memory": True, **_TEXTS}
_OPTIONS = {"in_memory": True, **_TEXTS}


#: What a spreadsheet takes for the beginning of a formula.
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
#: Put before such a text in a CSV file: the spreadsheet shows the text.
GUARD = "'"


def guard(value):
    """A value for a CSV file: a text in it is never run as a formula."""
    is_formula = isinstance(value, str) and value.startswith(FORMULA_SIGNS)
    return GUARD + value if is_formula else value


class TextWorkbook(xlsxwriter.Workbook):
    """A workbook in which texts stay texts, unless it is told otherwise."""

    def __init__(self, filename=None, options=None):
        super().__init__(filename, {**_TEXTS, **(options or {})})


@contextmanager
def make_workbook(title: str) -> Iterator["Writer"]:
    """Make an XLSX file; afterwards it is the writer's `content`."""
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, _OPTIONS) as book:
        book.set_properties({"title": title})
        writer = Writer(book)
        yield writer
    writer.content = stream.getvalue()


class Writer:
    """Sheets, tables and charts of one look."""

    def __init__(self, book):
        self._book = book
        #: The file, once the workbook is closed.
        self.content = b""
        font = {"font_name": "Noto Sans CJK SC", "font_size": 10}
        cell = {**font, "bottom": 4, "bottom_color": "#CCCCCC"}
        self.title = book.add_format({**font, "font_size": 16, "bold": True})
        self.head = book.add_format(
            {
                **font,
                "bold": True,
                "font_color": "#FFFFFF",
                "bg_color": COLOR,
                "text_wrap": True,
                "align": "center",
                "valign": "vcenter",
            }
        )
        self.text = book.add_format(cell)
        self.number = book.add_format({**cell, "num_format": "#,##0"})
        self.decimal = book.add_format({**cell, "num_format": "#,##0.00"})
        self.percent = book.add_format({**cell, "num_format": "0.0%"})
        self.date = book.add_format({**cell, "num_format": "yyyy-mm-dd"})
        self.month = book.add_format({**cell, "num_format": "yyyy-mm"})
        self.year = book.add_format({**cell, "num_format": "0", "align": "left"})

    def add_sheet(self, name, *, widths):
        sheet = self._book.add_worksheet(name)
        sheet.hide_gridlines(2)
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        for column, width in enumerate(widths):
            sheet.set_column(column, column, width)
        return sheet

    def add_table(self, sheet, columns, rows, *, top=0):
        """Write a table.

        :param columns: list of ``(name, key of the rows, format)``
        """
        sheet.set_row(top, 30)
        for column, (name, _key, _style) in enumerate(columns):
            sheet.write_string(top, column, name, self.head)
        for number, row in enumerate(rows, top + 1):
            for column, (_name, key, style) in enumerate(columns):
                _write(sheet, number, column, row[key], style)
        if not top:
            sheet.freeze_panes(1, 1)
            sheet.repeat_rows(0)
            sheet.autofilter(0, 0, max(len(rows), 1), len(columns) - 1)

    def add_chart(self, sheet, kind, top, count, names, shown, columns, title, *, at):
        """Draw columns of a table.

        :param int top: row of the table's head
        :param int count: rows drawn, from the first
        :param int names: column of the categories
        :param shown: columns of the series
        :param at: cell at which the chart stands, ``(row, column)``
        """
        chart = self._book.add_chart({"type": kind})
        for column in shown:
            chart.add_series(
                {
                    "name": columns[column][0],
                    "categories": [sheet.name, top + 1, names, top + count, names],
                    "values": [sheet.name, top + 1, column, top + count, column],
                    **({"fill": {"color": COLOR}} if column == shown[0] else {}),
                    **({"line": {"color": COLOR}} if kind == "line" else {}),
                }
            )
        chart.set_title({"name": title, "name_font": {"size": 12}})
        if len(shown) == 1:
            chart.set_legend({"none": True})
        if kind == "bar":
            chart.set_y_axis({"reverse": True})  # the first row on top
            chart.set_x_axis({"min": 0, "major_gridlines": {"visible": True}})
        else:
            chart.set_y_axis({"min": 0})
        height = 60 + 24 * count if kind == "bar" else 0
        chart.set_size({"width": 620, "height": max(340, height)})
        sheet.insert_chart(*at, chart)

    def add_charted(self, name, columns, rows, charted, title, bars=BARS):
        """A sheet with a table and a bar chart of its first rows."""
        sheet = self.add_sheet(name, widths=(34, *(14,) * (len(columns) - 1)))
        self.add_table(sheet, columns, rows)
        if rows:
            self.add_chart(
                *(sheet, "bar", 0, min(len(rows), bars), 0, (charted,), columns, title),
                at=(1, len(columns) + 1),
            )


def _write(sheet, row, column, value, style):
    if value is None or value is False:
        sheet.write_blank(row, column, None, style)
    elif isinstance(value, str):
        sheet.write_string(row, column, value, style)
    elif hasattr(value, "year"):
        sheet.write_datetime(row, column, value, style)
    else:
        sheet.write_number(row, column, value, style)
