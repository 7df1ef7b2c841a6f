# SPDX-License-Identifier: LGPL-3.0-only
import json
from unittest.mock import patch

from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from odoo.addons.recall_base.tools.http_client import PeerError

from .common import CANARY, PullCommon, make_page

TOKEN = "key1.canary-token-0123456789"


@tagged("post_install", "-at_install")
class TestPrivacy(PullCommon):
    """Phone numbers and tokens are in no table and in no log."""

    def pull_everything(self):
        """Bring a phone number in by every way that there is."""
        self.enterprise.api_token = TOKEN
        record = self.make_record()
        wrong = self.make_record(recallTime="2024-01-01")
        page = make_page([record, wrong, self.make_record(telNum=[CANARY])])
        changed = {**record, "recallTime": "2025-03-09"}
        correction = {**changed, "recordKind": "correction", "recordVersion": 2}
        withdrawal = {**correction, "recordKind": "withdrawal", "recordVersion": 3}
        self.pull(page)
        self.pull([changed, CANARY, [CANARY], {"x": CANARY}, {CANARY: 1}])
        self.pull([correction])
        self.pull([withdrawal])
        self.pull(json.dumps(page).encode()[:-1])
        self.pull(page | {"count": 17})
        self.pull(page | {"api_status": 403, "message": f"bad: {TOKEN}"})
        self.pull(PeerError("timeout", "No answer in time."))
        self.fail_to_store(page)
        return record

    def fail_to_store(self, page):
        """Let storing fail by an error of the database, which is logged."""
        Intake = type(self.env["recall.intake"])

        def fail(model, *_args):
            model.env.cr.execute("SELECT 1 / 0")

        with patch.object(Intake, "_insert_new", fail):
            self.pull(page)
        self.assertEqual(self.last_exchange().outcome, "storage")

    def test_neither_phone_numbers_nor_tokens_are_stored_in_clear(self):
        """X-CRYPTO: no column of any table of ours holds one, nor does what of Odoo's
        was written meanwhile."""
        with self.assertLogs() as logs:
            record = self.pull_everything()
        self.assertTrue(self.get_quarantine(record))
        self.env.flush_all()
        self.env.cr.execute(
            """SELECT relname FROM pg_class
                WHERE relkind = 'r' AND (relname LIKE 'recall\\_%'
                      OR relname IN ('mail_message', 'ir_logging', 'ir_attachment',
                                     'ir_cron_progress', 'mail_tracking_value'))"""
        )
        tables = [row[0] for row in self.env.cr.fetchall()]
        self.assertLessEqual(
            {
                "recall_audit_event",
                "recall_completion",
                "recall_enterprise",
                "recall_exchange",
                "recall_quarantine",
            },
            set(tables),
        )
        for table in tables:
            for secret in (CANARY, TOKEN, TOKEN.partition(".")[2]):
                self.assertFalse(self.find(table, secret), f"{secret} in {table}")
        text = "\n".join(logs.output)
        self.assertIn("division by zero", text)
        self.assertNotIn(CANARY, text)
        self.assertNotIn(TOKEN, text)

    def find(self, table, text):
        self.env.cr.execute(
            SQL(
                "SELECT t::text FROM %s t WHERE strpos(t::text, %s) > 0",
                SQL.identifier(table),
                text,
            )
        )
        return self.env.cr.fetchall()

    def test_search_for_the_canary_would_find_it(self):
        """X-CRYPTO: the search above is not blind."""
        self.make_dealer(self.producer, f"Dealer {CANARY}")
        self.env.flush_all()
        self.assertTrue(self.find("recall_dealer", CANARY))

    def test_what_users_read_holds_no_phone_number(self):
        """X-CRYPTO X-ACCESS: nor anything that can be opened, whatever is read."""
        with mute_logger(
            "odoo.sql_db",
            "odoo.addons.recall_management.models.recall_enterprise_pull",
        ):
            self.pull_everything()
        user = self.make_user("reader", "recall_management.group_administrator")
        for model in ("exchange", "quarantine", "completion", "enterprise"):
            records = self.env[f"recall.{model}"].with_user(user).search([])
            fields = records.fields_get()
            with self.subTest(model=model):
                self.assertTrue(records)
                self.assertFalse([name for name in fields if "sealed" in name])
                values = records.read()
                self.assertNotIn(CANARY, str(values))
