# SPDX-License-Identifier: LGPL-3.0-only
from werkzeug.exceptions import abort

from odoo import api, models
from odoo.http import request

from .recall_lookup_guard import FREE, GUARDED_SEARCH

#: Members of a form, and characters of each, that are kept while its visitor waits:
#: more than any form has.
MEMBERS = 40
LONGEST = 4000
#: Members that are the guard's own.
_PROOFS = {"altcha", "ticket"}


class IrHttp(models.AbstractModel):
    _inherit = "ir.http"

    @classmethod
    def _get_translation_frontend_modules_name(cls):
        return [*super()._get_translation_frontend_modules_name(), "recall_service"]

    @api.model
    def _verify_request_recaptcha_token(self, action):
        """Override of `base` to guard public pages without asking a stranger."""
        if action not in FREE:
            return super()._verify_request_recaptcha_token(action)
        visitor = request.httprequest
        hurdle = self.env["recall.lookup.guard"]._admit(
            visitor.form, visitor.remote_addr, action
        )
        if hurdle:
            if action == GUARDED_SEARCH:
                self.env["recall.lookup.usage"]._count_page("hurdle")
            abort(self._render_recall_hurdle(hurdle, visitor, action))
        return None

    def _render_recall_hurdle(self, hurdle, visitor, action):
        """The page that asks to calculate or to wait, with what was typed in it."""
        typed = [
            (name, text[:LONGEST])
            for name, text in visitor.form.items(multi=True)
            if name not in _PROOFS
        ]
        values = {
            "hurdle": hurdle,
            "action": visitor.path,
            "typed": typed[:MEMBERS],
            "searching": action == GUARDED_SEARCH,
            "lost_file": any(file.filename for file in visitor.files.values()),
        }
        response = request.render("recall_service.hurdle_page", values, status=429)
        response.flatten()
        response.headers.update(
            {
                "Retry-After": str(hurdle.seconds),
                "Cache-Control": "no-store",
                "Referrer-Policy": "no-referrer",
                "X-Robots-Tag": "noindex",
            }
        )
        return response
