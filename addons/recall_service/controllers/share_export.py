# SPDX-License-Identifier: LGPL-3.0-only
from odoo import SUPERUSER_ID, http
from odoo.http import request

from odoo.addons.recall_base.controllers.read_route import READ_BY_ANYBODY
from odoo.addons.recall_base.tools import answers
from odoo.addons.recall_base.tools.messages import ApiStatus, MessageError

from ..models.recall_share_export_file import URL

HTTP_STATUS = {
    ApiStatus.KEY_INVALID: 403,
    ApiStatus.KEY_EXPIRED: 410,
    ApiStatus.NOT_PERMITTED: 403,
    ApiStatus.ROUTE_INVALID: 404,
}


class RecallShareExport(http.Controller):
    @http.route(f"{URL}/<string:signed>", **READ_BY_ANYBODY)
    def download(self, signed):
        """Give a file of an export to whoever has its signed address."""
        # The signature says who may have the file, not an Odoo user.
        request.update_env(user=SUPERUSER_ID)
        try:
            file, interface = request.env["recall.share.export.file"]._open_address(
                signed
            )
        except MessageError as error:
            return request.make_json_response(
                answers.error_answer("share", error.status, error.message),
                status=HTTP_STATUS[error.status],
                headers=[("Cache-Control", "no-store")],
            )
        stream = request.env["ir.binary"]._get_stream_from(file.attachment_id, "raw")
        response = stream.get_response(as_attachment=True)
        response.headers["Cache-Control"] = "no-store"
        request.env["recall.share.usage"]._count(
            (interface.id, "export", int(ApiStatus.SUCCESS)),
            (1, 0, response.content_length or 0),
        )
        return response
