# SPDX-License-Identifier: LGPL-3.0-only
from odoo.tests import tagged

from odoo.addons.recall_base.tools import messages, verify_log
from odoo.addons.recall_base.tools.http_client import PeerError

from .common import make_page
from .test_quarantine_decisions import DecisionCommon
from .test_quarantine_told import REFUSED


@tagged("post_install", "-at_install")
class TestLogTold(DecisionCommon):
    """The checkpoint of the operation log that travels with requests."""

    def setUp(self):
        super().setUp()
        self.env["recall.audit.event"]._record("test.deed")
        Checkpoint = self.env["recall.audit.checkpoint"]
        Checkpoint._cron_seal()
        self.point = Checkpoint.search([], limit=1)

    def payload(self, page=()):
        """Have the terminal asked once; returns the request's members."""
        [(_url, payload, *_more), *_retries] = self.pull(page)
        return payload

    def test_producer_is_no_witness(self):
        """X-TAMPER: a terminal that answers gets the newest checkpoint and the key."""
        self.payload([])
        payload = self.payload([])
        request = messages.validate(messages.SyncRequest, payload)
        point = verify_log.Checkpoint.parse(request.api_log.note)
        self.assertEqual(point.size, self.point.size)
        self.assertTrue(point.is_signed_by([verify_log.Key.parse(request.api_log.key)]))

    def test_plain_peer_gets_a_member_it_does_not_know(self):
        """E-SYNC: a plain peer gets the standard's members only."""
        self.enterprise.plain = True
        self.payload([])
        self.assertEqual(set(self.payload([])), {"api_token", "api_cfg"})

    def test_terminal_that_dislikes_it_delivers_nothing(self):
        """X-FAULT: a terminal that refuses such a request is asked without it."""
        self.payload([])
        for _ in range(3):
            self.assertTrue(self.enterprise.tells_refused)
            refused, repeated = self.pull(REFUSED, [])
            self.assertIn("api_log", refused[1])
            self.assertNotIn("api_log", repeated[1])
        self.assertFalse(self.enterprise.tells_refused)
        self.assertNotIn("api_log", self.payload([]))

    def test_terminal_that_failed_once_is_told_no_more(self):
        """X-FAULT: a gateway was restarted, or a terminal restored from a backup."""
        self.payload([])
        for page in (
            PeerError("http", "HTTP status 502."),
            make_page([], api_status=407),
        ):
            requests = self.pull(page, *([[]] if isinstance(page, dict) else []))
            self.assertIn("api_log", requests[0][1])
            self.pull([])
            self.assertIn("api_log", self.payload([]))
        self.assertFalse(self.enterprise.told_failures)

    def test_log_that_was_tampered_with_opens_no_incident(self):
        """M-MONITOR X-TAMPER: the operator is told of it and of what to do."""
        Verification = self.env["recall.audit.verification"]
        Verification.create({"state": "broken"})
        nobody = self.env["recall.enterprise"]
        Incident = self.env["recall.incident"]
        found = Incident._find_troubles(self.env.cr.now())
        self.assertEqual(found[nobody, "tampered"], "tampered")
        trouble, advice = self.env["recall.cause"]._explain("tampered")
        self.assertIn("past the application", trouble)
        self.assertIn("backup", advice)
        Verification.create({"state": "unbroken"})
        found = Incident._find_troubles(self.env.cr.now())
        self.assertNotIn((nobody, "tampered"), found)
