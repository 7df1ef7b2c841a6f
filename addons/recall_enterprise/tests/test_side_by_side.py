# SPDX-License-Identifier: LGPL-3.0-only
from contextlib import contextmanager
from unittest.mock import patch

from odoo import SUPERUSER_ID, api
from odoo.exceptions import ConcurrencyError
from odoo.tests import tagged

from odoo.addons.recall_base.tools.messages import CollectRequest, SyncRequest

from .common import EnterpriseCommon

NUMBERS = ("S2097M0001V", "S2097M0002V")
TABLES = (
    "recall_completion",
    "recall_delivery",
    "recall_interface",
    "recall_token",
    "recall_dealer",
)


@tagged("post_install", "-at_install")
class TestSideBySide(EnterpriseCommon):
    """Real transactions side by side: what one has not committed the others lack."""

    def setUp(self):
        super().setUp()
        with self._transaction() as env, patch.object(type(self), "env", env):
            self._remember_triggers(env)
            producer = self.make_producer("Producer of the late commit")
            self.dealer_name = self.make_dealer(producer).name
            # Two plans: a confirmation locks the counters of its plan.
            plans = [
                self.make_plan(producer, recall_number=number) for number in NUMBERS
            ]
            self.addCleanup(self._clean, producer.id, tuple(p.id for p in plans))
            self.plan_vins = [self.add_vehicles(plan, 2, "LSV") for plan in plans]
            self.secrets = {
                purpose: self.issue_token(purpose, "producer_id", producer)[1]
                for purpose in ("sync", "collect")
            }
            self.cfgs = {
                purpose: self.make_interface(producer, purpose).api_cfg
                for purpose in ("sync", "collect")
            }

    @contextmanager
    def _transaction(self):
        with self.registry.cursor() as cr:
            yield api.Environment(cr, SUPERUSER_ID, {})

    def _remember_triggers(self, env):
        env.cr.execute("SELECT coalesce(max(id), 0) FROM ir_cron_trigger")
        self.last_trigger = env.cr.fetchone()[0]

    def _clean(self, producer_id, plan_ids):
        with self._transaction() as env:
            # What is confirmed is kept (7.4): the owner of the table clears up here.
            keep = "ALTER TABLE recall_completion %s TRIGGER recall_completion_keep"
            env.cr.execute("SET LOCAL lock_timeout = '10s'")
            env.cr.execute(keep % "DISABLE")
            for table in TABLES:
                env.cr.execute(
                    f"DELETE FROM {table} WHERE producer_id = %s", [producer_id]
                )
            for query, value in (
                ("recall_vehicle WHERE plan_id IN %s", plan_ids),
                ("recall_plan WHERE id IN %s", plan_ids),
                ("recall_producer WHERE id = %s", producer_id),
                ("ir_cron_trigger WHERE id > %s", self.last_trigger),
            ):
                env.cr.execute(f"DELETE FROM {query}", [value])
            env.cr.execute(keep % "ENABLE")

    def _record_of(self, plan, vin=0, **members):
        """Make a record for a vehicle of one of the two plans."""
        return self.make_record(
            self.plan_vins[plan][vin],
            recallNum=NUMBERS[plan],
            dealerName=self.dealer_name,
            **members,
        )

    def _collect(self, env, *records):
        request = CollectRequest(
            api_token=self.secrets["collect"],
            api_cfg=self.cfgs["collect"],
            records=list(records),
        )
        answer = env["recall.collection"]._answer_collect(request, "x", "127.0.0.1")
        return [
            (result["status"], [item["code"] for item in result["findings"]])
            for result in answer["results"]
        ]

    def _collect_both(self):
        """Have one report for each plan collected; returns their ids."""
        records = [self._record_of(0), self._record_of(1)]
        with self._transaction() as env:
            self.assertEqual(self._collect(env, *records), [("accepted", [])] * 2)
        with self._transaction() as env:
            reports = env["recall.completion"].search(
                [("recall_number", "in", NUMBERS)], order="id"
            )
            return reports.ids

    def _pull(self, cursor):
        """Pull in a transaction of its own; returns recall numbers and the cursor."""
        request = SyncRequest(
            api_token=self.secrets["sync"],
            api_cfg=self.cfgs["sync"],
            api_cursor=cursor,
        )
        with self._transaction() as env:
            answer = env["recall.interface"]._answer_sync(request, "x", "127.0.0.1")
        numbers = [record["recallNum"] for record in answer["records"]]
        return numbers, answer["next_cursor"]

    def test_record_of_a_transaction_that_commits_late_is_lost(self):
        """E-SYNC, X-FAULT: confirmed before a delivery, committed after it."""
        early, late = self._collect_both()
        with self._transaction() as slow:
            slow["recall.completion"].browse(early).action_confirm()
            with self._transaction() as quick:
                quick["recall.completion"].browse(late).action_confirm()
            numbers, cursor = self._pull("")
            self.assertEqual(numbers, [NUMBERS[1]])
            numbers, cursor = self._pull(cursor)
            self.assertEqual(numbers, [])
        numbers, cursor = self._pull(cursor)
        self.assertEqual(numbers, [NUMBERS[0]])
        self.assertEqual(self._pull(cursor)[0], [])

    def test_withdrawal_that_commits_late_holds_up_or_spoils_a_delivery(self):
        """E-SYNC, X-FAULT: a pull goes round records that are being changed."""
        reports = self._collect_both()
        with self._transaction() as env:
            env["recall.completion"].browse(reports).action_confirm()
        with self._transaction() as slow:
            slow["recall.completion"].browse(reports[0])._withdraw(
                slow.ref("recall_enterprise.review_reason_withdraw_reported_in_error")
            )
            numbers, cursor = self._pull("")
            self.assertEqual(numbers, [NUMBERS[1]])
        # Withdrawn before it was handed out: nobody is told.
        self.assertEqual(self._pull(cursor)[0], [])
        with self._transaction() as env:
            env["recall.completion"].browse(reports[0]).action_restore()
        self.assertEqual(self._pull(cursor)[0], [NUMBERS[0]])

    def test_two_batches_at_once_report_one_vehicle_twice(self):
        """E-AUDIT, X-FAULT: of two batches side by side the second is tried again."""
        first, second = self._record_of(0), self._record_of(0)
        with self._transaction() as slow:
            slow.cr.execute("SELECT 1 FROM recall_completion")  # its snapshot is made
            with self._transaction() as quick:
                self.assertEqual(self._collect(quick, first), [("accepted", [])])
            with self.assertRaises(ConcurrencyError):
                self._collect(slow, second)
            slow.cr.rollback()
            self.assertEqual(
                self._collect(slow, second), [("rejected", ["vehicle_repeated"])]
            )

    def test_one_batch_sent_twice_at_once_is_doubled(self):
        """E-COLLECT, X-FAULT: a batch that is sent again too soon is a repeat."""
        record = self._record_of(0)
        with self._transaction() as slow:
            slow.cr.execute("SELECT 1 FROM recall_completion")
            with self._transaction() as quick:
                self._collect(quick, record)
            with self.assertRaises(ConcurrencyError):
                self._collect(slow, record)
            slow.cr.rollback()
            self.assertEqual(self._collect(slow, record), [("repeated", [])])
