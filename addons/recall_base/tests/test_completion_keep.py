# SPDX-License-Identifier: LGPL-3.0-only
from datetime import timedelta

import psycopg2
from dateutil.relativedelta import relativedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged
from odoo.tools import SQL, mute_logger

from ..models.recall_completion_keep import KEEP_YEARS
from .common import RecallCommon

KEPT_STATES = ("confirmed", "withdrawn")
OPEN_STATES = ("draft", "checked", "rejected")


@tagged("post_install", "-at_install")
class TestCompletionKeep(RecallCommon):
    """Clause 7.4: what was confirmed is not deleted, by no way."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # The management terminal, where it is installed, keeps for ever.
        Completion = cls.registry["recall.completion"]
        cls.classPatch(Completion, "_keep_years", KEEP_YEARS)
        cls.env["recall.completion"]._install_keeper()
        cls.report = cls.make_completion(cls.plan, cls.vins[0])

    def _age(self, **age):
        """Make the report old: it was made, confirmed and changed so long ago."""
        then = fields.Datetime.now() - relativedelta(**age)
        for column in self.report._keep_since:
            self.env.cr.execute(
                SQL(
                    "UPDATE recall_completion SET %s = %s WHERE id = %s",
                    SQL.identifier(column),
                    then,
                    self.report.id,
                )
            )
        self.report.invalidate_recordset()

    def _set_state(self, state):
        self.report.sudo().state = state
        self.report.flush_recordset()

    def assertRefusedBySql(self, query):
        with (
            self.assertRaises(psycopg2.errors.RestrictViolation) as caught,
            mute_logger("odoo.sql_db"),
            self.env.cr.savepoint(),
        ):
            self.env.cr.execute(query)
        self.assertIn("GB/T 41047-2021", str(caught.exception))

    def test_confirmed_report_can_be_deleted(self):
        """E-KEEP: the ORM refuses, names the clause and the day it becomes possible."""
        for state in KEPT_STATES:
            with self.subTest(state=state):
                self._set_state(state)
                with self.assertRaises(UserError) as caught:
                    self.report.unlink()
                until = self.report._kept_until().date() + timedelta(days=1)
                self.assertIn("7.4", str(caught.exception))
                self.assertIn(str(until), str(caught.exception))

    def test_report_is_not_kept_to_the_last_day(self):
        """E-KEEP: 10 years are counted to the second, over leap days."""
        cases = {
            ("2026-03-01 08:00:00", "2036-03-01 07:59:59"): True,
            ("2026-03-01 08:00:00", "2036-03-01 08:00:00"): False,
            ("2028-02-29 08:00:00", "2038-02-28 07:59:59"): True,
            ("2028-02-29 08:00:00", "2038-02-28 08:00:00"): False,
        }
        for (made, now), kept in cases.items():
            with self.subTest(made=made, now=now):
                with freeze_time(now):
                    self.env.cr.execute(
                        SQL(
                            "UPDATE recall_completion SET %s WHERE id = %s",
                            SQL(", ").join(
                                SQL("%s = %s", SQL.identifier(column), made)
                                for column in self.report._keep_since
                            ),
                            self.report.id,
                        )
                    )
                    self.report.invalidate_recordset()
                    until = self.report._kept_until()
                    self.assertEqual(until > fields.Datetime.now(), kept)

    def test_statement_deletes_confirmed_report(self):
        """E-KEEP: SQL as the application's role is refused, row by row and at once."""
        for state in KEPT_STATES:
            self._set_state(state)
            for query in (
                f"DELETE FROM recall_completion WHERE id = {self.report.id}",
                "TRUNCATE recall_completion CASCADE",
                "TRUNCATE recall_producer CASCADE",
            ):
                with self.subTest(state=state, query=query):
                    self.assertRefusedBySql(query)

    def test_young_report_is_deleted_by_statement(self):
        """E-KEEP: a day short of 10 years it is refused, a day later it may go."""
        self._age(years=10, days=-1)
        delete = f"DELETE FROM recall_completion WHERE id = {self.report.id}"
        self.assertRefusedBySql(delete)
        self._age(years=10, days=1)
        self.env.cr.execute(delete)
        self.assertEqual(self.env.cr.rowcount, 1)

    def test_old_report_cannot_be_deleted_by_the_orm(self):
        """E-KEEP: after 10 years the ORM lets a report go."""
        self._age(years=10, days=1)
        self.report.unlink()
        self.assertFalse(self.report.exists())

    def test_open_report_cannot_be_deleted(self):
        """E-KEEP: only what was confirmed is kept; a draft may be thrown away."""
        for state in OPEN_STATES:
            with self.subTest(state=state):
                report = self.env["recall.completion"].create(
                    {
                        "state": state,
                        "producer_id": self.producer.id,
                        "recall_number": self.plan.recall_number,
                        "vin": self.vins[1],
                        "repair_date": "2025-03-01",
                        "repair_number": f"OPEN-{state}",
                        "dealer_name": "Dealer",
                    }
                )
                report.unlink()
                self.assertFalse(report.exists())

    def test_deletion_of_owner_takes_reports_along(self):
        """E-KEEP: producer, plan and vehicle cannot go while they have reports."""
        vehicle = self.report.vehicle_id
        for record in (self.producer, self.plan, vehicle):
            query = f"DELETE FROM {record._table} WHERE id = {record.id}"
            with (
                self.subTest(model=record._name),
                self.assertRaises(psycopg2.IntegrityError),
                mute_logger("odoo.sql_db"),
                self.env.cr.savepoint(),
            ):
                self.env.cr.execute(query)
        self.assertTrue(self.report.exists())

    def test_role_deletes_confirmed_report(self):
        """E-KEEP: no account may delete, not even the administrator's over RPC."""
        users = self.env.ref("base.user_admin") | self.make_user(
            "keeper", "recall_base.group_keeper", recall_producer_ids=self.producer.ids
        )
        for user in users:
            with self.subTest(login=user.login):
                with self.assertRaises(AccessError):
                    self.report.with_user(user).unlink()

    def test_update_drops_or_doubles_triggers(self):
        """E-KEEP: made again on each update, the triggers stay as they are."""
        self.env["recall.completion"].init()
        self.env.cr.execute(
            """SELECT tgname, tgenabled FROM pg_trigger
                WHERE tgrelid = 'recall_completion'::regclass
                  AND starts_with(tgname, 'recall_completion_keep')
                ORDER BY 1"""
        )
        self.assertEqual(
            self.env.cr.fetchall(),
            [("recall_completion_keep", "O"), ("recall_completion_keep_all", "O")],
        )

    def test_uninstall_deletes_reports_silently(self):
        """E-KEEP: the add-on with their tables cannot be uninstalled."""
        module = self.env["ir.module.module"].search([("name", "=", "recall_base")])
        with self.assertRaises(UserError) as caught:
            module.with_user(self.env.ref("base.user_admin")).button_uninstall()
        self.assertIn("recall_base", str(caught.exception))
        self.assertEqual(module.state, "installed")

    def test_report_that_is_kept_for_ever_has_an_end(self):
        """M-KEEP: without a number of years nothing may ever go."""
        self._age(years=99)
        Completion = self.env.registry["recall.completion"]
        self.patch(Completion, "_keep_years", None)
        self.report._install_keeper()
        self.assertRefusedBySql(
            f"DELETE FROM recall_completion WHERE id = {self.report.id}"
        )
        with self.assertRaises(UserError) as caught:
            self.report.unlink()
        self.assertIn("7.4", str(caught.exception))
