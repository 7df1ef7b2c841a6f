# SPDX-License-Identifier: LGPL-3.0-only
import logging
from datetime import timedelta

from odoo import api, fields, models

from odoo.addons.recall_base.models.recall_token import SOON, URGENT

_logger = logging.getLogger(__name__)

#: Tokens whose mails are made between two commits.
BATCH = 50


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
        self.env["ir.cron"]._commit_progress(remaining=self.search_count(domain))
        last = 0
        while found := self.search(
            [*domain, ("id", ">", last)], limit=BATCH, order="id"
        ):
            last = found[-1].id
            for token in found.try_lock_for_update():
                token._try_remind()
            if not self.env["ir.cron"]._commit_progress(len(found)):
                break

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

    def _try_remind(self):
        template = self.env.ref("recall_service.mail_template_token_expiry")
        try:
            with self.env.cr.savepoint():
                self.reminded = self.expiry
                for account in self.data_user_id.account_ids:
                    template.with_context(recall_lang=account.lang).send_mail(
                        self.id,
                        email_values={
                            "email_to": account.email_normalized,
                            "recipient_ids": [],
                        },
                    )
                self.env.flush_all()
            self.env.ref("mail.ir_cron_mail_scheduler_action")._trigger()
        except Exception as error:  # noqa: BLE001 - a template is anybody's text
            self.invalidate_recordset()
            # Without its text: that can hold the address.
            _logger.error(
                "No reminder was made for token %s: %s", self.id, type(error).__name__
            )
