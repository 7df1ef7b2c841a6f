# SPDX-License-Identifier: LGPL-3.0-only
import functools
import json
import os
from datetime import datetime, timedelta
from unittest.mock import patch

from psycopg2 import DatabaseError

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.recall_base.tools import cipher, http_client
from odoo.addons.recall_base.tools.http_client import PeerError

from ..models import recall_enterprise_pull
from .common import PullCommon, make_page

PULL = "odoo.addons.recall_management.models.recall_enterprise_pull"


@tagged("post_install", "-at_install")
class TestPull(PullCommon):
    """The scheduled action: whom it asks, for what, and how often."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.second = cls.make_enterprise(cls.make_producer())
        cls.both = cls.enterprise | cls.second

    def name_of(self, enterprise):
        return f"terminal{enterprise.producer_id.id}.example"

    # === Requests === #

    def test_request_has_the_members_of_annex_b(self):
        """M-PULL: token, interface name and the (empty) cursor."""
        requests = self.pull([])
        self.assertEqual(
            requests,
            [
                (
                    self.enterprise.url,
                    {
                        "api_token": f"key{self.producer.id}.secret",
                        "api_cfg": self.enterprise.api_cfg,
                        "api_cursor": "",
                    },
                )
            ],
        )

    def test_settings_outside_the_database_reach_the_client(self):
        """M-PULL X-TLS: authorities and private networks come from the environment,
        and the client is the one with deadline and verification."""
        cases = [
            ({}, None, ()),
            (
                {
                    "RECALL_CA_FILE": "/ca.pem",
                    "RECALL_PEER_NETWORKS": "10.0.0.0/8, ::1",
                },
                "/ca.pem",
                ("10.0.0.0/8", "::1"),
            ),
            ({"RECALL_PEER_NETWORKS": " , "}, None, ()),
        ]
        for settings, ca_file, networks in cases:
            with self.subTest(settings), patch.dict(os.environ, settings):
                post = recall_enterprise_pull._peer_post()
                self.assertIsInstance(post, functools.partial)
                self.assertIs(post.func, http_client.fetch)
                self.assertFalse(post.args)
                self.assertEqual(
                    post.keywords, {"ca_file": ca_file, "networks": networks}
                )

    def test_due_terminals_are_asked_and_no_others(self):
        """M-PULL: suspended ones, ones without a token and ones not due are left."""
        bare = self.make_enterprise(self.make_producer(), api_token=False)
        suspended = self.make_enterprise(self.make_producer(), active=False)
        self.second.next_pull_at = datetime(2100, 1, 1)
        due = self.enterprise | bare | suspended
        requests = self.pull([], enterprises=due)
        self.assertEqual([url for url, _payload in requests], [self.enterprise.url])

    def test_terminal_is_due_again_after_its_interval(self):
        """M-PULL: also when nothing came."""
        self.enterprise.interval_minutes = 30
        self.pull([])
        wait = self.enterprise.next_pull_at - fields.Datetime.now()
        self.assertAlmostEqual(wait.total_seconds(), 1800, delta=10)
        self.assertFalse(self.enterprise.lease_until)
        self.assertFalse(self.enterprise.failure_count)

    def test_all_terminals_are_asked_at_once(self):
        """M-PULL: nobody waits for another terminal's answer."""
        terminals = self.both | self.make_enterprise(self.make_producer())
        order = []

        def slow(url, _payload):
            order.append(url)
            deadline = datetime.now() + timedelta(seconds=5)
            while len(order) < 3 and datetime.now() < deadline:
                pass
            return []

        self.pull(slow, slow, slow, enterprises=terminals)
        self.assertEqual(len(order), 3)
        self.assertLess(max(terminals.exchange_ids.mapped("seconds")), 5)

    # === Pages === #

    def test_pages_are_fetched_until_there_are_no_more(self):
        """M-PULL: each request acknowledges the page before it, the last one too, so
        that the producer knows at once that all has arrived."""
        records = [self.make_record() for _ in range(3)]
        requests = self.pull(
            make_page(records[:1], next_cursor="one", has_more=True),
            make_page(records[1:2], next_cursor="two", has_more=True),
            make_page(records[2:], next_cursor="three", has_more=False),
            make_page([], next_cursor="three", has_more=False),
        )
        cursors = [payload["api_cursor"] for _url, payload in requests]
        self.assertEqual(cursors, ["", "one", "two", "three"])
        self.assertEqual(self.enterprise.cursor, "three")
        self.assertEqual(self.plan.done_count, 3)
        self.assertEqual(self.pull([])[0][1]["api_cursor"], "three")
        self.assertEqual(self.enterprise.cursor, "three")

    def test_page_that_does_not_go_on_is_not_asked_for_again_and_again(self):
        """X-ATTACK X-FAULT: has_more with the same cursor, or with nothing in it."""
        for page in (
            make_page([self.make_record()], next_cursor="same", has_more=True),
            make_page([], next_cursor="next", has_more=True),
            make_page([self.make_record()], has_more=True),
            make_page([self.make_record()], next_cursor="same"),
        ):
            with self.subTest(page):
                self.enterprise.cursor = "same"
                self.assertEqual(len(self.pull(page)), 1)
                self.assertGreater(self.enterprise.next_pull_at, fields.Datetime.now())

    def test_run_ends_after_its_time_and_the_next_goes_on(self):
        """M-PULL: an endless terminal keeps others and other jobs waiting no longer
        than the run's time."""
        page = make_page([self.make_record()], next_cursor="a", has_more=True)
        with patch.object(recall_enterprise_pull, "BUDGET_SECONDS", 0):
            self.assertEqual(len(self.pull(page)), 1)
        self.assertLessEqual(self.enterprise.next_pull_at, fields.Datetime.now())
        self.assertFalse(self.enterprise.lease_until)
        self.assertEqual(self.enterprise.cursor, "a")

    def test_terminals_with_many_pages_take_turns(self):
        """M-PULL: nobody gets a second page before everybody has got the first one."""
        terminals = self.both | self.make_enterprise(self.make_producer())
        order = []

        def page(number):
            def answer(url, _payload):
                order.append((number, url))
                plan = self.make_plan(producer=self.find_producer(terminals, url))
                record = self.make_record(plan=plan)
                return make_page([record], next_cursor=f"{number}", has_more=True)

            return answer

        pages = [page(1), page(2), page(3), []]
        with patch.object(recall_enterprise_pull, "THREADS", 1):
            self.pull(
                enterprises=terminals,
                **{self.name_of(one): list(pages) for one in terminals},
            )
        self.assertEqual(
            [number for number, _url in order], [1] * 3 + [2] * 3 + [3] * 3
        )

    def find_producer(self, terminals, url):
        return terminals.filtered(lambda one: one.url == url).producer_id

    def test_terminals_that_a_run_has_no_time_for_keep_their_turn(self):
        """M-PULL: they are leased to nobody, still due, and a new run is triggered."""
        self.env["ir.cron.trigger"].search([]).unlink()
        with (
            patch.object(recall_enterprise_pull, "BUDGET_SECONDS", 0),
            patch.object(recall_enterprise_pull, "THREADS", 1),
            patch.object(recall_enterprise_pull, "SLOW_THREADS", 1),
        ):
            requests = self.pull([], enterprises=self.both)
        asked = self.both.filtered(lambda one: one.url == requests[0][0])
        left = self.both - asked
        self.assertEqual(left.next_pull_at, datetime(2000, 1, 1))
        self.assertFalse(left.lease_until)
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", self.cron.id)])
        self.assertTrue(triggers)

    def test_run_that_leaves_nothing_triggers_no_other(self):
        """M-PULL: scheduled actions do not chase each other for nothing."""
        self.env["ir.cron.trigger"].search([]).unlink()
        self.pull([], [], enterprises=self.both)
        self.assertFalse(self.env["ir.cron.trigger"].search([]))

    def test_terminal_that_becomes_due_meanwhile_is_asked_in_the_same_run(self):
        """M-PULL: asking by hand does not wait for the end of a long run."""

        store = type(self.enterprise)._store

        def store_and_ask(enterprise, fetched):
            others = enterprise.search([("id", "=", self.second.id)]) - enterprise
            others.next_pull_at = datetime(2000, 1, 1)
            return store(enterprise, fetched)

        with (
            patch.object(recall_enterprise_pull, "LOOK_SECONDS", 0),
            patch.object(type(self.enterprise), "_store", store_and_ask),
        ):
            requests = self.pull([], [])
        self.assertEqual([url for url, _payload in requests], self.both.mapped("url"))

    def test_those_asked_for_come_first_and_those_that_failed_last(self):
        """M-PULL M-PERF: nobody waits for a terminal that will not answer."""
        third = self.make_enterprise(self.make_producer())
        fourth = self.make_enterprise(self.make_producer())
        everyone = self.both | third | fourth
        everyone.next_pull_at = datetime(2000, 1, 2)
        self.enterprise.write(
            {"failure_count": 1, "next_pull_at": datetime(2000, 1, 1)}
        )
        fourth.next_pull_at = datetime(2000, 1, 1)
        third.asked_by_hand = True
        leased = self.env["recall.enterprise"]._lease_due()
        self.assertEqual(
            leased.ids, (third | fourth | self.second | self.enterprise).ids
        )
        slow = [one._prepare_request()["slow"] for one in leased]
        self.assertEqual(slow, [False, False, False, True])

    def test_suspended_while_it_is_asked_gets_no_further_request(self):
        """M-MONITOR: suspending takes effect with the next page."""
        record = self.make_record()
        store = type(self.enterprise)._store

        def store_and_suspend(enterprise, fetched):
            more = store(enterprise, fetched)
            enterprise.active = False
            return more

        with patch.object(type(self.enterprise), "_store", store_and_suspend):
            requests = self.pull(make_page([record], next_cursor="a", has_more=True))
        self.assertEqual(len(requests), 1)
        self.assertTrue(self.get_completion(record))

    # === Cursor and transaction === #

    def test_cursor_moves_only_with_what_it_acknowledges(self):
        """X-FAULT: when storing fails, nothing of the page stays, its cursor neither,
        and the failure is noted; other terminals are served."""
        record = self.make_record()
        page = make_page([record], next_cursor="new")
        Quarantine = type(self.env["recall.quarantine"])
        close_answered = Quarantine._close_answered

        def fail_once(model, enterprise):
            close_answered(model, enterprise)
            if enterprise.id == self.enterprise.id:
                raise RuntimeError("disk full")

        self.enterprise.cursor = "old"
        with (
            patch.object(Quarantine, "_close_answered", fail_once),
            mute_logger(PULL),
        ):
            self.pull(
                enterprises=self.both,
                **{
                    self.name_of(self.enterprise): [page],
                    self.name_of(self.second): [make_page([], next_cursor="x")],
                },
            )
        self.assertEqual(self.enterprise.cursor, "old")
        self.assertFalse(self.get_completion(record))
        self.assertVehicle(record, "open")
        exchange = self.last_exchange()
        self.assertEqual(exchange.outcome, "storage")
        self.assertTrue(exchange.body_hash)
        self.assertTrue(self.enterprise.failure_count)
        self.assertEqual(self.enterprise.last_error, exchange.error)
        self.assertTrue(self.second.last_success_at)
        self.assertEqual(self.second.cursor, "x")
        self.take_in(record, next_cursor="new")
        self.assertEqual(self.enterprise.cursor, "new")
        self.assertCountersAgree()

    def test_failure_that_cannot_even_be_noted_fails_nobody_else(self):
        """X-FAULT: the run goes on, the lease runs out by itself."""
        Exchange = type(self.env["recall.exchange"])
        prepare = Exchange._prepare_exchange_vals

        def fail(model, enterprise, fetched):
            if enterprise.id == self.enterprise.id:
                raise RuntimeError("no key")
            return prepare(model, enterprise, fetched)

        with (
            patch.object(Exchange, "_prepare_exchange_vals", fail),
            mute_logger(PULL),
        ):
            self.pull(
                enterprises=self.both,
                **{self.name_of(one): [[]] for one in self.both},
            )
        self.assertTrue(self.enterprise.lease_until)
        self.assertTrue(self.second.last_success_at)

    def test_token_that_cannot_be_opened_fails_its_terminal_only(self):
        """X-CRYPTO X-FAULT: a lost key is shown at the terminal, the others work."""
        self.enterprise.token_sealed = "SM4-GCM|lost|AAAAAAAAAAAAAAAA|" + "A" * 30
        with mute_logger(PULL):
            requests = self.pull([], enterprises=self.both)
        self.assertEqual([url for url, _payload in requests], [self.second.url])
        exchange = self.last_exchange()
        self.assertRecordValues(exchange, [{"outcome": "token", "attempts": 0}])
        self.assertTrue(self.enterprise.failure_count)
        self.assertTrue(self.second.last_success_at)

    def test_lost_key_file_does_not_fail_the_scheduled_action(self):
        """X-CRYPTO X-FAULT: Odoo would switch the action off after a week of it."""
        with (
            patch.dict(os.environ, {cipher.ENVIRONMENT: "/nowhere"}),
            mute_logger(PULL),
        ):
            self.pull(enterprises=self.both)
        self.assertEqual(self.both.mapped("failure_count"), [1, 1])
        self.pull([], [], enterprises=self.both)
        self.assertEqual(self.both.mapped("failure_count"), [0, 0])

    def test_scheduled_action_is_never_switched_off(self):
        """X-FAULT: weeks of failures leave it active."""
        self.cron.write({"failure_count": 4})
        self.cron.first_failure_date = fields.Datetime.now() - timedelta(days=30)
        for _ in range(3):
            self.pull(PeerError("timeout", "No answer."))
        self.assertTrue(self.cron.active)
        self.assertEqual(self.cron.failure_count, 0)

    def test_run_without_any_terminal_does_nothing(self):
        """M-PULL: a fresh installation has none."""
        self.both.active = False
        self.assertEqual(self.pull(), [])

    # === What is kept of an exchange === #

    def test_exchange_keeps_the_answer_as_it_came(self):
        """X-TAMPER X-CRYPTO: body, hash and size; sealed, for nobody to read."""
        body = b' {"count":1 ,"records": [{"telNum": "\\u0031"}], "api_status":200}\n'
        self.pull(body)
        exchange = self.last_exchange()
        self.assertEqual(exchange._open_body(), body)
        self.assertEqual(exchange.body_size, len(body))
        self.assertEqual(len(exchange.body_hash), 64)
        self.assertNotIn("telNum", exchange.sudo().body_sealed)
        self.assertEqual(exchange.api_status, 200)
        self.assertEqual(exchange.attempts, 1)

    def test_large_body_is_kept_as_it_came(self):
        """M-RECEIVE X-CRYPTO: compressed, so that it is smaller than it came."""
        records = [self.make_record() for _ in range(200)]
        page = make_page(records, next_cursor="a")
        self.pull(page, [])
        exchange = self.enterprise.exchange_ids.sorted("id")[0]
        body = exchange._open_body()
        self.assertEqual(json.loads(body), page)
        self.assertLess(len(exchange.sudo().body_sealed), len(body) / 3)

    def test_exchange_that_reports_refer_to_cannot_go(self):
        """M-KEEP X-TAMPER: not even by SQL, although no foreign key is there."""
        exchange = self.take_in(self.make_record())
        with (
            self.assertRaises(DatabaseError),
            mute_logger("odoo.sql_db"),
            self.cr.savepoint(),
        ):
            self.env.cr.execute(
                "DELETE FROM recall_exchange WHERE id = %s", [exchange.id]
            )

    def test_body_of_another_exchange_does_not_open(self):
        """X-TAMPER: sealed bodies cannot be exchanged for one another."""
        self.pull([self.make_record()])
        first = self.last_exchange()
        self.pull([self.make_record()])
        second = self.last_exchange()
        self.env.cr.execute(
            "UPDATE recall_exchange SET body_sealed = %s WHERE id = %s",
            [first.sudo().body_sealed, second.id],
        )
        self.env.invalidate_all()
        with self.assertRaises(cipher.SealError):
            second._open_body()

    def test_taking_in_is_logged_with_the_hash_of_its_body(self):
        """X-LOG X-TAMPER: the event tells what came, by number and hash."""
        exchange = self.take_in(self.make_record(), self.make_record("bad"))
        event = self.env["recall.audit.event"].search([], limit=1)
        self.assertEqual(event.action, "exchange.take_in")
        self.assertEqual(event.res_id, exchange.id)
        self.assertEqual(
            event.detail,
            {
                "body": exchange.body_hash,
                "new": 1,
                "same": 0,
                "corrected": 0,
                "withdrawn": 0,
                "quarantined": 1,
            },
        )
        self.take_in()
        self.assertEqual(self.env["recall.audit.event"].search([], limit=1), event)
