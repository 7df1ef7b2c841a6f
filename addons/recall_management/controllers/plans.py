# SPDX-License-Identifier: LGPL-3.0-only
from odoo import http
from odoo.http import request

from odoo.addons.recall_base.models.recall_import_file import MAX_FORM
from odoo.addons.recall_base.tools import answers, messages
from odoo.addons.recall_base.tools.messages import Request
from odoo.addons.recall_base.tools.plan_messages import PlansRequest


class RecallPlans(http.Controller):
    _plans_url = "/recall/v1/plans"

    _upload_url = "/recall/v1/plans/upload"

    @http.route(
        _upload_url,
        type="recall",
        envelope="upload",
        body="file",
        log="recall.plan.interface.log",
        auth="none",
        csrf=False,
        save_session=False,
        readonly=False,
        max_content_length=MAX_FORM,
    )
    def upload(self, message, request_id):
        """The filing system uploads a VIN list that a plan will name (5.2.2.1)."""
        http_request = request.httprequest
        upload = request.env["recall.plan.interface"]._receive(
            messages.validate(Request, message),
            http_request.remote_addr,
            lambda: http_request.files.get("file"),
        )
        return answers.upload_answer([upload], request_id=request_id)

    @http.route(
        _plans_url,
        type="recall",
        envelope="plans",
        log="recall.plan.interface.log",
        auth="none",
        csrf=False,
        save_session=False,
        readonly=False,
        max_content_length=16 * 1024 * 1024,
    )
    def plans(self, message, request_id):
        """The filing system hands plans over (clauses 5.1 and 5.2.2.1)."""
        results = request.env["recall.plan.interface"]._answer(
            messages.validate(PlansRequest, message), request.httprequest.remote_addr
        )
        return answers.plans_answer(results, request_id=request_id)
