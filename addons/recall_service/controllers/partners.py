# SPDX-License-Identifier: LGPL-3.0-only
from odoo import http
from odoo.http import request

from ..models.recall_lookup_guard import GUARDED_FORM
from .private_page import PRIVATE_PAGE, render_private

_LINK = "/recall/partners/application/<int(max=2147483647):application_id>"
_FORM = {
    "methods": ["GET", "POST"],
    "max_content_length": 32 * 1024,
    **PRIVATE_PAGE,
}


class RecallPartners(http.Controller):
    """Becoming a data user; all of it without JavaScript and without an account."""

    @http.route(
        "/recall/partners",
        type="http",
        auth="public",
        website=True,
        methods=["GET"],
        readonly=True,
        sitemap=True,
        max_content_length=0,
    )
    def partners(self, **_query):
        """Who may use what, and how to get there."""
        return request.render("recall_service.partners_page")

    @http.route("/recall/partners/apply", captcha=GUARDED_FORM, **_FORM)
    def apply(self, **_query):
        """Show the form of an application, or take it.

        The answer is the same whether the organisation or the address was known or
        not, and whether a limit was met.
        """
        if request.httprequest.method != "POST":
            return self._render_form({"quota_day": 1000}, {})
        # sudo: a visitor may apply and read no application.
        Application = request.env["recall.data.application"].sudo()
        values, errors = Application._read_form(request.httprequest.form)
        if errors:
            return self._render_form(values, errors, status=422)
        Application._ask(values, request.httprequest.remote_addr)
        return self._render("asked", email=values["email"])

    @http.route(f"{_LINK}/confirm", **_FORM)
    def confirm(self, application_id, token=None, **_query):
        """Show the button of the first mail's link, or confirm by it."""
        application = self._find(application_id, "confirm", token)
        if not application or not application._can_be_confirmed():
            return self._render("ended", status=404)
        if request.httprequest.method != "POST":
            return self._render("confirm", application=application, token=token)
        application._confirm()
        return self._render("confirmed", application=application)

    @http.route(f"{_LINK}/answer", **_FORM)
    def answer(self, application_id, token=None, **_query):
        """Show our question to an applicant, or take the answer."""
        application = self._find(application_id, "answer", token)
        if not application or application.state != "more":
            return self._render("ended", status=404)
        values = {"application": application, "token": token}
        if request.httprequest.method != "POST":
            return self._render("question", **values)
        if not application._take_answer(request.httprequest.form.get("answer", "")):
            return self._render("question", status=422, **values)
        return self._render("answered", application=application)

    def _find(self, application_id, purpose, token):
        Application = request.env["recall.data.application"]
        return Application._from_link(application_id, token, purpose)

    def _render_form(self, values, errors, status=200):
        Application = request.env["recall.data.application"]
        kinds = Application._fields["kind"]._description_selection(request.env)
        return self._render(
            "form", status=status, values=values, errors=errors, kinds=kinds
        )

    def _render(self, case, **values):
        template = "partners_form" if case == "form" else "partners_application"
        return render_private(f"recall_service.{template}", case=case, **values)
