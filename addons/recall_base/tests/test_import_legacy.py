# SPDX-License-Identifier: LGPL-3.0-only
import base64

from odoo.exceptions import UserError
from odoo.tests import tagged

from .import_common import ImportCommon

DOCUMENT = base64.b64encode(b"%PDF list of the authority")
HEADER = ("VIN", "Reason")


@tagged("post_install", "-at_install")
class TestImportLegacy(ImportCommon):
    """Legacy VINs by file."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.second = cls.make_user("second_keeper", "recall_base.group_keeper")

    def make_legacy_job(self, rows, **vals):
        return self.make_job(
            self.make_csv(rows, HEADER),
            **{
                "kind": "legacy",
                "reason": "Built before GB 16735.",
                "document": DOCUMENT,
                "document_name": "list.pdf",
                **vals,
            },
        )

    def import_legacy(self, rows, **vals):
        job = self.make_legacy_job(rows, **vals)
        job.action_start()
        self.run_imports()
        return job

    def exceptions(self, *vins):
        return self.env["recall.vin.exception"].search([("vin", "in", vins)])

    def test_file_lets_vehicles_in_without_a_second_person(self):
        """M-LEGACY: each row asks for an exception with the file's document; approved
        by another person, the vehicles are in scope and marked."""
        job = self.import_legacy([("LZW-1994-1", "Rebuilt"), (" lzw-1994-2 ", "")])
        self.assertEqual(self.counts(job), ("done", 2, 2, 0, 0))
        asked = self.exceptions("LZW-1994-1", "LZW-1994-2")
        self.assertEqual(set(asked.mapped("state")), {"requested"})
        self.assertEqual(asked.requested_by_id, self.keeper)
        self.assertEqual(asked.import_id, job)
        self.assertEqual(
            {item.vin: item.reason for item in asked},
            {"LZW-1994-1": "Rebuilt", "LZW-1994-2": "Built before GB 16735."},
        )
        self.assertFalse(self.get_vehicle(self.plan, "LZW-1994-1"))
        with self.assertRaises(UserError):
            asked.with_user(self.keeper).action_approve()
        asked.with_user(self.second).action_approve()
        for vin in ("LZW-1994-1", "LZW-1994-2"):
            self.assertTrue(self.get_vehicle(self.plan, vin).legacy_vin)
        [event] = self.env["recall.audit.event"].search(
            [("action", "=", "vin_exception.approved"), ("res_id", "=", asked[0].id)]
        )
        self.assertTrue(event.detail["document"], "the document is not in the log")

    def test_same_file_again_asks_twice(self):
        """M-LEGACY: what waits or is approved stays as it is."""
        rows = [("OLD-7", ""), ("OLD-7", "twice in the file")]
        self.assertEqual(self.counts(self.import_legacy(rows)), ("done", 2, 1, 1, 0))
        self.assertEqual(self.counts(self.import_legacy(rows)), ("done", 2, 0, 2, 0))
        self.assertEqual(len(self.exceptions("OLD-7")), 1)

    def test_approved_vin_stays_outside_another_plan(self):
        """M-LEGACY: with an exception it enters the scope of the plan at once."""
        self.import_legacy([("OLD-8", "")])
        self.exceptions("OLD-8").with_user(self.second).action_approve()
        other = self.make_plan(self.producer)
        job = self.import_legacy([("OLD-8", "")], plan_id=other.id)
        self.assertEqual(self.counts(job), ("done", 1, 1, 0, 0))
        self.assertTrue(self.get_vehicle(other, "OLD-8").legacy_vin)
        self.assertEqual(len(self.exceptions("OLD-8")), 1)

    def test_number_that_is_none_is_taken_in(self):
        """M-LEGACY: refused with the reason, the others are taken in."""
        good = self.make_vin()
        rows = [(good, ""), ("X1", ""), ("旧车-0001", ""), ("OLD-9", "")]
        job = self.import_legacy(rows)
        self.assertEqual(self.counts(job), ("done", 4, 1, 0, 3))
        self.assertEqual(
            [code for _row, _column, _value, code in self.reasons(job)],
            ["legacy_vin_valid", "legacy_vin_form", "legacy_vin_form"],
        )

    def test_file_without_reason_or_document_is_taken_in(self):
        """M-LEGACY: the import asks for both before it starts."""
        for lacking in ("reason", "document", "plan_id"):
            with self.subTest(lacking=lacking):
                vals = {"producer_id": self.producer.id, lacking: False}
                job = self.make_legacy_job([("OLD-10", "")], **vals)
                with self.assertRaises(UserError):
                    job.action_start()
