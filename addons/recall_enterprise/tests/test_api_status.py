# SPDX-License-Identifier: LGPL-3.0-only
from datetime import timedelta
from unittest.mock import patch

import psycopg2

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.recall_base.tools import cipher
from odoo.addons.recall_base.tools.messages import ApiStatus
from odoo.addons.recall_enterprise.models.recall_interface_sync import (
    RecallInterface,
)

from .api_status_table import APPLICATION, GATEWAY
from .common import SYNC, EnterpriseHttpCase


@tagged("post_install", "-at_install")
class TestApiStatus(EnterpriseHttpCase):
    """Each code of annex B is answered to what it is meant for."""

    def test_code_of_annex_b_has_no_way_to_be_reached(self):
        """E-SYNC, X-FAULT: the table has a row for each code, and no other."""
        self.assertEqual({*APPLICATION, *GATEWAY}, {*map(int, ApiStatus)})

    @mute_logger(
        "odoo.addons.recall_base.controllers.dispatcher",
        "odoo.addons.recall_base.models.recall_interface_mixin",
    )
    def test_code_of_annex_b_is_not_answered(self):
        """E-SYNC, E-OPEN: the codes of the application, each over HTTP."""
        for code, deed in APPLICATION.items():
            with self.subTest(code=code, deed=deed), self.env.cr.savepoint() as undo:
                answer = getattr(self, f"_{deed}")()
                self.assertEqual(answer["api_status"], code, answer)
                self.assertEqual(answer["records"], [])
                undo.rollback()
            self.env.invalidate_all()

    def _ask(self, **members):
        return self.post_json(SYNC, self.sync_message(**members))

    def _ask_properly(self):
        return self._ask()

    def _break(self, effect):
        with patch.object(RecallInterface, "_answer_plain", **effect):
            return self._ask()

    def _break_the_work(self):
        return self._break({"side_effect": RuntimeError})

    def _break_the_database(self):
        return self._break({"side_effect": psycopg2.OperationalError})

    def _answer_what_is_no_json(self):
        return self._break({"return_value": {"records": object()}})

    def _ask_from_an_address_that_is_not_listed(self):
        self.sync_token.allowed_addresses = "203.0.113.7"
        return self._ask()

    def _leave_the_interface_name_out(self):
        return self.post_json(SYNC, {"api_token": self.sync_secret})

    def _show_a_wrong_token(self):
        return self._ask(api_token=f"{'0' * 16}.{'x' * 43}")

    def _name_no_interface(self):
        return self._ask(api_cfg="unknown")

    def _show_an_expired_token(self):
        self.sync_token.expires_at = fields.Datetime.now() - timedelta(seconds=1)
        return self._ask()

    def _ask_for_an_archived_producer(self):
        self.producer.active = False
        return self._ask()

    def _send_no_json(self):
        return self.post(SYNC, b"api_token=x")

    def _show_the_token_of_another_interface(self):
        return self._ask(api_token=self.collect_secret)

    def _ask_without_a_key_file(self):
        with patch.dict("os.environ", {cipher.ENVIRONMENT: "/nowhere/keys.json"}):
            return self._ask()

    def _show_a_token_of_nobody(self):
        _token, orphan = self.env["recall.token"].issue(
            {"name": "Orphan", "purpose": "sync"}
        )
        return self._ask(api_token=orphan)

    def _send_a_get_request(self):
        return self.post(SYNC, b"{}", method="GET")
