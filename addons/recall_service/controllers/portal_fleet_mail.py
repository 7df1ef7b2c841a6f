# SPDX-License-Identifier: LGPL-3.0-only
from odoo.exceptions import UserError
from odoo.http import request

from .portal import portal_route
from .portal_fleet import _FLEET, RecallPortalFleet
from .subscription import SHOWN


class RecallPortalFleetMail(RecallPortalFleet):
    """Which mail addresses are told of a fleet's recalls, and how often."""

    @portal_route(f"{_FLEET}/mail", ["POST"])
    def ask_mail(self, data_user_id, email="", rhythm="", **_form):
        """Ask an address by mail, or change how often it is written to."""
        data_user = self._find_data_user(data_user_id)
        try:
            mail = data_user._ask_fleet_mail(email, rhythm)
        except UserError as error:
            values = {"error": str(error), "email": email[:SHOWN]}
            return self._show_fleet(data_user, {}, status=422, **values)
        done = "kept" if mail.state == "active" else "asked"
        return request.redirect(f"/my/recall/fleet/{data_user.id}?done={done}")

    @portal_route(f"{_FLEET}/mail/<int(max=2147483647):subscription_id>/end", ["POST"])
    def end_mail(self, data_user_id, subscription_id, **_form):
        """Tell an address nothing more of this fleet."""
        data_user = self._find_data_user(data_user_id)
        try:
            data_user._end_fleet_mail(subscription_id)
        except UserError as error:
            return self._show_fleet(data_user, {}, status=422, error=str(error))
        return request.redirect(f"/my/recall/fleet/{data_user.id}?done=ended")
