# SPDX-License-Identifier: LGPL-3.0-only
"""Pages without an account: forms for everybody, and what is behind links of mails."""

from odoo.http import request

#: What the routes of these pages have in common: no session, and thus no cookie. Links
#: carry their proof; the models keep the limits of forms. Programs that look into mails
#: follow links: a GET only shows a button, what counts is the POST behind it.
PRIVATE_PAGE = {
    "type": "http",
    "auth": "public",
    "website": True,
    "csrf": False,  # would need a session
    "save_session": False,
    "sitemap": False,
}
#: Bytes of a form with a few fields.
SMALL = 8 * 1024


def render_private(template, status=200, **values):
    """Answer with such a page; no cache, no index.

    :param str template: XML id of the page
    """
    response = request.render(template, values, status=status)
    response.headers["Cache-Control"] = "no-store"
    # The token of the address stays here.
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex"
    return response
