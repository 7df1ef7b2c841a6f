# SPDX-License-Identifier: LGPL-3.0-only
from datetime import timedelta

from odoo import api, fields, models

from odoo.addons.recall_base.models.recall_token import SOON, URGENT


class RecallToken(models.Model):
    """Tells data users before a token of theirs expires: 30 and 7 days ahead.

    What was told is noted in the transaction that puts the mails into Odoo's queue: a
    killed worker leaves both or neither.
    """

    _inherit = "recall.token"
    _audit_ignored = {"reminded"}

    reminded = fields.Selection(
        [("soon", "30 days ahead"), ("urgent", "7 days ahead")],
        string="Reminder sent",
        readonly=True,
        copy=False,
    )

    _reminder_idx = models.Index(
        "(expires_at) WHERE revoked_at IS NULL AND data_user_id IS NOT NULL"
    )

    def write(self, vals):
        if "expires_at" in vals:
            # A new date is told of anew.
            super().write(vals)
            # sudo: the mark is the reminder's own.
            return super(RecallToken, self.sudo()).write({"reminded": False})
        return super().write(vals)

    @api.model
    def _cron_remind(self):
        """Make the reminders that are due; what fails is tried next time."""
        domain = self._get_reminder_domain()
        make, failure = type(self)._make_reminder, "No reminder was made"
        self.env["ir.cron"]._go_through(self, domain, make, failure)

    def _get_reminder_domain(self):
        now = fields.Datetime.now()
        return [
            ("data_user_id.active", "=", True),
            ("revoked_at", "=", False),
            ("probe", "=", False),
            ("expires_at", ">", now),
            "|",
            "&",
            ("reminded", "=", False),
            ("expires_at", "<=", now + timedelta(days=SOON)),
            "&",
            ("reminded", "in", [False, "soon"]),
            ("expires_at", "<=", now + timedelta(days=URGENT)),
        ]

    def _make_reminder(self):
        template = self.env.ref("recall_service.mail_template_token_expiry")
        self.reminded = self.expiry
        for account in self.data_user_id.account_ids:
            template.with_context(recall_lang=account.lang).send_mail(
                self.id,
                email_values={
                    "email_to": account.email_normalized,
                    "recipient_ids": [],
                },
            )
            self.env.ref("mail.ir_cron_mail_scheduler_action")._trigger()
