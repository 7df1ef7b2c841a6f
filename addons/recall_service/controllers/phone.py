# SPDX-License-Identifier: LGPL-3.0-only
import json
import re

from odoo import http
from odoo.http import request

from ..models.recall_lookup_address import AddressError
from .code_page import TICKET, ask_for_code, render_code
from .my_vehicles import RecallMyVehicles
from .private_page import render_private
from .public_page import READ_PAGE

_NOT_DIGITS = re.compile(r"[\s-]")


class RecallPhone(http.Controller):
    """Proving a mobile number by the code of a short message; without JavaScript.

    Number and wish travel sealed in the form: until the number is proven, nothing of
    them is stored beside the code, and nothing is in an address.
    """

    _code_url = "/recall/phone"

    @http.route(
        _code_url,
        type="http",
        auth="public",
        website=True,
        methods=["POST"],
        csrf=False,  # the sealed ticket in the request is the proof
        save_session=False,
        sitemap=False,
        max_content_length=8 * 1024,
    )
    def code(self, **_query):
        """Take the code that was sent, or have another one sent."""
        form = request.httprequest.form
        # sudo: a visitor may try a code and read none.
        Code = request.env["recall.phone.code"].sudo()
        ticket = form.get("ticket", "")
        wish = Code._is_on() and self._read_ticket(ticket)
        if not wish:
            return render_code("ended", None, None, status=404)
        number, about = wish["number"], wish["about"]
        if form.get("do") == "again":
            return ask_for_code(number, about)
        typed = _NOT_DIGITS.sub("", form.get("code", ""))[:20]
        if not Code._check(number, typed):
            return render_code("wrong", ticket, number, status=422)
        return self._subscribe(number, about) if about else self._open(number)

    def _read_ticket(self, ticket):
        try:
            text, _end = request.env["recall.lookup.address"]._read(TICKET, ticket)
        except AddressError:
            return None
        return json.loads(text)

    def _subscribe(self, number, about):
        lang = request.env.lang or "en_US"
        # sudo: the code has proven the number; it becomes a subscriber by it.
        subscriber = request.env["recall.subscriber"].sudo()._make_phone(number, lang)
        subscription = (
            # sudo: the code has proven the number.
            request.env["recall.subscription"]
            .sudo()
            ._subscribe_phone(subscriber, about)
        )
        return render_private(
            "recall_service.phone_page",
            case="done",
            subscription=subscription,
            key=subscriber._get_key(),
        )

    def _open(self, number):
        """Show "My vehicles" to who has proven the number."""
        # sudo: the code is the right to the one subscriber with this number.
        subscriber = request.env["recall.subscriber"].sudo()._find_phone(number)
        if not subscriber:
            return render_code("unknown", None, None)
        return RecallMyVehicles().show(subscriber, {}, subscriber._get_key())

    @http.route("/recall/s/<string(maxlength=64):link>", sitemap=False, **READ_PAGE)
    def short_link(self, link):
        """Page behind the link of every short message: it ends all of them.

        Programs follow links, so a button does it.
        """
        subscriber = request.env["recall.subscriber"]._from_short_link(link)
        if not subscriber:
            return render_private(
                "recall_service.my_vehicles_page", case="link_ended", status=404
            )
        return render_private(
            "recall_service.my_vehicles_page",
            case="end",
            key=subscriber._get_key("end"),
        )
