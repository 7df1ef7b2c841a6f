# SPDX-License-Identifier: LGPL-3.0-only
from odoo import http
from odoo.http import request

from odoo.addons.recall_base.tools import answers, messages, vin
from odoo.addons.recall_base.tools.messages import (
    ApiStatus,
    MessageError,
    ShareRequest,
)


class RecallShare(http.Controller):
    _share_url = "/recall/v1/share"

    @http.route(
        _share_url,
        type="recall",
        envelope="share",
        auth="none",
        csrf=False,
        save_session=False,
        readonly=True,
        max_content_length=8 * 1024,
    )
    def share(self, message, request_id):
        """Annex C: a data user asks for the recalls of one vehicle."""
        asked = messages.validate(ShareRequest, message)
        self._check_vin(asked.api_exchange_vin)
        request.env["recall.share.interface"]._authorise(
            asked.api_exchange_token,
            asked.api_exchange_cfg,
            "share",
            request.httprequest.remote_addr,
        )
        records = request.env["recall.lookup"]._share(asked.api_exchange_vin)
        return answers.share_answer(records, request_id=request_id)

    def _check_vin(self, text):
        report = vin.check_vin(text)
        if not report.valid:
            finding = next(item for item in report.findings if item.severity == "error")
            raise MessageError(
                ApiStatus.PARAMETER_FORMAT,
                f"The member api_exchange_vin is not a VIN: {finding.message}.",
                "api_exchange_vin",
            )
