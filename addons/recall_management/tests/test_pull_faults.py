# SPDX-License-Identifier: LGPL-3.0-only
import json
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.recall_base.tools.http_client import Answer, PeerError
from odoo.addons.recall_base.tools.messages import STATUS_TEXT, ApiStatus

from .common import CANARY, PullCommon, make_page

PULL = "odoo.addons.recall_management.models.recall_enterprise_pull"
PEER_CODES = (
    "address",
    "resolve",
    "connect",
    "tls",
    "timeout",
    "reset",
    "http",
    "size",
    "length",
    "encoding",
    "redirect",
    "type",
)


@tagged("post_install", "-at_install")
class TestPullFaults(PullCommon):
    """Terminals that do not answer, answer nonsense, or refuse."""

    def assertFailed(self, outcome, sentence, *, failures):
        """The last exchange failed so, the terminal shows it, nothing was stored."""
        exchange = self.last_exchange()
        self.assertEqual(exchange.outcome, outcome, exchange.error)
        self.assertIn(sentence, exchange.error)
        self.assertCounts(exchange)
        self.assertRecordValues(
            self.enterprise,
            [
                {
                    "failure_count": failures,
                    "last_error": exchange.error,
                    "lease_until": False,
                }
            ],
        )
        self.assertGreater(self.enterprise.next_pull_at, fields.Datetime.now())
        return exchange

    # === No request === #

    def refuse_to_prepare(self):
        """Let no request to the terminal be made that tells of something."""
        Quarantine = type(self.env["recall.quarantine"])
        prepare = Quarantine._prepare_refusals

        def fail(model, enterprise):
            if enterprise == self.enterprise:
                raise RuntimeError("what a setting may do")
            return prepare(model, enterprise)

        return patch.object(Quarantine, "_prepare_refusals", fail)

    def test_terminal_for_which_no_request_can_be_made_stops_all(self):
        """M-PULL X-FAULT: a failed exchange says so at the terminal, which is asked
        again when it is due; the others are asked, and no breaker opens."""
        other = self.make_enterprise(self.make_producer())
        both = self.enterprise | other
        self.pull([], [], enterprises=both)
        with self.refuse_to_prepare(), mute_logger(PULL):
            requests = self.pull([], enterprises=both)
        self.assertEqual([url for url, _payload in requests], [other.url])
        exchange = self.assertFailed("request", "could not be made", failures=1)
        self.assertEqual(exchange.attempts, 0)
        self.assertFalse(self.enterprise.failed_cycles)
        self.pull([], [], enterprises=both)
        self.assertFalse(self.enterprise.failure_count)

    def test_page_is_lost_with_the_request_after_it(self):
        """M-RECEIVE X-FAULT: what came is taken in."""
        record = self.make_record()
        self.pull([])

        def answer(_url, _payload):
            self.enterContext(self.refuse_to_prepare())
            return make_page([record], next_cursor="one", has_more=True)

        with mute_logger(PULL):
            self.pull(answer)
        self.assertTrue(self.get_completion(record))
        self.assertEqual(self.enterprise.cursor, "one")
        self.assertFailed("request", "could not be made", failures=1)

    # === No answer === #

    def test_each_fault_of_the_network_is_shown_at_the_terminal(self):
        """M-PULL M-MONITOR: outcome, sentence and number of failures in a row."""
        self.enterprise.cursor = "kept"
        for count, code in enumerate(PEER_CODES, 1):
            with self.subTest(code=code):
                error = PeerError(code, f"Host x failed by {code}.")
                error.attempts = 1 + count % 2
                requests = self.pull(error)
                self.assertEqual(len(requests), 1)
                exchange = self.assertFailed(code, error.message, failures=count)
                self.assertEqual(exchange.attempts, error.attempts)
                self.assertFalse(exchange.body_hash)
        self.assertEqual(self.enterprise.cursor, "kept")

    def test_every_outcome_has_a_label(self):
        """M-MONITOR: what the client may raise is in the list of outcomes."""
        outcomes = dict(self.env["recall.exchange"]._fields["outcome"].selection)
        self.assertLessEqual(set(PEER_CODES), set(outcomes))

    def test_recovery_is_shown_and_nothing_is_missing(self):
        """M-MONITOR X-FAULT: after failures the next answer clears them."""
        record = self.make_record()
        for _ in range(2):
            self.pull(PeerError("timeout", "No answer in time."))
        last_success = self.enterprise.last_success_at
        self.assertFalse(last_success)
        self.assertCounts(self.take_in(record), new=1)
        self.assertRecordValues(
            self.enterprise,
            [{"failure_count": 0, "last_error": False}],
        )
        self.assertTrue(self.enterprise.last_success_at)
        self.assertEqual(
            str(self.enterprise.certificate_expires_at), "2030-01-01 01:00:00"
        )

    def test_one_failing_terminal_keeps_no_other_from_its_records(self):
        """M-PULL X-FAULT: of many terminals each is served or fails by itself."""
        terminals = self.enterprise
        for _ in range(20):
            terminals |= self.make_enterprise(self.make_producer())

        urls = terminals.mapped("url")

        def reply(url, _payload):
            number = urls.index(url)
            return [[], PeerError("connect", "Nobody there."), b"{"][number % 3]

        self.pull(*[reply] * 21, enterprises=terminals)
        failures = [int(i % 3 > 0) for i in range(21)]
        self.assertEqual(terminals.mapped("failure_count"), failures)

    # === Malformed answers === #

    def test_malformed_answer_is_refused_whole(self):
        """M-RECEIVE X-FAULT: of an answer with a wrong envelope nothing is stored."""
        record = self.make_record()
        good = make_page([record])
        cases = {
            "count is 2, but there are 1 records.": good | {"count": 2},
            "count must be a whole number, not true or false": good | {"count": True},
            "count must be a whole number, not a decimal number": good | {"count": 1.0},
            "count must be a whole number, not a string": good | {"count": "1"},
            "count must be at least 0": good | {"count": -1},
            "count is missing": {k: v for k, v in good.items() if k != "count"},
            "records is missing": {"count": 0, "api_status": 200},
            "records must be an array, not an object": good | {"records": {}},
            "api_status is missing": good | {"api_status": None},
            "api_status 299 is not a code": good | {"api_status": 299},
            "api_status must be a whole number, not a string": good
            | {"api_status": "200"},
            "next_cursor is longer": good | {"next_cursor": "x" * 513},
            "has_more must be true or false": good | {"has_more": 1},
            "not valid JSON": json.dumps(good).encode()[:-1],
            "is empty": b"",
            "byte order mark": b"\xef\xbb\xbf" + json.dumps(good).encode(),
            "UTF-16": json.dumps(good).encode("utf-16"),
            "not valid UTF-8": b'{"a": "\xff"}',
            "NaN": json.dumps(good | {"x": float("nan")}).encode(),
            "given twice": b'{"count": 0, "count": 0}',
            "nested deeper": b"[" * 100_000,
            "unpaired surrogate": json.dumps(good | {"x": "\ud800"}).encode(),
            "must be an object, not an array": b"[]",
        }
        for count, (sentence, answer) in enumerate(cases.items(), 1):
            with self.subTest(sentence):
                self.pull(answer)
                exchange = self.assertFailed("message", sentence, failures=count)
                if answer:
                    self.assertTrue(exchange._open_body())
        self.assertFalse(self.get_completion(record) or self.enterprise.cursor)
        self.assertVehicle(record, "open")

    def test_too_many_records_are_refused(self):
        """X-ATTACK: an answer of empty records costs no more than its reading."""
        self.pull(
            b'{"api_status":200,"count":100001,"records":[' + b"0," * 100000 + b"0]}"
        )
        self.assertFailed("message", "more than 100000 entries", failures=1)

    def test_json_of_a_gateway_is_no_answer(self):
        """M-MONITOR: what a proxy says in JSON of its own is shown as malformed."""
        self.pull(Answer(502, b'{"error": "bad gateway"}', 0.1, None))
        self.assertFailed("message", "api_status is missing", failures=1)

    # === Refusals === #

    def test_each_refusal_is_shown_with_its_code(self):
        """M-PULL M-MONITOR: every code of the standard, with or without a message."""
        self.enterprise.plain = True
        refusals = [status for status in ApiStatus if status is not ApiStatus.SUCCESS]
        for count, status in enumerate(refusals, 1):
            with self.subTest(status=status):
                requests = self.pull(make_page([], api_status=int(status)))
                self.assertEqual(len(requests), 1)
                sentence = STATUS_TEXT[status]
                exchange = self.assertFailed("status", sentence, failures=count)
                self.assertEqual(exchange.api_status, status)
        self.pull(make_page([], api_status=405, message="Ask Ms Wang for a key."))
        self.assertFailed("status", "Ask Ms Wang", failures=count + 1)

    def test_records_of_a_refusal_are_not_taken(self):
        """M-RECEIVE: what comes with another code than 200 is no answer."""
        record = self.make_record()
        self.pull(make_page([record], api_status=403))
        self.assertFalse(self.get_completion(record))

    def test_token_that_the_terminal_repeats_is_not_shown(self):
        """X-CRYPTO: some name in their message the token they did not like."""
        token = f"key{self.producer.id}.secret"
        self.pull(make_page([], api_status=403, message=f"bad token '{token}'"))
        exchange = self.assertFailed("status", "bad token '***'", failures=1)
        self.assertNotIn(token, f"{exchange.read()} {self.enterprise.read()}")

    def test_unknown_cursor_starts_again_from_the_beginning(self):
        """M-PULL X-FAULT: a terminal restored from a backup does not know the cursor;
        what it gives again is not doubled."""
        # With optional members in the request those would be doubted first.
        self.enterprise.tells_refused = False
        records = [self.make_record() for _ in range(2)]
        self.take_in(records[0], next_cursor="old")
        requests = self.pull(
            make_page([], api_status=407),
            make_page(records, next_cursor="new"),
            [],
        )
        cursors = [payload["api_cursor"] for _url, payload in requests]
        self.assertEqual(cursors, ["old", "", "new"])
        exchange = self.enterprise.exchange_ids.sorted()[1]
        self.assertCounts(exchange, new=1, same=1)
        self.assertEqual(self.enterprise.cursor, "new")
        self.assertFalse(self.enterprise.plain)

    def test_terminal_that_refuses_our_members_is_asked_in_plain_mode(self):
        """M-PULL: annex B knows no cursor; who refuses it gets what the annex has."""
        record = self.make_record()
        requests = self.pull(make_page([], api_status=407), make_page([record]))
        self.assertEqual(set(requests[1][1]), {"api_token", "api_cfg"})
        self.assertTrue(self.enterprise.plain)
        self.assertTrue(self.get_completion(record))
        self.assertFalse(self.enterprise.failure_count)

    def test_terminal_that_refuses_everything_is_asked_three_times_at_most(self):
        """M-PULL X-FAULT: with the cursor, without it, in plain mode."""
        self.enterprise.cursor = "old"
        refusal = make_page([], api_status=407)
        self.assertEqual(len(self.pull(refusal, refusal, refusal)), 3)
        self.assertFailed("status", STATUS_TEXT[ApiStatus(407)], failures=3)

    def test_plain_terminal_is_asked_again_and_again_without_doubling(self):
        """M-PULL M-RECEIVE X-FAULT: a peer that knows the standard's members only
        gives its last days each time."""
        records = [self.make_record() for _ in range(4)]
        for end in (2, 3, 4, 4):
            window = records[max(0, end - 3) : end]
            requests = self.pull(
                {"records": window, "count": len(window), "api_status": 200}
            )
            self.assertEqual(len(requests), 1)
        self.assertCounts(self.last_exchange(), same=3)
        self.assertEqual(self.plan.done_count, 4)
        self.assertFalse(self.enterprise.cursor or self.get_quarantine())
        self.assertCountersAgree()

    def test_members_a_peer_adds_are_ignored(self):
        """M-RECEIVE: an answer may hold more than we know."""
        record = self.make_record(vendor={"a": [1]}, ownerPhone=CANARY)
        exchange = self.take_in(record, total=7, message=None, request_id=5)
        self.assertCounts(exchange, new=1)
