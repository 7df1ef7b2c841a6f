# SPDX-License-Identifier: LGPL-3.0-only
from datetime import timedelta

from markupsafe import Markup

from odoo import fields, http
from odoo.exceptions import UserError
from odoo.http import request

from odoo.addons.portal.controllers.portal import CustomerPortal
from odoo.addons.recall_base.tools.messages import STATUS_TEXT

from ..models.recall_data_user_partner import TOKEN_DAYS
from ..tools.columns_svg import draw_days

_INTERFACE = "/my/recall/<int(max=2147483647):interface_id>"
#: Days of the plot.
DAYS = 30
#: Statuses that a plot tells apart: served, over the quota, refused or failed.
OK, LIMITED = 200, 429


def portal_route(path, methods, most_bytes=32 * 1024):
    """A page of the account: small requests, and nothing kept by caches."""
    return http.route(
        path,
        type="http",
        auth="user",
        website=True,
        methods=methods,
        sitemap=False,
        max_content_length=most_bytes,
    )


class RecallPortal(CustomerPortal):
    """The pages of a data user's account; all of it without JavaScript.

    Everything is read with the account's own rights: what belongs to others is not
    found, like what does not exist.
    """

    def _prepare_home_portal_values(self, counters):
        """Override to count the account's interfaces."""
        values = super()._prepare_home_portal_values(counters)
        if "recall_interface_count" in counters:
            Interface = request.env["recall.share.interface"]
            values["recall_interface_count"] = (
                Interface.search_count([]) if Interface.has_access("read") else 0
            )
        return values

    @portal_route("/my/recall", ["GET"])
    def interfaces(self, **_query):
        """List the account's interfaces, with state, contents, quotas, today's use."""
        Interface = request.env["recall.share.interface"]
        if not Interface.has_access("read"):
            return self._render("portal_recall_stranger", {})
        interfaces = Interface.with_context(active_test=False).search(
            [], order="data_user_id, sandbox, name"
        )
        return self._render(
            "portal_recall_interfaces",
            {
                "data_users": self._get_data_users(),
                "interfaces": interfaces.grouped("data_user_id"),
                "used": request.env["recall.share.usage"]._read_today(interfaces),
                "applications": request.env["recall.data.application"].search(
                    [("interface_id", "!=", False)], limit=20
                ),
            },
        )

    @portal_route(_INTERFACE, ["GET"])
    def interface(self, interface_id, done=None, **_query):
        """Show one interface with its tokens and its usage."""
        interface = self._find_interface(interface_id)
        return self._render_interface(interface, done=done)

    @portal_route(f"{_INTERFACE}/token", ["POST"])
    def issue(self, interface_id, newest="0", name="", days="", addresses="", **_form):
        """Issue a token and show its secret this once."""
        interface = self._find_interface(interface_id)
        chosen = int(days) if days.isdecimal() else 0
        if chosen not in TOKEN_DAYS:
            chosen = TOKEN_DAYS[0]
        name = name.strip()[:100] or interface.data_user_id.name
        data_user = interface.data_user_id
        try:
            issued = data_user._issue_own_token(
                int(newest) if newest.isdecimal() else 0,
                name,
                chosen,
                addresses.strip()[:500],
            )
        except UserError as error:
            return self._render_interface(interface, error=str(error), status=422)
        if not issued:
            return request.redirect(f"/my/recall/{interface.id}?done=old")
        return self._render(
            "portal_recall_secret",
            {"interface": interface, "token": issued[0], "secret": issued[1]},
        )

    @portal_route(
        f"{_INTERFACE}/token/<int(max=2147483647):token_id>/<any(change,revoke):deed>",
        ["POST"],
    )
    def change(self, interface_id, token_id, deed, name="", addresses="", **_form):
        """Change a token's name and addresses, or revoke it."""
        interface = self._find_interface(interface_id)
        token = interface.data_user_id._get_own_token(token_id)
        if not token:
            raise request.not_found()
        try:
            with request.env.cr.savepoint():
                if deed == "revoke":
                    token.action_revoke()
                else:
                    token.write(
                        {
                            "name": name.strip()[:100] or token.name,
                            "allowed_addresses": addresses.strip()[:500],
                        }
                    )
        except UserError as error:
            return self._render_interface(interface, error=str(error), status=422)
        done = "revoked" if deed == "revoke" else "changed"
        return request.redirect(f"/my/recall/{interface.id}?done={done}")

    @portal_route(f"{_INTERFACE}/more", ["GET", "POST"])
    def more(self, interface_id, **_form):
        """Ask for more contents, methods or a higher quota."""
        interface = self._find_interface(interface_id)
        data_user = interface.data_user_id
        if request.httprequest.method != "POST":
            values = {**interface._get_terms(), "legal_basis": data_user.legal_basis}
            return self._render_more(interface, values, {})
        # sudo: an account may ask for more and write no application.
        Application = request.env["recall.data.application"].sudo()
        form = request.httprequest.form
        values, errors = Application._read_terms(form)
        for name in ("purpose", "legal_basis"):
            values[name] = form.get(name, "").strip()[:2000]
            if not values[name]:
                errors[name] = request.env._("Please fill this in.")
        if errors:
            return self._render_more(interface, values, errors, status=422)
        values.pop("allowed_addresses")
        # sudo: its own interface was looked up before.
        Application._ask_more(interface.sudo(), request.env.user, values)
        return request.redirect("/my/recall?done=asked")

    @portal_route(
        "/my/recall/application/<int(max=2147483647):application_id>/answer", ["POST"]
    )
    def answer(self, application_id, answer="", **_form):
        """Answer the operator's question about a wish for more."""
        application = request.env["recall.data.application"].search(
            [("id", "=", application_id)]
        )
        if not application:
            raise request.not_found()
        # sudo: found with the account's own rights; accounts write no application.
        application.sudo()._take_answer(answer)
        return request.redirect("/my/recall")

    # === Parts === #

    def _get_data_users(self):
        DataUser = request.env["recall.data.user"]
        if not DataUser.has_access("read"):
            return DataUser
        return DataUser.with_context(active_test=False).search([])

    def _find_data_user(self, data_user_id):
        found = self._get_data_users().filtered(lambda user: user.id == data_user_id)
        if not found:
            raise request.not_found()
        return found

    def _find_interface(self, interface_id):
        Interface = request.env["recall.share.interface"]
        found = Interface.has_access("read") and Interface.with_context(
            active_test=False
        ).search([("id", "=", interface_id)])
        if not found:
            raise request.not_found()
        return found

    def _render_interface(self, interface, done=None, error=None, status=200):
        tokens = interface.data_user_id._get_own_tokens()
        live = tokens.filtered(lambda token: token.state == "live")
        return self._render(
            "portal_recall_interface",
            {
                "interface": interface,
                "siblings": interface.data_user_id.with_context(
                    active_test=False
                ).interface_ids,
                "tokens": live + (tokens - live)[:5],
                "newest_id": tokens[:1].id or 0,
                "live_count": len(live),
                "token_days": TOKEN_DAYS,
                "used": request.env["recall.share.usage"]._read_today(interface),
                "usage": self._prepare_usage(interface),
                "site": request.env["recall.data.application"]._get_site(),
                "done": done,
                "error": error,
            },
            status=status,
        )

    def _prepare_usage(self, interface):
        """Requests of the last days by status: a plot, and the table behind it."""
        today = fields.Date.today()
        days = request.env["recall.share.usage"]._read_days(
            [("interface_id", "=", interface.id)],
            today - timedelta(days=DAYS - 1),
            today,
        )
        statuses = sorted({status for counts in days.values() for status in counts})
        return {
            "rows": [row for row in reversed(days.items()) if row[1]],
            "statuses": statuses,
            "texts": STATUS_TEXT,
            "svg": _draw(days) if statuses else "",
        }

    def _render_more(self, interface, values, errors, status=200):
        return self._render(
            "portal_recall_more",
            {"interface": interface, "values": values, "errors": errors},
            status=status,
        )

    def _render(self, template, values, status=200):
        layout = self._prepare_portal_layout_values()
        response = request.render(
            f"recall_service.{template}",
            {**layout, "page_name": "recall", **values},
            status=status,
        )
        response.headers["Cache-Control"] = "no-store"
        response.headers["Referrer-Policy"] = "same-origin"
        return response


def _draw(days):
    svg = draw_days(
        {day: _split(counts) for day, counts in days.items()},
        ("served", "limited", "refused"),
        request.env._("Requests by day"),
    )
    return Markup(svg)  # noqa: S704 - drawn by us from numbers


def _split(counts):
    """Counts of a day by what a plot tells apart."""
    served, limited = counts[OK], counts[LIMITED]
    return served, limited, counts.total() - served - limited
