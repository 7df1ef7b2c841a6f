# SPDX-License-Identifier: LGPL-3.0-only
from unittest.mock import patch

from odoo import fields
from odoo.tools import mute_logger

from odoo.addons.recall_base.models.mail_mail import GIVE_UP
from odoo.addons.recall_base.tests.smtp_common import SmtpCommon

LOGS = (
    "odoo.addons.mail.models.mail_mail",
    "odoo.addons.base.models.ir_mail_server",
)


class MailQueueCommon(SmtpCommon):
    """Mails to visitors, and a mail server that may be away."""

    def hand_over(self, mails):
        """Send as the scheduled action does; what it would commit is flushed."""
        with (
            mute_logger(*LOGS),
            patch.object(self.env.cr, "commit", self.env.cr.flush),
        ):
            mails.send(auto_commit=True)
        self.env.invalidate_all()

    def give_up(self, mails):
        """Have the mail server be away for too long."""
        self.mail_server.smtp_port = 1
        mails.recall_failing_since = fields.Datetime.now() - GIVE_UP
        self.hand_over(mails)

    def get_tile(self, key):
        tiles = self.env["recall.service.today"]._prepare_tiles(None, None)
        return {tile["key"]: tile["value"] for tile in tiles}[key]
