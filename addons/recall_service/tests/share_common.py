# SPDX-License-Identifier: LGPL-3.0-only
import json

from odoo.tests import HttpCase

from odoo.addons.recall_base.tools.messages import ApiStatus

from ..controllers.share import RecallShare
from ..models.counter_mixin import meters
from ..models.recall_share_usage_meter import quotas
from .common import RecallServiceCommon


class ShareHttpCommon(HttpCase, RecallServiceCommon):
    """Requests to the sharing interface, and what holds for every answer."""

    def setUp(self):
        super().setUp()
        self.forget_counts()
        self.addCleanup(self.forget_counts)

    def forget_counts(self):
        """Know no more of what was counted than a process that has just begun."""
        meters.clear()
        quotas.clear()

    def message(self, **members):
        return {
            "api_exchange_token": self.secret,
            "api_exchange_cfg": self.interface.api_cfg,
            "api_exchange_vin": self.vins[0],
            **members,
        }

    def post(self, body, content_type="application/json", method="POST", **headers):
        """Send bytes; check what holds for every answer; return the decoded one."""
        response = self.url_open(
            RecallShare._share_url,
            data=body,
            method=method,
            headers={"Content-Type": content_type, **headers},
        )
        return self.read_answer(response, "exchange_records")

    def ask(self, **members):
        return self.post(json.dumps(self.message(**members)).encode())

    def assertStatus(self, answer, status):
        """The answer has the status, and unless it is 200 a sentence and no record."""
        self.assertEqual(answer["api_status"], status, answer)
        if status != ApiStatus.SUCCESS:
            self.assertEqual(answer["exchange_records"], [])
            self.assertRegex(answer["message"], r"^[A-Z].+\.$")

    def ask_for(self, **members):
        """Ask by another member than the one VIN of annex C."""
        message = self.message(**members)
        del message["api_exchange_vin"]
        return self.post(json.dumps(message).encode())
