# SPDX-License-Identifier: LGPL-3.0-only
from odoo import http
from odoo.http import request

from odoo.addons.recall_base.tools import messages
from odoo.addons.recall_base.tools.messages import CollectRequest, SyncRequest


class RecallEnterprise(http.Controller):
    _sync_url = "/recall/v1/sync"
    _collect_url = "/recall/v1/collect"

    @http.route(
        _sync_url,
        type="recall",
        envelope="sync",
        log="recall.interface.log",
        auth="none",
        csrf=False,
        save_session=False,
        readonly=False,  # a delivery is made and acknowledged
        max_content_length=messages.MAX_SYNC_REQUEST,
    )
    def sync(self, message, request_id):
        """Annex B: the management terminal asks for confirmed records."""
        return request.env["recall.interface"]._answer_sync(
            messages.validate(SyncRequest, message),
            request_id,
            request.httprequest.remote_addr,
        )

    @http.route(
        _collect_url,
        type="recall",
        envelope="collect",
        log="recall.interface.log",
        auth="none",
        csrf=False,
        save_session=False,
        readonly=False,
        max_content_length=8 * 1024 * 1024,
    )
    def collect(self, message, request_id):
        """The producer's internal system reports repairs (5.2.1.1)."""
        return request.env["recall.collection"]._answer_collect(
            messages.validate(CollectRequest, message),
            request_id,
            request.httprequest.remote_addr,
        )
