# SPDX-License-Identifier: LGPL-3.0-only
from odoo import models
from odoo.exceptions import UserError

#: Webhooks that a data user may add by itself.
MOST_WEBHOOKS = 10


class RecallDataUser(models.Model):
    """What a data user does with its webhooks, on its own page."""

    _inherit = "recall.data.user"

    def _add_webhook(self, vals):
        """Add an address that is told of recalls, for the account that asks.

        :param dict vals: ``name``, ``url``, ``email`` and what it is told of
        :returns: the webhook; it is told of nothing until its secret is issued
        :raises UserError: when there are many, ValidationError for a wrong address
        """
        self.check_access("read")
        self._check_enabled()
        # sudo: accounts of data users write nothing but by these methods.
        Webhook = self.env["recall.webhook"].sudo()
        if Webhook.search_count([("data_user_id", "=", self.id)]) >= MOST_WEBHOOKS:
            raise UserError(
                self.env._(
                    "There are %(most)s webhooks already: change one of them.",
                    most=MOST_WEBHOOKS,
                )
            )
        Webhook._check_written(vals)
        return Webhook.create({**vals, "data_user_id": self.id}).sudo(False)
