# SPDX-License-Identifier: LGPL-3.0-only
from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.recall_base.tools.phone import NO_NUMBER

from .common import EnterpriseHttpCase


@tagged("post_install", "-at_install")
class TestErasure(EnterpriseHttpCase):
    """A person's number goes as soon as the report needs it no more (7.4, annex A)."""

    def erase(self, report):
        """Erase a report's number; returns the sentence that says why it stays."""
        self.env.invalidate_all()
        dialogue = self.env["recall.erasure"].create({"sought": report.vin})
        line = dialogue.line_ids.filtered(
            lambda line: (line.res_model, line.res_id) == (report._name, report.id)
        )
        kept = line.kept
        if not kept:
            dialogue.line_ids = line
            dialogue.action_erase()
            self.env.invalidate_all()
            self.assertFalse(report.phone_masked or report.sudo().phone_sealed)
        return kept

    def make(self, state, vin=0, **vals):
        key = f"key-{state}-{vin}"
        return self.make_completion(
            self.plan, self.vins[vin], state=state, record_key=key, **vals
        )

    def test_number_of_a_report_that_never_travels_is_kept(self):
        """X-CRYPTO: rejected, or withdrawn before it was given: it can go at once."""
        for vin, state in enumerate(("rejected", "withdrawn")):
            with self.subTest(state=state):
                self.assertFalse(self.erase(self.make(state, vin)))

    def test_number_that_is_still_needed_is_erased(self):
        """E-SYNC: it stays until the report was given, and the peer has it."""
        now = fields.Datetime.now()
        for vin, state in enumerate(("draft", "checked")):
            with self.subTest(state=state):
                self.assertIn("not handed over", self.erase(self.make(state, vin)))
        report = self.make("confirmed", 2, changed_at=now)
        self.assertIn("not handed over", self.erase(report))
        answer = self.sync(api_cursor="")
        self.assertIn("not handed over", self.erase(report))
        self.sync(api_cursor=answer["next_cursor"])
        self.assertFalse(self.erase(report))

    def test_plain_peer_keeps_a_number_from_being_erased(self):
        """X-CRYPTO: given once it can go, withdrawn later as well."""
        given, withdrawn = self.collect_confirmed(*map(self.make_record, self.vins[:2]))
        self.assertIn("not handed over", self.erase(given))
        # Time stands still in a transaction: what is given within a second of its
        # confirmation counts as given with the next answer.
        (given | withdrawn).sudo().changed_at = fields.Datetime.now() - timedelta(1)
        self.sync()
        self.withdraw(withdrawn)
        self.assertFalse(self.erase(given) or self.erase(withdrawn))
        self.assertEqual(self.sync()["count"], 0)

    def test_rejection_without_a_number_is_taken_back(self):
        """E-AUDIT: no report to confirm lacks its number; sent again it has one."""
        record = self.make_record()
        self.producer.auto_confirm = False
        self.collect(record)
        report = self.find_report(record)
        report._reject(self.reason("no_evidence"))
        self.assertFalse(self.erase(report))
        result = report.action_take_back()
        self.assertIn("phone number was erased", result["params"]["message"])
        self.assertEqual(report.state, "rejected")
        self.assertEqual(
            self.collect_one(record), ("rejected", {"rejected_by_reviewer"})
        )
        report.action_take_back()
        self.assertEqual(report.state, "checked")


@tagged("post_install", "-at_install")
class TestSyncErased(EnterpriseHttpCase):
    """Deliveries when a person's number is gone."""

    def setUp(self):
        super().setUp()
        self.reports = self.collect_confirmed(*map(self.make_record, self.vins[:2]))
        self.cursor = self.sync(api_cursor="")["next_cursor"]
        self.sync(api_cursor=self.cursor)
        self.reports._forget_person()

    def pull(self):
        answer = self.sync(api_cursor=self.cursor)
        self.cursor = answer["next_cursor"]
        return answer["records"]

    def test_withdrawal_without_a_number_never_arrives(self):
        """E-SYNC: it is known by its key; in place of the number stands none."""
        self.withdraw(self.reports[0])
        preview, _total = self.sync_interface._preview()
        [sent] = self.pull()
        for record in (preview["records"][0], sent):
            self.assertEqual(
                (record["recordKind"], record["recordVersion"], record["telNum"]),
                ("withdrawal", 2, NO_NUMBER),
            )
        self.assertFalse(self.pull())

    def test_reports_without_a_number_block_what_is_behind_them(self):
        """E-SYNC X-FAULT: neither a delivery nor a plain answer waits for them."""
        self.sync_interface.page_size = 1
        self.env.cr.execute(
            """UPDATE recall_completion SET delivery_id = NULL, version = 2,
                      changed_at = now() AT TIME ZONE 'UTC' + interval '1 hour'
                WHERE id IN %s""",
            [tuple(self.reports.ids)],
        )
        self.env.invalidate_all()
        self.assertEqual(self.sync_interface.waiting_count, 0)
        behind = self.collect_confirmed(self.make_record(self.vins[2]))
        self.assertEqual(
            [record["repairNum"] for record in self.pull()], [behind.repair_number]
        )
        self.assertEqual(self.sync()["count"], 1)

    def test_restored_report_without_a_number_waits_for_ever(self):
        """E-AUDIT: to restore it is refused, with what to do instead."""
        self.withdraw(self.reports)
        with self.assertRaisesRegex(UserError, "erased on request.*reported anew"):
            self.reports.action_restore()
        self.assertEqual(set(self.reports.mapped("state")), {"withdrawn"})

    def test_number_that_does_not_open_holds_a_withdrawal_up(self):
        """E-SYNC X-FAULT: a withdrawal needs no number, so no key either."""
        report = self.collect_confirmed(self.make_record(self.vins[2]))
        self.pull()
        report.sudo().phone_sealed = "SM4-GCM|gone|AAAAAAAAAAAAAAAA|" + "A" * 40
        self.withdraw(report)
        [sent] = self.pull()
        self.assertEqual(
            (sent["recordKind"], sent["telNum"]), ("withdrawal", NO_NUMBER)
        )
