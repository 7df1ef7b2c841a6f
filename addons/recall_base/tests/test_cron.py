# SPDX-License-Identifier: LGPL-3.0-only
from datetime import timedelta

from psycopg2.errors import SerializationFailure

from odoo import fields
from odoo.tests import TransactionCase, tagged

from .common import GUARD_LOGGER

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

    def rename(self, name, error=None):
        """Rename a producer under guard; whatever fails comes after."""
        with self.env["ir.cron"]._guard(self.producer, "Not renamed") as guarded:
            self.producer.name = name
            if error:
                raise error
        return guarded.error

    def test_record_that_fails_stops_the_others_or_leaves_half_a_deed(self):
        """X-FAULT, X-CRYPTO: undone and logged, but for the error's own words."""
        self.producer = self.env["recall.producer"].create({"name": "Before"})
        self.assertIsNone(self.rename("First"))
        error = ValueError("owner@example.com")
        with self.assertLogs(GUARD_LOGGER, "ERROR") as logged:
            self.assertEqual(self.rename("Second", error), error)
        self.assertEqual(self.producer.name, "First")
        self.assertIn(f"Not renamed: {self.producer}, ValueError", logged.output[0])
        self.assertNotIn("owner@", logged.output[0])

    def test_row_that_somebody_changes_counts_as_failure_of_the_record(self):
        """X-FAULT: the whole run is done anew instead."""
        self.producer = self.env["recall.producer"].create({"name": "Before"})
        with self.assertRaises(SerializationFailure):
            self.rename("Second", SerializationFailure())
        self.assertEqual(self.producer.name, "Before")
