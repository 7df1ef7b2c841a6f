# SPDX-License-Identifier: LGPL-3.0-only
import logging
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.recall_base.tools import cipher

from .common import COLLECT, SYNC, EnterpriseHttpCase


@tagged("post_install", "-at_install")
class TestAuthorisation(EnterpriseHttpCase):
    """Who may use an interface, and what the others are told."""

    def assertStatus(self, status, path=SYNC, **members):
        """A message with these members is answered ``status``; nothing is stored."""
        message = (
            self.sync_message(**members)
            if path == SYNC
            else self.collect_message(self.make_record(), **members)
        )
        before = self.stored()
        answer = self.post_json(path, message)
        self.assertEqual(answer["api_status"], status, answer)
        if status != 200:
            self.assertEqual(answer["count"], 0)
            self.assertEqual(self.stored(), before)
        return answer

    def test_right_token_is_refused(self):
        """E-OPEN: the peer with the token of the producer is let in."""
        self.assertStatus(200)
        self.assertStatus(200, COLLECT)

    def test_wrong_token_is_let_in(self):
        """E-OPEN, X-ATTACK: whatever is wrong with a token, the answer is 403."""
        key_id, secret = self.sync_secret.split(".")
        flipped = secret[:-1] + ("A" if secret[-1] != "A" else "B")
        wrong = (
            f"{key_id}.{flipped}",
            f"{'0' * 16}.{secret}",
            secret,
            key_id,
            f"{key_id}.",
            f"{key_id}.{secret} ",
            f"{key_id}.{secret}\n",
            f"{key_id.upper()}.{secret}",
            "x",
            "' OR 1=1 --",
            "召回",
        )
        messages = set()
        for token in wrong:
            with self.subTest(token=token):
                answer = self.assertStatus(403, api_token=token)
                messages.add(answer["message"])
                self.assertStatus(403, COLLECT, api_token=token)
        self.assertEqual(len(messages), 1, "the answers tell wrong tokens apart")

    def test_unknown_key_and_unknown_interface_are_told_apart_without_a_token(self):
        """X-ATTACK: without a right token nobody learns which interfaces exist."""
        for cfg in (self.sync_interface.api_cfg, "unknown"):
            self.assertStatus(403, api_token="x.y", api_cfg=cfg)

    def test_expired_token_is_let_in(self):
        """E-OPEN: a token past its expiry is answered 405."""
        self.sync_token.expires_at = fields.Datetime.now() + timedelta(minutes=5)
        self.assertStatus(200)
        self.sync_token.expires_at = fields.Datetime.now() - timedelta(hours=1)
        self.assertStatus(405)

    def test_revoked_token_is_let_in(self):
        """E-OPEN: a revoked token is answered 403 at once, also an expired one."""
        self.sync_token.action_revoke()
        self.assertStatus(403)
        self.sync_token.expires_at = fields.Datetime.now() - timedelta(days=1)
        self.assertStatus(403)

    def test_second_token_ends_the_first(self):
        """E-OPEN: two tokens are valid at once, so that a key can be rotated."""
        _token, fresh = self.issue_token("sync", "producer_id", self.producer)
        self.assertStatus(200)
        self.assertStatus(200, api_token=fresh)
        self.sync_token.action_revoke()
        self.assertStatus(403)
        self.assertStatus(200, api_token=fresh)

    def test_token_made_under_an_older_key_is_refused(self):
        """X-CRYPTO: after a rotation of the key file older tokens stay valid."""
        ring = cipher.KeyRing.from_environment()
        keys = {"new": b"n" * 32, **ring.token_keys}
        rotated = cipher.KeyRing(
            keys, ring.seal_keys, ring.blind_keys, {**ring.active, "token": "new"}
        )
        with patch.object(cipher.KeyRing, "from_environment", lambda: rotated):
            self.assertStatus(200)
            token, fresh = self.issue_token("sync", "producer_id", self.producer)
            self.assertTrue(token.digest.startswith("new$"))
            self.assertStatus(200, api_token=fresh)

    def test_disabled_producer_is_served(self):
        """E-OPEN: the tokens of an archived producer are answered 406."""
        self.producer.active = False
        self.assertStatus(406)
        self.assertStatus(406, COLLECT)

    def test_token_without_an_owner_is_let_in(self):
        """E-OPEN: a token whose user cannot be found is answered 410."""
        _token, orphan = self.env["recall.token"].issue(
            {"name": "Orphan", "purpose": "sync"}
        )
        self.assertStatus(410, api_token=orphan)

    def test_unknown_interface_is_served(self):
        """E-OPEN: an api_cfg that names nothing is answered 404."""
        for cfg in ("unknown", self.sync_interface.api_cfg + "x", "%", "召回"):
            with self.subTest(cfg=cfg):
                self.assertStatus(404, api_cfg=cfg)
                self.assertStatus(404, COLLECT, api_cfg=cfg)

    def test_closed_interface_is_served(self):
        """E-OPEN: a closed interface is answered 404, an opened one again 200."""
        self.sync_interface.active = False
        self.assertStatus(404)
        self.sync_interface.active = True
        self.assertStatus(200)

    def test_interface_of_another_producer_is_served(self):
        """X-ACCESS: the own token opens nobody else's interface: 408."""
        other = self.make_producer()
        for purpose, path in (("sync", SYNC), ("collect", COLLECT)):
            foreign = self.make_interface(other, purpose)
            self.assertStatus(408, path, api_cfg=foreign.api_cfg)

    def test_token_of_another_purpose_is_served(self):
        """X-ACCESS: a token for one interface opens no other: 408."""
        cfg = self.collect_interface.api_cfg
        self.assertStatus(408, api_token=self.collect_secret)
        self.assertStatus(408, api_token=self.collect_secret, api_cfg=cfg)
        self.assertStatus(408, api_cfg=cfg)
        cfg = self.sync_interface.api_cfg
        self.assertStatus(408, COLLECT, api_token=self.sync_secret)
        self.assertStatus(408, COLLECT, api_token=self.sync_secret, api_cfg=cfg)
        self.assertStatus(408, COLLECT, api_cfg=cfg)

    def test_address_that_is_not_on_the_list_is_let_in(self):
        """X-ACCESS: a token with a list of addresses works from these only: 401."""
        for text, status in (
            ("203.0.113.7", 401),
            ("203.0.113.0/24, 2001:db8::/32", 401),
            ("127.0.0.1", 200),
            ("203.0.113.7, 127.0.0.0/8", 200),
        ):
            self.sync_token.allowed_addresses = text
            with self.subTest(text=text):
                self.assertStatus(status)

    def test_missing_key_file_is_answered_like_a_wrong_token(self):
        """X-FAULT: where the permission cannot be checked the answer is 409."""
        with (
            patch.dict("os.environ", {cipher.ENVIRONMENT: "/nowhere/keys.json"}),
            mute_logger("odoo.addons.recall_base.models.recall_interface_mixin"),
        ):
            self.assertStatus(409)
            self.assertStatus(409, COLLECT)

    def test_refusals_fill_the_log_with_warnings(self):
        """X-ATTACK: refused requests write neither warnings nor tokens to the log."""
        records = []
        handler = logging.Handler()
        handler.emit = records.append
        root = logging.getLogger()
        root.addHandler(handler)
        self.addCleanup(root.removeHandler, handler)
        self.assertStatus(403, api_token=self.sync_secret[:-1] + "!")
        self.assertStatus(404, api_cfg="unknown")
        self.post(SYNC, b"{")
        self.assertEqual(
            [r.getMessage() for r in records if r.levelno >= logging.WARNING], []
        )
        lines = "\n".join(record.getMessage() for record in records)
        self.assertNotIn(self.sync_secret.split(".")[1][:20], lines)
