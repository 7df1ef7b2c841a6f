# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, models

from ..tools import audit_values


class IrActionsReport(models.Model):
    _inherit = "ir.actions.report"

    @api.model
    def _render_qweb_html(self, report_ref, docids, data=None):
        """Override of `base` to log who prints our records: a PDF is made of it too."""
        rendered = super()._render_qweb_html(report_ref, docids, data=data)
        report = self._get_report(report_ref)
        if report.model.startswith("recall."):
            ids = list(docids or ())
            self.env["recall.audit.event"]._record(
                "report.print",
                self.env[report.model].browse(ids[:1]),
                report=report.report_name,
                count=len(ids),
                ids=ids[: audit_values.LIST_LENGTH],
            )
        return rendered
