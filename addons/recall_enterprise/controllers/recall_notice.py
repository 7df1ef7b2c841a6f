# SPDX-License-Identifier: LGPL-3.0-only
import io

from odoo import http
from odoo.http import request

from odoo.addons.recall_base.controllers.download import send_file


class RecallNoticeController(http.Controller):
    @http.route(
        "/recall/notice/letters/<int:file_id>",
        type="http",
        auth="user",
        methods=["GET"],
        readonly=False,
        max_content_length=1024,
    )
    def download_letters(self, file_id):
        """Give out a file of letters to a reader of personal data, and log it."""
        file = request.env["recall.notice.file"].browse(file_id).exists()
        if not file:
            raise request.not_found()
        file._check_reader()
        content = file._open_content()
        request.env["recall.audit.event"]._record(
            "notice_file.download", file, letters=file.letter_count
        )
        return send_file(io.BytesIO(content), file.name, "application/pdf")
