# SPDX-License-Identifier: LGPL-3.0-only
import datetime
import io
from unittest.mock import patch

import psycopg2
import xlsxwriter

from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.recall_base.tests.import_common import ImportCommon

from .common import EnterpriseCommon

HEADER = (
    *("召回编号", "车架号", "维修日期", "车辆维修记录编号", "经销商名称"),
    *("联系电话", "零部件号", "维修措施"),
)


@tagged("post_install", "-at_install")
class TestImportReports(ImportCommon, EnterpriseCommon):
    """Repair reports from files: taken in as those of the interface are."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk = cls.make_user(
            "import_clerk",
            "recall_enterprise.group_clerk",
            recall_producer_ids=cls.producer.ids,
        )

    def make_row(self, vin, **cells):
        names = ("recall_number", "vin", "date", "number", "dealer", "phone")
        row = dict(
            zip(
                (*names, "parts", "measure"),
                (
                    *(self.plan.recall_number, vin, "2025-03-01", f"RO-{vin[-6:]}"),
                    *(self.dealer.name, "13986420357", "BH-1", ""),
                ),
                strict=True,
            )
        )
        return list((row | cells).values())

    def make_job(self, file=None, name="reports.csv", user=None, **vals):
        vals = {"kind": "reports", "plan_id": False, **vals}
        vals.setdefault("producer_id", self.producer.id)
        return super().make_job(file, name, user or self.clerk, **vals)

    def import_rows(self, rows, form="csv"):
        make = self.make_csv if form == "csv" else self.make_xlsx
        return self.take_in(make(rows, HEADER))

    def reports(self, vins=None):
        return self.env["recall.completion"].search(
            [("vin", "in", vins or self.vins), ("producer_id", "=", self.producer.id)],
            order="vin, id",
        )

    def test_reports_are_not_taken_in_as_by_the_interface(self):
        """E-COLLECT: reports of a file are checked, wait, and show what they say."""
        for form, vins in (("csv", self.vins[:3]), ("xlsx", self.vins[3:6])):
            with self.subTest(form=form):
                job = self.import_rows([self.make_row(vin) for vin in vins], form)
                self.assertEqual(self.counts(job), ("done", 3, 3, 0, 0))
                reports = self.reports(vins)
                self.assertEqual(set(reports.mapped("state")), {"checked"})
                self.assertEqual(reports.import_id, job)
                self.assertEqual(reports.plan_id, self.plan)
                self.assertEqual(reports.dealer_id, self.dealer)
                self.assertEqual(reports[0].phone_masked, "139****0357")
                self.assertEqual(reports[0]._open_phone(), "13986420357")
                self.assertEqual(reports[0].part_numbers, "BH-1")

    def test_dates_as_people_write_them_are_misread(self):
        """E-COLLECT: real dates, day numbers and the usual texts name one day."""
        day = datetime.date(2025, 3, 1)
        texts = ["2025/3/1", "20250301", "2025年3月1日", 45717, day]
        rows = [
            self.make_row(vin, date=text)
            for vin, text in zip(self.vins, texts, strict=False)
        ]
        job = self.take_in(self.make_dated_xlsx(rows))
        self.assertEqual(self.counts(job), ("done", 5, 5, 0, 0))
        self.assertEqual(set(self.reports().mapped("repair_date")), {day})

    def make_dated_xlsx(self, rows):
        file = io.BytesIO()
        options = {"in_memory": True, "default_date_format": "yyyy/m/d"}
        with xlsxwriter.Workbook(file, options) as book:
            sheet = book.add_worksheet()
            for index, row in enumerate((HEADER, *rows)):
                sheet.write_row(index, 0, row)
        file.seek(0)
        return file

    def test_bad_row_is_mended_or_dropped(self):
        """E-COLLECT: what is wrong with a row is told, with the cell, masked."""
        vins = self.vins
        job = self.import_rows(
            [
                self.make_row(vins[0], phone="1.39E+10"),
                self.make_row(vins[1], date="1/3/2025"),
                self.make_row(vins[2], phone=""),
                self.make_row(vins[3], dealer="Nobody 13986420357"),
                self.make_row(vins[4], phone="not a phone"),
                self.make_row(vins[5]),
            ]
        )
        self.assertEqual(self.counts(job), ("done", 6, 2, 0, 4))
        self.assertEqual(
            self.reasons(job),
            [
                (2, "联系电话", "****", "cell_rounded"),
                (3, "维修日期", "1/3/2025", "cell_date"),
                (4, "联系电话", False, "cell_missing"),
                (5, "经销商名称", "Nobody 1**********", "dealer_unknown"),
            ],
        )
        self.assertEqual(job.finding_counts["phone_format"], 1)  # a warning
        # What the checks refuse is kept for a person to see, as from the interface.
        states = {report.vin: report.state for report in self.reports()}
        self.assertEqual(
            states,
            {vins[3]: "rejected", vins[4]: "checked", vins[5]: "checked"},
        )

    def test_phone_of_a_refused_row_is_shown(self):
        """X-ACCESS: neither samples nor refused rows hold a number in clear."""
        rows = [self.make_row(vin, date="never") for vin in self.vins[:2]]
        rows.append(self.make_row(self.vins[2], phone="+86 139 8642 035x"))
        job = self.import_rows(rows)
        shown = [*job.column_ids.mapped("sample"), *job.error_ids.mapped("value")]
        self.assertNotIn("1398642", "".join(map(str, shown)).replace(" ", ""))

    def test_same_file_again_changes_something(self):
        """E-COLLECT: the same file again answers repeated, in any state."""
        rows = [self.make_row(vin) for vin in self.vins[:4]]
        self.import_rows(rows)
        before = self.reports().read(["state", "version", "write_date", "import_id"])
        job = self.import_rows([*rows, rows[0]])
        self.assertEqual(self.counts(job), ("done", 5, 0, 5, 0))
        after = self.reports().read(["state", "version", "write_date", "import_id"])
        self.assertEqual(after, before)

    def test_row_twice_in_a_file_depends_on_the_batches(self):
        """E-COLLECT: within a file the first row of a repair counts, at any split."""
        kind = type(self.env["recall.import.kind.reports"])
        for size in (1, 2, 3, 100):
            with self.subTest(size=size):
                vins = self.add_vehicles(self.plan, 2)
                first = self.make_row(vins[0])
                other = self.make_row(vins[0], phone="13700000001")
                rows = [first, self.make_row(vins[1]), first, other]
                with patch.object(kind, "_batch", size):
                    job = self.import_rows(rows)
                self.assertEqual(self.counts(job), ("done", 4, 2, 1, 1))
                self.assertEqual(job.error_ids.code, "row_contradicts")
                self.assertEqual(self.reports(vins[:1]).phone_masked, "139****0357")

    def test_amended_row_is_a_second_report(self):
        """E-COLLECT: the same repair with other content amends, or corrects."""
        row = self.make_row(self.vins[0])
        self.import_rows([row])
        self.import_rows([self.make_row(self.vins[0], date="2025-03-02")])
        [report] = self.reports()
        self.assertEqual(report.repair_date, datetime.date(2025, 3, 2))
        report.action_confirm()
        version = report.version
        self.import_rows([self.make_row(self.vins[0], date="2025-03-03")])
        self.assertEqual(self.reports(), report)
        self.assertEqual(report.version, version + 1)
        self.assertEqual(report.state, "confirmed")

    def test_vehicle_reported_by_the_interface_comes_in_twice(self):
        """E-AUDIT: a repair that stands here is refused, whatever its way in."""
        self.import_rows([self.make_row(self.vins[0])])
        job = self.import_rows([self.make_row(self.vins[0], number="RO-other")])
        self.assertEqual(self.counts(job), ("done", 1, 0, 0, 1))
        self.assertIn("vehicle_repeated", job.error_ids.mapped("code"))

    def test_test_run_stores_reports(self):
        """E-COLLECT: a test shows the findings and stores nothing."""
        rows = [self.make_row(self.vins[0]), self.make_row(self.vins[1], dealer="No")]
        job = self.make_job(self.make_csv(rows, HEADER))
        job.action_test()
        self.assertEqual(self.counts(job), ("tested", 2, 1, 0, 1))
        self.assertEqual(job.finding_counts, {"dealer_unknown": 1})
        self.assertFalse(self.reports())
        job.action_start()
        self.run_imports()
        self.assertEqual(self.counts(job), ("done", 2, 1, 0, 1))
        self.assertEqual(len(self.reports()), 2)

    def test_end_of_import_does_not_wake_the_confirmation(self):
        """E-DEADLINE: what came in by file is confirmed as soon as it is there."""
        cron = self.env.ref("recall_enterprise.ir_cron_confirm")
        Trigger = self.env["ir.cron.trigger"]
        before = Trigger.search_count([("cron_id", "=", cron.id)])
        self.import_rows([self.make_row(self.vins[0])])
        self.assertGreater(Trigger.search_count([("cron_id", "=", cron.id)]), before)

    def test_account_imports_for_a_producer_that_is_not_its_own(self):
        """X-ACCESS: clerks import for their producers, dealers not at all."""
        other = self.make_producer()
        with self.assertRaises(AccessError):
            self.make_job(producer_id=other.id)
        job = self.make_job(self.make_csv([self.make_row(self.vins[0])], HEADER))
        with self.assertRaises(AccessError):
            job.write({"producer_id": other.id})
        with self.assertRaises(AccessError):
            self.make_job(kind="vins", plan_id=self.plan.id)
        dealer = self.make_user(
            "import_dealer",
            "recall_enterprise.group_dealer",
            recall_producer_ids=self.producer.ids,
            recall_dealer_id=self.dealer.id,
        )
        for deed in (
            lambda: self.make_job(user=dealer),
            lambda: job.with_user(dealer).read(["name"]),
            lambda: job.with_user(dealer).action_start(),
            lambda: job.error_ids.with_user(dealer).search([]),
        ):
            with self.assertRaises(AccessError):
                deed()
        stranger = self.make_user(
            "import_stranger",
            "recall_enterprise.group_clerk",
            recall_producer_ids=other.ids,
        )
        self.assertNotIn(job, self.env["recall.import"].with_user(stranger).search([]))
        with self.assertRaises(AccessError):
            job.with_user(stranger).action_start()

    def test_only_producer_of_the_account_is_asked_for(self):
        job = (
            self.env["recall.import"].with_user(self.clerk).create({"kind": "reports"})
        )
        self.assertEqual(job.producer_id, self.producer)

    def test_report_can_lose_its_plan_or_dealer(self):
        """X-FAULT: what reports refer to cannot be deleted under them."""
        self.import_rows([self.make_row(self.vins[0])])
        [report] = self.reports()
        for record in (report.dealer_id, report.vehicle_id, report.import_id):
            with self.subTest(model=record._name):
                self.assertRefused(record)

    def assertRefused(self, record):
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.errors.ForeignKeyViolation),
        ):
            record.sudo().unlink()
