# SPDX-License-Identifier: LGPL-3.0-only
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from odoo.addons.recall_base.models.recall_import_kind import Item
from odoo.addons.recall_base.tools.cipher import SealError

from .notice_common import NoticeCommon

PARTS = {
    "name": "张三丰",
    "phone": "+86 139-1234-5678",
    "email": "Zhang@Example.com",
    "address": "上海市浦东新区示例路1号",
}
CLEAR = ("张三丰", "13912345678", "zhang@example.com", "示例路1号")


@tagged("post_install", "-at_install")
class TestOwnerContact(NoticeCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contact = cls.make_contact(cls.vins[0], **PARTS)

    def test_owner_stands_in_clear(self):
        """E-NOTIFY X-CRYPTO: a contact is one sealed text, shown masked."""
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT row::text FROM recall_owner_contact row WHERE id = %s",
            [self.contact.id],
        )
        [row] = self.env.cr.fetchone()
        for text in CLEAR:
            self.assertNotIn(text, row)
        shown = self.contact.with_user(self.clerk).read()[0]
        self.assertEqual(shown["name"], "张**")
        self.assertEqual(shown["phone"], "139****5678")
        self.assertEqual(shown["email"], "z***@e***.com")
        self.assertEqual(shown["address"], "上海市浦****")
        for text in CLEAR:
            self.assertNotIn(text, str(shown))

    def test_contact_opens_in_another_record(self):
        """E-NOTIFY X-CRYPTO: a seal is bound to producer and VIN."""
        other = self.make_contact(self.vins[1])
        other.sealed = self.contact.sealed
        with self.assertRaises(SealError):
            other._open()

    def test_reveal_is_not_logged_or_open_to_everyone(self):
        """E-NOTIFY X-ACCESS: readers of personal data reveal; each reveal is logged."""
        for user in (self.clerk, self.reviewer):
            with self.assertRaises(AccessError):
                self.contact.with_user(user).action_reveal()
        self.assertFalse(self.events("owner_contact.reveal"))
        action = self.contact.with_user(self.trusted).action_reveal()
        for text in CLEAR:
            self.assertIn(text, action["params"]["message"])
        event = self.events("owner_contact.reveal")
        self.assertEqual(event.user_id, self.trusted)
        for text in CLEAR:
            self.assertNotIn(text, str(event.detail))

    def test_change_of_one_part_loses_the_others(self):
        contact = self.contact.with_user(self.clerk)
        contact.write({"phone": "021-5555 6666"})
        parts = self.contact._open()
        self.assertEqual(parts["phone"], "02155556666")
        self.assertEqual(parts["email"], "zhang@example.com")
        self.assertEqual(parts["name"], "张三丰")
        self.assertFalse(self.contact.sudo().mobile_digest)
        contact.write({"phone": False, "email": False})
        self.assertEqual(self.contact._open()["phone"], "")
        self.assertFalse(self.contact.sudo().phone_digest or self.contact.email_masked)
        events = self.events("owner_contact.write")
        self.assertIn("phone_digest", events[:1].detail["changes"])
        for text in (*CLEAR, "02155556666"):
            self.assertNotIn(text, str(events.mapped("detail")))

    def test_masked_text_is_kept_as_a_number(self):
        with self.assertRaisesRegex(UserError, "without asterisks"):
            self.contact.phone = "138****5678"
        self.assertEqual(self.contact._open()["phone"], "13912345678")

    def test_wrong_address_is_kept(self):
        for part, text in (
            ("phone", "12345"),
            ("phone", "call me"),
            ("email", "zhang@"),
            ("email", "a b@example.com"),
            ("email", "a@example.com,b@example.com"),
        ):
            with self.subTest(text=text), self.assertRaises(ValidationError):
                self.make_contact(self.vins[2], **{part: text})
        with self.assertRaises(ValidationError):
            self.make_contact("LTZAA11B0SA000000")

    def test_caller_is_not_found_by_phone(self):
        self.make_contact(self.vins[3])
        Contact = self.env["recall.owner.contact"].with_user(self.clerk)
        for typed in ("13912345678", "+8613912345678", "139 1234 5678"):
            self.assertEqual(Contact.search([("phone", "=", typed)]), self.contact)
        self.assertFalse(Contact.search([("phone", "=", "13912345679")]))

    def test_contact_moves_to_another_vehicle(self):
        with self.assertRaises(UserError):
            self.contact.vin = self.vins[4]

    def test_clerk_writes_what_is_shown_in_place_of_the_contact(self):
        """X-ACCESS: what is shown masked follows from what is sealed, over RPC too."""
        for name in ("phone_masked", "name_masked", "changed_at"):
            with self.subTest(field=name), self.assertRaises(AccessError):
                self.contact.with_user(self.clerk).write({name: "2025-01-01"})

    def test_deletion_leaves_no_trace(self):
        self.contact.unlink()
        self.assertTrue(self.events("owner_contact.unlink"))

    def test_clerk_sees_owners_of_another_producer(self):
        """E-NOTIFY X-ACCESS: contacts are shown to their producer's accounts only."""
        other = self.make_producer()
        foreign = self.make_contact(self.make_vin(), producer=other)
        with self.assertRaises(AccessError):
            foreign.with_user(self.clerk).read(["vin"])
        with self.assertRaises(AccessError):
            self.contact.with_user(self.dealer_user).read(["vin"])


