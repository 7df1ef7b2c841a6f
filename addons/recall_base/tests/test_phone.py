# SPDX-License-Identifier: LGPL-3.0-only
import json
import os

from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import SQL

from ..tools import cipher
from ..tools.cipher import SealError
from .common import RecallCommon

PHONE = "13912345678"


@tagged("post_install", "-at_install")
class TestPhone(RecallCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.completion = cls.make_completion(cls.plan, cls.vins[0])
        cls.set_phone(cls.completion, PHONE)
        own = {"recall_producer_ids": cls.producer.ids}
        cls.reader = cls.make_user("phone_reader", "recall_base.group_reader", **own)
        cls.trusted = cls.make_user(
            "phone_trusted", "recall_base.group_personal_data", **own
        )

    def _events(self):
        return self.env["recall.audit.event"].search(
            [("action", "=", "completion.reveal_phone")]
        )

    def test_phone_number_stands_in_clear(self):
        """X-CRYPTO: kept are an SM4-GCM seal, a keyed digest and a masked form."""
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT row::text FROM recall_completion row WHERE id = %s",
            [self.completion.id],
        )
        self.assertNotIn(PHONE, self.env.cr.fetchone()[0])
        self.assertTrue(self.completion.phone_sealed.startswith("SM4-GCM|"))
        self.assertEqual(self.completion.phone_masked, "139****5678")
        self.assertEqual(self.completion._open_phone(), PHONE)

    def test_equal_numbers_cannot_be_found_by_their_digests(self):
        other = self.make_completion(self.plan, self.vins[1])
        self.set_phone(other, PHONE)
        self.assertEqual(other.phone_digest, self.completion.phone_digest)
        self.assertNotEqual(other.phone_sealed, self.completion.phone_sealed)

    def test_sealed_number_opens_in_another_record(self):
        """X-CRYPTO: a seal is bound to its record."""
        other = self.make_completion(self.plan, self.vins[1])
        other.phone_sealed = self.completion.phone_sealed
        with self.assertRaises(SealError):
            other._open_phone()

    def test_seal_or_digest_is_shown(self):
        """X-ACCESS: sealed form and digest are for the system only."""
        for user in (self.reader, self.trusted):
            completion = self.completion.with_user(user)
            self.assertEqual(
                completion.read(["phone_masked"])[0]["phone_masked"], "139****5678"
            )
            self.assertNotIn("phone_sealed", completion.read()[0])
            for field in ("phone_sealed", "phone_digest"):
                with self.subTest(field=field), self.assertRaises(AccessError):
                    completion.read([field])

    def test_reader_reveals_a_number(self):
        """X-ACCESS: only readers of personal data see a number in clear."""
        with self.assertRaises(AccessError):
            self.completion.with_user(self.reader).action_reveal_phone()
        self.assertFalse(self._events())

    def test_number_is_revealed_without_an_event(self):
        """X-LOG: each reveal is logged, without the number."""
        action = self.completion.with_user(self.trusted).action_reveal_phone()
        self.assertEqual(action["params"]["message"], PHONE)
        event = self._events()
        self.assertEqual(event.user_id, self.trusted)
        self.assertEqual(
            (event.res_model, event.res_id), ("recall.completion", self.completion.id)
        )
        self.env.cr.execute(
            SQL("SELECT row::text FROM recall_audit_event row WHERE id = %s", event.id)
        )
        self.assertNotIn(PHONE, self.env.cr.fetchone()[0])

    def test_trusted_reader_reveals_a_number_of_another_producer(self):
        """X-ACCESS: a reader of personal data still sees its own producers only."""
        foreign = self.make_completion(
            self.make_plan(self.make_producer()), self.vins[1]
        )
        with self.assertRaises(AccessError):
            foreign.with_user(self.trusted).action_reveal_phone()
        self.assertFalse(self._events())

    def test_number_sealed_before_a_key_rotation_is_lost(self):
        """X-CRYPTO: two keys are valid at once; new numbers use the active one."""
        self._add_seal_key("new-key")
        self.assertEqual(self.completion._open_phone(), PHONE)
        self.set_phone(self.completion, PHONE)
        self.assertIn("|new-key|", self.completion.phone_sealed)
        self.assertEqual(self.completion._open_phone(), PHONE)

    def _add_seal_key(self, kid):
        document = json.loads(self.key_file.read_text())
        self.addCleanup(self._replace_keys, self.key_file.read_text())
        document["seal"][kid] = {"alg": "SM4-GCM", "key": os.urandom(16).hex()}
        document["active"]["seal"] = kid
        self._replace_keys(json.dumps(document))

    def _replace_keys(self, text):
        fresh = self.key_file.with_suffix(".new")
        fresh.touch(0o600)
        fresh.write_text(text)
        fresh.replace(self.key_file)
        self.assertTrue(cipher.KeyRing.from_environment())
