# SPDX-License-Identifier: LGPL-3.0-only
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

#: How long a message that is due may wait before somebody is told.
LATE = timedelta(hours=1)
#: The same standstill is told once in this time.
TOLD_EVERY = timedelta(days=1)
_TOLD_AT = "recall_service.push_stuck_told_at"


class RecallPush(models.Model):
    """Sees whether the outboxes are emptied, and tells the operator when not."""

    _inherit = "recall.push"

    @api.model
    def _count_stuck(self):
        """Messages that have been due for too long, to subscribers and partners.

        A receiver that fails has its own alarm, and what waits for a suspended data
        user is meant to wait: neither is counted here. A mail that was refused or given
        up is counted for a day, so that it is told once.
        """
        late = fields.Datetime.now() - LATE
        domain = Domain("state", "=", "waiting") & Domain("next_try_at", "<", late)
        healthy = Domain(
            [
                ("webhook_id.state", "=", "active"),
                ("webhook_id.failing_since", "=", False),
                ("webhook_id.data_user_id.active", "=", True),
            ]
        )
        Mail = self.env["mail.mail"]
        waiting = Domain("state", "=", "outgoing") & Domain("create_date", "<", late)
        mails = Mail._get_own_domain() & (waiting | Mail._get_failed_domain(TOLD_EVERY))
        return (
            self.search_count(domain & self._get_enabled_domain(), limit=1000)
            + self.env["recall.webhook.message"].search_count(
                domain & healthy, limit=1000
            )
            + Mail.search_count(mails, limit=1000)
        )

    @api.model
    def _cron_watch(self):
        """Tell the operator, once a day, when messages do not go out."""
        Parameter = self.env["ir.config_parameter"]
        now = fields.Datetime.now()
        told = fields.Datetime.to_datetime(Parameter.get_param(_TOLD_AT) or False)
        if (told and now - told < TOLD_EVERY) or not self._count_stuck():
            return
        Parameter.set_param(_TOLD_AT, fields.Datetime.to_string(now))
        self.env.ref("recall_service.mail_template_push_stuck").send_mail(
            self.env.company.id, force_send=True
        )
