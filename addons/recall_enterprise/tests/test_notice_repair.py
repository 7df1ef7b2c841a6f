# SPDX-License-Identifier: LGPL-3.0-only
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from .notice_common import NoticeCommon


@tagged("post_install", "-at_install")
class TestNoticeRepair(NoticeCommon):
    """Who came for the repair was reached, and finding that out costs little."""

    def result(self, notice_round, index):
        self.env.invalidate_all()
        notice = self.get_notice(notice_round, self.vins[index])
        return notice.state, notice.source

    def look_again(self):
        self.run_cron("recall_enterprise.ir_cron_notice_repaired")

    def count_read(self, action):
        """Number of rows of notices that ``action`` reads."""
        self.env.flush_all()
        # A small table in a test: leave the planner no cheaper way.
        self.env.cr.execute("ANALYZE recall_notice; SET LOCAL enable_seqscan = off")
        counts = []
        for step in (lambda: None, action):
            step()
            self.env.flush_all()
            self.env.cr.execute(
                """SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables
                    WHERE relname = 'recall_notice'"""
            )
            counts.append(self.env.cr.fetchone()[0])
        return counts[1] - counts[0]

    def test_repair_leaves_the_owner_unreached(self):
        """E-NOTIFY: whoever was told is reached when the repair is confirmed."""
        self.make_contacts(self.vins[:5])
        notice_round = self.make_done()
        states = ("sent", "delivered", "undeliverable", "refused", "sent")
        for index, state in enumerate(states):
            self.get_notice(notice_round, self.vins[index]).state = state
        # Reported as exported by mistake: the repair shows it.
        self.get_vehicle(self.plan, self.vins[1]).state = "exported"
        for index in range(4):
            self.make_completion(self.plan, self.vins[index])
        for index, expected in enumerate(
            [("reached", "repair")] * 3 + [("refused", False), ("sent", False)]
        ):
            self.assertEqual(self.result(notice_round, index), expected)
        self.assertEqual(self.plan.notice_round_count, 1)
        self.assertAlmostEqual(self.plan.notice_reached_rate, 0.3)
        self.assertTrue(self.events("notice.repaired"))

    def test_unconfirmed_report_counts_as_repair(self):
        self.make_contacts(self.vins[:1])
        notice_round = self.make_done()
        self.make_completion(self.plan, self.vins[0], state="checked")
        self.assertEqual(self.result(notice_round, 0), ("sent", False))

    def test_repair_during_the_sending_is_overlooked(self):
        """E-NOTIFY: repaired between the hand-over, or the printing, and its result."""
        self.make_contacts(self.vins[:3])
        mails = self.make_done()
        letters = self.start(self.make_round("letter", told="all"))
        Report = type(self.env["ir.actions.report"])
        with patch.object(Report, "_run_wkhtmltopdf", return_value=b"%PDF"):
            self.run_sender()
        past = fields.Datetime.now() - timedelta(hours=1)
        mails.write({"state": "running", "done_at": False})
        hanging = self.get_notice(mails, self.vins[0])
        hanging.write({"state": "sending", "handed_at": past})
        self.make_completion(self.plan, self.vins[0])
        self.assertEqual(hanging.state, "sending")
        hanging.action_count_as_sent()
        letters.file_ids.action_posted()
        self.look_again()
        for notice_round in (mails, letters):
            self.assertEqual(notice_round.state, "done")
            self.assertEqual(self.result(notice_round, 0), ("reached", "repair"))
            self.assertEqual(self.result(notice_round, 1)[0], "sent")

    def test_repair_reads_all_notices(self):
        """E-NOTIFY: a repair reads its vehicle's notices; a day, the last rounds'."""
        self.add_vehicles(self.plan, 300)
        self.make_contacts(self.vins[:1])
        old = self.make_done()
        old.notice_ids.state = "sent"
        old.done_at = fields.Datetime.now() - timedelta(days=30)
        vin = self.vins[0]
        self.assertLess(
            self.count_read(lambda: self.make_completion(self.plan, vin)), 10
        )
        self.assertEqual(self.result(old, 0), ("reached", "repair"))
        # Their repairs were marked long ago; these here nobody marked.
        vehicles = self.env["recall.vehicle"].search([("plan_id", "=", self.plan.id)])
        vehicles.state = "done"
        self.assertLess(self.count_read(self.look_again), 10)
        self.assertEqual(self.result(old, 1)[0], "sent")
        old.done_at = fields.Datetime.now()
        self.assertGreater(self.count_read(self.look_again), 300)
        self.assertEqual(self.result(old, 1), ("reached", "repair"))
