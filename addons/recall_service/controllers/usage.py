# SPDX-License-Identifier: LGPL-3.0-only
import io

from werkzeug.exceptions import BadRequest

from odoo import fields, http
from odoo.http import request

from odoo.addons.recall_base.controllers.download import send_file
from odoo.addons.recall_base.tools.workbook import MIMETYPE


class RecallUsage(http.Controller):
    @http.route(
        "/recall/usage.xlsx",
        type="http",
        auth="user",
        methods=["GET"],
        max_content_length=0,
    )
    def workbook(self, **period):
        """S-REPORT: the workbook of the days that the dialogue asked for."""
        try:
            first, last = (fields.Date.to_date(period[name]) for name in ("from", "to"))
        except (KeyError, ValueError):
            first = last = None
        if not (first and last):
            raise BadRequest("A period has two dates.")
        # Checked as the dialogue's own values are.
        report = request.env["recall.usage.report"].create(
            {"date_from": first, "date_to": last}
        )
        content = request.env["recall.usage.workbook"]._make(
            report.date_from, report.date_to
        )
        report._note_export("xlsx")
        name = f"recall-usage-{report.date_from}-{report.date_to}.xlsx"
        return send_file(io.BytesIO(content), name, MIMETYPE)
