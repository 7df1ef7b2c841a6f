# SPDX-License-Identifier: LGPL-3.0-only
import contextlib
import csv
import io

import xlsxwriter

from odoo.tests import HttpCase

from .common import RecallCommon


class ImportCommon(RecallCommon):
    """Files to import and jobs that take them in, as the scheduled action does.

    The jobs are those of ``keeper``, an account that may import VIN lists.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.keeper = cls.make_user(
            "import_keeper", "recall_base.group_keeper", password="import_keeper"
        )

    def make_csv(self, rows, header=("VIN",), encoding="utf-8"):
        text = io.StringIO(newline="")
        csv.writer(text).writerows([header, *rows])
        return io.BytesIO(text.getvalue().encode(encoding))

    def make_xlsx(self, rows, header=("VIN",)):
        file = io.BytesIO()
        safe = {"in_memory": True, "strings_to_formulas": False}
        with xlsxwriter.Workbook(file, safe) as book:
            sheet = book.add_worksheet()
            for index, row in enumerate((header, *rows)):
                sheet.write_row(index, 0, row)
        file.seek(0)
        return file

    def make_job(self, file=None, name="list.csv", user=None, **vals):
        """Create a job for the VIN list of the plan, with its file."""
        vals = {"kind": "vins", "plan_id": self.plan.id, **vals}
        Import = self.env["recall.import"].with_user(user or self.keeper)
        job = Import.create(vals)
        if file:
            job._upload(file, name)
        return job

    def run_imports(self, times=1):
        """Run the scheduled action as the server does."""
        cron = self.env.ref("recall_base.ir_cron_import")
        if isinstance(self, HttpCase):  # is in that mode all the time
            mode = contextlib.nullcontext()
        else:
            mode = self.enter_registry_test_mode()
        with mode:
            for _ in range(times):
                cron.method_direct_trigger()
        self.env.invalidate_all()

    def take_in(self, file, **vals):
        """Take a file in from its upload to its end."""
        job = self.make_job(file, **vals)
        job.action_start()
        self.run_imports()
        return job

    def counts(self, job):
        return (
            job.state,
            job.read_count,
            job.taken_count,
            job.repeated_count,
            job.refused_count,
        )

    def reasons(self, job):
        """What the job says of the rows it refused."""
        return [
            (error.row, error.column, error.value, error.code)
            for error in job.error_ids
        ]
