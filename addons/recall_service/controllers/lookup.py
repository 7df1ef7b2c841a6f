# SPDX-License-Identifier: LGPL-3.0-only
import logging

import psycopg2

from odoo import http
from odoo.http import request
from odoo.tools import format_datetime

from odoo.addons.recall_base.tools import vin

_logger = logging.getLogger(__name__)

#: Characters of what was typed that are shown again.
SHOWN = 64
#: Characters laid out one by one, with their positions, for comparison.
LAID_OUT = 24


class RecallLookup(http.Controller):
    """The public search. Neither the VIN nor the answer is in any URL, log or cache."""

    _page_url = "/recall"

    # The site map calls it as a plain function.
    def _sitemap(env, rule, qs):
        if not qs or qs.lower() in RecallLookup._page_url:
            yield {"loc": RecallLookup._page_url}

    @http.route(
        _page_url,
        type="http",
        auth="public",
        website=True,
        methods=["GET", "POST"],
        csrf=False,  # it changes nothing, and a session would need a cookie
        save_session=False,
        readonly=True,
        sitemap=_sitemap,
        max_content_length=8 * 1024,
    )
    def page(self, **_query):
        """Show the form; answer what was typed into it.

        What is in the query string is ignored: a VIN in an address would be kept in
        histories and logs.
        """
        form = request.httprequest.form
        typed = vin.normalise_typed(form.get("vin"))
        if "fill" in form or not typed:
            values = {"case": "form", "typed": typed[:SHOWN]}
        else:
            values = self._look_up(typed)
        response = request.render(
            "recall_service.lookup_page",
            values,
            status=503 if values["case"] == "unavailable" else 200,
        )
        response.headers["Cache-Control"] = "no-store"
        return response

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
            "coverage": coverage,
            "data_time": format_datetime(
                request.env,
                coverage.taken_in,
                tz=request.env.user.tz or "Asia/Shanghai",
                dt_format="yyyy-MM-dd HH:mm",  # GB/T 7408, clear in every language
            ),
        }
