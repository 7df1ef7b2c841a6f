# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.recall_base.tools import cipher

from .recall_push import OPEN_VEHICLE, TOLD_STATES
from .sms_failure_mixin import NO_ADDRESS


class RecallPush(models.Model):
    """Which messages of the outbox are to be sent now, and what becomes of the others.

    What may be told later waits; only what will never be told is cancelled.
    """

    _inherit = "recall.push"

    def _get_enabled_domain(self):
        """What may be told now: the others wait until their recall is public again."""
        return Domain("plan_id.state", "in", TOLD_STATES)

    def _get_waiting_domain(self, channel="mail"):
        return (
            Domain("state", "=", "waiting")
            & Domain("next_try_at", "<=", fields.Datetime.now())
            & Domain("channel", "=", channel)
            & self._get_enabled_domain()
        )

    def _get_due_domain(self):
        return self._get_waiting_domain() & Domain("digest", "=", False)

    def _pick_wanted(self):
        """Those of these messages that are still to be sent."""
        wanted = self.filtered(lambda push: push._is_wanted())
        (self - wanted).state = "cancelled"
        about_vehicles = wanted.filtered(lambda push: push.event == "vehicle")
        closed = about_vehicles - about_vehicles._find_open()
        # The expansion makes it anew should the vehicle be open again.
        closed.unlink()
        wanted -= closed
        erased = wanted.filtered(lambda push: push.subscription_id._is_erased())
        for push in erased:
            push._note_unreadable(push.subscription_id.email_sealed, NO_ADDRESS)
        return wanted - erased

    def _is_wanted(self):
        """Whether somebody still wants to be told of it."""
        return self.subscription_id.state == "active"

    def _find_open(self):
        """Those of these messages, about vehicles, whose vehicle is to be repaired."""
        self.flush_recordset()
        rows = self.env.execute_query(
            SQL(
                """SELECT push.id FROM recall_push push
                     JOIN recall_subscription told ON told.id = push.subscription_id
                     JOIN recall_vehicle vehicle
                       ON vehicle.vin = told.vin AND vehicle.plan_id = push.plan_id
                    WHERE push.id = ANY(%s) AND %s""",
                self.ids,
                OPEN_VEHICLE,
            )
        )
        return self.browse(number for (number,) in rows)

    def _note_unreadable(self, sealed, failure):
        """Have messages to an address wait whose key is not in this server's file.

        The file may lack it for a while only. Where the count of the keys found it
        destroyed, the person is erased and the messages end.

        :param str sealed: the address
        :param str failure: code of what went wrong
        """
        if self.env["recall.key"]._is_destroyed(cipher.kid_of(sealed)):
            self.state = "cancelled"
            return
        for push in self:
            push.attempts += 1
            push._wait_again(failure)
