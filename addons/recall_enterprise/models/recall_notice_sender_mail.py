# SPDX-License-Identifier: LGPL-3.0-only
import base64
import contextlib
import smtplib

from odoo import models
from odoo.exceptions import UserError

from .recall_notice_sender import HandOver, Outcome, name_fault


class RecallNoticeSender(models.AbstractModel):
    _inherit = "recall.notice.sender"

    def _hand_over_mail(self, notice_round, messages):
        """Hand mails to the mail server over one connection; returns ``HandOver``."""
        try:
            session = self.env["ir.mail_server"]._connect__(
                smtp_from=notice_round.sender
            )
        except (OSError, smtplib.SMTPException, UserError) as error:
            return HandOver([], self._explain_mail_fault(error))
        outcomes = []
        try:
            for message in messages:
                outcome = self._send_mail(session, notice_round, message)
                outcomes.append(outcome)
                if outcome.state == "sending":
                    # The connection broke in the middle: what follows was not begun.
                    break
        except smtplib.SMTPSenderRefused as error:
            # No owner's fault: nobody would get a mail from this sender.
            return HandOver(outcomes, self._explain_mail_fault(error))
        finally:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                session.quit()
        return HandOver(outcomes)

    def _explain_mail_fault(self, error):
        return self.env._(
            "The mail server takes nothing (%(why)s). It is tried again by itself; ask "
            "the administrator to check the outgoing mail server.",
            why=name_fault(error),
        )

    def _send_mail(self, session, notice_round, message):
        """Send one mail; the outcome names no address."""
        Server = self.env["ir.mail_server"]
        try:
            email = self._build_mail(notice_round, message)
            sender, receivers, email = Server._prepare_email_message__(email, session)
        except (ValueError, AssertionError):
            reason = self.env._("The mail address cannot be written to.")
            return Outcome(message.lead_id, "undeliverable", reason)
        try:
            session.send_message(email, sender, receivers)
        except smtplib.SMTPSenderRefused:
            raise
        except smtplib.SMTPRecipientsRefused as error:
            code = next(iter(error.recipients.values()))[0]
            return self._refuse(message, code)
        except smtplib.SMTPResponseException as error:
            return self._refuse(message, error.smtp_code)
        except (OSError, smtplib.SMTPException):
            return Outcome(message.lead_id, "sending")
        return Outcome(message.lead_id, "sent")

    def _refuse(self, message, code):
        """A 4xx answer is worth another try, a 5xx is final (RFC 5321, 4.2.1)."""
        reason = self.env._("The mail server answered %(code)s.", code=code)
        state = "queued" if 400 <= code < 500 else "undeliverable"
        return Outcome(message.lead_id, state, reason)

    def _build_mail(self, notice_round, message):
        Writer = self.env["recall.notice.writer"]
        Server = self.env["ir.mail_server"]
        domain = notice_round.sender.rpartition("@")[2].strip(" >")
        bounce = self.env.company.bounce_email
        email = Server._build_email__(
            notice_round.sender,
            [Writer._get_address(message, "mail")],
            message.subject,
            Writer._write_mail(notice_round, message),
            subtype="html",
            body_alternative=message.text,
            message_id=f"<{message.reference}@{domain}>",
            headers={
                "Auto-Submitted": "auto-generated",
                **({"Return-Path": bounce} if bounce else {}),
            },
        )
        url = notice_round.producer_id.public_url
        if url:
            image = base64.b64decode(Writer._make_qr(url).partition(",")[2])
            html_part = email.get_payload()[-1]
            html_part.add_related(image, "image", "png", cid="<recall-qr>")
        return email
