# SPDX-License-Identifier: LGPL-3.0-only
import ipaddress
import json

from odoo import SUPERUSER_ID, http
from odoo.http import request
from odoo.tools import config

from odoo.addons.recall_base.controllers.read_route import READ_BY_ANYBODY

NETWORKS = "recall_management.metrics_networks"


class Monitoring(http.Controller):
    """What a monitoring system outside asks for (M-MONITOR).

    Neither needs a session or an account; both read a few small rows.
    """

    @http.route("/recall/health", **READ_BY_ANYBODY)
    def health(self):
        """Answer 200 when all is well, else 503; the details only to our own."""
        checks = _env()["recall.heartbeat"]._check()
        healthy = all(checks.values())
        answer = {"status": "pass" if healthy else "fail"}
        if _is_permitted():
            answer["checks"] = {"database": True, **checks}
        return request.make_response(
            json.dumps(answer),
            headers=[
                ("Content-Type", "application/json; charset=utf-8"),
                ("Cache-Control", "no-store"),
            ],
            status=200 if healthy else 503,
        )

    @http.route("/recall/metrics", **READ_BY_ANYBODY)
    def metrics(self):
        """Answer figures in the text format of Prometheus, to permitted networks."""
        if not _is_permitted():
            return request.make_response("Not found.\n", status=404)
        return request.make_response(
            _env()["recall.metrics"]._render(),
            headers=[
                ("Content-Type", "text/plain; version=0.0.4; charset=utf-8"),
                ("Cache-Control", "no-store"),
            ],
        )


def _env():
    # Nobody is logged in; both routes give fixed figures only.
    return request.env(user=SUPERUSER_ID)


def _is_permitted():
    """Whether the caller is this server itself or in a network of the setting.

    Behind a proxy that Odoo has not been told of, every address is the proxy's own.
    """
    headers = request.httprequest.headers
    if not config["proxy_mode"] and (
        "X-Forwarded-For" in headers or "Forwarded" in headers
    ):
        return False
    try:
        address = ipaddress.ip_address(request.httprequest.remote_addr)
        address = getattr(address, "ipv4_mapped", None) or address
        return address.is_loopback or any(
            address in network for network in _read_networks()
        )
    except ValueError:
        return False


def _read_networks():
    text = _env()["ir.config_parameter"].get_param(NETWORKS) or ""
    return [
        ipaddress.ip_network(part.strip(), strict=False)
        for part in text.split(",")
        if part.strip()
    ]
