# SPDX-License-Identifier: LGPL-3.0-only
from werkzeug.exceptions import Forbidden, Unauthorized

from odoo import models
from odoo.exceptions import AccessError
from odoo.http import request

#: What browsers show in place of NUL.
REPLACEMENT = "\ufffd"


class IrHttp(models.AbstractModel):
    _inherit = "ir.http"

    @classmethod
    def _dispatch(cls, endpoint):
        """Override of `base` to take out what could only end in a fault of the server:
        NUL, which no database text holds, and a member in the controller's place."""
        for name, value in request.params.items():
            if isinstance(value, str):
                request.params[name] = value.replace("\0", REPLACEMENT)
        request.params.pop("self", None)
        return super()._dispatch(endpoint)

    @classmethod
    def _handle_error(cls, exception):
        """Override of `base` to note who asked for what it may not have."""
        if isinstance(exception, AccessError | Forbidden | Unauthorized):
            request.env["recall.audit.refusal"]._note(
                "access.refused", _describe(request), request.env.uid
            )
        return super()._handle_error(exception)


def _describe(served):
    """What was asked for: model and method of a call, else the begin of the path."""
    path = served.httprequest.path
    if path.startswith("/web/dataset/call_"):
        params = getattr(served, "params", {})
        return f"{params.get('model')}.{params.get('method')}"
    # What follows may name a record or be a secret of a link.
    return "/".join(path.split("/")[: 5 if path.startswith("/json/2/") else 3])
