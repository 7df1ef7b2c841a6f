# SPDX-License-Identifier: LGPL-3.0-only
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .import_common import ImportCommon


@tagged("post_install", "-at_install")
class TestImportRights(ImportCommon):
    """Who may import VIN lists, and what an account may not set by itself."""

    def test_reader_imports_a_list(self):
        """X-ACCESS: VIN lists are imported by keepers only."""
        reader = self.make_user(
            "import_reader",
            "recall_base.group_reader",
            recall_producer_ids=self.producer.ids,
        )
        with self.assertRaises(AccessError):
            self.make_job(user=reader)
        job = self.make_job(self.make_csv([[self.make_vin()]]))
        with self.assertRaises(AccessError):
            job.with_user(reader).action_start()

    def test_keeper_writes_counters_or_state(self):
        """X-TAMPER: state, position and figures are the job's own."""
        job = self.make_job(self.make_csv([[self.make_vin()]]))
        for vals in (
            {"state": "done"},
            {"taken_count": 5},
            {"row_position": 7},
            {"sha256": "x"},
        ):
            with self.subTest(vals=vals), self.assertRaises(AccessError):
                job.write(vals)
        with self.assertRaises(AccessError):
            job.column_ids.write({"header": "x"})
        with self.assertRaises(AccessError):
            job.chunk_ids.read(["sealed"])
        job.action_start()
        self.assertEqual(job.state, "running")
