# SPDX-License-Identifier: LGPL-3.0-only
from odoo.modules.migration import load_script
from odoo.tests import tagged
from odoo.tools.misc import file_path

from odoo.addons.recall_base.models.person_mixin import PHONE
from odoo.addons.recall_base.tools import cipher

from .common import CANARY, PullCommon


@tagged("post_install", "-at_install")
class TestKeyRotation(PullCommon):
    """What the management terminal keeps sealed, when the keys change."""

    def test_something_of_an_exchange_is_lost_with_the_old_key(self):
        """X-CRYPTO M-KEEP: bodies, quarantined numbers and tokens move and open."""
        wrong = self.make_record(recallTime="2024-01-01")
        exchange = self.take_in(self.make_record(), wrong)
        entry = self.get_quarantine(wrong)
        self.assertMoved(lambda one: one._open_body(), exchange)
        self.assertEqual(list(entry._read_records()), entry.ids)
        self.assertEqual(next(iter(entry._read_records().values())).telNum, CANARY)
        self.assertCounts(self.take_in(self.make_record()), new=1)

    def test_rotation_between_two_pulls_doubles_a_record(self):
        """X-CRYPTO: taking in goes on while keys are changed and values move."""
        record, wrong = self.make_record(), self.make_record(recallTime="2024-01-01")
        formless = self.make_record(telNum=[CANARY])
        self.take_in(record, wrong, formless)
        for _time in range(2):
            self.rotate_keys()
            self.assertCounts(
                self.take_in(record, wrong, formless), same=1, quarantined=2
            )
            self.reseal()
            self.take_in(record, wrong, formless)
        self.assertEqual(len(self.get_quarantine(wrong)), 1)
        self.assertEqual(len(self.get_quarantine(formless)), 1)

    def test_repeat_brings_an_erased_number_back(self):
        """X-CRYPTO: nor does it count as another content of the report."""
        record = self.make_record()
        self.take_in(record)
        erasure = self.env["recall.erasure"].create({"sought": CANARY})
        erasure.action_erase()
        self.env.invalidate_all()
        self.assertCounts(self.take_in(record), same=1)
        completion = self.get_completion(record)
        self.assertFalse(completion.phone_sealed or completion.phone_masked)

    def test_quarantined_number_is_not_found(self):
        """X-CRYPTO: neither as it came in nor after a rotation; then it is erased."""
        wrong = self.make_record(recallTime="2024-01-01")
        formless = self.make_record(dealerName=7)
        self.take_in(wrong, formless)
        entries = self.get_quarantine(wrong) + self.get_quarantine(formless)
        self.assertEqual(len(entries), 2)
        Quarantine = self.env["recall.quarantine"]
        self.assertEqual(Quarantine._find_person(PHONE, CANARY), entries.sorted())
        self.rotate_keys()
        self.reseal()
        new = cipher.KeyRing.from_environment()
        self.assertEqual({*entries.mapped("phone_digest")}, {new.blind(CANARY)})
        entries.state = "closed"
        erasure = self.env["recall.erasure"].create({"sought": CANARY})
        erasure.action_erase()
        self.env.invalidate_all()
        for column in ("phone_sealed", "phone_digest", "phone_masked"):
            self.assertFalse(any(entries.mapped(column)), column)
        self.assertFalse(Quarantine._find_person(PHONE, CANARY))

    def test_entry_of_an_older_version_is_not_found(self):
        """X-CRYPTO: the job makes the digests that were not made when it came in."""
        wrong = self.make_record(recallTime="2024-01-01")
        self.take_in(wrong)
        entry = self.get_quarantine(wrong)
        self.reseal()
        entry.phone_digest = False
        self.env.flush_all()
        self.update_from("19.0.1.0.1/post-digest-phones.py")
        self.reseal()
        self.assertEqual(
            self.env["recall.quarantine"]._find_person(PHONE, CANARY), entry
        )

    def update_from(self, script):
        path = file_path(f"recall_management/migrations/{script}")
        load_script(path, "migration").migrate(self.env.cr, "19.0.1.0.0")
        self.env.invalidate_all()

    def test_undecided_entry_loses_its_number(self):
        """X-CRYPTO: what waits for a decision stays, and says so."""
        wrong = self.make_record(recallTime="2024-01-01")
        self.take_in(wrong)
        erasure = self.env["recall.erasure"].create({"sought": wrong["vehicleVin"]})
        [line] = erasure.line_ids.filtered(
            lambda one: one.res_model == "recall.quarantine"
        )
        self.assertTrue(line.kept)
        self.assertFalse(line.chosen)
        self.assertTrue(cipher.kid_of(self.get_quarantine(wrong).phone_sealed))
