# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models
from odoo.tools import SQL


class MailMail(models.Model):
    """Mails to subscribers are handed over at most once, also when the server dies.

    Odoo notes that a mail was sent after the mail server took it: one that dies in
    between would send it again. For these mails it is committed before the hand-over
    that it has begun; the mail is sent by what follows, uncommitted. What a kill leaves
    in the exception state may have been taken or not: a person decides, nothing is sent
    twice by itself.
    """

    _inherit = "mail.mail"

    recall_once = fields.Boolean(readonly=True, copy=False)

    def _send(self, auto_commit=False, **options):
        """Extension: mails to subscribers go one by one, each noted before."""
        once = self.filtered("recall_once")
        others = self - once
        if others:
            super(MailMail, others)._send(auto_commit=auto_commit, **options)
        for mail_id in once.ids:
            # Alone: after each commit, all of a prefetched batch would be read again.
            mail = self.browse(mail_id)
            if not auto_commit or mail._begin():
                super(MailMail, mail)._send(auto_commit=auto_commit, **options)
        return True

    def _begin(self):
        """Commit that the hand-over of this mail begins; whether it is still due."""
        if self.state != "outgoing":
            return False
        self.write(
            {
                "state": "exception",
                "failure_type": "unknown",
                "failure_reason": self.env._(
                    "The server ended while the mail was handed over: it may have been "
                    "sent or not."
                ),
            }
        )
        # What is committed here has to outlive whatever ends the server from now on.
        self.env.cr.commit()  # pylint: disable=invalid-commit
        # In the database alone, for Odoo's own code to go on from.
        self.env.cr.execute(
            SQL("UPDATE mail_mail SET state = 'outgoing' WHERE id = %s", self.id)
        )
        self.invalidate_recordset(["state"])
        return True
