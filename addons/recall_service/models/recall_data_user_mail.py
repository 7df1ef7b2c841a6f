# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models
from odoo.exceptions import UserError

from odoo.addons.recall_base.tools import cipher

#: Mail addresses that one fleet may have.
MOST_ADDRESSES = 10


class RecallDataUser(models.Model):
    """Which mail addresses a data user has told of its fleet's recalls."""

    _inherit = "recall.data.user"

    fleet_mail_ids = fields.One2many(
        "recall.subscription",
        "data_user_id",
        string="Fleet mails",
        domain=[("state", "!=", "cancelled")],
        readonly=True,
    )

    def _ask_fleet_mail(self, email, rhythm):
        """Have an address told of the fleet once it confirms, or change its rhythm.

        :param str email: whatever was typed
        :param str rhythm: ``now``, ``daily`` or ``weekly``
        :returns: the subscription
        :raises UserError: that says what is wrong
        """
        self.ensure_one()
        self.check_access("read")
        self._check_enabled()
        # sudo: accounts of data users write nothing but by these methods.
        Subscription = self.env["recall.subscription"].sudo()
        address = Subscription._normalise_email(email)
        if not address:
            raise UserError(self.env._("This is not an e-mail address."))
        if rhythm not in Subscription._fields["rhythm"].get_values(self.env):
            raise UserError(self.env._("Choose how often mails are sent."))
        known = self._find_fleet_mail(address)
        if known:
            known._set_rhythm(rhythm)
        # sudo: how many there are, also those that the account does not see.
        elif len(self.sudo().fleet_mail_ids) >= MOST_ADDRESSES:
            raise UserError(
                self.env._(
                    "There are %(most)s addresses already: remove one of them first.",
                    most=MOST_ADDRESSES,
                )
            )
        if known.state != "active":
            about = {"data_user_id": self.id, "rhythm": rhythm}
            # Whoever asks is known: the limit holds for the account.
            Subscription._ask(address, about, f"account {self.env.uid}")
            self.invalidate_recordset(["fleet_mail_ids"])
        found = self._find_fleet_mail(address)
        if not found:
            raise UserError(
                self.env._(
                    "No mail can be sent to this address now: it was asked today "
                    "already, or too many addresses were asked in the last hour. Try "
                    "again tomorrow."
                )
            )
        return found

    def _find_fleet_mail(self, address):
        # sudo: as above.
        mails = self.sudo().fleet_mail_ids
        digests = cipher.KeyRing.from_environment().blinds(address)
        return mails.filtered(lambda mail: mail.email_digest in digests)

    def _end_fleet_mail(self, subscription_id):
        """Tell an address nothing more of this fleet; once more does nothing."""
        self.check_access("read")
        self._check_enabled()
        # sudo: accounts of data users write nothing but by these methods.
        mails = self.sudo().fleet_mail_ids
        mails.filtered(lambda mail: mail.id == subscription_id).action_cancel()
