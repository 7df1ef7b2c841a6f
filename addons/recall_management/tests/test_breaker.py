# SPDX-License-Identifier: LGPL-3.0-only
import os
from datetime import datetime, timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.recall_base.tools import cipher
from odoo.addons.recall_base.tools.http_client import PeerError

from .common import PullCommon, make_page

PULL = "odoo.addons.recall_management.models.recall_enterprise_pull"
TIMEOUT = PeerError("timeout", "No answer in time.")
#: What a terminal may do wrong, of each kind.
WRONG = {
    "no answer": TIMEOUT,
    "no connection": PeerError("connect", "Nobody there."),
    "certificate": PeerError("tls", "The certificate has expired."),
    "no JSON": PeerError("type", "Not JSON."),
    "malformed": b"{",
    "wrong count": {"records": [], "count": 3, "api_status": 200},
    "refused": {"api_status": 403},
    "fault": {"api_status": -1},
}


@tagged("post_install", "-at_install")
class TestBreaker(PullCommon):
    """A terminal that keeps failing is spared, and comes back by itself."""

    def fail_cycles(self, times, page=TIMEOUT):
        for _ in range(times):
            self.pull(page)

    def assertBreaker(self, state, failed, hours):
        """The breaker's state, failed cycles in a row, and hours to the next try."""
        one = self.enterprise
        self.assertEqual((one.breaker, one.failed_cycles), (state, failed))
        wait = one.next_pull_at - fields.Datetime.now()
        self.assertAlmostEqual(wait.total_seconds() / 3600, hours, delta=0.02)
        self.assertEqual(bool(one.breaker_since), state != "closed")
        self.assertFalse(one.lease_until)

    def test_breaker_opens_after_three_failed_cycles(self):
        """M-PULL: not before, whatever the terminal does wrong; then hourly."""
        for name, page in WRONG.items():
            with self.subTest(name), self.cr.savepoint() as savepoint:
                self.enterprise.interval_minutes = 15
                self.fail_cycles(2, page)
                self.assertBreaker("closed", 2, 0.25)
                self.fail_cycles(1, page)
                self.assertBreaker("open", 3, 1)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_longer_interval_than_an_hour_stays(self):
        """M-PULL: an open breaker never makes a terminal be asked more often."""
        self.enterprise.interval_minutes = 300
        self.fail_cycles(3)
        self.assertBreaker("open", 3, 5)

    def test_terminal_is_half_open_while_it_is_tried(self):
        """M-PULL: one try an hour; when it fails too, the breaker stays open."""
        self.fail_cycles(3)
        since = self.enterprise.breaker_since - timedelta(hours=2)
        self.enterprise.breaker_since = since
        self.enterprise.next_pull_at = datetime(2000, 1, 1)
        self.enterprise._lease_due()._prepare_request()
        self.assertEqual(self.enterprise.breaker, "half_open")
        self.enterprise.lease_until = False
        self.assertEqual(len(self.pull(TIMEOUT)), 1)
        self.assertBreaker("open", 4, 1)
        self.assertEqual(self.enterprise.breaker_since, since)

    def test_one_success_closes_it(self):
        """M-PULL: all that was held back comes with this request."""
        self.fail_cycles(5)
        record = self.make_record()
        self.assertCounts(self.take_in(record), new=1)
        self.assertBreaker("closed", 0, self.enterprise.interval_minutes / 60)

    def test_pages_of_one_cycle_are_one_failure(self):
        """M-PULL: a refusal, the same without cursor, then in plain mode, is one."""
        refusal = {"api_status": 407}
        self.enterprise.cursor = "old"
        self.assertEqual(len(self.pull(refusal, refusal, refusal)), 3)
        self.assertBreaker("closed", 1, self.enterprise.interval_minutes / 60)

    def test_cycle_that_ends_well_is_no_failure(self):
        """M-PULL: refused once, and then served without the cursor."""
        self.fail_cycles(2)
        self.enterprise.cursor = "old"
        self.pull({"api_status": 407}, [])
        self.assertBreaker("closed", 0, self.enterprise.interval_minutes / 60)

    def test_cycle_that_breaks_off_is_a_failure(self):
        """M-PULL: its first pages are kept, and count as a success before it."""
        self.fail_cycles(2)
        page = make_page([self.make_record()], next_cursor="a", has_more=True)
        self.pull(page, TIMEOUT)
        self.assertBreaker("closed", 1, self.enterprise.interval_minutes / 60)
        self.assertEqual(self.plan.done_count, 1)

    def test_our_own_faults_open_no_breaker(self):
        """M-PULL: keys that are lost, a network not permitted, storage that fails: the
        terminals must be asked as soon as that is mended."""
        self.fail_cycles(2)
        with (
            mute_logger(PULL),
            patch.dict(os.environ, {cipher.ENVIRONMENT: "/nowhere"}),
        ):
            self.pull()
        self.fail_cycles(1, PeerError("address", "Not a public address."))
        Intake = type(self.env["recall.intake"])
        with mute_logger(PULL), patch.object(Intake, "_decide", side_effect=OSError):
            self.fail_cycles(1, [])
        self.assertBreaker("closed", 2, self.enterprise.interval_minutes / 60)
        self.fail_cycles(1)
        self.assertBreaker("open", 3, 1)
        with mute_logger(PULL), patch.object(Intake, "_decide", side_effect=OSError):
            self.fail_cycles(1, [])
        self.assertBreaker("open", 3, 1)
