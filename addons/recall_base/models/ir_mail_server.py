# SPDX-License-Identifier: LGPL-3.0-only
import smtplib
import traceback

from odoo import api, models

from odoo.addons.base.models.ir_mail_server import MailDeliveryException

#: Steps of SMTP before anything of a mail has left.
_EARLY = {
    step.__code__
    for step in (
        smtplib.SMTP.ehlo,
        smtplib.SMTP.helo,
        smtplib.SMTP.mail,
        smtplib.SMTP.rcpt,
    )
}


class NotTakenNow(MailDeliveryException):
    """The mail server certainly did not take a mail, and may take it later."""


class IrMailServer(models.Model):
    """Tells a mail that the server may take later from one that it refuses."""

    _inherit = "ir.mail_server"

    @api.model
    def send_email(self, message, *args, **options):
        """Extension: says of a failure whether another try is worth it.

        :raises NotTakenNow: for a 4xx answer (RFC 5321, 4.2.1), or when the connection
            ends before the mail's content has left
        """
        try:
            return super().send_email(message, *args, **options)
        except (MailDeliveryException, smtplib.SMTPServerDisconnected) as error:
            if _is_passing(error):
                raise NotTakenNow(*error.args) from error
            raise


def _is_passing(error):
    if isinstance(error, smtplib.SMTPServerDisconnected):
        walked = traceback.walk_tb(error.__traceback__)
        return any(frame.f_code in _EARLY for frame, _line in walked)
    # Odoo wraps what the server answered.
    answer = error.__context__
    if isinstance(answer, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _text in answer.recipients.values()]
    else:
        codes = [getattr(answer, "smtp_code", 0)]
    return any(400 <= code < 500 for code in codes)
