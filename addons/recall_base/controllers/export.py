# SPDX-License-Identifier: LGPL-3.0-only
import xlsxwriter

from odoo.addons.web.controllers.export import CSVExport

from ..tools.workbook import TextWorkbook, guard

# Odoo's exports of lists and pivots would write a text that begins with "=" as a
# formula. They take the class from here, where Odoo has put one of its own as well.
xlsxwriter.Workbook = TextWorkbook


class RecallCsvExport(CSVExport):
    """No cell of an exported list is a formula."""

    def from_data(self, fields, columns_headers, rows):
        """Override of `web`, which leaves out the signs of other spreadsheets."""
        guarded = [[guard(cell) for cell in row] for row in rows]
        return super().from_data(fields, columns_headers, guarded)
