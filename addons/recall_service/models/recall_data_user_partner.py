# SPDX-License-Identifier: LGPL-3.0-only
from datetime import timedelta

from odoo import fields, models

from .recall_share_interface import PURPOSE

#: Days that a token of a partner may work; the first is proposed.
TOKEN_DAYS = (365, 180, 90, 30)
#: Of an interface to try things with.
SANDBOX_QUOTA = 1000


class RecallDataUser(models.Model):
    """What a data user does by itself, on its own page.

    Its accounts may read what is theirs, by record rules, and write nothing: what they
    do goes through these methods.
    """

    _inherit = "recall.data.user"

    def _prepare_sandbox_vals(self):
        """An interface that answers made-up vehicles, in every way there is."""
        return {
            "name": self.env._("Sandbox"),
            "data_user_id": self.id,
            "sandbox": True,
            "quota_day": SANDBOX_QUOTA,
            **dict.fromkeys(("share_repair_date", "share_repair_number"), True),
            **dict.fromkeys(("share_dealer", "allow_many", "allow_changes"), True),
            "allow_export": True,
        }

    def _get_own_tokens(self):
        """Tokens that the account may see, the newest first; none of self-tests."""
        return self.env["recall.token"].search(
            [("data_user_id", "in", self.ids), ("probe", "=", False)]
        )

    def _issue_own_token(self, newest_id, name, days, addresses):
        """Issue a token to this data user, for the account that asks.

        :param int newest_id: newest token that the account saw: the form of an old
            page, sent once more, makes no second token
        :param int days: one of ``TOKEN_DAYS``
        :returns: ``(record, secret)``, or None for a form of an old page
        """
        self.ensure_one()
        self.check_access("read")
        # sudo: accounts of data users write nothing but by these methods.
        data_user_sudo = self.sudo()
        data_user_sudo.lock_for_update()
        if self._get_own_tokens()[:1].id != newest_id:
            return None
        return (
            # sudo: a partner issues for itself; that was checked.
            self.env["recall.token"]
            .sudo()
            .issue(
                {
                    "name": name,
                    "purpose": PURPOSE,
                    "data_user_id": self.id,
                    "expires_at": fields.Datetime.now() + timedelta(days=days),
                    "allowed_addresses": addresses,
                }
            )
        )

    def _get_own_token(self, token_id):
        """The token of this data user with that id (sudo), or none."""
        self.ensure_one()
        tokens = self._get_own_tokens()
        # sudo: found with the account's own rights, to be changed by these methods.
        return tokens.filtered(lambda token: token.id == token_id).sudo()
