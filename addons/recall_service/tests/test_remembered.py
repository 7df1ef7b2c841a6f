# SPDX-License-Identifier: LGPL-3.0-only
"""What look-ups remember: a change of it is known at once, and a lost one soon."""

import json
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from unittest.mock import patch

from odoo.sql_db import Cursor
from odoo.tests import tagged
from odoo.tools import SQL

from odoo.addons.recall_base.tools.messages import ApiStatus, MessageError

from ..controllers.share import RecallShare
from ..models import remembered_mixin
from ..models.recall_lookup import Recall
from ..models.remembered_mixin import REMEMBERED_SECONDS
from .common import RecallServiceCommon
from .share_common import ShareHttpCommon

#: What a look-up reads of the vehicle itself each time.
OWN = {"vin", "done", "done_on"}
#: Another value for each field that is told of a plan; the fields are those of Recall.
PLAN_VALUES = {
    "recall_number": "S2025M9998V",
    "announced": date(2025, 2, 1),
    "recall_start": date(2025, 2, 2),
    "brand": "Other brand",
    "series": "Other series",
    "model": "Other model",
    "defect": "Other defect.",
    "consequence": "Other consequence.",
    "measure": "Other measure.",
    "over_the_air": True,
    "do_not_drive": True,
    "park_outside": True,
    "parts_state": "awaited",
    "parts_from": date(2031, 1, 1),
}
LINE_VALUES = {"brand": "Line brand", "series": "Line series", "model": "Line model"}
PRODUCER_VALUES = {"name": "Other producer", "hotline": "400 1"}


@tagged("post_install", "-at_install")
class TestRemembered(RecallServiceCommon):
    def look_up(self):
        return self.env["recall.lookup"]._find(self.vins[0])

    def change(self, record, vals):
        """Write each value by itself; returns the members of the answer it changed."""
        changed = set()
        for name, value in vals.items():
            [before] = self.look_up()
            record[name] = value
            [after] = self.look_up()
            members = {
                n for n in Recall._fields if getattr(before, n) != getattr(after, n)
            }
            self.assertTrue(members, f"{record._name}.{name} is told as it was before")
            changed |= members
        return changed

    def test_changed_plan_is_told_as_it_was(self):
        """S-QUERY S-SHARE: whatever is told of a plan is told as it is now."""
        line = self.plan.line_ids
        changed = self.change(line, LINE_VALUES)
        self.env["recall.vehicle"].search([("line_id", "=", line.id)]).line_id = False
        self.assertEqual(self.look_up()[0].brand, self.plan.brand)
        changed |= self.change(self.plan, PLAN_VALUES)
        changed |= self.change(self.producer, PRODUCER_VALUES)
        self.plan.producer_id = self.make_producer("Third producer")
        self.assertEqual(self.look_up()[0].producer, "Third producer")
        self.assertEqual(changed, set(Recall._fields) - OWN, "a member is not covered")

    def test_withdrawn_plan_is_still_told(self):
        """S-QUERY: what is withdrawn is told to nobody from then on."""
        self.assertTrue(self.look_up())
        self.plan.state = "withdrawn"
        self.assertFalse(self.look_up())
        self.plan.state = "running"
        self.assertTrue(self.look_up())

    def test_periods_that_are_over_fill_the_cache(self):
        """S-PERF: a plan that is read anew takes the place of what was remembered."""
        self.look_up()
        cache = self.registry._Registry__caches["default"]
        kept = len(cache)
        self.env.cr.execute(
            SQL("UPDATE recall_plan SET measure = 'New.' WHERE id = %s", self.plan.id)
        )
        self.assertNotEqual(self.look_up()[0].measure, "New.", "it was remembered")
        with self.later(REMEMBERED_SECONDS):
            self.assertEqual(self.look_up()[0].measure, "New.")
        self.assertEqual(len(cache), kept)

    # === Grants === #

    def authorise(self):
        try:
            return self.interface._authorise(
                self.secret, self.interface.api_cfg, "share", "127.0.0.1"
            )
        except MessageError as error:
            return error.status

    def test_revoked_grant_is_still_served(self):
        """X-ATTACK: what takes a permission away holds for the next request."""
        past = datetime.now() - timedelta(hours=1)
        for record, vals, status in (
            (self.token, {"allowed_addresses": "192.0.2.1"}, ApiStatus.UNAUTHORISED),
            (self.token, {"expires_at": past}, ApiStatus.KEY_EXPIRED),
            (self.interface, {"active": False}, ApiStatus.ROUTE_INVALID),
            (self.data_user, {"active": False}, ApiStatus.USER_DISABLED),
            (self.token, {"revoked_at": past}, ApiStatus.KEY_INVALID),
        ):
            before = {name: record[name] for name in vals}
            self.assertEqual(self.authorise().token_id, self.token.id)
            record.write(vals)
            self.env.flush_all()
            self.assertEqual(self.authorise(), status, vals)
            record.write(before)
            self.env.flush_all()

    def test_changed_terms_hold_later(self):
        """S-SHARE: what was granted or withdrawn holds for the next request."""
        self.assertFalse(self.authorise().terms["allow_many"])
        self.interface.write({"allow_many": True, "quota_day": 7})
        self.env.flush_all()
        terms = self.authorise().terms
        self.assertTrue(terms["allow_many"])
        self.assertEqual(terms["quota_day"], 7)

    def test_lost_signal_leaves_a_revoked_token_alive(self):
        """X-ATTACK: also a process that was never told refuses it within a minute."""
        self.authorise()
        self.env.cr.execute(
            SQL(
                "UPDATE recall_token SET revoked_at = now() WHERE id = %s",
                self.token.id,
            )
        )
        self.assertEqual(self.authorise().token_id, self.token.id, "it was remembered")
        self.assertLessEqual(REMEMBERED_SECONDS, 60)
        with self.later(REMEMBERED_SECONDS):
            self.assertEqual(self.authorise(), ApiStatus.KEY_INVALID)

    @contextmanager
    def later(self, seconds):
        moment = remembered_mixin.time.monotonic() + seconds
        with patch.object(remembered_mixin, "time") as clock:
            clock.monotonic.return_value = moment
            yield

    def test_grant_of_each_period_fills_the_cache(self):
        """S-PERF: what is read anew takes the place of what was remembered."""
        self.authorise()
        cache = self.registry._Registry__caches["default"]
        kept = len(cache)
        with self.later(REMEMBERED_SECONDS):
            self.assertEqual(self.authorise().token_id, self.token.id)
        self.assertEqual(len(cache), kept)

    def test_made_up_names_fill_the_memory(self):
        """X-ATTACK: what is no grant is read each time, and kept nowhere."""
        for key_id, api_cfg in (("0" * 16, "x"), (self.token.key_id, "made up")):
            self.interface._read_grant(key_id, api_cfg)
            with self.assertQueryCount(1):
                self.interface._read_grant(key_id, api_cfg)


