# SPDX-License-Identifier: LGPL-3.0-only
from datetime import timedelta

from odoo import api, fields, models

#: Days after the end in which the visitor's address is kept; then the photos, which
#: the decision rests on.
KEEP_EMAIL_DAYS = 30
KEEP_PHOTO_DAYS = 180
#: Objections of one run: a photo is a file to delete.
BATCH = 10_000


class RecallObjection(models.Model):
    """What is erased of a visitor after an objection has ended."""

    _inherit = "recall.objection"

    @api.autovacuum
    def _gc_personal_data(self):
        """Erase addresses and photos whose time is over; the facts stay."""
        traces = ["|", ("email_digest", "!=", False), ("origin", "!=", False)]
        self._erase(KEEP_EMAIL_DAYS, traces)._forget_email()
        self._erase(KEEP_PHOTO_DAYS, [("photo_count", ">", 0)])._forget_photos()

    def _erase(self, days, domain):
        oldest = fields.Datetime.now() - timedelta(days=days)
        return self.search([("ended_at", "<", oldest), *domain], limit=BATCH)

    def _forget_person(self):
        """Override: nothing waits to be mailed then, and nothing tells who asked."""
        self._forget_email()

    def _forget_email(self):
        self.write(
            {
                "email_sealed": False,
                "email_digest": False,
                "email_masked": False,
                "mail_due": False,
                "origin": False,
            }
        )
        # sudo: mails are the system's; whoever erases an address answers for it.
        self.env["mail.mail"].sudo().search(
            [("recall_objection_id", "in", self.ids)]
        ).unlink()
        self._log_many("erase_email")

    def _forget_photos(self):
        self.photo_ids.unlink()
        self.photo_count = 0
        self._log_many("erase_photos")

    def _log_many(self, deed):
        """One entry of the operation log for all of these."""
        if self:
            self.env["recall.audit.event"]._record(
                f"objection.{deed}", self, count=len(self), ids=self.ids
            )
