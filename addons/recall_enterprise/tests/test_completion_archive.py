# SPDX-License-Identifier: LGPL-3.0-only
from dateutil.relativedelta import relativedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import SQL

from .common import EnterpriseHttpCase


@tagged("post_install", "-at_install")
class TestCompletionArchive(EnterpriseHttpCase):
    """Archived, not gone (clause 7.4 a)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.reviewer = cls.make_user(
            "archive_reviewer",
            "recall_enterprise.group_reviewer",
            recall_producer_ids=cls.producer.ids,
        )
        cls.clerk = cls.make_user(
            "archive_clerk",
            "recall_enterprise.group_clerk",
            recall_producer_ids=cls.producer.ids,
        )

    def _make(self, vin=0, state="confirmed", **age):
        then = fields.Datetime.now() - relativedelta(**age)
        return self.make_completion(
            self.plan,
            self.vins[vin],
            state=state,
            confirmed_at=then,
            changed_at=then,
            record_key=f"archive-{vin}",
        )

    def _run(self):
        self.env.flush_all()
        self.env.ref("recall_enterprise.ir_cron_archive").method_direct_trigger()
        self.env.invalidate_all()

    def test_archived_report_is_lost(self):
        """E-KEEP: it leaves the daily list, is counted, delivered and searchable."""
        report = self._make()
        report.with_user(self.reviewer).action_archive_kept()
        self.assertTrue(report.archived_at)
        Completion = self.env["recall.completion"].with_user(self.clerk)
        self.assertIn(report, Completion.search([("vin", "=", self.vins[0])]))
        self.assertNotIn(report, Completion.search([("archived_at", "=", False)]))
        self.assertEqual(
            [r["vehicleVin"] for r in self.sync()["records"]], [report.vin]
        )
        self.assertCountersRight()
        self.assertEqual(self.plan.done_count, 1)
        report.with_user(self.reviewer).action_unarchive_kept()
        self.assertFalse(report.archived_at)

    def test_clerk_archives(self):
        """E-KEEP: reviewers archive; others may not."""
        with self.assertRaises(AccessError):
            self._make().with_user(self.clerk).action_archive_kept()

    def test_open_report_is_archived(self):
        """E-KEEP: what has still to be dealt with stays in the lists."""
        report = self._make(state="checked")
        self.env.cr.execute(
            SQL(
                "UPDATE recall_completion SET confirmed_at = NULL WHERE id = %s",
                report.id,
            )
        )
        self.env.invalidate_all()
        with self.assertRaises(UserError):
            report.with_user(self.reviewer).action_archive_kept()

    def test_wrong_age_is_archived(self):
        """E-KEEP: reports older than 10 years are archived by themselves, once."""
        old, young = self._make(0, years=10, days=1), self._make(1, years=9)
        self._run()
        self.assertTrue(old.archived_at)
        self.assertFalse(young.archived_at)
        old.with_user(self.reviewer).action_unarchive_kept()
        self._run()
        self.assertFalse(old.archived_at)

    def test_reset_state_opens_the_way_to_deletion(self):
        """E-KEEP: what was confirmed once is kept in whatever state it is now."""
        report = self._make(years=1)
        report.sudo().state = "rejected"
        with self.assertRaises(UserError):
            report.unlink()

    def test_uninstall_drops_deliveries(self):
        """E-KEEP: neither add-on that holds the data can be uninstalled."""
        self._make()
        module = self.env["ir.module.module"].search(
            [("name", "=", "recall_enterprise")]
        )
        with self.assertRaises(UserError):
            module.with_user(self.env.ref("base.user_admin")).button_uninstall()
