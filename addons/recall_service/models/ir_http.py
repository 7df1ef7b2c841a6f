# SPDX-License-Identifier: LGPL-3.0-only
from werkzeug.exceptions import abort

from odoo import api, models
from odoo.http import request

#: The ``captcha=`` of routes that the guard of the public search keeps.
GUARDED = "recall_lookup"


class IrHttp(models.AbstractModel):
    _inherit = "ir.http"

    @classmethod
    def _get_translation_frontend_modules_name(cls):
        return [*super()._get_translation_frontend_modules_name(), "recall_service"]

    @api.model
    def _verify_request_recaptcha_token(self, action):
        """Override of `base` to keep the public search without asking a stranger."""
        if action != GUARDED:
            return super()._verify_request_recaptcha_token(action)
        visitor = request.httprequest
        hurdle = self.env["recall.lookup.guard"]._admit(
            visitor.form, visitor.remote_addr
        )
        if hurdle:
            abort(self._render_recall_hurdle(hurdle, visitor.form))
        return None

    def _render_recall_hurdle(self, hurdle, form):
        """The page that asks to calculate or to wait, with what was typed in it."""
        values = {"case": "hurdle", "hurdle": hurdle, "typed": form.get("vin", "")}
        response = request.render("recall_service.lookup_page", values, status=429)
        response.flatten()
        response.headers.update(
            {"Retry-After": str(hurdle.seconds), "Cache-Control": "no-store"}
        )
        return response