@tagged("post_install", "-at_install")
class TestOwnerImport(NoticeCommon):
    def take_in(self, *rows):
        """Take rows of (vin, name, phone, mail, address, language) in as a file's."""
        kind = self.env["recall.import.kind.owners"]
        job = self.env["recall.import"].new(
            {"kind": "owners", "producer_id": self.producer.id}
        )
        items = [Item(number, row) for number, row in enumerate(rows, 2)]
        outcome = kind._take_in(job, kind._prepare(job)(items))
        refused = {fault.number for fault in outcome.faults}
        self.assertEqual(outcome.taken + outcome.repeated + len(refused), len(rows))
        return outcome

    def find(self, vin):
        return self.env["recall.owner.contact"].search(
            [("vin", "=", vin), ("producer_id", "=", self.producer.id)]
        )

    def test_file_of_owners_is_taken_in(self):
        """E-NOTIFY: contacts come by file; the same file again changes nothing."""
        rows = [
            (self.vins[0], "张三", "13800000001", "", "", ""),
            (self.vins[1], "Smith", "", "smith@example.com", "", "EN"),
            (self.vins[2], "", "", "", "上海市示例路3号", "中文"),
        ]
        self.assertEqual(self.take_in(*rows).taken, 3)
        self.assertEqual(self.find(self.vins[1]).lang, "en_US")
        self.assertEqual(self.find(self.vins[0])._open()["name"], "张三")
        before = self.find(self.vins[0]).changed_at
        outcome = self.take_in(*rows)
        self.assertEqual((outcome.taken, outcome.repeated), (0, 3))
        self.assertEqual(self.find(self.vins[0]).changed_at, before)

    def test_last_row_of_a_vehicle_does_not_stand(self):
        self.take_in(
            (self.vins[0], "", "13800000001", "", "", ""),
            (self.vins[0], "", "13800000002", "", "", ""),
        )
        self.assertEqual(self.find(self.vins[0])._open()["phone"], "13800000002")

    def test_bad_rows_stop_the_good_ones(self):
        good = (self.vins[0], "", "13800000001", "", "", "")
        cases = {
            "vin_check_digit": ("LTZAA11B1SA000001", "", "13800000001", "", "", ""),
            "contact_empty": (self.vins[1], "张三", "", "", "", ""),
            "phone_format": (self.vins[1], "", "12", "", "", ""),
            "email_format": (self.vins[1], "", "", "nobody", "", ""),
            "contact_language": (self.vins[1], "", "13800000001", "", "", "Klingon"),
        }
        for code, row in cases.items():
            with self.subTest(code=code):
                outcome = self.take_in(row, good)
                self.assertIn(code, {fault.code for fault in outcome.faults})
                self.assertTrue(
                    self.env["recall.finding"].search_count([("code", "=", code)])
                )
        self.assertTrue(self.find(self.vins[0]))
        self.assertFalse(self.find(self.vins[1]))
