# SPDX-License-Identifier: LGPL-3.0-only
from odoo import http
from odoo.http import request

from odoo.addons.recall_base.tools import answers, messages, vin
from odoo.addons.recall_base.tools.messages import (
    ApiStatus,
    MessageError,
    ShareRequest,
)

from ..models.recall_lookup import LEGACY_VIN


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
        report = vin.check_vin(asked.api_exchange_vin)
        if not report.valid and not LEGACY_VIN.fullmatch(report.text):
            raise self._refuse(report)
        request.env["recall.share.interface"]._authorise(
            asked.api_exchange_token,
            asked.api_exchange_cfg,
            "share",
            request.httprequest.remote_addr,
        )
        records = request.env["recall.lookup"]._share(asked.api_exchange_vin)
        if not report.valid and not records:  # nor the number of a legacy vehicle
            raise self._refuse(report)
        return answers.share_answer(records, request_id=request_id)

    def _refuse(self, report):
        """The error that says what is wrong with a VIN."""
        finding = next(item for item in report.findings if item.severity == "error")
        return MessageError(
            ApiStatus.PARAMETER_FORMAT,
            f"The member api_exchange_vin is not a VIN: {finding.message}.",
            "api_exchange_vin",
        )
