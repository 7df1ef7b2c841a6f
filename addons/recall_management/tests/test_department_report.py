# SPDX-License-Identifier: LGPL-3.0-only
import io
from datetime import date

from freezegun import freeze_time
from openpyxl import load_workbook

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import Form, HttpCase, tagged
from odoo.tools import mute_logger

from .test_statistic_dashboard import EVIL, DashboardCommon

SPRING = ("2025-03-01", "2025-04-30")


class DepartmentCommon(DashboardCommon):
    def make_report(self, first=SPRING[0], last=SPRING[1], user=None, **vals):
        return (
            self.env["recall.department.report"]
            .with_user(user or self.viewer)
            .create({"period": "other", "date_from": first, "date_to": last, **vals})
        )

    def read_figures(self, *period, **vals):
        return self.make_report(*period, **vals)._read_figures()


@tagged("post_install", "-at_install")
class TestDepartmentFigures(DepartmentCommon):
    """S-REPORT: what a department's report of some months says."""

    def test_period_holds_what_is_of_another(self):
        """S-REPORT: announced, repaired and late are those of the months chosen."""
        for months, announced, repairs, late in (
            (("2024-03-01", "2024-03-31"), 1, 0, 0),
            (("2025-01-01", "2025-02-28"), 1, 0, 0),
            (("2025-03-01", "2025-03-31"), 0, 3, 0),
            (("2025-04-01", "2025-04-30"), 0, 1, 1),
            (SPRING, 0, 4, 1),
        ):
            with self.subTest(months=months):
                period = self.read_figures(*months).period
                found = [period[key] for key in ("announced", "repairs", "late")]
                self.assertEqual(found, [announced, repairs, late])

    def test_backlog_counts_recalls_that_do_not_run(self):
        """S-REPORT: running are those published by the end and not finished."""
        period = self.read_figures().period
        self.assertEqual(period["running"], 2)
        # Four of the fast one's five are countable, one was exported.
        self.assertEqual((period["countable"], period["done"]), (9, 4))
        self.assertEqual((period["open"], period["rate"]), (5, 4 / 9))
        self.assertEqual(
            self.read_figures("2024-03-01", "2025-01-31").period["running"], 1
        )
        self.slow.write({"state": "finished", "finished_on": "2025-04-10"})
        after = self.read_figures().period
        self.assertEqual(
            (after["running"], after["finished"], after["open"]), (1, 1, 1)
        )
        before = self.read_figures("2025-03-01", "2025-03-31").period
        self.assertEqual((before["running"], before["finished"]), (2, 0))

    def test_groups_do_not_add_up(self):
        """S-REPORT: by producer, brand, kind and year; each adds up to the whole."""
        figures = self.read_figures()
        for name in ("producer", "brand", "kind", "year"):
            rows = figures.groups(name)
            for key in ("running", "open", "repairs", "announced"):
                with self.subTest(group=name, key=key):
                    self.assertEqual(sum(row[key] for row in rows), figures.period[key])
        rates = {row["name"]: row["rate"] for row in figures.groups("brand")}
        self.assertEqual(rates, {EVIL: 0.2, "Quick": 0.75})
        self.assertEqual([row["name"] for row in figures.groups("year")], [2025, 2024])

    def test_province_reports_repairs_of_another(self):
        """S-REPORT: a province's report counts the repairs of its dealers alone."""
        figures = self.read_figures(province="23")
        self.assertEqual(figures.period["repairs"], 1)
        self.assertEqual(
            [(row["name"], row["repairs"]) for row in figures.period_provinces()],
            [("Heilongjiang", 1)],
        )
        self.assertEqual(
            [(row["name"], row["repairs"]) for row in figures.period_months()],
            [(date(2025, 4, 1), 1)],
        )
        self.assertEqual(self.read_figures(province="65").period["repairs"], 0)

    def test_producers_chosen_are_not_the_ones_reported(self):
        figures = self.read_figures(producer_ids=self.other.ids)
        self.assertEqual([row["name"] for row in figures.groups("brand")], [EVIL])

    @freeze_time("2025-05-20")
    def test_periods_are_other_months(self):
        """S-REPORT: the last quarter and its like are whole months, without typing."""
        for period, first, last in (
            ("last_month", "2025-04-01", "2025-04-30"),
            ("last_quarter", "2025-01-01", "2025-03-31"),
            ("last_year", "2024-01-01", "2024-12-31"),
            ("this_year", "2025-01-01", "2025-12-31"),
        ):
            dialogue = Form(self.env["recall.department.report"].with_user(self.viewer))
            dialogue.period = period
            found = (str(dialogue.date_from), str(dialogue.date_to))
            self.assertEqual(found, (first, last))
        report = self.make_report("2024-02-10", "2024-02-11")
        self.assertEqual(report._get_months(), (date(2024, 2, 1), date(2024, 2, 29)))

    def test_period_that_ends_before_it_begins(self):
        """S-REPORT: a wrong or endless period is refused with words."""
        for last in ("2025-02-01", "2030-03-01"):
            with self.assertRaises(ValidationError):
                self.make_report("2025-03-01", last)

    def test_report_lacks_a_part(self):
        """S-REPORT: the printed report has its figures, tables and no person."""
        report = self.make_report("2025-01-01", SPRING[1])
        action = report.action_print()
        html, _kind = (
            self.env["ir.actions.report"]
            .with_user(self.viewer)
            ._render_qweb_html(action["report_name"], report.ids)
        )
        text = html.decode()
        for part in (
            "44.4%",
            "Heilongjiang",
            "2025-04",
            "Safety, ",
            "Quick",
            self.slow.recall_number,
        ):
            self.assertIn(part, text)

    def test_figures_go_to_who_has_no_part_in_them(self):
        """X-ACCESS: viewers make reports; producers, readers and strangers none."""
        report = self.make_report()
        reader = self.make_user("department_reader", "recall_base.group_reader")
        for user in (reader, self.maker):
            with self.assertRaises(AccessError):
                self.make_report(user=user)
            with self.assertRaises(AccessError):
                self.env["report.recall_management.recall_department_report"].with_user(
                    user
                )._get_report_values(report.ids)


