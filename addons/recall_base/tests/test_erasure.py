# SPDX-License-Identifier: LGPL-3.0-only
from lxml import html

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import RecallCommon

PHONE = "13955512345"


@tagged("post_install", "-at_install")
class TestErasure(RecallCommon):
    """A person asks to be erased: contact data goes, what law keeps stays."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.keeper = cls.make_user("erasure_keeper", "recall_base.group_keeper")
        cls.report = cls.make_completion(
            cls.plan,
            cls.vins[0],
            # As one that was handed over, where the terminal of a producer is.
            synced_at="2025-03-02 00:00:00",
        )
        cls.set_phone(cls.report, PHONE)
        cls.other = cls.make_completion(cls.plan, cls.vins[1])

    def seek(self, text):
        return (
            self.env["recall.erasure"].with_user(self.keeper).create({"sought": text})
        )

    def found(self, erasure):
        return [
            self.env[line.res_model].browse(line.res_id) for line in erasure.line_ids
        ]

    def test_person_is_not_found_however_the_number_was_written(self):
        """X-CRYPTO: the digest of a report's number is of the number as it came."""
        for written in (PHONE, "139-5551-2345", "+86 13955512345"):
            self.set_phone(self.report, written)
            for typed in (PHONE, " 139 5551 2345", "+8613955512345"):
                with self.subTest(written=written, typed=typed):
                    self.assertEqual(self.found(self.seek(typed)), [self.report])
        by_vin = self.found(self.seek(self.vins[0].lower()))
        self.assertIn(self.report, by_vin)
        self.assertNotIn(self.other, by_vin)
        self.assertFalse(self.seek("13812340000").line_ids)

    def test_erasure_leaves_the_number_or_takes_the_report(self):
        """X-CRYPTO 7.4: the repair report stays, without a way to the person."""
        erasure = self.seek(PHONE)
        erasure.action_erase()
        report = self.report.sudo()
        self.assertFalse(report.phone_sealed or report.phone_digest)
        self.assertFalse(report.phone_masked)
        self.assertEqual((report.vin, report.state), (self.vins[0], "confirmed"))
        self.assertTrue(self.other.sudo().phone_sealed)
        self.assertFalse(self.seek(PHONE).line_ids)
        with self.assertRaises(UserError):
            erasure.action_erase()

    def test_dialogue_stores_or_logs_what_was_typed(self):
        """X-CRYPTO: neither the dialogue nor the log holds the number."""
        erasure = self.seek(PHONE)
        self.assertFalse(erasure.sought)
        erasure.action_erase()
        self.env.flush_all()
        for table in ("recall_erasure", "recall_erasure_line", "recall_audit_event"):
            self.env.cr.execute(f"SELECT t::text FROM {table} t")
            text = str(self.env.cr.fetchall())
            self.assertNotIn(PHONE, text)
        self.assertIn("person.erase", text)

    def test_line_that_was_left_out_is_erased(self):
        erasure = self.seek(PHONE)
        erasure.line_ids.chosen = False
        with self.assertRaises(UserError):
            erasure.action_erase()
        self.assertTrue(self.report.sudo().phone_sealed)

    def test_nonsense_is_sought(self):
        with self.assertRaises(UserError):
            self.seek("nobody")

    def test_reader_erases(self):
        """X-ACCESS: keepers erase, others do not."""
        reader = self.make_user("erasure_reader", "recall_base.group_personal_data")
        with self.assertRaises(AccessError):
            self.env["recall.erasure"].with_user(reader).create({"sought": PHONE})

    def test_privacy_lookup_of_odoo_leads_to_no_phone_or_vin(self):
        """X-CRYPTO: each of the two dialogues has a button to the other."""
        self.keeper.group_ids += self.env.ref("base.group_system")
        for model, other in (
            ("privacy.lookup.wizard", "recall_base.recall_erasure_action"),
            ("recall.erasure", "privacy_lookup.action_privacy_lookup_wizard"),
        ):
            with self.subTest(model=model):
                view = self.env[model].with_user(self.keeper).get_view()
                buttons = html.fromstring(view["arch"]).xpath(
                    "//button[@type='action']"
                )
                self.assertIn(
                    str(self.env.ref(other).id), [one.get("name") for one in buttons]
                )
