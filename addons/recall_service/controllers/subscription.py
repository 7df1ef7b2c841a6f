# SPDX-License-Identifier: LGPL-3.0-only
from odoo import http
from odoo.http import request

from odoo.addons.recall_base.tools import vin

from ..models.recall_push import TOLD_STATES
from .code_page import ask_for_code
from .private_page import PRIVATE_PAGE, SMALL, render_private

#: Characters of a typed address that are shown again.
SHOWN = 254
#: Characters of a typed number that are shown again.
PHONE_SHOWN = 32
#: Characters of a brand or series.
NAME_LENGTH = 80
#: What may be in the address of the page; the first two are also what to watch.
_PUBLIC = ("recall", "brand", "series")
_WHAT = ("vin", "recall", "brand")
_TYPED = ("what", "vin", "email", *_PUBLIC)


class RecallSubscription(http.Controller):
    """Subscribing by mail, confirming and ending it; all of it without JavaScript."""

    _ask_url = "/recall/subscribe"
    _link_url = "/recall/subscription/<int(max=2147483647):subscription_id>"

    @http.route(
        _ask_url,
        methods=["GET", "POST"],
        max_content_length=SMALL,
        **PRIVATE_PAGE,
    )
    def ask(self, **_query):
        """Take an address that wants to be told of recalls; a GET shows the form.

        The answer is the same whether the address was known or not, and whether a mail
        is made for it or a limit was met. Brand and recall number may come with the
        address of the page, a VIN may not.
        """
        if request.httprequest.method != "POST":
            given = request.httprequest.args
            values = {name: given.get(name, "")[:SHOWN] for name in _PUBLIC}
            typed = {**dict.fromkeys(_TYPED, ""), **values}
            typed["what"] = self._guess_what(typed)
            return self._render("form", typed=typed)
        form = request.httprequest.form
        typed = {name: form.get(name, "").strip()[:SHOWN] for name in _TYPED}
        typed["what"] = self._guess_what(typed)
        about = self._read_target(typed)
        if not about:
            return self._render("bad_target", status=422, typed=typed)
        if self._wants_sms(form):
            return self._ask_by_phone(form, typed, about)
        # sudo: a visitor may ask for a subscription and read none.
        Subscription = request.env["recall.subscription"].sudo()
        address = Subscription._normalise_email(form.get("email", ""))
        if not address:
            return self._render("bad_address", status=422, typed=typed)
        Subscription._ask(address, about, request.httprequest.remote_addr)
        return self._render("asked", email=address)

    def _wants_sms(self, form):
        """Whether short messages are chosen, or the number alone is filled in."""
        only_phone = form.get("phone", "").strip() and not form.get("email")
        chosen = form.get("channel") == "sms" or only_phone
        return chosen and request.env["recall.phone.code"]._is_on()

    def _ask_by_phone(self, form, typed, about):
        """Send a code to the number; without one yet, show where to enter it."""
        typed["channel"] = "sms"
        if "phone" not in form:
            return self._render("form", typed=typed)
        number = request.env["recall.phone.code"]._normalise(form["phone"])
        if not number:
            typed["phone"] = form["phone"].strip()[:PHONE_SHOWN]
            return self._render("bad_phone", status=422, typed=typed)
        return ask_for_code(number, about)

    def _guess_what(self, typed):
        """What is to be watched: as chosen, or the first that was filled in."""
        if typed["what"] in _WHAT:
            return typed["what"]
        return next((name for name in _WHAT if typed[name]), "vin")

    def _read_target(self, typed):
        """What the subscription is about, or None where it cannot be."""
        if typed["what"] == "vin":
            vin_text = vin.normalise_typed(typed["vin"])
            return {"vin": vin_text} if vin.is_vin(vin_text) else None
        if typed["what"] == "brand":
            brand = " ".join(typed["brand"].split())
            series = " ".join(typed["series"].split())
            fits = brand and len(brand) <= NAME_LENGTH and len(series) <= NAME_LENGTH
            return {"brand": brand, "series": series} if fits else None
        # sudo: of a recall that is public, only whether there is one.
        plan = (
            request.env["recall.plan"]
            .sudo()
            .search(
                [
                    ("recall_number", "=", typed["recall"].upper()),
                    ("state", "in", TOLD_STATES),
                ],
                limit=1,
            )
        )
        return {"plan_id": plan.id} if plan else None

    @http.route(
        f"{_link_url}/confirm",
        methods=["GET", "POST"],
        max_content_length=SMALL,
        **PRIVATE_PAGE,
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
        methods=["GET", "POST"],
        max_content_length=SMALL,
        **PRIVATE_PAGE,
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
        return Subscription._from_link(subscription_id, token, purpose)

    def _render(self, case, **values):
        return render_private("recall_service.subscription_page", case=case, **values)
