# SPDX-License-Identifier: LGPL-3.0-only
from datetime import timedelta

from odoo import fields
from odoo.tests import TransactionCase, tagged

DAY = timedelta(days=1)


@tagged("post_install", "-at_install")
class TestCron(TransactionCase):
    def test_clock_that_is_put_back_keeps_scheduled_actions_from_running(self):
        """X-FAULT: those that ran in the future are due when the server starts."""
        now = fields.Datetime.now()
        ahead = self.env.ref("recall_base.ir_cron_import")
        planned = self.env.ref("base.autovacuum_job")
        ahead.write({"lastcall": now + DAY, "nextcall": now + DAY})
        # A person has it wait until tomorrow.
        planned.write({"lastcall": now - DAY, "nextcall": now + DAY})
        self.env.flush_all()
        self.env["ir.cron"]._register_hook()
        self.assertLessEqual(ahead.nextcall, fields.Datetime.now())
        self.assertEqual(planned.nextcall, now + DAY)
