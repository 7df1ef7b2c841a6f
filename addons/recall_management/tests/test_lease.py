# SPDX-License-Identifier: LGPL-3.0-only
import threading
import time
from datetime import datetime, timedelta
from unittest.mock import patch

from psycopg2.errors import LockNotAvailable

from odoo import fields
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from odoo.addons.recall_base.tests.committed_common import CommittedCase
from odoo.addons.recall_base.tools import vin
from odoo.addons.recall_base.tools.http_client import PeerError

from ..models import recall_enterprise_pull
from ..tools.puller import Fetched
from .common import PeerMock, PullCommon, make_page


@tagged("post_install", "-at_install")
class TestLease(PullCommon):
    """Who may ask a terminal, as the row of the terminal says."""

    def setUp(self):
        super().setUp()
        self.enterprise.next_pull_at = datetime(2000, 1, 1)
        # Another worker: a living database connection.
        self.other_worker = self.enterContext(self.registry.cursor())
        self.other_worker.execute(
            """SELECT pid, backend_start::text FROM pg_stat_activity
                WHERE pid = pg_backend_pid()"""
        )
        self.pid, self.started = self.other_worker.fetchone()
        self.env.cr.execute("SELECT pg_stat_clear_snapshot()")

    def lease(self, pid, started, seconds):
        """Lease the terminal for another connection and ask for due terminals."""
        self.enterprise.write(
            {
                "lease_pid": pid,
                "lease_started": started,
                "lease_until": fields.Datetime.now() + timedelta(seconds=seconds),
            }
        )
        return self.env["recall.enterprise"]._lease_due()

    def test_terminal_leased_to_a_living_worker_is_left_to_it(self):
        """M-PULL X-FAULT: two workers never ask the same terminal."""
        self.assertFalse(self.lease(self.pid, self.started, 50))

    def test_lease_ends_by_itself(self):
        """X-FAULT: a worker that hangs does not hold a terminal for ever."""
        leased = self.lease(self.pid, self.started, -50)
        self.assertEqual(leased, self.enterprise)
        self.assertNotEqual(leased.lease_pid, self.pid)
        self.assertGreater(leased.lease_until, fields.Datetime.now())

    def test_lease_of_a_killed_worker_ends_at_once(self):
        """X-FAULT: its connection is gone, or its number is another's by now."""
        self.assertEqual(self.lease(0, self.started, 50), self.enterprise)
        later = "2000-01-01 00:00:00+00"
        self.assertEqual(self.lease(self.pid, later, 50), self.enterprise)


