# SPDX-License-Identifier: LGPL-3.0-only
import os

from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.recall_base.tools import signed_note, verify_log

from .common import EnterpriseHttpCase

ORIGIN = "regulator.example/log"


@tagged("post_install", "-at_install")
class TestWitness(EnterpriseHttpCase):
    """The producer as witness of the regulator's operation log."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.administrator = cls.make_user(
            "administrator_witness", "recall_enterprise.group_administrator"
        )
        cls.seed = os.urandom(32)

    def head(self, size, minute, root=None, seed=None, origin=ORIGIN):
        """Build the member ``api_log`` of a log of ``size`` entries."""
        seed = seed or self.seed
        facts = {"time": f"2026-01-01T00:{minute:02}:00Z", "hash": "sm3"}
        root = root or size.to_bytes(32, "big")
        return {
            "note": signed_note.sign_checkpoint(origin, size, root, facts, seed),
            "key": verify_log.key_text(origin, signed_note.public_key(seed)),
        }

    def witness(self, *args, **kwargs):
        """Have a checkpoint come with a request; returns its verdict."""
        answer = self.sync(api_cursor="", api_log=self.head(*args, **kwargs))
        self.assertEqual(answer["api_status"], 200)
        return self.newest().verdict

    def newest(self):
        return self.env["recall.witness"].search(
            [("producer_id", "=", self.producer.id)], limit=1
        )

    def alarms(self):
        """Figure of the administrator's board; 0 where it shows none."""
        board = self.env["recall.enterprise.dashboard"].with_user(self.administrator)
        tiles = {tile["key"]: tile for tile in board.get_figures()["tiles"]}
        return tiles.get("witness", {"value": 0})["value"]

    def test_log_that_grows_is_an_alarm(self):
        """X-TAMPER: each new checkpoint is kept, a repeated request makes no second."""
        for size, minute in ((5, 1), (5, 1), (9, 2), (9, 3)):
            self.assertEqual(self.witness(size, minute), "fits")
        kept = self.env["recall.witness"].search(
            [("producer_id", "=", self.producer.id)]
        )
        self.assertEqual(kept.mapped("size"), [9, 9, 5])
        self.assertEqual(kept.mapped("trusted"), [False, False, True])
        self.assertEqual(self.alarms(), 0)

    def test_log_that_was_set_back_is_no_alarm(self):
        """X-TAMPER: fewer entries, signed later: on the board until acknowledged."""
        self.witness(9, 5)
        self.assertEqual(self.witness(7, 6), "shrunk")
        self.assertEqual(self.alarms(), 1)
        self.newest().with_user(self.administrator).action_acknowledge()
        self.assertEqual(self.alarms(), 0)

    def test_request_that_came_late_is_an_alarm(self):
        """X-FAULT: an older checkpoint that was long on its way was signed earlier."""
        self.witness(9, 5)
        self.assertEqual(self.witness(7, 4), "fits")

    def test_log_written_anew_is_no_alarm(self):
        """X-TAMPER: the same number of entries with another root."""
        self.witness(9, 5)
        self.assertEqual(self.witness(9, 6, root=bytes(32)), "split")
        self.assertEqual(self.alarms(), 1)

    def test_other_key_is_trusted_at_once(self):
        """X-TAMPER: a log or a key that is new counts when an administrator says so."""
        self.witness(9, 5)
        other = os.urandom(32)
        self.assertEqual(self.witness(10, 6, seed=other), "other_key")
        self.assertEqual(self.witness(10, 6, origin="other/log"), "other_key")
        self.assertEqual(self.alarms(), 2)
        entry = self.env["recall.witness"].search([("origin", "=", ORIGIN)], limit=1)
        clerk = self.make_user("clerk_witness", "recall_base.group_auditor")
        with self.assertRaises(UserError):
            entry.with_user(clerk).action_trust()
        entry.with_user(self.administrator).action_trust()
        self.assertEqual(self.witness(11, 7, seed=other), "fits")
        self.assertEqual(self.alarms(), 1)

    def test_forged_checkpoint_stops_the_exchange(self):
        """X-TAMPER X-FAULT: it is an alarm, and the records are given all the same."""
        self.witness(9, 5)
        for spoil in (
            lambda head: head | {"note": head["note"].replace("9", "8", 1)},
            lambda head: head | {"note": "nothing of the kind"},
            lambda head: head | {"key": "no key"},
        ):
            head = spoil(self.head(9, 6))
            answer = self.sync(api_cursor="", api_log=head)
            self.assertEqual(answer["api_status"], 200)
            self.assertEqual(self.newest().verdict, "forged")
        self.assertEqual(self.alarms(), 3)

    def test_own_log_that_is_not_sealed_goes_unnoticed(self):
        """X-TAMPER: the producer's own log waits for 15 minutes: on the board."""
        board = self.env["recall.enterprise.dashboard"]
        self.env["recall.audit.checkpoint"]._cron_seal()
        keys = {tile["key"] for tile in board.get_figures()["tiles"]}
        self.assertNotIn("log", keys)
        self.fall_behind(minutes=16)
        tiles = {tile["key"]: tile for tile in board.get_figures()["tiles"]}
        self.assertEqual((tiles["log"]["value"], tiles["log"]["level"]), (1, "danger"))
        self.assertTrue(tiles["log"]["action"])
        # Whoever enters reports is told as well, and has no list of verifications.
        clerk = self.make_user(
            "witness_clerk",
            "recall_enterprise.group_clerk",
            recall_producer_ids=self.producer.ids,
        )
        tiles = {
            tile["key"]: tile for tile in board.with_user(clerk).get_figures()["tiles"]
        }
        self.assertEqual((tiles["log"]["value"], tiles["log"]["action"]), (1, False))
