# SPDX-License-Identifier: LGPL-3.0-only
from werkzeug.routing import Rule

from odoo import http, models, tools
from odoo.http import request

from odoo.addons.recall_base.controllers.dispatcher import RecallDispatcher


class IrHttp(models.AbstractModel):
    """Serve the interfaces without what is made ready for pages of the website."""

    _inherit = "ir.http"

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
