# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL


class MailMail(models.Model):
    """Mails to visitors are handed over at most once, also when the server dies.

    Odoo notes that a mail was sent after the mail server took it: one that dies in
    between would send it again. For these mails it is committed before the hand-over
    that it has begun; the mail is sent by what follows, uncommitted. What a kill leaves
    in the exception state may have been taken or not: a person decides, nothing is sent
    twice by itself.

    A mail holds an address and links with proofs: it goes with what it is about.
    """

    _inherit = "mail.mail"

    recall_once = fields.Boolean(readonly=True, copy=False)
    recall_objection_id = fields.Many2one(
        "recall.objection",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="The objection whose visitor this mail is for.",
    )

    recall_push_ids = fields.One2many(
        "recall.push", "mail_id", help="The messages that this mail carries."
    )

    # === Handing over === #

    def _hand_over(self, auto_commit=False, **options):
        """Extension: the hand-over of mails to visitors is noted before."""
        if not self.recall_once or not auto_commit or self._begin():
            super()._hand_over(auto_commit=auto_commit, **options)

    def _begin(self):
        """Commit that the hand-over of this mail begins; whether it is still due."""
        if self.state != "outgoing":
            return False
        self.write(
            {
                "state": "exception",
                "failure_type": "unknown",
                "failure_reason": self._get_unclear_reason(),
            }
        )
        # What is committed here has to outlive whatever ends the server from now on.
        self.env.cr.commit()  # pylint: disable=invalid-commit
        # In the database alone, for Odoo's own code to go on from.
        self.env.cr.execute(
            SQL("UPDATE mail_mail SET state = 'outgoing' WHERE id = %s", self.id)
        )
        # It may have been deleted at this moment, with its person.
        is_there = self.env.cr.rowcount > 0
        self.invalidate_recordset(["state"])
        return is_there

    def _postprocess_sent_message(self, *args, failure_type=None, **options):
        """Extension: messages whose mail was refused or given up have failed.

        They make a new mail when a person tries them again.
        """
        # sudo: whoever sends mails need not see messages.
        told = self.sudo().recall_push_ids
        result = super()._postprocess_sent_message(
            *args, failure_type=failure_type, **options
        )
        waiting = self.exists().filtered(lambda mail: mail.state == "outgoing")
        if failure_type:
            told.filtered(lambda push: push.mail_id not in waiting)._note_undelivered(
                failure_type
            )
        return result

    # === Retention === #

    @api.model
    def _get_own_domain(self):
        """Extension: mails to visitors may be part of no record."""
        return super()._get_own_domain() | Domain("recall_once", "=", True)

    @api.model
    def _forget_about(self, records):
        """Delete the mails about these records, in whatever state they are."""
        # sudo: mails are the system's; callers answer for the records.
        self.sudo().search(
            [("model", "=", records._name), ("res_id", "in", records.ids)]
        ).unlink()

    def _drop_undelivered(self):
        """Extension: the messages that a mail carries have failed then."""
        self.recall_push_ids._note_undelivered()
        super(MailMail, self.exists())._drop_undelivered()
