# SPDX-License-Identifier: LGPL-3.0-only
from odoo import models


class RecallSubscription(models.Model):
    """With a subscription go the mails that wait, or that could not be delivered."""

    _inherit = "recall.subscription"

    def action_cancel(self):
        """Extension: nothing of them is left in the mail queue."""
        super().action_cancel()
        self._forget_mails()

    def _cancel_many(self):
        """Extension: as ``action_cancel``."""
        super()._cancel_many()
        self._forget_mails()

    def unlink(self):
        self._forget_mails()
        return super().unlink()

    def _forget_mails(self):
        """Delete what the mail queue holds for these subscriptions, and for their
        subscribers where they were the last."""
        Mail = self.env["mail.mail"]
        self.env["recall.push"]._drop_mails_of(self)
        Mail._forget_about(self)
        others = self.env["recall.subscription"]._read_group(
            [
                ("subscriber_id", "in", self.subscriber_id.ids),
                ("state", "!=", "cancelled"),
                ("id", "not in", self.ids),
            ],
            ["subscriber_id"],
        )
        going_on = self.env["recall.subscriber"].union(*(one for [one] in others))
        Mail._forget_about(self.subscriber_id - going_on)
