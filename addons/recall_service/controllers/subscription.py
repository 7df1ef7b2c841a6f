# SPDX-License-Identifier: LGPL-3.0-only
from odoo import http
from odoo.http import request

from odoo.addons.recall_base.tools import vin

from .private_page import render_private

#: Characters of a typed address that are shown again.
SHOWN = 254


class RecallSubscription(http.Controller):
    """Subscribing by mail, confirming and ending it; all of it without JavaScript.

    Programs that look into mails follow links: a GET only shows a button, what counts
    is the POST behind it.
    """

    _ask_url = "/recall/subscribe"
    _link_url = "/recall/subscription/<int(max=2147483647):subscription_id>"

    @http.route(
        _ask_url,
        type="http",
        auth="public",
        website=True,
        methods=["GET", "POST"],
        csrf=False,  # a session would need a cookie; limits are in the model
        save_session=False,
        sitemap=False,
        max_content_length=8 * 1024,
    )
    def ask(self, **_query):
        """Take an address that wants to be told of a vehicle's recalls.

        The answer is the same whether the address was known or not, and whether a mail
        is made for it or a limit was met.
        """
        form = request.httprequest.form
        vin_text = vin.normalise_typed(form.get("vin"))
        if request.httprequest.method != "POST" or not vin.is_vin(vin_text):
            return request.redirect("/recall")
        typed = form.get("email", "").strip()
        # sudo: a visitor may ask for a subscription and read none.
        Subscription = request.env["recall.subscription"].sudo()
        address = Subscription._normalise_email(typed)
        if not address:
            values = {"typed": vin_text, "email": typed[:SHOWN]}
            return self._render("bad_address", status=422, **values)
        Subscription._ask(address, vin_text, request.httprequest.remote_addr)
        return self._render("asked", email=address)

    @http.route(
        f"{_link_url}/confirm",
        type="http",
        auth="public",
        website=True,
        methods=["GET", "POST"],
        csrf=False,  # the token in the request is the proof
        save_session=False,
        sitemap=False,
        max_content_length=8 * 1024,
    )
    def confirm(self, subscription_id, token=None, **_query):
        """Show the button of the first mail's link, or confirm by it."""
        subscription = self._find(subscription_id, "confirm", token)
        if not subscription or not subscription._can_be_confirmed():
            return self._render("refused", status=404)
        if request.httprequest.method != "POST":
            return self._render("confirm", subscription=subscription, token=token)
        subscription._confirm()
        return self._render("confirmed", subscription=subscription)

    @http.route(
        f"{_link_url}/unsubscribe",
        type="http",
        auth="public",
        website=True,
        methods=["GET", "POST"],
        csrf=False,  # RFC 8058: mail programs post here without a session
        save_session=False,
        sitemap=False,
        max_content_length=8 * 1024,
    )
    def unsubscribe(self, subscription_id, token=None, **_query):
        """Show the button of a mail's link, or end the subscription by it.

        RFC 8058: the same address takes the one-click POST of mail programs.
        """
        subscription = self._find(subscription_id, "unsubscribe", token)
        if not subscription:
            return self._render("refused", status=404)
        if request.httprequest.method != "POST":
            return self._render("unsubscribe", subscription=subscription, token=token)
        subscription.action_cancel()
        return self._render("unsubscribed")

    def _find(self, subscription_id, purpose, token):
        Subscription = request.env["recall.subscription"]
        return Subscription._from_link(subscription_id, purpose, token)

    def _render(self, case, **values):
        return render_private("recall_service.subscription_page", case=case, **values)
