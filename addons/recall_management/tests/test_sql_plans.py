# SPDX-License-Identifier: LGPL-3.0-only
from unittest.mock import patch

from odoo.sql_db import Cursor
from odoo.tests import tagged
from odoo.tools import SQL

from odoo.addons.recall_base.tools.vin import make_vin

from .common import PullCommon

FILL = """
    INSERT INTO recall_completion (
           state, producer_id, exchange_id, recall_number, vin, repair_date,
           repair_number, dealer_name, version, plan_id, vehicle_id)
    SELECT 'confirmed', %(producer)s, %(exchange)s, plan.recall_number, vehicle.vin,
           '2025-03-01', 'RX-' || vehicle.id, 'Dealer', 1, plan.id, vehicle.id
      FROM recall_vehicle vehicle JOIN recall_plan plan ON plan.id = vehicle.plan_id
     WHERE plan.producer_id = %(producer)s;
    INSERT INTO recall_quarantine (
           state, enterprise_id, exchange_id, recall_number, vin, repair_number,
           content_digest)
    SELECT CASE WHEN random() < 0.1 THEN 'open' ELSE 'closed' END, %(enterprise)s,
           %(exchange)s, recall_number, vin, repair_number, id
      FROM recall_completion WHERE producer_id = %(producer)s;
"""


@tagged("post_install", "-at_install")
class TestSqlPlans(PullCommon):
    """The statements that take records in find rows of big tables by an index."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.fill_tables()
        cls.statements = cls.watch_statements()

    @classmethod
    def fill_tables(cls):
        """Make the tables as big as it takes for the planner to prefer an index."""
        for _ in range(3):
            plan = cls.make_plan(cls.producer)
            vins = [
                make_vin("LTZ", "AA11D", "S", "A", f"{serial:06}")
                for serial in range(3000)
            ]
            cls.put_in_scope(plan, vins)
        cls.env["recall.dealer"].create(
            [
                {"producer_id": cls.producer.id, "name": f"Dealer no. {number}"}
                for number in range(500)
            ]
        )
        exchange = cls.env["recall.exchange"].create(
            {
                "enterprise_id": cls.enterprise.id,
                "started_at": "2025-01-01",
                "outcome": "success",
            }
        )
        cls.env.flush_all()
        values = {
            "producer": cls.producer.id,
            "enterprise": cls.enterprise.id,
            "exchange": exchange.id,
        }
        cls.env.cr.execute(FILL, values)
        cls.env.cr.execute("ANALYZE")

    @classmethod
    def watch_statements(cls):
        """Take in records of every kind; returns the statements that did it."""
        statements, execute = [], Cursor.execute

        def note(cursor, query, params=None, log_exceptions=True):
            parts = (query.code, query.params) if isinstance(query, SQL) else None
            statements.append(parts or (query, params))
            return execute(cursor, query, params, log_exceptions)

        case = cls("test_records_are_found_by_their_key")
        record, wrong = case.make_record(), case.make_record(recallTime="2024-01-01")
        other, fresh = case.make_record(), case.make_record()
        case.take_in(record, wrong, other)
        later = {"recallTime": "2025-03-05", "recordVersion": 2}
        correction = {**other, **later, "recordKind": "correction"}
        withdrawal = {**record, "recordKind": "withdrawal", "recordVersion": 2}
        with patch.object(Cursor, "execute", note):
            case.take_in(withdrawal, correction, fresh)
        return statements

    def assertIndexed(self, text, *tables):
        """The statement with this text in it reads these tables by an index only."""
        [(query, params)] = [
            (code, params) for code, params in self.statements if text in code
        ]
        _create, _as, inner = query.partition("ON COMMIT DROP AS")
        self.env.cr.execute(f"EXPLAIN {inner or query}", params or None)
        plan = "\n".join(row[0] for row in self.env.cr.fetchall())
        for table in tables:
            self.assertRegex(plan, rf"Index .*Scan (using \w+ )?on {table}")
            self.assertNotRegex(plan, rf"Seq Scan on {table} ")

    def test_records_are_found_by_their_key(self):
        """M-RECEIVE M-PERF: among 100 million of them."""
        self.assertIndexed(
            "CREATE TEMPORARY TABLE recall_report_standing", "recall_completion"
        )
        self.assertIndexed("SET found =", "recall_completion")

    def test_rules_look_up_by_indexes(self):
        """M-VERIFY M-PERF: vehicle, dealer, and the rules against repeats."""
        self.assertIndexed(
            "CREATE TEMPORARY TABLE recall_report_checked",
            "recall_vehicle",
            "recall_dealer",
            "recall_completion",
        )

    def test_records_of_an_exchange_are_found_by_it(self):
        """M-RECEIVE M-PERF: to close their vehicles."""
        self.assertIndexed("'done' AS state", "recall_completion", "recall_vehicle")
        self.assertIndexed("SET state_date =", "recall_completion", "recall_vehicle")

    def test_withdrawn_vehicles_are_found_by_their_records(self):
        """M-RECEIVE M-PERF: and whether another report closes them."""
        self.assertIndexed("'open' AS state", "recall_completion", "recall_vehicle")

    def test_open_quarantine_is_found_by_an_index(self):
        """M-VERIFY M-PERF: whatever was closed in all the years."""
        self.assertIndexed(
            "answered AS (", "recall_quarantine entry", "recall_completion"
        )
        self.assertIndexed("closed AS (", "recall_quarantine", "recall_completion")
