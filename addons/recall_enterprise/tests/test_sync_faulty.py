# SPDX-License-Identifier: LGPL-3.0-only
from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.recall_base.tools import cipher
from odoo.addons.recall_enterprise.models import recall_interface_records

from .common import SYNC, EnterpriseHttpCase

DISPATCHER = "odoo.addons.recall_base.controllers.dispatcher"


@tagged("post_install", "-at_install")
class TestSyncFaulty(EnterpriseHttpCase):
    """Reports whose sealed phone number does not open, among others that do."""

    def setUp(self):
        super().setUp()
        self.records = [*map(self.make_record, self.vins[:3])]
        self.reports = self.collect_confirmed(*self.records)

    def spoil(self, reports, box="SM4-GCM|gone|AAAAAAAAAAAAAAAA|" + "A" * 40):
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE recall_completion SET phone_sealed = %s WHERE id IN %s",
            [box, tuple(reports.ids)],
        )
        self.env.invalidate_all()

    def numbers(self, answer):
        return [record["repairNum"] for record in answer["records"]]

    def test_one_phone_that_does_not_open_stops_all_deliveries(self):
        """E-SYNC, X-FAULT: the others go on; the one stays, visible, and is alarmed."""
        self.spoil(self.reports[1])
        for cursor in ("", ""):
            answer = self.sync(api_cursor=cursor)
            expected = [self.records[0]["repairNum"], self.records[2]["repairNum"]]
            self.assertEqual(self.numbers(answer), expected)
        self.assertEqual(self.sync_interface.delivery_ids.record_count, 2)
        last = self.sync(api_cursor=answer["next_cursor"])
        self.assertEqual((last["count"], last["has_more"]), (0, False))
        faulty = self.env["recall.completion"].search([("undeliverable", "=", True)])
        self.assertEqual(faulty, self.reports[1])
        self.assertFalse(faulty.delivery_id or faulty.handed_out)
        self.assertFalse(faulty.synced_at or faulty.first_delivery_id)
        self.assertEqual(self.sync_interface.undeliverable_count, 1)
        others = self.env["recall.completion"].search([("undeliverable", "=", False)])
        self.assertNotIn(faulty, others)
        event = self.env["recall.audit.event"].search(
            [("action", "=", "completion.undeliverable"), ("res_id", "=", faulty.id)]
        )
        expected = {"reason": "phone", "count": 1, "ids": faulty.ids}
        self.assertEqual(event.detail, expected)

    def test_only_faulty_reports_make_an_empty_delivery(self):
        self.spoil(self.reports)
        answer = self.sync(api_cursor="")
        self.assertEqual((answer["count"], answer["has_more"]), (0, False))
        self.assertFalse(self.sync_interface.delivery_ids)

    def test_phone_that_breaks_while_a_delivery_waits_blocks_it(self):
        """E-SYNC, X-FAULT: it leaves the delivery, which is given without it."""
        self.assertEqual(self.sync(api_cursor="")["count"], 3)
        self.spoil(self.reports[0])
        answer = self.sync(api_cursor="")
        self.assertEqual(
            self.numbers(answer), [r["repairNum"] for r in self.records[1:]]
        )
        self.assertTrue(self.reports[0].undeliverable)
        self.assertEqual(self.sync(api_cursor=answer["next_cursor"])["count"], 0)

    def test_plain_answer_fails_on_a_phone_that_does_not_open(self):
        """E-SYNC, X-FAULT: a plain answer leaves it out as well."""
        self.spoil(self.reports[1], "no envelope")
        self.assertEqual(self.sync()["count"], 2)
        self.assertTrue(self.reports[1].undeliverable)
        self.assertEqual(self.sync()["count"], 2)

    def test_correction_of_a_faulty_report_is_kept_back(self):
        """E-SYNC: sent again by the dealers' system, it is delivered by itself."""
        self.spoil(self.reports[1])
        first = self.sync(api_cursor="")
        self.collect_one({**self.records[1], "telNum": "13912345678"})
        answer = self.sync(api_cursor=first["next_cursor"])
        [sent] = answer["records"]
        self.assertEqual(sent["telNum"], "13912345678")
        self.assertFalse(self.reports[1].undeliverable)

    def test_mended_report_is_not_tried_again(self):
        """E-SYNC: a reviewer puts back what opens again, and nothing else."""
        good = self.reports[0].sudo().phone_sealed
        self.spoil(self.reports[:2])
        first = self.sync(api_cursor="")
        self.spoil(self.reports[0], good)
        clerk = self.make_user("faulty_clerk", "recall_enterprise.group_clerk")
        clerk.recall_producer_ids = self.producer
        with self.assertRaises(AccessError):
            self.reports[:2].with_user(clerk).action_deliver_again()
        done = self.reports[:2].action_deliver_again()
        self.assertEqual(done["params"]["type"], "warning")
        answer = self.sync(api_cursor=first["next_cursor"])
        self.assertEqual(self.numbers(answer), [self.records[0]["repairNum"]])
        self.assertEqual(self.reports.filtered("undeliverable"), self.reports[1])

    def test_wrong_key_file_sets_every_report_aside(self):
        """X-FAULT: where no key fits it is the file's fault: -1, nothing is marked."""
        self.spoil(self.reports)
        with (
            patch.object(recall_interface_records, "LOST_KEYS", 3),
            mute_logger(DISPATCHER),
        ):
            answer = self.post_json(SYNC, self.sync_message(api_cursor=""))
        self.assertEqual((answer["api_status"], answer["count"]), (-1, 0))
        self.assertFalse(self.reports.filtered("undeliverable"))

    def test_preview_opens_a_phone_or_marks_a_report(self):
        """E-SYNC: the preview shows masked phones and leaves everything as it is."""
        self.spoil(self.reports[1])
        before = self.stored()
        with patch.object(cipher.KeyRing, "open", side_effect=AssertionError):
            text = self.sync_interface.preview_text
        self.assertIn('"telNum": "138****8000"', text)
        self.assertNotIn("13800138000", text)
        self.assertEqual(self.sync_interface.waiting_count, 3)
        self.assertEqual(self.stored(), before)
