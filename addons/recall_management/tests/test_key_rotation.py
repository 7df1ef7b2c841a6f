# SPDX-License-Identifier: LGPL-3.0-only
from odoo.tests import tagged

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
