# SPDX-License-Identifier: LGPL-3.0-only
import logging
from datetime import UTC, datetime

import psycopg2

from odoo import http
from odoo.http import request
from odoo.tools import format_datetime

from odoo.addons.recall_base.tools import vin
from odoo.addons.recall_base.tools.cipher import KeyFileError

from ..models.recall_lookup_address import AddressError
from ..models.recall_lookup_guard import GUARDED_SEARCH
from .public_page import READ_PAGE

_logger = logging.getLogger(__name__)

#: Characters of what was typed that are shown again.
SHOWN = 64
#: Characters laid out one by one, with their positions, for comparison.
LAID_OUT = 24
#: An address is sealed text of at most `recall_lookup.LONGEST` characters.
ADDRESS = "<string(maxlength=1000):address>"
STATUS = {"unavailable": 503, "expired": 410, "forged": 404}


class RecallLookup(http.Controller):
    """The public search. Neither the VIN nor the answer is in any URL, log or cache.

    What is typed is posted, and answered by a redirection to an address in which it is
    sealed; that address shows the answer for some minutes. Nothing is stored.
    """

    _page_url = "/recall"
    _answer_url = "/recall/answer/"
    _shared_url = "/recall/shared/"
    _link_url = "/recall/link"

    # The site map calls it as a plain function.
    def _sitemap(env, rule, qs):
        if not qs or qs.lower() in RecallLookup._page_url:
            yield {"loc": RecallLookup._page_url}

    @http.route(
        _page_url,
        sitemap=_sitemap,
        **READ_PAGE,
    )
    def page(self, **_query):
        """Show the form.

        What is in the query string is ignored: a VIN in an address would be kept in
        histories and logs.
        """
        return self._render({"case": "form", "typed": ""})

    @http.route(
        _page_url,
        type="http",
        auth="public",
        website=True,
        methods=["POST"],
        csrf=False,  # it changes nothing of anybody's, and a session needs a cookie
        save_session=False,
        readonly=False,  # the guard counts
        sitemap=False,
        captcha=GUARDED_SEARCH,
        max_content_length=8 * 1024,
    )
    def ask(self, **_query):
        """Take what was typed and lead to the address of its answer."""
        form = request.httprequest.form
        typed = request.env["recall.lookup"]._read_typed(form.get("vin"))
        if "fill" in form or not typed:
            return self._render({"case": "form", "typed": typed[:SHOWN]})
        try:
            address = request.env["recall.lookup.address"]._make("answer", typed)
        except KeyFileError as error:
            return self._render_no_keys(error, typed)
        url = request.env["ir.http"]._url_lang(self._answer_url + address)
        return _keep_private(request.redirect(url))

    @http.route(
        _answer_url + ADDRESS,
        sitemap=False,
        **READ_PAGE,
    )
    def answer(self, address, **_query):
        """Show the answer that the visitor's own look-up led to."""
        return self._render_address("answer", address)

    @http.route(
        _shared_url + ADDRESS,
        sitemap=False,
        **READ_PAGE,
    )
    def shared(self, address, **_query):
        """Show an answer to whom a visitor gave the link."""
        return self._render_address("shared", address)

    @http.route(
        _link_url,
        type="http",
        auth="public",
        website=True,
        methods=["POST"],
        csrf=False,  # it changes nothing; the address that is posted is the proof
        save_session=False,
        readonly=True,
        sitemap=False,
        max_content_length=8 * 1024,
    )
    def link(self, **_query):
        """Make a link to an answer that the visitor may give to others.

        It is made of the address of that answer, so that nobody makes links to what
        was not looked up.
        """
        return self._render_address(
            "answer", request.httprequest.form.get("address", ""), make_link=True
        )

    # === Answer === #

    def _render_address(self, use, address, make_link=False):
        try:
            typed, expires = request.env["recall.lookup.address"]._read(use, address)
            values = {**self._look_up(typed), "address": use == "answer" and address}
            if use == "shared":
                values["shared_until"] = _show_time(expires)
            elif make_link:
                values |= self._prepare_link(typed)
            else:
                request.env["recall.lookup.usage"]._count_page(values["case"])
        except AddressError as error:
            values = {"case": "expired" if error.expired else "forged", "typed": ""}
        except KeyFileError as error:
            return self._render_no_keys(error, "")
        return self._render(values)

    def _prepare_link(self, typed):
        """Values of the link that the visitor may give to others."""
        Address = request.env["recall.lookup.address"]
        address = Address._make("shared", typed)
        site = request.website.get_base_url()
        _text, expires = Address._read("shared", address)
        return {
            "link": f"{site}{self._shared_url}{address}",
            "link_until": _show_time(expires),
        }

    def _look_up(self, typed):
        """Values of the answer: one of the five cases and what it shows."""
        report = vin.check_vin(typed)
        Lookup = request.env["recall.lookup"]
        try:
            find = Lookup._find if report.valid else Lookup._find_legacy
            recalls = find(typed)
            if not report.valid and not recalls:
                return self._prepare_invalid(report)
            coverage = Lookup._get_coverage()
        except psycopg2.Error as error:
            request.env.cr.rollback()
            # Without the message: it can hold the statement and so the VIN.
            _logger.error(
                "A public look-up failed: %s %s", type(error).__name__, error.pgcode
            )
            if not report.valid:  # which can be told without any data
                return self._prepare_invalid(report)
            return {"case": "unavailable", "typed": typed}
        return self._prepare_found(typed, recalls, coverage)

    def _prepare_invalid(self, report):
        # A check digit that does not agree tells nothing of where the slip is.
        wrong = {
            finding.position
            for finding in report.findings
            if finding.code in ("vin_character", "vin_year_code")
        }
        return {
            "case": "invalid",
            "typed": report.text[:SHOWN],
            "sentences": request.env["recall.lookup"]._explain(report),
            "characters": [
                (position, char if char.isprintable() else "\N{REPLACEMENT CHARACTER}")
                for position, char in enumerate(report.text[:LAID_OUT], start=1)
            ],
            "wrong": wrong,
            "suggestion": report.suggestion,
        }

    def _prepare_found(self, typed, recalls, coverage):
        if not coverage.taken_in:
            # Without any data "none known" would say more than is known.
            return {"case": "unavailable", "typed": typed}
        open_recalls = [recall for recall in recalls if not recall.done]
        done_recalls = [recall for recall in recalls if recall.done]
        return {
            "case": "open" if open_recalls else "done" if done_recalls else "none",
            "typed": typed,
            "open_recalls": open_recalls,
            "done_recalls": done_recalls,
            "do_not_drive": any(recall.do_not_drive for recall in open_recalls),
            "park_outside": any(recall.park_outside for recall in open_recalls),
            "coverage": coverage,
            "data_time": _show_time(coverage.taken_in),
            "site": request.website.get_base_url() + self._page_url,
        }

    # === Page === #

    def _render_no_keys(self, error, typed):
        _logger.error("The public search cannot seal an address: %s", error)
        request.env["recall.lookup.usage"]._count_page("unavailable")
        return self._render({"case": "unavailable", "typed": typed[:SHOWN]})

    def _render(self, values):
        if values["case"] != "form" and not request.env.user._is_internal():
            # Nobody finds an answer by a search or edits it. Without an object the
            # layout reads and makes nothing of what it tells to other sites.
            values = {**values, "main_object": request.env["recall.lookup"]}
        response = request.render(
            "recall_service.lookup_page",
            values,
            status=STATUS.get(values["case"], 200),
        )
        return _keep_private(response, index=values["case"] == "form")


def _keep_private(response, index=False):
    """Leave no trace of a page in caches, histories of other sites, or indexes."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    if not index:
        response.headers["X-Robots-Tag"] = "noindex"
    return response


def _show_time(moment):
    """A time as GB/T 7408 writes it, clear in every language.

    :param moment: UTC, or seconds since 1970
    """
    if not isinstance(moment, datetime):
        moment = datetime.fromtimestamp(moment, UTC).replace(tzinfo=None)
    return format_datetime(
        request.env,
        moment,
        # Visitors have no account: theirs need not be read to know it.
        tz=(request.session.uid and request.env.user.tz) or "Asia/Shanghai",
        dt_format="yyyy-MM-dd HH:mm",
    )
