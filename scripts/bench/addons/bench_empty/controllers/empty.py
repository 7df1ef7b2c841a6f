# SPDX-License-Identifier: LGPL-3.0-only
from odoo import http
from odoo.http import request


class Empty(http.Controller):
    @http.route(
        "/bench/empty", type="http", auth="none", csrf=False, save_session=False
    )
    def empty(self):
        """The floor of Odoo: a request with a database that asks it nothing."""
        return request.make_json_response({})
