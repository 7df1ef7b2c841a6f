# SPDX-License-Identifier: LGPL-3.0-only
from unittest.mock import patch

from odoo import fields
from odoo.tests import freeze_time

from odoo.addons.recall_base.tools import http_client

from .common import SubscriptionCommon


class WebhookCommon(SubscriptionCommon):
    """A partner's webhook, and a receiver that answers as the test says."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Message = cls.env["recall.webhook.message"]
        cls.hook = cls.make_hook()
        cls.secret = cls.hook._issue_secret()

    @classmethod
    def make_hook(cls, **vals):
        return cls.env["recall.webhook"].create(
            {
                "name": "Fleet system",
                "data_user_id": cls.data_user.id,
                "url": "https://partner.example.com/recalls",
                "email": "it@partner.example.com",
                **vals,
            }
        )

    def setUp(self):
        super().setUp()
        self.posted = []
        self.answers = 200

    def deliver(self, at=None):
        """Run the scheduled action; receivers answer with ``self.answers``."""
        lock = self.posted

        def post(url, body, headers, **_options):
            lock.append((url, body, headers))
            answer = self.answers
            if callable(answer):
                answer = answer(url, body)
            if isinstance(answer, Exception):
                raise answer
            return answer

        with (
            freeze_time(at or fields.Datetime.now()),
            patch.object(http_client, "post_message", post),
        ):
            self.run_cron("deliver")

    def make_public(self, **vals):
        plan = self.make_plan(self.producer, **vals)
        self.add_vehicles(plan)
        self.run_cron("expand")
        return plan

    def get(self, event, hook=None):
        return self.Message.search(
            [("webhook_id", "=", (hook or self.hook).id), ("event", "=", event)],
            order="number",
        )
