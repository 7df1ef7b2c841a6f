# SPDX-License-Identifier: LGPL-3.0-only
from odoo.modules import neutralize
from odoo.tests import tagged

from .common import RecallCommon


@tagged("post_install", "-at_install", "neutralize")
class TestNeutralize(RecallCommon):
    def test_token_works_in_a_neutralised_copy(self):
        """X-CRYPTO: a neutralised copy of the database authorises nobody."""
        live, _secret = self.issue_token("sync", "producer_id", self.producer)
        revoked, _secret = self.issue_token("sync", "producer_id", self.producer)
        revoked.action_revoke()
        self.env.flush_all()
        before = revoked.revoked_at
        for query in neutralize.get_neutralization_queries(["recall_base"]):
            self.env.cr.execute(query)
        self.env.invalidate_all()
        self.assertEqual(live.state, "revoked")
        self.assertEqual(revoked.revoked_at, before)