@tagged("post_install", "-at_install")
class TestShareRequest(ShareHttpCommon):
    """What a request to an interface costs and leaves behind, as its sender sees it."""

    @contextmanager
    def statements(self):
        """Collect the statements of requests, without what the tests' cursors do."""
        texts = []
        execute = Cursor.execute

        def record(cursor, query, *args, **options):
            text = query.code if isinstance(query, SQL) else str(query)
            if "SAVEPOINT" not in text:
                texts.append(text)
            return execute(cursor, query, *args, **options)

        with patch.object(Cursor, "execute", record):
            yield texts

    def test_look_up_costs_more_statements(self):
        """S-PERF: a request for one VIN is one statement, on one table."""
        self.ask()
        body = json.dumps(self.message(api_exchange_vin=self.vins[1])).encode()
        with self.statements() as texts:
            self.assertStatus(self.post(body), ApiStatus.SUCCESS)
        self.assertEqual(len(texts), 1, texts)
        self.assertNotIn("JOIN", texts[0])

    def test_answer_depends_on_website(self):
        """S-SHARE: no cookie, no redirection, whatever a peer's program sends along."""
        for sent in (
            {},
            {"headers": {"Accept-Language": "fr-FR"}},
            {"headers": {"Accept-Language": "zh-CN"}},
            {"cookies": {"frontend_lang": "zh_CN"}},
        ):
            with self.subTest(sent=sent):
                response = self.url_open(
                    RecallShare._share_url,
                    json=self.message(),
                    allow_redirects=False,
                    **sent,
                )
                self.assertEqual(response.json()["api_status"], ApiStatus.SUCCESS)
                self.assertNotIn("Set-Cookie", response.headers)
