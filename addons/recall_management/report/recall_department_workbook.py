# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, models

from odoo.addons.recall_base.tools.workbook import make_workbook


class RecallDepartmentWorkbook(models.AbstractModel):
    """S-REPORT: the department report as a workbook, one table and chart a sheet."""

    _name = "recall.department.workbook"
    _description = "Workbook of the department report"

    @api.model
    def _make(self, dialogue):
        """Make the workbook of a ``recall.department.report``.

        :returns: bytes of an XLSX file
        """
        report = self.env["report.recall_management.recall_department_report"]._prepare(
            dialogue
        )
        title = self.env._("Recalls of motor vehicles: report")
        with make_workbook(title) as writer:
            sheet = writer.add_sheet(self.env._("Overview"), widths=(40, 18))
            sheet.write(0, 0, title, writer.title)
            sheet.write_string(1, 0, report["subject"])
            for row, (label, value, style) in enumerate(report["facts"], 3):
                sheet.write(row, 0, label, writer.text)
                sheet.write(row, 1, value, getattr(writer, style))
            for section in report["sections"]:
                columns = [
                    (label, key, getattr(writer, style))
                    for label, key, style in section["columns"]
                ]
                charted = section["charted"]
                writer.add_charted(
                    *(section["title"][:31], columns, section["rows"], charted),
                    columns[charted][0],
                )
        return writer.content
