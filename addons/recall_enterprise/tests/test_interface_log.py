# SPDX-License-Identifier: LGPL-3.0-only
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.recall_enterprise.models import recall_interface_log
from odoo.addons.recall_enterprise.models.recall_interface_log import unknown_callers
from odoo.addons.recall_enterprise.models.recall_interface_sync import (
    RecallInterface,
)

from .common import COLLECT, SYNC, EnterpriseHttpCase

DISPATCHER = "odoo.addons.recall_base.controllers.dispatcher"


@tagged("post_install", "-at_install")
class TestInterfaceLog(EnterpriseHttpCase):
    """What the log of the interfaces keeps of each request."""

    def setUp(self):
        super().setUp()
        self.Log = self.env["recall.interface.log"]
        unknown_callers.reset()
        self.addCleanup(unknown_callers.reset)
        self.last = self.Log.search([], limit=1).id or 0

    def rows(self):
        return self.Log.search([("id", ">", self.last)], order="id")

    def test_request_leaves_no_entry(self):
        """E-SYNC, X-LOG: who asked what, when, and how it was answered."""
        self.collect_confirmed(self.make_record())
        answer = self.sync(api_cursor="")
        collected, row = self.rows()
        self.assertRecordValues(
            row,
            [
                {
                    "kind": "sync",
                    "interface_id": self.sync_interface.id,
                    "producer_id": self.producer.id,
                    "key_id": self.sync_token.key_id,
                    "address": "127.0.0.1",
                    "api_status": 200,
                    "record_count": 1,
                    "request_count": 1,
                    "request_id": answer["request_id"],
                    "self_test": False,
                }
            ],
        )
        self.assertGreater(row.answer_bytes, 300)
        self.assertGreater(row.request_bytes, 80)
        self.assertGreater(row.duration_ms, 0)
        self.assertLess(abs(row.time - fields.Datetime.now()), timedelta(minutes=1))
        self.assertEqual((collected.kind, collected.record_count), ("collect", 1))
        self.assertEqual(collected.interface_id, self.collect_interface)

    def test_refused_request_leaves_no_entry(self):
        """X-LOG: refusals are logged too: whose they are, once the token is proved."""
        key_id = self.sync_token.key_id
        cases = (
            (self.sync_message(api_cfg="unknown"), 404, key_id),
            (self.sync_message(api_cursor="unknown"), 407, key_id),
            (self.sync_message(api_token=f"{key_id}.{'x' * 43}"), 403, False),
            (self.sync_message(api_token="x"), 403, False),
            ({}, 402, False),
        )
        for message, status, _key in cases:
            self.assertEqual(self.post_json(SYNC, message)["api_status"], status)
        self.post(SYNC, b"{")
        self.post(SYNC, b"{}", method="GET")
        found = [(row.api_status, row.key_id) for row in self.rows()]
        expected = [(status, key) for _message, status, key in cases]
        self.assertEqual(found, [*expected, (407, False), (502, False)])
        known = self.rows().filtered("producer_id")
        self.assertEqual(known.mapped("api_status"), [404, 407])

    def test_secret_or_personal_data_is_in_the_log(self):
        """X-LOG: neither tokens nor bodies get into an entry."""
        self.collect(self.make_record())
        self.post_json(SYNC, self.sync_message(api_token=self.sync_secret + "x"))
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT string_agg(log::text, '|') FROM recall_interface_log log"
        )
        [text] = self.env.cr.fetchone()
        for secret in (self.sync_secret, self.collect_secret):
            self.assertNotIn(secret.split(".")[1], text)
        self.assertNotIn("13800138000", text)

    def test_request_that_was_undone_leaves_no_entry(self):
        """X-LOG, X-FAULT: a request whose transaction was rolled back is logged."""
        with (
            patch.object(RecallInterface, "_next_page", side_effect=RuntimeError),
            mute_logger(DISPATCHER),
        ):
            self.post_json(SYNC, self.sync_message(api_cursor=""))
        row = self.rows()
        self.assertEqual((row.api_status, row.producer_id), (-1, self.producer))

    def test_request_fails_because_it_cannot_be_logged(self):
        """X-FAULT: an answer does not depend on the log."""
        with (
            patch.object(type(self.Log), "_insert", side_effect=RuntimeError("gone")),
            self.assertLogs(DISPATCHER, "ERROR") as logs,
        ):
            self.assertEqual(self.sync()["api_status"], 200)
        self.assertIn("is not in the log", logs.output[0])

    def test_attacker_fills_the_disk(self):
        """X-ATTACK: requests of unknown callers get few rows; the rest is counted."""
        limit = 3
        with patch.object(recall_interface_log.UnknownCallers, "SINGLE_ROWS", limit):
            for _ in range(10):
                self.post_json(SYNC, self.sync_message(api_token="x"))
            self.assertEqual(len(self.rows()), limit)
            # Known callers are logged all the same.
            self.sync()
            self.assertEqual(len(self.rows()), limit + 1)
            with patch.object(recall_interface_log.UnknownCallers, "PERIOD", 0):
                self.sync()
        counted = self.rows().filtered(lambda row: row.request_count > 1)
        self.assertRecordValues(
            counted,
            [{"kind": "sync", "api_status": 403, "request_count": 7, "key_id": False}],
        )
        self.assertEqual(sum(self.rows().mapped("request_count")), 12)

    def test_unknown_callers_get_no_rows_after_an_hour(self):
        clock = 1000.0
        with patch.object(recall_interface_log.time, "monotonic", lambda: clock):
            rows = unknown_callers.SINGLE_ROWS
            admitted = [unknown_callers.admits("sync", 403) for _ in range(rows + 1)]
            self.assertEqual(admitted, [True] * rows + [False])
            self.assertEqual(unknown_callers.take_due(), {})
            clock += unknown_callers.HOUR
            self.assertTrue(unknown_callers.admits("sync", 403))
            self.assertEqual(unknown_callers.take_due(), {("sync", 403): 1})
            self.assertEqual(unknown_callers.take_due(), {})

    def test_log_is_changed_or_read_by_others(self):
        """X-ACCESS, X-LOG: clerks read their producers' entries, nobody changes any."""
        self.sync()
        self.post_json(SYNC, self.sync_message(api_token="x"))
        known, unknown = self.rows()
        for producer, readable in (
            (self.make_producer(), self.Log),
            (self.producer, known),
        ):
            clerk = self.make_user(
                f"log_clerk_{producer.id}",
                "recall_enterprise.group_clerk",
                recall_producer_ids=producer.ids,
            )
            found = self.Log.with_user(clerk).search([("id", ">", self.last)])
            self.assertEqual(found, readable)
        administrator = self.make_user(
            "log_administrator", "recall_enterprise.group_administrator"
        )
        found = self.Log.with_user(administrator).search([("id", ">", self.last)])
        self.assertEqual(found, known | unknown)
        dealer = self.make_user("log_dealer", "recall_enterprise.group_dealer")
        with self.assertRaises(AccessError):
            self.Log.with_user(dealer).search([])
        with self.assertRaises(AccessError):
            known.with_user(administrator).unlink()
        for change in (lambda: known.write({"api_status": 200}), known.unlink):
            with self.assertRaises(UserError):
                change()

    def test_old_entries_stay_or_young_ones_go(self):
        """X-LOG: entries are kept for 90 days."""
        for _ in range(3):
            self.sync()
        old, edge, fresh = self.rows()
        now = fields.Datetime.now()
        for row, days in ((old, 90.01), (edge, 89.9)):
            self.env.cr.execute(
                "UPDATE recall_interface_log SET time = %s WHERE id = %s",
                [now - timedelta(days=days), row.id],
            )
        self.env.invalidate_all()
        done, remaining = self.Log._gc_calls()
        self.assertGreaterEqual(done, 1)
        self.assertFalse(remaining)
        self.assertEqual(self.rows(), edge | fresh)
        self.assertFalse(old.exists())

    def test_last_use_of_a_token_is_not_known(self):
        """E-OPEN: which token was used last, when and from where, from the log."""
        _token, second_secret = self.issue_token("sync", "producer_id", self.producer)
        self.assertEqual(self.sync_interface.token_step, "hand_over")
        self.sync()
        self.assertTrue(self.sync_token.last_used_at)
        self.assertEqual(self.sync_token.last_address, "127.0.0.1")
        self.assertFalse(_token.last_used_at)
        # A refused request is no use.
        self.post_json(SYNC, self.sync_message(api_token=second_secret, api_cfg="x"))
        self.env.invalidate_all()
        self.assertEqual(self.sync_interface.token_step, "hand_over")
        self.sync(api_token=second_secret)
        self.env.invalidate_all()
        self.assertEqual(self.sync_interface.token_step, "revoke")
        self.sync_token.action_revoke()
        self.env.invalidate_all()
        self.assertEqual(self.sync_interface.token_step, "calm")

    def test_collect_is_logged_as_something_else(self):
        self.post_json(COLLECT, self.collect_message())
        self.assertEqual(self.rows().mapped("kind"), ["collect"])
        self.assertEqual(self.rows().api_status, 402)
