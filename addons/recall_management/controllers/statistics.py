# SPDX-License-Identifier: LGPL-3.0-only
import io

from odoo import fields, http
from odoo.http import request

from odoo.addons.recall_base.controllers.download import send_file
from odoo.addons.recall_base.tools.workbook import MIMETYPE


class RecallStatistics(http.Controller):
    @http.route(
        "/recall/statistics.xlsx",
        type="http",
        auth="user",
        methods=["GET"],
        max_content_length=0,
    )
    def workbook(self, producer=None, brand=None, year=None, **_others):
        """M-STAT: the workbook of the plans that the dashboard's filters choose."""
        dashboard = request.env["recall.statistics.dashboard"]
        dashboard._check_role()
        filters = dashboard._parse_filters({"brand": brand, "year": year})
        producers = None
        if producer and producer.isdecimal():
            producers = request.env["recall.producer"].search([("id", "=", producer)])
        content = request.env["recall.statistic.workbook"]._make(
            producers=producers, **filters
        )
        request.env["recall.audit.event"]._record(
            "report.export",
            kind="xlsx",
            producers=producers.ids if producers else [],
            **filters,
        )
        day = fields.Date.context_today(dashboard)
        return send_file(io.BytesIO(content), f"recalls-{day}.xlsx", MIMETYPE)

    @http.route(
        "/recall/department/<int:report_id>.xlsx",
        type="http",
        auth="user",
        methods=["GET"],
        max_content_length=0,
    )
    def department(self, report_id):
        """S-REPORT: the workbook of what the account chose in its dialogue."""
        report = request.env["recall.department.report"].search(
            [("id", "=", report_id), ("create_uid", "=", request.env.uid)]
        )
        if not report:
            raise request.not_found(
                request.env._("This report is gone. Choose its period again.")
            )
        content = request.env["recall.department.workbook"]._make(report)
        report._note_export("xlsx")
        first, last = report._get_months()
        name = f"recall-report-{first:%Y-%m}-{last:%Y-%m}.xlsx"
        return send_file(io.BytesIO(content), name, MIMETYPE)
