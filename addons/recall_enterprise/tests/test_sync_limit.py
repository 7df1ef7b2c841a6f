# SPDX-License-Identifier: LGPL-3.0-only
import json
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from odoo.addons.recall_enterprise.models import (
    recall_interface_preview,
    recall_interface_sync,
)

from .common import EnterpriseHttpCase


@tagged("post_install", "-at_install")
class TestSyncLimit(EnterpriseHttpCase):
    """A plain peer of a producer whose window does not fit into one answer."""

    def setUp(self):
        super().setUp()
        self.startPatcher(patch.object(recall_interface_sync, "PLAIN_LIMIT", 4))
        self.records = [self.make_record(vin) for vin in self.vins]
        self.reports = self.collect_confirmed(*self.records)
        self.set_changed(self.reports, timedelta(hours=-1))

    def set_changed(self, reports, later):
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE recall_completion SET changed_at = %s WHERE id IN %s",
            [fields.Datetime.now() + later, tuple(reports.ids)],
        )
        self.env.invalidate_all()

    def pull(self):
        return [record["repairNum"] for record in self.sync()["records"]]

    def test_large_window_is_answered_whole_or_loses_records(self):
        """E-SYNC, X-ATTACK: each answer is bounded, all records come in turn."""
        numbers = [record["repairNum"] for record in self.records]
        pulled = [self.pull() for _ in range(3)]
        self.assertEqual([len(page) for page in pulled], [4, 4, 4])
        self.assertEqual(set().union(*pulled), set(numbers))
        # And round again, so that what got lost on the way comes once more.
        again = [self.pull() for _ in range(3)]
        self.assertEqual(set().union(*again), set(numbers))

    def test_left_out_records_are_not_told_to_the_producer(self):
        """E-SYNC: the delivery says how many records did not fit."""
        self.pull()
        self.assertRecordValues(
            self.sync_interface.delivery_ids,
            [{"record_count": 4, "left_out_count": 6, "mode": "plain"}],
        )

    def test_fresh_record_waits_for_its_turn(self):
        """E-DEADLINE: what was never handed over goes first."""
        for _ in range(3):
            self.pull()
        self.collect_one({**self.records[9], "telNum": "13912345678"})
        # The database's clock stands still in a test: the answers were not before it.
        self.set_changed(self.reports[9], timedelta(seconds=1))
        answer = self.sync()
        sent = {r["repairNum"]: r["telNum"] for r in answer["records"]}
        self.assertEqual(sent.get(self.records[9]["repairNum"]), "13912345678")
        self.assertEqual(len(sent), 4)

    def test_window_that_fits_is_split(self):
        with patch.object(recall_interface_sync, "PLAIN_LIMIT", 11):
            self.assertEqual(len(self.pull()), 10)
            self.assertEqual(len(self.pull()), 10)
        self.assertFalse(sum(self.sync_interface.delivery_ids.mapped("left_out_count")))


@tagged("post_install", "-at_install")
class TestPreview(EnterpriseHttpCase):
    def test_preview_shows_something_else_than_is_sent(self):
        """E-SYNC: the preview is the next answer, but for phones and its name."""
        reports = self.collect_confirmed(*map(self.make_record, self.vins[:3]))
        preview, total = self.sync_interface._preview()
        answer = self.sync(api_cursor="")
        self.assertEqual(total, 3)
        for shown, sent in zip(preview["records"], answer["records"], strict=True):
            self.assertEqual(shown.pop("telNum"), "138****8000")
            self.assertEqual(sent.pop("telNum"), "13800138000")
            del shown["collectTime"], sent["collectTime"]
            self.assertEqual(shown, sent)
        self.assertEqual(preview["has_more"], answer["has_more"])
        # The delivery waits now: the next request gets the same one.
        self.withdraw(reports[0])
        pending, _total = self.sync_interface._preview()
        self.assertEqual(pending["next_cursor"], answer["next_cursor"])
        self.assertEqual(pending["count"], 2)

    def test_preview_of_a_large_page_is_shown_whole(self):
        self.collect_confirmed(*map(self.make_record, self.vins[:5]))
        self.sync_interface.page_size = 4
        with patch.object(recall_interface_preview, "SHOWN", 2):
            shown = json.loads(self.sync_interface.preview_text)
            note = self.sync_interface.preview_note
        self.assertEqual((len(shown["records"]), shown["has_more"]), (2, True))
        self.assertIn("first 2 of 4", note)

    def test_preview_of_nothing_fails(self):
        self.assertIn("Nothing waits", self.sync_interface.preview_note)
        self.assertEqual(json.loads(self.collect_interface.preview_text)["count"], 0)

    def test_kinds_of_a_delivery_are_not_counted(self):
        """E-SYNC: a delivery says how many reports, corrections, withdrawals it has."""
        records = [*map(self.make_record, self.vins[:4])]
        reports = self.collect_confirmed(*records)
        first = self.sync(api_cursor="")
        self.withdraw(reports[0])
        self.collect_one({**records[1], "telNum": "13912345678"})
        self.collect_confirmed(self.make_record(self.vins[5]))
        self.sync(api_cursor=first["next_cursor"])
        self.assertRecordValues(
            self.sync_interface.delivery_ids.sorted("id"),
            [
                {
                    "completion_count": 4,
                    "correction_count": 0,
                    "withdrawal_count": 0,
                    "state": "acknowledged",
                },
                {
                    "completion_count": 1,
                    "correction_count": 1,
                    "withdrawal_count": 1,
                    "state": "waiting",
                },
            ],
        )
