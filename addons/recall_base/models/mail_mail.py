# SPDX-License-Identifier: LGPL-3.0-only
import smtplib
import sys
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

from .ir_mail_server import NotTakenNow

#: Pause after the first failure; a later one is as long as the failing has lasted.
FIRST_PAUSE = timedelta(minutes=5)
LONGEST_PAUSE = timedelta(hours=4)
#: After this time of failing a mail is given up.
GIVE_UP = timedelta(days=3)
#: Days in which a mail that could not be delivered is kept, with its address.
KEEP_UNDELIVERED_DAYS = 14


class MailMail(models.Model):
    """Mails outlive an outage of the mail server.

    What it certainly did not take, as there was no connection or it asked to come
    later, stays in the queue and is tried again, less and less, for ``GIVE_UP``. What
    may have left is never sent again by itself. What could not be delivered is deleted
    after ``KEEP_UNDELIVERED_DAYS``.
    """

    _inherit = "mail.mail"

    recall_failing_since = fields.Datetime(readonly=True, copy=False)
    recall_alone = fields.Boolean(
        readonly=True,
        copy=False,
        help="A mail of ours that is part of no record.",
    )

    def mark_outgoing(self):
        """Extension: a person's new try begins from the start."""
        self.write({"recall_failing_since": False, "scheduled_date": False})
        self._trigger_queue(fields.Datetime.now())
        return super().mark_outgoing()

    def _send(self, smtp_session=None, **options):
        """Extension: one mail after the other, as long as the connection lasts."""
        for mail_id in self.ids:
            if getattr(smtp_session, "sock", True) is None:
                self._trigger_queue(fields.Datetime.now())
                break
            # Alone: after each commit, all of a prefetched batch would be read again.
            # What was deleted meanwhile is passed over.
            mail = self.browse(mail_id).try_lock_for_update()
            if mail:
                mail._hand_over(smtp_session=smtp_session, **options)
        return True

    def _hand_over(self, raise_exception=False, **options):
        """Send this mail over a connection, by Odoo's own means."""
        if self.state == "outgoing" and self.email_cc and not self.email_to:
            # Of such a copy Odoo does not tell that it was sent, before another fails.
            self.write({"email_to": self.email_cc, "email_cc": False})
        try:
            super()._send(  # pylint: disable=super-method-mismatch
                raise_exception=raise_exception, **options
            )
        except smtplib.SMTPServerDisconnected:
            if raise_exception:
                raise
            # It has failed for now; undone, it would be sent again.
            self.failure_reason = self._get_unclear_reason()

    @api.model
    def _get_unclear_reason(self):
        return self.env._(
            "The server or the connection ended while the mail was handed over: it may "
            "have been sent or not."
        )

    def _postprocess_sent_message(
        self, success_pids, success_emails, failure_reason=False, failure_type=None
    ):
        """Extension: what the mail server cannot take now stays in the queue."""
        result = super()._postprocess_sent_message(
            success_pids,
            success_emails,
            failure_reason=failure_reason,
            failure_type=failure_type,
        )
        # Odoo calls this while it handles what was raised, and tells no more of it.
        if failure_type == "mail_smtp" or (
            failure_type == "unknown" and isinstance(sys.exc_info()[1], NotTakenNow)
        ):
            self._try_later(success_pids, success_emails)
        return result

    def _try_later(self, told_partners, told_addresses):
        """Put these mails back into the queue, for those who have not got them.

        :param told_partners: list of ``res.partner`` that have
        :param told_addresses: addresses of ``email_to`` that have
        """
        now = fields.Datetime.now()
        for since, mails in self.grouped("recall_failing_since").items():
            lasted = now - since if since else timedelta()
            if lasted >= GIVE_UP:
                continue
            at = now + min(max(lasted, FIRST_PAUSE), LONGEST_PAUSE)
            mails.write(
                {
                    "state": "outgoing",
                    "recall_failing_since": since or now,
                    "scheduled_date": at,
                }
            )
            mails._trigger_queue(at)
        if told_addresses:
            self.write({"email_to": False, "email_cc": False})
        for partner in told_partners:
            self.recipient_ids -= partner

    def _trigger_queue(self, at):
        # sudo: nobody may start actions; this one is due then.
        self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger(at)

    # === Retention === #

    @api.model
    def _get_own_domain(self):
        """Mails of this suite."""
        return Domain("recall_alone", "=", True) | Domain("model", "=like", "recall.%")

    @api.model
    def _get_failed_domain(self, within=None):
        """Mails that were refused or given up, or may have been sent or not.

        :param timedelta within: only those of so long
        """
        failed = Domain("state", "=", "exception")
        if within:
            failed &= Domain("write_date", ">", fields.Datetime.now() - within)
        return failed

    @api.autovacuum
    def _gc_undelivered(self):
        """Delete what could not be delivered for long, with the address."""
        oldest = fields.Datetime.now() - timedelta(days=KEEP_UNDELIVERED_DAYS)
        self.search(
            self._get_own_domain()
            & self._get_failed_domain()
            & Domain("write_date", "<", oldest)
        )._drop_undelivered()

    def _drop_undelivered(self):
        self.unlink()
