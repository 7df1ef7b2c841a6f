# SPDX-License-Identifier: LGPL-3.0-only
from odoo.modules import neutralize
from odoo.tests import tagged

from .common import PullCommon


@tagged("post_install", "-at_install", "neutralize")
class TestNeutralize(PullCommon):
    """A copy of the database does nothing that others would notice."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contact = cls.env["res.partner"].create(
            {"name": "Contact", "email": "contact@producer.example", "phone": "12345"}
        )
        cls.producer.technical_contact_id = cls.contact
        cls.stranger = cls.env["res.partner"].create(
            {"name": "Colleague", "email": "colleague@regulator.example"}
        )
        cls.env["ir.config_parameter"].set_param(
            "recall_management.alarm_addresses", "operator@regulator.example"
        )
        cls.env["mail.mail"].create(
            [
                {"state": state, "email_to": "contact@producer.example"}
                for state in ("outgoing", "exception", "sent")
            ]
        )
        cls.env.flush_all()
        modules = ["recall_base", "recall_management"]
        for query in neutralize.get_neutralization_queries(modules):
            cls.env.cr.execute(query)
        cls.env.invalidate_all()

    def test_copy_asks_a_terminal(self):
        """X-CRYPTO: no terminal is due, and its token is gone."""
        self.assertFalse(self.enterprise.active)
        self.assertFalse(self.enterprise.has_token)
        self.assertEqual(self.pull_all(), [])

    def pull_all(self):
        """The requests of the scheduled action, with every terminal due."""
        self.env["recall.enterprise"].with_context(active_test=False).search(
            []
        ).next_pull_at = "2000-01-01"
        with self.mock_peer() as requests, self.enter_registry_test_mode():
            self.assertEqual(self.cron.method_direct_trigger(), True)
        return requests

    def test_copy_sends_mail_to_a_producer_or_the_operator(self):
        """X-CRYPTO, M-MONITOR: there is neither an address nor a mail that waits."""
        self.assertFalse(self.contact.email)
        self.assertFalse(self.contact.phone)
        parameters = self.env["ir.config_parameter"]
        self.assertFalse(parameters.get_param("recall_management.alarm_addresses"))
        waiting = self.env["mail.mail"].search([("state", "!=", "sent")])
        self.assertFalse(waiting)

    def test_copy_loses_the_address_of_a_colleague(self):
        """What is nobody's contact stays: people test with their own accounts."""
        self.assertEqual(self.stranger.email, "colleague@regulator.example")
