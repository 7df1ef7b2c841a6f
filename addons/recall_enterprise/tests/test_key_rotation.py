# SPDX-License-Identifier: LGPL-3.0-only
from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.recall_base.tools import cipher, key_file

from .notice_common import NoticeCommon


@tagged("post_install", "-at_install")
class TestKeyRotation(NoticeCommon):
    """Owners' contacts and letters, when the keys change."""

    def test_owner_s_contact_stays_under_the_old_key(self):
        """X-CRYPTO E-NOTIFY: it moves with the digests that join equal addresses."""
        first, second = self.make_contacts(
            self.vins[:2], name="张三丰", address="上海市示例路1号"
        )
        first.phone = second.phone = "13912345678"
        new = self.assertMoved(lambda one: one._open(), first, second)
        self.assertEqual(first.phone_digest, new.blind("13912345678"))
        self.assertTrue(first.letter_digest)
        self.assertEqual(first.letter_digest, second.letter_digest)
        found = self.env["recall.owner.contact"].search([("phone", "=", "13912345678")])
        self.assertEqual(found, first | second)

    def test_letters_stay_under_the_old_key(self):
        """X-CRYPTO E-NOTIFY: a file of letters moves; destroyed, it says so."""
        notice_round = self.make_round("letter")
        file = self.env["recall.notice.file"]._create_sealed(notice_round, b"%PDF", 1)
        new = self.assertMoved(lambda one: one._open_content(), file)
        self.rotate_keys("seal")
        key_file.retire(self.key_file, new.active["seal"], ["seal"])
        with self.assertRaisesRegex(UserError, "Erased"):
            file._open_content()

    def test_owner_whose_key_was_destroyed_stops_a_round(self):
        """X-CRYPTO E-NOTIFY: erased owners are left out, the others are written to."""
        lost, told = self.make_contacts(self.vins[:2], email="owner@example.com")
        told.email = "other@example.com"
        self.use_smtp()
        notice_round = self.start(self.make_round())
        kid = self.rotate_keys(year=2020)
        keys = cipher.KeyRing.from_environment()
        text = keys.open(lost.sealed, lost._get_seal_context("sealed"))
        lost.sealed = keys.seal(text, lost._get_seal_context("sealed"), kid)
        self.env.flush_all()
        key_file.retire(self.key_file, kid)
        self.run_sender()
        states = self.states(notice_round)
        self.assertEqual(states[lost.vin], "no_address")
        self.assertNotIn(states[told.vin], ("no_address", "queued"))

    def test_erased_owner_is_shown_somewhere(self):
        """X-CRYPTO: of an erased contact neither text, mask nor digest is left."""
        contact = self.make_contact(self.vins[0], phone="13912345678", name="张三丰")
        erasure = self.env["recall.erasure"].create({"sought": "13912345678"})
        self.assertEqual(erasure.line_ids.mapped("res_id"), contact.ids)
        erasure.action_erase()
        self.env.invalidate_all()
        values = contact.read(contact._personal_columns)[0]
        values.pop("id")
        self.assertFalse(any(values.values()))
        self.assertEqual(contact.vin, self.vins[0])
