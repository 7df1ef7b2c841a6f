# SPDX-License-Identifier: LGPL-3.0-only
import json

from odoo.http import request

from .private_page import render_private

#: What a number is proven for, sealed on the page that asks for the code.
TICKET = "phone"


def ask_for_code(number, about=None):
    """Have a code sent to a mobile number, and answer with the page that takes it.

    :param str number: as returned by ``recall.phone.code`` ``_normalise``
    :param dict about: what to subscribe to; None to log in to "My vehicles"
    """
    # sudo: a visitor may ask for a code and read none.
    Code = request.env["recall.phone.code"].sudo()
    Code._ask(number, request.httprequest.remote_addr)
    text = json.dumps({"number": number, "about": about})
    ticket = request.env["recall.lookup.address"]._make(TICKET, text)
    return render_code("asked", ticket, number)


def render_code(case, ticket, number, status=200):
    """Answer with the page that takes a code; it shows the number as it was typed."""
    return render_private(
        "recall_service.phone_page",
        status=status,
        case=case,
        ticket=ticket,
        number=number,
    )
