# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models

#: Kinds of failure: no connection to the mail server, its refusal, and nobody knows.
OUTAGE, REFUSED, UNCLEAR = "mail_smtp", "mail_refused", "mail_unclear"


class RecallPush(models.Model):
    """What becomes of messages whose mail did not go out, or is not wanted any more."""

    _inherit = "recall.push"

    def _get_failure_texts(self):
        """Extension: the failures of mails."""
        return {
            **super()._get_failure_texts(),
            OUTAGE: self.env._(
                "The mail server could not be reached for three days: check it, then "
                "try again."
            ),
            REFUSED: self.env._(
                "The mail server refused the mail: the address may not exist, or the "
                "server takes no mails from here."
            ),
            UNCLEAR: self.env["mail.mail"]._get_unclear_reason(),
        }

    def _note_undelivered(self, failure=UNCLEAR):
        """Show these messages as failed, and delete their mails.

        :param str failure: ``failure_type`` of ``mail.mail``, of what never left
        """
        mails = self.mail_id
        if failure not in (OUTAGE, UNCLEAR):
            failure = REFUSED
        self.write({"state": "failed", "failure": failure})
        if failure != UNCLEAR:
            self.sent_at = False
        mails.unlink()

    @api.model
    def _drop_mails_of(self, subscriptions):
        """Delete the mails that carry messages of subscriptions that end.

        What such a mail carries besides goes into another one, or has failed where the
        mail may have left.
        """
        # sudo: mails are the system's; the caller may end these subscriptions.
        Push = self.sudo()
        mails = Push.search(
            [("subscription_id", "in", subscriptions.ids), ("mail_id", "!=", False)]
        ).mail_id
        carried = mails.recall_push_ids
        ended = carried.filtered(
            lambda push: (
                push.subscription_id in subscriptions
                or push.subscription_id.state == "cancelled"
            )
        )
        by_state = carried.grouped(lambda push: push.mail_id.state)
        waiting, unclear = (by_state.get(s, Push) for s in ("outgoing", "exception"))
        # First: one that is being handed over now, or was, ends this transaction, which
        # begins anew; the queue waits for no message that is locked here.
        mails.unlink()
        (ended & (waiting | unclear)).state = "cancelled"
        (unclear - ended)._note_undelivered()
        (waiting - ended)._send_anew()

    def _send_anew(self):
        """Make another mail for these messages, whose mail was taken back."""
        now = fields.Datetime.now()
        self.write({"state": "waiting", "sent_at": False, "next_try_at": now})
        self.env.ref("recall_service.ir_cron_digest")._trigger()
