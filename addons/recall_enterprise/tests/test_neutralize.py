# SPDX-License-Identifier: LGPL-3.0-only
from odoo.modules import neutralize
from odoo.tests import tagged

from .common import SYNC, EnterpriseHttpCase


@tagged("post_install", "-at_install", "neutralize")
class TestNeutralize(EnterpriseHttpCase):
    def test_neutralised_copy_goes_on_serving(self):
        """X-CRYPTO: a neutralised copy is no producer's data interface."""
        self.env.flush_all()
        modules = ["recall_base", "recall_enterprise"]
        for query in neutralize.get_neutralization_queries(modules):
            self.env.cr.execute(query)
        self.env.invalidate_all()
        self.assertFalse(self.sync_interface.active)
        self.assertFalse(self.collect_interface.active)
        answer = self.post_json(SYNC, self.sync_message())
        self.assertEqual(answer["api_status"], 403)
