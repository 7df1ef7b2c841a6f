# SPDX-License-Identifier: LGPL-3.0-only
from odoo import http
from odoo.http import request

from odoo.addons.web.controllers.session import Session


def _is_readonly(_controller, _rule, _args):
    return False


class RecallSession(Session):
    """Logging out leaves an event."""

    @http.route(readonly=_is_readonly)
    def destroy(self):
        self._log_end()
        return super().destroy()

    @http.route(readonly=_is_readonly)
    def logout(self, redirect="/odoo"):
        self._log_end()
        return super().logout(redirect=redirect)

    def _log_end(self):
        if request.session.uid:
            user = request.env["res.users"].browse(request.session.uid)
            event = request.env["recall.audit.event"].with_user(user)
            event._record("user.logout", user)
