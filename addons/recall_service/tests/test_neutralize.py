# SPDX-License-Identifier: LGPL-3.0-only
from odoo.modules import neutralize
from odoo.tests import tagged

from .partner_common import PartnerCommon


@tagged("post_install", "-at_install")
class TestNeutralize(PartnerCommon):
    def test_copy_of_the_database_answers_nobody(self):
        """X-ACCESS: in a neutralised copy tokens are revoked and interfaces closed."""
        application = self.make_application("unconfirmed", mail_due="confirm")
        self.env.flush_all()
        for query in neutralize.get_neutralization_queries(["recall_service"]):
            self.env.cr.execute(query)
        self.env.invalidate_all()
        self.assertEqual(self.token.state, "revoked")
        self.assertFalse(self.interface.active)
        self.assertFalse(application.mail_due)
