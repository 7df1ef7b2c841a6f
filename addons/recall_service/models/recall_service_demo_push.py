# SPDX-License-Identifier: LGPL-3.0-only
from datetime import timedelta

from odoo import api, fields, models

#: Numbers of vehicles that the insurer's fleet has from the recall, and others.
IN_SCOPE, OTHERS = range(1, 9), range(501, 525)
#: Where nobody listens until somebody starts a receiver there: it is this machine.
RECEIVER = "https://localhost:9555/recall"
#: Name of the address, how often it is written to, whether it has confirmed.
FLEET_MAILS = (
    ("fleet", "now", True),
    ("night", "daily", True),
    ("new", "weekly", False),
)


class RecallServiceDemo(models.AbstractModel):
    """A fleet and its mail addresses, a webhook that waits for its secret, and one that
    takes nothing."""

    _inherit = "recall.service.demo"

    @api.model
    def _load(self):
        """Extension: what partners are told by their servers."""
        super()._load()
        insurer, police = (
            self.env["recall.data.user"].search([("kind", "=", kind)], limit=1)
            for kind in ("insurer", "police")
        )
        self._make_fleet(insurer)
        for address in FLEET_MAILS if self._has_keys() else ():
            self._make_fleet_mail(insurer, *address)
        self._make_webhook(insurer, "承保系统（演示）", RECEIVER)
        self._fail(
            self._make_webhook(police, "检验系统", "https://police.example/recall")
        )

    def _make_fleet(self, data_user):
        self.env["recall.fleet.vehicle"].create(
            [
                {"data_user_id": data_user.id, "vin": self._make_vin(number)}
                for number in (*IN_SCOPE, *OTHERS)
            ]
        )

    def _make_fleet_mail(self, data_user, name, rhythm, confirmed):
        subscription = self.env["recall.subscription"].create(
            {
                "email": f"{name}@insurer.example",
                "lang": "en_US",
                "data_user_id": data_user.id,
                "rhythm": rhythm,
            }
        )
        subscription.mail_due = False  # nobody is there to read it
        if confirmed:
            subscription._confirm()

    def _make_webhook(self, data_user, name, url):
        return self.env["recall.webhook"].create(
            {
                "name": name,
                "data_user_id": data_user.id,
                "url": url,
                "email": "it@partner.example",
            }
        )

    def _fail(self, hook):
        """Given up after three days; what is to be told waits."""
        now = fields.Datetime.now()
        hook.write(
            {
                "state": "disabled",
                "started_at": now - timedelta(days=30),
                "last_success_at": now - timedelta(days=4, hours=1),
                "failing_since": now - timedelta(days=4),
                "failures": 14,
                "last_status": 503,
            }
        )
        self.env["recall.webhook.message"]._create_test(hook)
