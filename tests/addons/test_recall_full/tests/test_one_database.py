# SPDX-License-Identifier: LGPL-3.0-only
import time

from odoo.tests import tagged

from odoo.addons.recall_base.tools.messages import CollectRequest, SyncRequest
from odoo.addons.recall_enterprise.tests.common import EnterpriseCommon
from odoo.addons.recall_management.tests.common import PullCommon, make_answer
from odoo.addons.recall_management.tools.puller import Fetched


@tagged("post_install", "-at_install")
class TestOneDatabase(PullCommon, EnterpriseCommon):
    """All terminals in one database, as in a small deployment or a demo."""

    @classmethod
    def make_report(cls, vin):
        """Make a record of the dealers' system; ``make_record`` is the regulator's."""
        return EnterpriseCommon.make_record.__func__(cls, vin)

    def _collect_confirmed(self, record):
        request = CollectRequest(
            api_token=self.collect_secret,
            api_cfg=self.collect_interface.api_cfg,
            records=[record],
        )
        self.env["recall.collection"]._answer_collect(request, "x", "127.0.0.1")
        report = self.find_report(record)
        report.action_confirm()
        return report

    def _pull_from_here(self, meanwhile=lambda: None):
        """Let one terminal here take in what the other one gives.

        :param meanwhile: is called when the answer is on its way
        """
        payload = {
            **self.enterprise._prepare_request()["payload"],
            "api_token": self.sync_secret,
            "api_cfg": self.sync_interface.api_cfg,
        }
        request = SyncRequest(**payload)
        answer = self.env["recall.interface"]._answer_sync(request, "x", "127.0.0.1")
        meanwhile()
        fetched = Fetched(
            self.enterprise.id, payload, time.time(), 0.01, answer=make_answer(answer)
        )
        self.enterprise._store(fetched)
        exchange = self.last_exchange()
        self.assertEqual(exchange.outcome, "success", exchange.error)
        return exchange

    def test_refusal_gets_lost_between_the_terminals(self):
        """M-VERIFY, E-SYNC: what one terminal refuses stands at the other one's report
        with its reasons, until the correction has come and answered it there too."""
        report = self._collect_confirmed(self.make_report(self.vins[0]))
        # What the regulator holds under the key differs from what it is given.
        exchange = self._pull_from_here(
            lambda: self._set_dealer_name(report, "Another dealer")
        )
        self._set_dealer_name(report, self.dealer.name)
        self.assertCounts(exchange, quarantined=1)
        entry = exchange.quarantine_ids
        self._pull_from_here()
        self.assertTrue(entry.told_at)
        [refusal] = report.refusal_ids
        self.assertEqual(refusal.state, "open")
        self.assertEqual(refusal.reference, entry.id)
        self.assertEqual(refusal.finding_ids, entry.finding_ids)
        report._withdraw(
            self.env.ref("recall_enterprise.review_reason_withdraw_reported_in_error")
        )
        self._pull_from_here()
        self.assertEqual(refusal.state, "answered")
        self.assertEqual(entry.state, "answered")

    def _set_dealer_name(self, report, name):
        report.flush_recordset()
        self.env.cr.execute(
            "UPDATE recall_completion SET dealer_name = %s WHERE id = %s",
            [name, report.id],
        )
        report.invalidate_recordset()

    def _is_done_for_the_public(self):
        [found] = self.env["recall.lookup"]._find(self.vins[0])
        return found.done

    def test_record_is_doubled_where_both_terminals_share_a_database(self):
        """M-RECEIVE, E-SYNC: in one database a record that arrives is known already."""
        record = self.make_report(self.vins[0])
        report = self._collect_confirmed(record)
        self.assertCounts(self._pull_from_here(), same=1)
        self.assertEqual(self.get_completion(record), report)
        self.assertEqual(self.plan.done_count, 1)
        self.assertTrue(self._is_done_for_the_public())

    def test_withdrawal_is_undone_where_both_terminals_share_a_database(self):
        """M-RECEIVE, E-SYNC: in one database a withdrawal stays one."""
        report = self._collect_confirmed(self.make_report(self.vins[0]))
        self._pull_from_here()
        report._withdraw(
            self.env.ref("recall_enterprise.review_reason_withdraw_reported_in_error")
        )
        self._pull_from_here()
        self.assertEqual(report.state, "withdrawn")
        self.assertEqual(self.plan.done_count, 0)
        self.assertFalse(self._is_done_for_the_public())

    def _read_owed(self):
        """What the producer's dashboard, lists and report say is owed or waits."""
        self.env.flush_all()
        self.env.invalidate_all()
        own = ("producer_id", "=", self.producer.id)
        late = [own, ("lateness", "in", ["due", "late"])]
        figures = self.env["recall.punctuality.report"].search([own])
        return (
            self.env["recall.completion"].search(late),
            self.env["recall.completion"]._count_owed(self.producer),
            sum(figures.mapped("missing_count")),
            self.sync_interface._count_deliverable(),
        )

    def test_received_report_is_owed_by_the_producer_here(self):
        """E-DEADLINE, E-SYNC: what the regulator received from another terminal is not
        listed, counted, warned of or delivered as if it were a report of this one."""
        own = self._collect_confirmed(self.make_report(self.vins[0]))
        owed = self._read_owed()
        self.assertEqual(owed[0], own)
        record = PullCommon.make_record.__func__(self.__class__, self.vins[1])
        self.assertCounts(self.take_in(record), new=1)
        self.assertEqual(self._read_owed(), owed)
        received = self.get_completion(record)
        self.assertFalse(received.stuck or received.lateness)
        self.assertCounts(self._pull_from_here(), same=1)
        self.assertFalse(received.delivery_id or received.handed_out)
