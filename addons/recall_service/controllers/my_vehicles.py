# SPDX-License-Identifier: LGPL-3.0-only
from odoo import http
from odoo.exceptions import UserError
from odoo.http import request

from odoo.addons.recall_base.tools import vin

from ..models.recall_subscription_own import MOST_VEHICLES
from .code_page import ask_for_code
from .fleet_file import send_fleet
from .private_page import PRIVATE_PAGE, SMALL, render_private
from .subscription import SHOWN

#: Vehicles on one page.
PAGE = 50


class RecallMyVehicles(http.Controller):
    """A subscriber's own page, without JavaScript and without an account.

    The key in the link of a mail is the proof; every form carries it on. VINs and what
    is searched for go in the body of a POST, never in an address.
    """

    _page_url = "/recall/my-vehicles"

    @http.route(
        _page_url,
        methods=["GET", "POST"],
        max_content_length=8 * 1024 * 1024,
        **PRIVATE_PAGE,
    )
    def page(self, **_query):
        """Show and change the subscriptions of the address that the key was sent to."""
        form = request.httprequest.form
        key, subscriber = self._read_key("open")
        if not subscriber:
            return self._ask_for_link(form, bool(key))
        done = {}
        if request.httprequest.method == "POST":
            if form.get("do") == "download":
                return self._download(subscriber, form)
            done = self._change(subscriber, form)
        return self.show(subscriber, form, key, **done)

    def show(self, subscriber, form, key, **done):
        """Answer with the page of a subscriber whose proof was checked."""
        return self._render("page", **self._prepare(subscriber, form, key), **done)

    @http.route(
        f"{_page_url}/unsubscribe",
        methods=["GET", "POST"],
        max_content_length=SMALL,
        **PRIVATE_PAGE,
    )
    def unsubscribe(self, **_query):
        """End all mails to an address; a GET shows the button, as links are followed.

        RFC 8058: the same address takes the one-click POST of mail programs.
        """
        key, subscriber = self._read_key("end")
        if not subscriber:
            return self._render("link_ended", status=404)
        if request.httprequest.method != "POST":
            return self._render("end", key=key)
        subscriber._end_all()
        return self._render("ended")

    # === Link === #

    def _read_key(self, purpose):
        """The key that came with the request, and the subscriber it proves."""
        sent = request.httprequest
        key = sent.form.get("key") or sent.args.get("key")
        return key, request.env["recall.subscriber"]._from_key(key, purpose)

    def _ask_for_link(self, form, with_key):
        """Offer to send the link or a code, or note that it was asked for."""
        Code = request.env["recall.phone.code"]
        if "phone" in form and Code._is_on():
            number = Code._normalise(form["phone"])
            if not number:
                return self._render("link_bad_phone", status=422)
            return ask_for_code(number)
        typed = form.get("email", "").strip()
        if not typed:
            case = "link_ended" if with_key else "link_form"
            return self._render(case, status=404 if with_key else 200)
        address = request.env["recall.subscriber"]._normalise_email(typed)
        if not address:
            return self._render("link_bad", status=422, email=typed[:SHOWN])
        # sudo: a visitor may ask for a link and read no subscriber.
        request.env["recall.subscriber"].sudo()._ask_link(address)
        return self._render("link_asked", email=address)

    # === Changes === #

    def _change(self, subscriber, form):
        """Do what a form asks for; returns what the page says about it."""
        deeds = {
            "watch": self._watch,
            "upload": self._upload,
            "end": self._end,
            "choose": self._choose,
        }
        deed = deeds.get(form.get("do"))
        return deed(subscriber, form) if deed else {}

    def _watch(self, subscriber, form):
        typed = vin.normalise_typed(form.get("vin"))
        if not vin.is_vin(typed):
            return {"fault": "vin", "typed": typed[:SHOWN]}
        if self._count(subscriber) >= MOST_VEHICLES:
            return {"fault": "many"}
        added, _ended = self._subscriptions()._watch(subscriber, [typed])
        return {"told": "added" if added else "known"}

    def _upload(self, subscriber, form):
        upload = request.httprequest.files.get("file")
        content = upload.read() if upload else b""
        try:
            listed = request.env["recall.fleet"]._read_file(content)
        except UserError as error:
            return {"fault": "file", "sentence": str(error)}
        if not listed.vins:  # an empty list is hardly meant to end everything
            return {"fault": "empty"}
        if form.get("mode") == "remove":
            added, ended = 0, self._subscriptions()._unwatch(subscriber, listed.vins)
        else:
            replace = form.get("mode") == "replace"
            before = 0 if replace else self._count(subscriber)
            if before + len(listed.vins) > MOST_VEHICLES:
                return {"fault": "many"}
            added, ended = self._subscriptions()._watch(
                subscriber, listed.vins, replace
            )
        sentence = request.env["recall.fleet"]._tell(listed, added, ended)
        return {"told": "uploaded", "sentence": sentence}

    def _end(self, subscriber, form):
        """End the one subscription whose button was pressed."""
        number = form.get("id", "")
        own = subscriber.subscription_ids.filtered(
            lambda item: str(item.id) == number and item.state == "active"
        )
        own.action_cancel()
        return {"told": "removed" if own else "gone"}

    def _choose(self, subscriber, form):
        fields_ = subscriber._fields
        languages = dict(fields_["lang"]._description_selection(request.env))
        rhythms = dict(fields_["rhythm"]._description_selection(request.env))
        rhythm, lang = form.get("rhythm"), form.get("lang")
        if rhythm not in rhythms or lang not in languages:
            return {"fault": "choice"}
        subscriber._set_choices(rhythm, lang)
        return {"told": "chosen"}

    # === Reading === #

    def _prepare(self, subscriber, form, key):
        """What the page shows: vehicles of one page, other subscriptions, choices."""
        # sudo: the key of the page says whose vehicles are read.
        Fleet = request.env["recall.fleet"].sudo()
        source = Fleet._subscriber_sql(subscriber)
        subscriber.flush_recordset()
        request.env.flush_all()
        only, text = form.get("only", ""), form.get("text", "").strip()[:17]
        start = form.get("start", "0")
        start = int(start) if start.isdecimal() and len(start) < 7 else 0
        # One more than is shown tells whether there is a next page.
        rows = Fleet._look_up(source, only, text, PAGE + 1, start)
        fields_ = subscriber._fields
        return {
            "subscriber": subscriber,
            "key": key,
            "rows": rows[:PAGE],
            "more": rows[PAGE:],
            "start": start,
            "page": PAGE,
            "only": only,
            "text": text,
            "counts": Fleet._count(source),
            "labels": Fleet._get_state_labels(),
            "others": subscriber.subscription_ids.filtered(
                lambda item: item.state == "active" and not item.vin
            ),
            "rhythms": fields_["rhythm"]._description_selection(request.env),
            "languages": fields_["lang"]._description_selection(request.env),
        }

    def _download(self, subscriber, form):
        # sudo: the key of the page says whose vehicles are read.
        Fleet = request.env["recall.fleet"].sudo()
        form_name = "xlsx" if form.get("form") == "xlsx" else "csv"
        rows = Fleet._look_up(Fleet._subscriber_sql(subscriber), form.get("only", ""))
        return send_fleet(subscriber, rows, form_name)

    def _count(self, subscriber):
        return (
            # sudo: as above.
            request.env["recall.subscription"]
            .sudo()
            .search_count(
                [
                    ("subscriber_id", "=", subscriber.id),
                    ("state", "=", "active"),
                    ("vin", "!=", False),
                ]
            )
        )

    def _subscriptions(self):
        # sudo: the key is the right to the subscriptions of this address.
        return request.env["recall.subscription"].sudo()

    def _render(self, case, **values):
        return render_private("recall_service.my_vehicles_page", case=case, **values)
