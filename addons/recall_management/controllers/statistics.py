# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, http
from odoo.http import content_disposition, request

from odoo.addons.recall_base.tools.workbook import MIMETYPE


class RecallStatistics(http.Controller):
    @http.route(
        "/recall/statistics.xlsx",
        type="http",
        auth="user",
        methods=["GET"],
        readonly=True,
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
        day = fields.Date.context_today(dashboard)
        headers = [
            ("Content-Type", MIMETYPE),
            ("Content-Disposition", content_disposition(f"recalls-{day}.xlsx")),
            ("Cache-Control", "no-store"),
        ]
        return request.make_response(content, headers)
