# SPDX-License-Identifier: LGPL-3.0-only
import psycopg2
from dateutil.relativedelta import relativedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from .common import PullCommon

LONG_AGO = relativedelta(years=30)


@tagged("post_install", "-at_install")
class TestKeep(PullCommon):
    """Clause 7.4 b: the management terminal keeps its data for ever."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.report = cls.make_completion(cls.plan, cls.vins[0])

    def _pull_both(self):
        """Have one record taken in and one kept aside; returns their exchange."""
        self.pull([self.make_record(), self.make_record(vehicleVin="X" * 17)])
        return self.env["recall.exchange"].search([], limit=1)

    def assertRefusedBySql(self, query):
        with (
            self.assertRaises(psycopg2.errors.RestrictViolation) as caught,
            mute_logger("odoo.sql_db"),
            self.env.cr.savepoint(),
        ):
            self.env.cr.execute(query)
        self.assertIn("GB/T 41047-2021", str(caught.exception))

    def test_report_of_thirty_years_ago_can_be_deleted(self):
        """M-KEEP: a report has no age at which it may go, by SQL or by the ORM."""
        for column in self.report._keep_since:
            self.env.cr.execute(
                SQL(
                    "UPDATE recall_completion SET %s = %s WHERE id = %s",
                    SQL.identifier(column),
                    fields.Datetime.now() - LONG_AGO,
                    self.report.id,
                )
            )
        self.report.invalidate_recordset()
        self.assertRefusedBySql(
            f"DELETE FROM recall_completion WHERE id = {self.report.id}"
        )
        self.assertIsNone(self.report._kept_until())
        with self.assertRaises(UserError) as caught:
            self.report.unlink()
        self.assertIn("for ever", str(caught.exception))

    def test_exchange_or_quarantined_record_can_be_deleted(self):
        """M-KEEP: nor may what came in and what was kept aside."""
        exchange = self._pull_both()
        for record in (exchange.quarantine_ids, exchange):
            self.assertEqual(len(record), 1)
            for query in (
                f"DELETE FROM {record._table} WHERE id = {record.id}",
                f"TRUNCATE {record._table} CASCADE",
            ):
                with self.subTest(query=query):
                    self.assertRefusedBySql(query)
            with self.subTest(model=record._name), self.assertRaises(UserError):
                record.sudo().unlink()

    def test_terminal_takes_its_exchanges_along(self):
        """M-KEEP: a terminal cannot go while it has exchanges."""
        self._pull_both()
        with (
            self.assertRaises(psycopg2.IntegrityError),
            mute_logger("odoo.sql_db"),
            self.env.cr.savepoint(),
        ):
            self.env.cr.execute(
                SQL("DELETE FROM recall_enterprise WHERE id = %s", self.enterprise.id)
            )
