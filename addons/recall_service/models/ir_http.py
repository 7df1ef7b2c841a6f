# SPDX-License-Identifier: LGPL-3.0-only
from werkzeug.exceptions import abort
from werkzeug.routing import Rule

from odoo import api, http, models, tools
from odoo.http import request

from odoo.addons.recall_base.controllers.dispatcher import RecallDispatcher

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

    # === Interface routes === #

    @classmethod
    def _match(cls, path):
        """Override of `website` to know the interfaces without asking it.

        Their addresses are fixed by the standard's exchange: they have no language, no
        website and no redirections, and finding these out costs more than the answer.
        """
        if rule := request.env["ir.http"]._get_interface_rules().get(path):
            request.website_routing = False
            request.is_frontend = request.is_frontend_multilang = False
            return rule, {}
        return super()._match(path)

    @tools.ormcache(cache="routing")
    def _get_interface_rules(self):
        """Rules of the routes with ``type="recall"``, by their path."""
        modules = sorted(self.env.registry._init_modules)
        rules = http._generate_routing_rules(modules, nodb_only=False)
        return {
            path: Rule(path, endpoint=endpoint)
            for path, endpoint in rules
            if endpoint.routing["type"] == RecallDispatcher.routing_type
        }

    @classmethod
    def _pre_dispatch(cls, rule, args):
        """Override of `website` and all before it: a peer has neither page nor user.

        What they prepare (cookies, debug mode, links that log in) no interface reads;
        size limit and language are the dispatcher's own.
        """
        if rule.endpoint.routing["type"] == RecallDispatcher.routing_type:
            request.dispatcher.pre_dispatch(rule, args)
        else:
            super()._pre_dispatch(rule, args)

    @classmethod
    def _post_dispatch(cls, response):
        """Override of `website` to leave the answers of the interfaces as they are."""
        if request.dispatcher.routing_type == RecallDispatcher.routing_type:
            request.dispatcher.post_dispatch(response)
        else:
            super()._post_dispatch(response)

    # === Public search === #

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