@tagged("post_install", "-at_install")
class TestConcurrency(PeerMock, CommittedCase):
    """Workers and users at the same time, in transactions that really commit."""

    def setUp(self):
        super().setUp()
        self.vin = vin.make_vin("LTZ", "AA11C", "S", "A", "000001")
        self.addCleanup(self.clean_up)
        with self.transaction() as env:
            self.create_records(env)

    def create_records(self, env):
        producer = env["recall.producer"].create({"name": "Producer of TestLease"})
        env["recall.dealer"].create({"producer_id": producer.id, "name": "Dealer"})
        plan = env["recall.plan"].create(
            {
                "recall_number": "S2098M9999V",
                "producer_id": producer.id,
                "recall_start": "2025-01-15",
                **dict.fromkeys(("brand", "series", "model"), "Test"),
                **dict.fromkeys(("defect", "consequence", "measure"), "Test"),
            }
        )
        env["recall.vehicle"]._add_to_scope(plan, [(self.vin, None)])
        # Terminals of the database the tests run in are not asked, till the end.
        self.others = env["recall.enterprise"].search([]).ids
        env["recall.enterprise"].browse(self.others).active = False
        enterprise = env["recall.enterprise"].create(
            {
                "producer_id": producer.id,
                "url": "https://terminal.example/sync",
                "api_cfg": "cfg",
                "api_token": "key.secret",
                "next_pull_at": datetime(2000, 1, 1),
            }
        )
        self.producer_id, self.plan_id = producer.id, plan.id
        self.enterprise_id = enterprise.id

    def clean_up(self):
        with self.registry.cursor() as cr:
            for query in (
                # Reports are kept (7.4): only the owner of the table can clean up.
                "ALTER TABLE recall_completion DISABLE TRIGGER USER",
                "DELETE FROM recall_completion WHERE producer_id = %(producer)s",
                "ALTER TABLE recall_completion ENABLE TRIGGER USER",
                "ALTER TABLE recall_exchange DISABLE TRIGGER USER",
                "DELETE FROM recall_exchange WHERE enterprise_id = %(enterprise)s",
                "ALTER TABLE recall_exchange ENABLE TRIGGER USER",
                "DELETE FROM recall_enterprise WHERE id = %(enterprise)s",
                "DELETE FROM recall_vehicle WHERE plan_id = %(plan)s",
                "DELETE FROM recall_plan WHERE id = %(plan)s",
                "DELETE FROM recall_dealer WHERE producer_id = %(producer)s",
                "DELETE FROM recall_producer WHERE id = %(producer)s",
                "UPDATE recall_enterprise SET active = TRUE WHERE id = ANY(%(others)s)",
            ):
                values = {
                    "producer": self.producer_id,
                    "plan": self.plan_id,
                    "enterprise": self.enterprise_id,
                    "others": self.others,
                }
                cr.execute(query, values)

    def make_record(self):
        return {
            "recallNum": "S2098M9999V",
            "vehicleVin": self.vin,
            "recallTime": "2025-03-01",
            "repairNum": "RO-1",
            "dealerName": "Dealer",
            "telNum": "13800000000",
            "collectTime": "2025-03-02 08:00:00",
        }

    def pull(self, *pages):
        with self.mock_peer(pages), self.transaction() as env:
            env["recall.enterprise"]._cron_pull()

    def assertStored(self, env, **plan_values):
        """The record stands once, is counted once, and by one exchange."""
        enterprise = env["recall.enterprise"].browse(self.enterprise_id)
        self.assertFalse(enterprise.failure_count)
        self.assertEqual(enterprise.cursor, "next")
        success = enterprise.exchange_ids.filtered("record_count")
        self.assertEqual(success.mapped("outcome"), ["success"])
        self.assertEqual(success.new_count, 1)
        plan = env["recall.plan"].browse(self.plan_id)
        self.assertEqual(plan.done_count, 1)
        self.assertRecordValues(plan, [plan_values])
        return enterprise

    def assertRecordValues(self, record, values):
        for name, value in values[0].items():
            self.assertEqual(record[name], value)

    def test_second_worker_gets_no_terminal(self):
        """M-PULL X-FAULT: neither while the first one leases it, nor after that."""
        with self.transaction() as first, self.transaction() as second:
            leased = first["recall.enterprise"]._lease_due()
            self.assertEqual(leased.ids, [self.enterprise_id])
            self.assertFalse(second["recall.enterprise"]._lease_due())
            first.cr.commit()
            second.cr.rollback()
            self.assertFalse(second["recall.enterprise"]._lease_due())
            leased._release(due_again=False)

    def test_plan_saved_while_a_page_is_stored(self):
        """X-FAULT: the page is stored anew, in full, and the user's change stays."""
        Intake = self.registry["recall.intake"]
        withdraw, changes = Intake._withdraw, []

        def change_plan_first(model):
            if not changes:
                changes.append(1)
                with self.transaction() as env:
                    env["recall.plan"].browse(self.plan_id).brand = "Changed"
            return withdraw(model)

        page = make_page([self.make_record()], next_cursor="next")
        with (
            patch.object(Intake, "_withdraw", change_plan_first),
            mute_logger("odoo.sql_db"),
        ):
            self.pull(page, [])
        with self.transaction() as env:
            self.assertStored(env, brand="Changed")

    def test_terminal_saved_while_its_answer_comes(self):
        """X-FAULT M-MONITOR: the storing waits for the user, then is done anew."""
        saving = threading.Event()

        def save():
            with self.registry.cursor() as cr:
                cr.execute(
                    "UPDATE recall_enterprise SET interval_minutes = 77 WHERE id = %s",
                    [self.enterprise_id],
                )
                saving.set()
                cr.execute("SELECT pg_sleep(0.3)")

        user = threading.Thread(target=save)

        def answer(_url, _payload):
            user.start()
            saving.wait(5)
            return make_page([self.make_record()], next_cursor="next")

        self.pull(answer, [])
        user.join()
        with self.transaction() as env:
            enterprise = self.assertStored(env)
            self.assertEqual(enterprise.interval_minutes, 77)
            wait = enterprise.next_pull_at - fields.Datetime.now()
            self.assertGreater(wait, timedelta(minutes=76))

    def test_terminal_saved_while_a_page_is_stored_waits_for_it(self):
        """X-FAULT: the page is not disturbed; Odoo repeats the request of the user."""
        Intake = self.registry["recall.intake"]
        withdraw, refused = Intake._withdraw, []

        def save_meanwhile(model):
            with self.registry.cursor() as cr:
                cr.execute("SET LOCAL lock_timeout = 100")
                try:
                    cr.execute(
                        "UPDATE recall_enterprise SET plain = TRUE WHERE id = %s",
                        [self.enterprise_id],
                        log_exceptions=False,
                    )
                except LockNotAvailable as error:
                    refused.append(error.pgcode)
                    cr.rollback()
            return withdraw(model)

        page = make_page([self.make_record()], next_cursor="next")
        with patch.object(Intake, "_withdraw", save_meanwhile):
            self.pull(page, [])
        self.assertEqual(set(refused), {"55P03"})  # lock not available
        with self.transaction() as env:
            self.assertStored(env)

    def test_terminal_that_somebody_keeps_locked_holds_up_nobody(self):
        """X-FAULT: a session that never ends its transaction; the answer is asked for
        again when it has."""
        page = make_page([self.make_record()], next_cursor="next")
        with (
            self.registry.cursor() as cr,
            patch.object(recall_enterprise_pull, "LOCK_MILLISECONDS", 20),
            mute_logger(recall_enterprise_pull.__name__),
        ):
            self.pull_locked(cr, page)
        with self.registry.cursor() as cr:
            cr.execute("UPDATE recall_enterprise SET lease_until = NULL")
        self.pull(page, [])
        with self.transaction() as env:
            self.assertStored(env)

    def pull_locked(self, locker, page):
        """Pull while ``locker`` takes the terminal's lock as the answer comes."""

        def answer(_url, _payload):
            locker.execute(
                "SELECT FROM recall_enterprise WHERE id = %s FOR UPDATE",
                [self.enterprise_id],
            )
            return page

        self.pull(answer)

    def test_two_answers_are_stored_at_once(self):
        """M-PERF: each by a thread of its own, on a connection of its own."""
        with self.transaction() as env:
            second = env["recall.enterprise"].create(
                {
                    "producer_id": env["recall.producer"].create({"name": "Other"}).id,
                    "url": "https://second.example/sync",
                    "api_cfg": "cfg",
                    "api_token": "key.secret",
                    "next_pull_at": datetime(2000, 1, 1),
                }
            )
            self.addCleanup(self.clean_up_terminal, second.id, second.producer_id.id)
        Intake = self.registry["recall.intake"]
        take_in, together, threads = Intake._take_in, threading.Barrier(2), set()

        def meet(model, *arguments):
            threads.add(threading.current_thread())
            together.wait(10)
            return take_in(model, *arguments)

        page = make_page([self.make_record()], next_cursor="next")
        pages = {"terminal": [page, []], "second": [page, []]}
        with (
            patch.object(Intake, "_take_in", meet),
            self.mock_peer(**pages),
            self.transaction() as env,
        ):
            env["recall.enterprise"]._cron_pull()
        self.assertEqual(len(threads), 2)
        with self.transaction() as env:
            self.assertStored(env)
            exchanges = env["recall.enterprise"].browse(second.id).exchange_ids
            # The vehicle is in the scope of another producer's plan.
            self.assertEqual(sum(exchanges.mapped("quarantined_count")), 1)

    def clean_up_terminal(self, enterprise_id, producer_id):
        with self.registry.cursor() as cr:
            for table, column, value in (
                ("recall_quarantine", "enterprise_id", enterprise_id),
                ("recall_exchange", "enterprise_id", enterprise_id),
                ("recall_enterprise", "id", enterprise_id),
                ("recall_producer", "id", producer_id),
            ):
                cr.execute(
                    SQL(
                        """ALTER TABLE %(table)s DISABLE TRIGGER USER;
                           DELETE FROM %(table)s WHERE %(column)s = %(value)s;
                           ALTER TABLE %(table)s ENABLE TRIGGER USER""",
                        table=SQL.identifier(table),
                        column=SQL.identifier(column),
                        value=value,
                    )
                )

    def test_what_another_thread_stored_before_is_known(self):
        """X-FAULT: nothing is counted on from what a connection remembers."""
        error = PeerError("reset", "Broken.")
        fetched = Fetched(self.enterprise_id, {}, time.time(), 0.1, error=error)
        with self.transaction() as env:
            terminal = env["recall.enterprise"].browse(self.enterprise_id)
            self.assertFalse(terminal.failure_count)
            env.cr.commit()
            with self.transaction() as other:
                other["recall.enterprise"].browse(terminal.id).failure_count = 7
            terminal._store_guarded(fetched, time.monotonic() + 5)
            self.assertEqual(terminal.failure_count, 8)

    def test_no_transaction_is_open_while_the_network_is_waited_for(self):
        """M-PULL: neither locks nor a snapshot are held for the time of an answer."""
        states = []

        def answer(_url, _payload):
            with self.registry.cursor() as cr:
                cr.execute(
                    """SELECT state FROM pg_stat_activity
                        WHERE pid = (SELECT lease_pid FROM recall_enterprise
                                      WHERE id = %s)""",
                    [self.enterprise_id],
                )
                states.append(cr.fetchone()[0])
            return make_page([self.make_record()], next_cursor="next", has_more=True)

        self.pull(answer, answer)
        self.assertEqual(states, ["idle", "idle"])

    def test_entry_that_is_decided_on_holds_up_all_requests(self):
        """M-VERIFY X-FAULT: it is told with the next one; that it is, stands in the
        database before that goes out."""
        mine = [self.enterprise_id]
        self.addCleanup(self.clean_up_terminal, *mine, 0)
        self.pull([{**self.make_record(), "vehicleVin": "x"}])
        entry = SQL("FROM recall_quarantine WHERE enterprise_id = %s", *mine)
        seen = []

        def answer(_url, payload):
            with self.registry.cursor() as cr:
                cr.execute(SQL("SELECT offered IS TRUE %s", entry))
                seen.append(("api_refused" in payload, *cr.fetchone()))
            return []

        for lock in (SQL("FOR UPDATE"), SQL()):
            with self.registry.cursor() as cr:
                cr.execute("UPDATE recall_enterprise SET next_pull_at = now()")
            with self.registry.cursor() as officer:
                officer.execute(SQL("SELECT id %s %s", entry, lock))
                self.pull(answer)
        self.assertEqual(seen, [(False, False), (True, True)])
