# SPDX-License-Identifier: LGPL-3.0-only
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import SQL

from ..tools import cipher, tokens
from .common import RecallCommon


@tagged("post_install", "-at_install")
class TestToken(RecallCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.keeper = cls.make_user("token_keeper", "recall_base.group_keeper")
        cls.token, cls.secret = cls.issue_token("sync", "producer_id", cls.producer)

    def _issue_by_dialogue(self, **vals):
        """Issue through the dialogue; returns the action that shows the secret."""
        dialogue = (
            self.env["recall.token.issue"]
            .with_user(self.keeper)
            .create(
                {
                    "name": "Regulator",
                    "purpose": "sync",
                    "producer_id": self.producer.id,
                    **vals,
                }
            )
        )
        return dialogue.action_issue()

    def _tables_that_hold(self, text):
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        )
        return [
            table
            for (table,) in self.env.cr.fetchall()
            if self.env.execute_query(
                SQL(
                    "SELECT FROM %s AS row WHERE strpos(row::text, %s) > 0 LIMIT 1",
                    SQL.identifier(table),
                    text,
                )
            )
        ]

    def test_secret_of_a_token_is_not_the_one_that_matches(self):
        """X-CRYPTO: stored is an HMAC-SM3 that the shown secret matches."""
        keys = cipher.KeyRing.from_environment().token_keys
        key_id, secret = tokens.split(self.secret)
        self.assertEqual(key_id, self.token.key_id)
        self.assertTrue(tokens.matches(secret, self.token.digest, keys))

    def test_secret_stands_somewhere_in_the_database(self):
        """X-CRYPTO: the secret is in no column of no table, the dialogue's included."""
        action = self._issue_by_dialogue()
        _key_id, secret = tokens.split(action["context"]["default_secret"])
        self.assertEqual(self._tables_that_hold(secret), [])
        # The search finds what is there.
        self.assertEqual(
            set(self._tables_that_hold(self.token.key_id)),
            {"recall_token", "recall_audit_event"},
        )

    def test_keeper_without_system_rights_cannot_issue(self):
        """E-OPEN: the dialogue issues a token with its owner and limits."""
        expires = fields.Datetime.now() + timedelta(days=30)
        action = self._issue_by_dialogue(
            expires_at=expires, allowed_addresses="203.0.113.7"
        )
        secret = action["context"]["default_secret"]
        token = self.env["recall.token"].search([("key_id", "=", secret.split(".")[0])])
        self.assertRecordValues(
            token,
            [
                {
                    "name": "Regulator",
                    "purpose": "sync",
                    "producer_id": self.producer.id,
                    "expires_at": expires,
                    "allowed_addresses": "203.0.113.7",
                    "state": "live",
                }
            ],
        )
        shown = (
            self.env["recall.token.issue"]
            .with_user(self.keeper)
            .with_context(**action["context"])
            .default_get(["name", "purpose", "secret"])
        )
        self.assertEqual(shown["secret"], secret)

    def test_issue_and_revocation_leave_no_trace_in_the_log(self):
        """X-LOG: who issued and who revoked a token is in the operation log."""
        token = self.token.with_user(self.keeper)
        token.write({"name": "Renamed", "expires_at": False})
        token.action_revoke()
        token.action_revoke()
        events = self.env["recall.audit.event"].search(
            [("res_model", "=", "recall.token"), ("res_id", "=", token.id)], order="id"
        )
        self.assertEqual(
            events.mapped("action"), ["token.issue", "token.write", "token.revoke"]
        )
        self.assertEqual(events[1:].user_id, self.keeper)
        self.assertEqual(events[1].detail["changes"]["name"][1], "Renamed")
        self.assertNotIn(tokens.split(self.secret)[1], str(events.mapped("detail")))

    def test_state_does_not_follow_expiry_and_revocation(self):
        """E-OPEN: a token is live, expired or revoked."""
        now = fields.Datetime.now()
        self.assertEqual(self.token.state, "live")
        self.token.expires_at = now + timedelta(minutes=1)
        self.assertEqual(self.token.state, "live")
        self.token.expires_at = now - timedelta(seconds=1)
        self.assertEqual(self.token.state, "expired")
        self.token.action_revoke()
        self.assertEqual(self.token.state, "revoked")
        self.token.expires_at = False
        self.assertEqual(self.token.state, "revoked")

    def test_second_revocation_moves_the_time_of_the_first(self):
        self.token.action_revoke()
        first = self.token.revoked_at
        self.token.action_revoke()
        self.assertEqual(self.token.revoked_at, first)

    def test_wrong_address_is_kept(self):
        """X-ATTACK: only addresses and networks limit a token."""
        for text in ("203.0.113.7", " 203.0.113.0/24 , 2001:db8::/32,", "", False):
            self.token.allowed_addresses = text
        for text in ("203.0.113", "example.com", "203.0.113.7;203.0.113.8", "::g"):
            with self.subTest(text=text), self.assertRaises(ValidationError):
                self.token.allowed_addresses = text

    def test_keeper_brings_a_revoked_token_back(self):
        """X-ACCESS: what a token is and that it was revoked changes for nobody."""
        token = self.token.with_user(self.keeper)
        token.write({"name": "Renamed", "allowed_addresses": "203.0.113.7"})
        token.action_revoke()
        other = self.make_producer()
        for vals in (
            {"revoked_at": False},
            {"producer_id": other.id},
            {"purpose": "collect"},
            {"key_id": "0" * 16},
            {"digest": "x"},
        ):
            with self.subTest(vals=vals), self.assertRaises(UserError):
                token.write(vals)

    def test_digest_is_shown_to_a_keeper(self):
        """X-ACCESS: nobody but the system reads what is kept of a secret."""
        with self.assertRaises(AccessError):
            self.token.with_user(self.keeper).read(["digest"])
        self.assertNotIn("digest", self.token.with_user(self.keeper).read()[0])

    def test_reader_issues_or_sees_tokens(self):
        """X-ACCESS: tokens are the keepers' business."""
        reader = self.make_user("token_reader", "recall_base.group_reader")
        with self.assertRaises(AccessError):
            self.env["recall.token"].with_user(reader).search([])
        with self.assertRaises(AccessError):
            self.env["recall.token"].with_user(reader).issue(
                {"name": "x", "purpose": "sync", "producer_id": self.producer.id}
            )
        with self.assertRaises(AccessError):
            self.token.with_user(reader).action_revoke()
        with self.assertRaises(AccessError):
            self.producer.with_user(reader).read(["token_ids"])
