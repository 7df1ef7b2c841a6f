# SPDX-License-Identifier: LGPL-3.0-only
import json
import time
from contextlib import closing, contextmanager, nullcontext
from datetime import datetime, timedelta
from unittest.mock import patch

import psycopg2
from psycopg2.errors import QueryCanceled
from psycopg2.extensions import STATUS_BEGIN, STATUS_READY

from odoo import SUPERUSER_ID, api
from odoo.sql_db import db_connect
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from odoo.addons.recall_base.tools import cipher
from odoo.addons.recall_base.tools.messages import ApiStatus

from ..models.recall_lookup import RecallLookup
from ..models.recall_share import RecallShare
from .share_common import ShareHttpCommon

DISPATCHER_LOG = "odoo.addons.recall_base.controllers.dispatcher"
ROUTE_LOG = "odoo.addons.recall_service.controllers.share"
MIXIN_LOG = "odoo.addons.recall_base.models.recall_interface_mixin"


@tagged("post_install", "-at_install")
class TestShareStatus(ShareHttpCommon):
    """Every code of annex C and what brings it about: one table."""

    def get_causes(self):
        """Code -> names and causes; a cause is a context in which ``ask`` gets it.

        A context gives the members to ask with, or bytes to send, or a method.
        """
        return {
            ApiStatus.SUCCESS: {"a plain request": nullcontext({})},
            ApiStatus.SYSTEM_FAULT: {"a fault": self.broken(ValueError("inside"))},
            ApiStatus.UNAUTHORISED: {
                "a foreign address": self.changed(
                    self.token, allowed_addresses="192.0.2.0/24"
                )
            },
            ApiStatus.PARAMETER_MISSING: {
                "no VIN": nullcontext({"api_exchange_vin": None})
            },
            ApiStatus.KEY_INVALID: {
                "no token": nullcontext({"api_exchange_token": "x"}),
                "an unknown token": nullcontext(
                    {"api_exchange_token": f"{'0' * 16}.{self.secret[17:]}"}
                ),
                "a wrong secret": nullcontext(
                    {"api_exchange_token": f"{self.secret[:17]}{'x' * 43}"}
                ),
                "a cut token": nullcontext({"api_exchange_token": self.secret[:-1]}),
                "a longer token": nullcontext(
                    {"api_exchange_token": f"{self.secret} "}
                ),
                "a revoked token": self.revoked(),
            },
            ApiStatus.ROUTE_INVALID: {
                "an unknown interface": nullcontext({"api_exchange_cfg": "nothing"}),
                "a closed interface": self.changed(self.interface, active=False),
            },
            ApiStatus.KEY_EXPIRED: {
                "a token's end": self.changed(
                    self.token, expires_at=datetime.now() - timedelta(hours=1)
                )
            },
            ApiStatus.USER_DISABLED: {
                "a disabled user": self.changed(self.data_user, active=False)
            },
            ApiStatus.PARAMETER_FORMAT: {
                "no VIN": nullcontext({"api_exchange_vin": self.vins[0][:16]}),
                "no JSON": nullcontext(b"api_exchange_vin=x"),
            },
            ApiStatus.NOT_PERMITTED: {
                "another's interface": nullcontext(
                    {"api_exchange_cfg": self.make_foreign_interface()}
                ),
                "another purpose": nullcontext(
                    {"api_exchange_token": self.make_sync_token()}
                ),
                "many VINs": nullcontext(
                    {"api_exchange_vin": None, "api_exchange_vins": self.vins}
                ),
                "changes": nullcontext(
                    {"api_exchange_vin": None, "api_exchange_cursor": ""}
                ),
                "export": nullcontext(
                    {"api_exchange_vin": None, "api_exchange_export": "csv"}
                ),
            },
            ApiStatus.PERMISSION_CHECK_FAILED: {"no keys": self.without_keys()},
            ApiStatus.USER_UNKNOWN: {
                "an orphan": nullcontext({"api_exchange_token": self.make_orphan()})
            },
            ApiStatus.RATE_LIMITED: {
                "the burst": self.changed(self.interface, quota_burst=1, asked=1)
            },
            # The gateway's own code: the sandbox gives it, and tests/system shows the
            # gateway give it.
            ApiStatus.GATEWAY_FAULT: {
                "the sandbox": self.changed(
                    self.interface, sandbox=True, vin="LTZTEST23SA000500"
                )
            },
            ApiStatus.BACKEND_FAULT: {
                "the database": self.broken(psycopg2.errors.QueryCanceled("slow"))
            },
            ApiStatus.METHOD_NOT_ALLOWED: {
                method: nullcontext(method) for method in ("GET", "PUT", "DELETE")
            },
            ApiStatus.RESULT_NOT_CONVERTED: {"an object": self.unconvertible()},
        }

    @contextmanager
    def changed(self, record, asked=0, vin=None, **vals):
        """Other values for the time of the request, after so many plain ones."""
        before = {name: record[name] for name in vals}
        record.write(vals)
        for _turn in range(asked):
            self.ask()
        yield {"api_exchange_vin": vin} if vin else {}
        record.write(before)

    @contextmanager
    def revoked(self):
        token, secret = self.issue_share_token(self.data_user)
        token.action_revoke()
        yield {"api_exchange_token": secret}

    @contextmanager
    def broken(self, fault):
        with (
            mute_logger(DISPATCHER_LOG, ROUTE_LOG),
            patch.object(RecallShare, "_read", side_effect=fault),
        ):
            yield {}

    @contextmanager
    def unconvertible(self):
        found = {self.vins[0]: [{"x": object()}]}
        with (
            mute_logger(DISPATCHER_LOG),
            patch.object(RecallShare, "_read", return_value=found),
        ):
            yield {}

    @contextmanager
    def without_keys(self):
        fault = cipher.KeyFileError("gone")
        with (
            mute_logger(MIXIN_LOG),
            patch.object(cipher.KeyRing, "from_environment", side_effect=fault),
        ):
            yield {}

    def make_foreign_interface(self):
        return self.make_interface(self.make_data_user("Insurer")).api_cfg

    def make_sync_token(self):
        return self.issue_token("sync", "data_user_id", self.data_user)[1]

    def make_orphan(self):
        vals = {"name": "Orphan", "purpose": "share"}
        return self.env["recall.token"].issue(vals)[1]

    def ask_with(self, given):
        if isinstance(given, bytes):
            return self.post(given)
        if isinstance(given, str):
            return self.post(None, method=given)
        return self.ask(**given)

    def test_every_code_can_be_reached(self):
        """S-SHARE: each code of annex C comes as it should, and the next is 200."""
        causes = self.get_causes()
        self.assertEqual(set(causes), set(ApiStatus), "no code without a cause")
        for status, contexts in causes.items():
            for name, context in contexts.items():
                with self.subTest(status=status, cause=name), context as given:
                    answer = self.ask_with(given)
                    self.assertStatus(answer, status)
                    self.assertNotIn("inside", json.dumps(answer))
                self.interface.quota_burst = 200
                self.assertStatus(self.ask(), ApiStatus.SUCCESS)

    def test_invalid_tokens_are_refused_alike(self):
        """X-ATTACK: the sentence does not tell whether a key id exists."""
        wrong = self.get_causes()[ApiStatus.KEY_INVALID].values()
        sentences = set()
        for context in wrong:
            with context as given:
                sentences.add(self.ask_with(given)["message"])
        self.assertEqual(len(sentences), 1)

    def test_token_is_refused_from_its_last_moment(self):
        """S-SHARE: an hour before its end a token works."""
        self.token.expires_at = datetime.now() + timedelta(hours=1)
        self.assertStatus(self.ask(), ApiStatus.SUCCESS)

    def test_limited_requests_are_told_when_to_ask_again(self):
        """S-SHARE: 429 carries the header Retry-After."""
        with self.changed(self.interface, quota_burst=1, asked=1):
            body = json.dumps(self.message())
            response = self.url_open(
                "/recall/v1/share",
                data=body,
                headers={"Content-Type": "application/json"},
            )
        self.assertIn(int(response.headers["Retry-After"]), range(1, 11))

    # === The time limit (8.3.2) === #

    @contextmanager
    def locked(self, statement_of):
        """Let a statement wait for a lock that another connection holds."""
        other = db_connect(self.env.cr.dbname).cursor()
        self.addCleanup(other.close)
        other.execute("SELECT pg_advisory_xact_lock(77)")
        waiting = SQL(
            "WITH lock AS MATERIALIZED (SELECT pg_advisory_xact_lock(77))"
            " SELECT l.* FROM lock, LATERAL (%s) l",
            statement_of,
        )
        with (
            mute_logger(ROUTE_LOG),
            patch.object(RecallLookup, "_find_sql", return_value=waiting),
        ):
            yield
        other.close()

    def test_locked_table_is_answered_within_three_seconds(self):
        """S-ANSWER: who waits for a lock gets a code before the peer breaks off."""
        self.ask()
        # In a test the hand-over of the counts, and its limit, are of one transaction
        # with the request.
        self.env.cr.execute("SET LOCAL lock_timeout = 0")
        find = self.env["recall.lookup"]._find_sql(SQL("true"))
        with self.locked(find):
            started = time.monotonic()
            answer = self.ask()
        self.assertStatus(answer, ApiStatus.BACKEND_FAULT)
        self.assertLess(time.monotonic() - started, 3)
        self.assertGreater(time.monotonic() - started, 1)
        self.assertStatus(self.ask(), ApiStatus.SUCCESS)

    def test_time_spent_before_counts_on_the_limit(self):
        """S-ANSWER: two slow statements together do not take twice the time."""
        grant = self.interface._authorise(
            self.secret, self.interface.api_cfg, "share", "127.0.0.1"
        )
        share = self.env["recall.share"]
        share._read(self.vins[:1], grant, started=time.monotonic() - 2)
        self.env.cr.execute("SHOW statement_timeout")
        self.assertIn(self.env.cr.fetchone()[0], {f"{n}ms" for n in range(400, 501)})

    def test_look_up_without_transaction_has_no_limit_or_leaves_it_so(self):
        """S-ANSWER S-PERF: the statement of its own is limited all the same, and who
        gets the connection next has transactions again."""
        grant = self.interface._authorise(
            self.secret, self.interface.api_cfg, "share", "127.0.0.1"
        )
        connect = db_connect(self.env.cr.dbname)
        sleep = SQL("SELECT pg_sleep(3)")
        with closing(connect.cursor()) as cr:
            share = api.Environment(cr, SUPERUSER_ID, {})["recall.share"]
            share._leave_out_transaction()
            self.assertEqual(share._read(self.vins[:1], grant), {})
            self.assertEqual(cr._cnx.status, STATUS_READY)
            with (
                patch.object(RecallLookup, "_find_sql", return_value=sleep),
                self.assertRaises(QueryCanceled),
            ):
                share._read(self.vins[:1], grant, started=time.monotonic() - 2)
            cr.execute("SHOW statement_timeout")
            self.assertEqual(cr.fetchone()[0], "0")
            used = cr._cnx
        with closing(connect.cursor()) as cr:
            self.assertIs(cr._cnx, used)
            cr.execute("SELECT")
            self.assertEqual(cr._cnx.status, STATUS_BEGIN)
