# SPDX-License-Identifier: LGPL-3.0-only
import logging
import time

import psycopg2

from odoo import http
from odoo.http import request

from odoo.addons.recall_base.tools import share_messages, vin
from odoo.addons.recall_base.tools.messages import ApiStatus, MessageError
from odoo.addons.recall_base.tools.share_messages import MAX_SHARE_REQUEST

from ..models.recall_lookup import LEGACY_VIN
from ..models.recall_share import make_refusal

_logger = logging.getLogger(__name__)


class RecallShare(http.Controller):
    _share_url = "/recall/v1/share"

    @http.route(
        _share_url,
        type="recall",
        envelope="share",
        meter="recall.share.usage",
        auth="none",
        csrf=False,
        save_session=False,
        readonly=True,
        max_content_length=MAX_SHARE_REQUEST,
    )
    def share(self, message, request_id):
        """Annex C: a data user asks for the recalls of one vehicle; or for more."""
        started = time.monotonic()
        method = share_messages.choose_method(message)
        request.recall_asked = {"method": method}
        asked = share_messages.read_request(method, message)
        if method == "one":
            self._check_form(asked.api_exchange_vin)
        try:
            grant = request.env["recall.share.interface"]._authorise(
                asked.api_exchange_token,
                asked.api_exchange_cfg,
                "share",
                request.httprequest.remote_addr,
            )
            if method != "one":  # whose statement sets its own limit
                request.env["recall.lookup"]._limit_time()
            return getattr(self, f"_share_{method}")(asked, grant, request_id, started)
        except psycopg2.OperationalError as error:
            # Odoo would try it again, for up to 30 s; the data user is gone after 3.
            _logger.error("Request %s failed: %s", request_id, type(error).__name__)
            raise MessageError(
                ApiStatus.BACKEND_FAULT, ApiStatus.BACKEND_FAULT.text
            ) from error

    def _share_one(self, asked, grant, request_id, started):
        self._admit(grant, "one", 1)
        return request.env["recall.share"]._answer_one(
            asked.api_exchange_vin, grant, request_id, started
        )

    def _share_many(self, asked, grant, request_id, _started):
        vins = asked.api_exchange_vins
        self._admit(grant, "many", len(vins))
        return request.env["recall.share"]._answer_many(vins, grant, request_id)

    def _share_changes(self, asked, grant, request_id, _started):
        self._admit(grant, "changes", 0)
        page = request.env["recall.share.change"]._read_page(
            asked.api_exchange_cursor, asked.api_limit, grant
        )
        request.recall_asked["vins"] = len(page.vins)
        return request.env["recall.share"]._answer_many(
            page.vins,
            grant,
            request_id,
            next_cursor=page.next_cursor,
            has_more=page.has_more,
        )

    def _share_export(self, asked, grant, request_id, _started):
        self._admit(grant, "export", 0)
        return request.env["recall.share.export"]._answer(
            asked.api_exchange_export, grant, request_id, request.httprequest.host_url
        )

    def _admit(self, grant, method, vins):
        """Refuse what the interface does not permit, or not so much of."""
        request.env["recall.share.interface"]._check_method(grant, method)
        request.env["recall.share.usage"]._admit(grant.interface_id, grant.terms, vins)
        request.recall_asked["vins"] = vins

    def _check_form(self, text):
        if not vin.is_vin(text) and not LEGACY_VIN.fullmatch(text):
            raise make_refusal(text)
