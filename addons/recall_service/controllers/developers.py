# SPDX-License-Identifier: LGPL-3.0-only
from odoo import SUPERUSER_ID, http
from odoo.http import request

from odoo.addons.recall_base.controllers.read_route import READ_BY_ANYBODY
from odoo.addons.recall_base.tools.messages import ApiStatus

from ..models.recall_share_developers import EXAMPLES, find_advice, show_samples
from ..models.recall_share_sandbox import CASES
from .public_page import READ_PAGE


class RecallDevelopers(http.Controller):
    """What a data user's programmers need: the description of the interface."""

    _page_url = "/recall/developers"

    # The site map calls it as a plain function.
    def _sitemap(env, rule, qs):
        if not qs or qs.lower() in RecallDevelopers._page_url:
            yield {"loc": RecallDevelopers._page_url}

    @http.route(
        _page_url,
        sitemap=_sitemap,
        **READ_PAGE,
    )
    def page(self):
        """The documentation of the sharing interface."""
        base = request.httprequest.host_url.rstrip("/")
        translate = request.env._
        values = {
            "endpoint": f"POST {base}/recall/v1/share",
            "samples": show_samples(base),
            "cases": [(case, translate(case.shows)) for case in CASES],
            "codes": [
                (int(status), *map(translate, find_advice(status)))
                for status in ApiStatus
            ],
            "examples": [example.show(base) for example in EXAMPLES],
        }
        return request.render("recall_service.developers_page", values)

    @http.route("/recall/v1/openapi.json", **READ_BY_ANYBODY)
    def openapi(self):
        """The description of the data interfaces for programs (OpenAPI 3.1)."""
        # The same for everybody: it is made of the program, not of records.
        env = request.env(user=SUPERUSER_ID)
        return request.make_response(
            env["recall.openapi"]._get_text(),
            headers=[
                ("Content-Type", "application/json; charset=utf-8"),
                ("Cache-Control", "public, max-age=3600"),
            ],
        )