@tagged("post_install", "-at_install")
class TestDepartmentWorkbook(DepartmentCommon, HttpCase):
    def get(self, report, user):
        self.authenticate(user.login, user.login)
        return self.url_open(f"/recall/department/{report.id}.xlsx")

    def test_workbook_lacks_a_sheet_or_a_chart(self):
        """S-REPORT: one sheet a table with a chart; text stays text; it is logged."""
        report = self.make_report()
        self.assertEqual(
            report.action_workbook()["url"], f"/recall/department/{report.id}.xlsx"
        )
        response = self.get(report, self.viewer)
        self.assertEqual(response.headers["Cache-Control"], "no-store")
        book = load_workbook(io.BytesIO(response.content))
        self.assertEqual(len(book.sheetnames), 9)
        facts = dict(book["Overview"].iter_rows(4, 15, 1, 2, values_only=True))
        self.assertEqual(facts["Vehicles repaired"], 4)
        self.assertEqual(facts["Still open"], 5)
        for name in book.sheetnames[1:7]:
            self.assertTrue(book[name]._charts, name)
        cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
        self.assertTrue(any(cell.value == EVIL for cell in cells))
        self.assertFalse([cell for cell in cells if cell.data_type == "f"])
        event = self.env["recall.audit.event"].search(
            [("action", "=", "report.export")], limit=1
        )
        self.assertEqual(event.user_id, self.viewer)
        self.assertEqual(event.detail["first"], "2025-03-01")

    @mute_logger("odoo.http")
    def test_workbook_goes_to_who_has_no_part_in_it(self):
        """X-ACCESS: neither others' roles nor another viewer's dialogue."""
        other = self.make_user("department_viewer", "recall_management.group_viewer")
        report = self.make_report()
        for user, status in ((self.maker, 403), (other, 404)):
            response = self.get(report, user)
            self.assertEqual(response.status_code, status)
            self.assertNotEqual(response.content[:2], b"PK")
