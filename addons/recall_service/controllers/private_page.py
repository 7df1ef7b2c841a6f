# SPDX-License-Identifier: LGPL-3.0-only
from odoo.http import request


def render_private(template, status=200, **values):
    """Answer with a page behind a link that proves itself; no cache, no index.

    :param str template: XML id of the page
    """
    response = request.render(template, values, status=status)
    response.headers["Cache-Control"] = "no-store"
    # The token of the address stays here.
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex"
    return response
