# SPDX-License-Identifier: LGPL-3.0-only
import io
import json
from datetime import date

from openpyxl import load_workbook

from odoo.exceptions import AccessError
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import SQL, mute_logger

from odoo.addons.recall_base.tests.browser_common import LANGUAGES, RecallBrowserCase
from odoo.addons.recall_base.tools import phone

from ..models.recall_statistic_figures import PlanFigures, plans_domain
from .common import CANARY
from .test_statistic import StatisticCommon

EVIL = '=HYPERLINK("https://evil.example","Brand")'


class DashboardCommon(StatisticCommon):
    """Two producers: one with three of four vehicles done, one with one of five."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["recall.plan"].search([]).state = "withdrawn"
        cls.other = cls.make_producer("Other Motors")
        cls.north = cls.make_dealer(cls.other, region="230102")
        cls.fast = cls.make_plan(cls.producer, brand="Quick", announced="2024-03-01")
        cls.slow = cls.make_plan(cls.other, brand=EVIL, announced="2025-02-01")
        fast = cls.add_vehicles(cls.fast, 5)
        slow = cls.add_vehicles(cls.slow, 5)
        for vin in fast[:3]:
            cls.make_completion(cls.fast, vin, synced_at="2025-03-01 10:00:00")
        cls.make_completion(
            cls.slow,
            slow[0],
            repair_date="2025-04-05",
            synced_at="2025-04-09 00:00:00",
            dealer_id=cls.north.id,
        )
        cls.env["recall.vehicle"]._move(
            cls._gone(cls.fast, fast[4]), allowed_from=("open",)
        )
        cls.env.flush_all()
        cls.viewer = cls.make_user(
            "statistics_viewer", "recall_management.group_viewer"
        )
        cls.maker = cls.make_user(
            "statistics_producer",
            "recall_management.group_producer",
            recall_producer_ids=cls.other.ids,
        )

    @classmethod
    def _gone(cls, plan, vin):
        return SQL(
            "SELECT id AS vehicle_id, 'exported' AS state, '2025-01-01'::date"
            " AS state_date FROM recall_vehicle WHERE plan_id = %s AND vin = %s",
            plan.id,
            vin,
        )

    def page(self, user=None, producer=False, **filters):
        model = self.env["recall.statistics.dashboard"].with_user(user or self.viewer)
        figures = model.get_figures(producer, filters)
        # As it goes to the browser.
        return json.loads(json.dumps(figures))

    def tiles(self, *args, **filters):
        return {tile["key"]: tile for tile in self.page(*args, **filters)["tiles"]}

    def plot(self, key, *args, **filters):
        plots = self.page(*args, **filters)["plots"]
        return next(plot for plot in plots if plot["key"] == key)

    def records_behind(self, action, user=None):
        model = self.env[action["res_model"]].with_user(user or self.viewer)
        return model.search(action["domain"])


@tagged("post_install", "-at_install")
class TestStatisticsDashboard(DashboardCommon):
    def test_tiles_show_other_figures_than_the_records(self):
        """M-STAT: 4 of 9 vehicles (one of ten was exported), one of 4 reports late."""
        values = {key: tile["value"] for key, tile in self.tiles().items()}
        self.assertEqual(
            values,
            {
                "rate": "44.4%",
                "plans": 2,
                "vehicles": 10,
                "done": 4,
                "behind": 0,
                "late": "25.0%",
                "days_to_50": "–",
            },
        )

    def test_filters_choose_other_plans(self):
        for filters, rate in (
            ({"brand": "Quick"}, "75.0%"),
            ({"brand": EVIL}, "20.0%"),
            ({"year": "2024"}, "75.0%"),
            ({"year": "2025"}, "20.0%"),
            ({"producer": self.other.id}, "20.0%"),
        ):
            with self.subTest(filters=filters):
                self.assertEqual(self.tiles(**filters)["rate"]["value"], rate)
        self.assertIn("No published plan", self.page(year="1999")["empty"])

    def test_malformed_filters_stop_the_page(self):
        for filters in ({"year": "20x5"}, {"brand": ["a"]}, {"year": 10**9}, {"x": 1}):
            with self.subTest(filters=filters):
                self.assertEqual(self.tiles(**filters)["rate"]["value"], "44.4%")

    def test_lists_behind_the_tiles_hold_other_records(self):
        tiles = self.tiles(producer=self.other.id)
        self.assertEqual(self.records_behind(tiles["plans"]["action"]), self.slow)
        rows = self.records_behind(tiles["late"]["action"])
        self.assertEqual((rows.plan_id, rows.late), (self.slow, 1))

    def test_provinces_do_not_add_up(self):
        """M-STAT: 34 tiles; their points are the completion rate."""
        plot = self.plot("provinces")
        tiles = {tile["key"]: tile for tile in plot["tiles"]}
        self.assertEqual(len(tiles), 34)
        places = {(tile["row"], tile["column"]) for tile in plot["tiles"]}
        self.assertEqual(len(places), 34)
        self.assertEqual((tiles["31"]["count"], tiles["31"]["rate"]), (3, "33.3%"))
        self.assertEqual((tiles["23"]["count"], tiles["23"]["rate"]), (1, "11.1%"))
        rows = self.records_behind(tiles["23"]["action"])
        self.assertEqual(rows.plan_id, self.slow)

    def test_months_end_at_another_rate(self):
        plot = self.plot("months_rate")
        self.assertEqual(plot["labels"], ["2025-03", "2025-04"])
        self.assertEqual(plot["series"][0]["values"], [33.3, 44.4])

    def test_groups_have_other_rates_than_their_plans(self):
        """M-STAT: rates by producer, brand and series; lateness by producer."""
        figures = PlanFigures(self.env, plans_domain())
        for group, rates in (
            ("producer_id", {self.other.id: 0.2, self.producer.id: 0.75}),
            ("brand", {EVIL: 0.2, "Quick": 0.75}),
            ("series", {"Series A": 4 / 9}),
        ):
            found = {row["key"]: row["rate"] for row in figures.rates(group)}
            self.assertEqual(found, rates)
        late = {row["key"]: row["late_share"] for row in figures.rates("producer_id")}
        self.assertEqual(late, {self.other.id: 1.0, self.producer.id: 0.0})

    def test_group_of_a_pivot_shows_the_mean_of_its_plans(self):
        """M-STAT: the rate of a group is that of its vehicles."""
        [(rate, share)] = self.env["recall.rate.report"]._read_group(
            [("plan_id", "in", (self.fast | self.slow).ids)],
            [],
            ["completion_rate:avg", "raw_rate:avg"],
        )
        self.assertAlmostEqual(rate, 4 / 9)
        self.assertAlmostEqual(share, 0.4)
        [(late,)] = self.env["recall.repair.report"]._read_group(
            [], [], ["late_share:avg"]
        )
        self.assertAlmostEqual(late, 0.25)

    def test_years_lack_the_published_figures(self):
        """M-STAT: own plans beside what was published; years without either too."""
        years = {
            row["year"]: row for row in PlanFigures(self.env, plans_domain()).years()
        }
        self.assertEqual(years[2024]["plans"], 1)
        self.assertEqual(years[2024]["published_plans"], 233)
        self.assertEqual(years[2024]["published_vehicles"], 1123.7)
        self.assertEqual((years[2015]["plans"], years[2015]["vehicles"]), (0, 0))

    # === Access === #

    def test_producer_sees_figures_of_another(self):
        """M-STAT: an account of a producer sees the figures of its own plans."""
        page = self.page(self.maker)
        self.assertEqual([item["id"] for item in page["producers"]], self.other.ids)
        values = {tile["key"]: tile["value"] for tile in page["tiles"]}
        self.assertEqual((values["plans"], values["rate"]), (1, "20.0%"))
        self.assertNotIn("Quick", json.dumps(page))
        for model in ("rate", "repair", "age"):
            rows = self.env[f"recall.{model}.report"].with_user(self.maker).search([])
            self.assertEqual(rows.plan_id, self.slow)
        # Asking for another's figures by its id brings one's own.
        page = self.page(self.maker, self.producer.id)
        self.assertNotIn("Quick", json.dumps(page))

    def test_page_opens_to_who_has_no_part_in_it(self):
        nobody = new_test_user(self.env, login="statistics_nobody")
        with self.assertRaises(AccessError):
            self.page(nobody)

    def test_counts_are_written_by_a_user(self):
        engineer = self.make_user(
            "statistics_engineer", "recall_management.group_engineer"
        )
        for model in ("day", "dealer", "month", "age"):
            rows = self.env[f"recall.statistic.{model}"].search([], limit=1)
            with self.assertRaises(AccessError):
                rows.with_user(engineer).write({"repairs": 99})
        figures = self.env["recall.yearly.figure"].search([], limit=1)
        figures.with_user(engineer).source = "corrected"
        with self.assertRaises(AccessError):
            figures.with_user(self.viewer).source = "mine"


@tagged("post_install", "-at_install")
class TestStatisticFiles(DashboardCommon, HttpCase):
    def _workbook(self, user, query=""):
        self.authenticate(user.login, user.login)
        response = self.url_open(f"/recall/statistics.xlsx{query}")
        self.assertEqual(response.status_code, 200)
        self.assertEqual(response.headers["Cache-Control"], "no-store")
        return load_workbook(io.BytesIO(response.content))

    def test_workbook_lacks_a_sheet_or_a_chart(self):
        """M-STAT: sheets of plans, producers, provinces, months, lateness; charts."""
        book = self._workbook(self.viewer)
        self.assertEqual(len(book.sheetnames), 10)
        plans = {row[0]: row for row in book["Plans"].iter_rows(2, values_only=True)}
        self.assertEqual(plans[self.fast.recall_number][8], 0.75)
        self.assertEqual(plans[self.fast.recall_number][4].date(), date(2024, 3, 1))
        months = list(book["Months"].iter_rows(2, values_only=True))
        self.assertEqual([row[1] for row in months], [3, 1])
        late = list(book["Lateness"].iter_rows(2, values_only=True))
        self.assertEqual(late[0][:4], ("Other Motors", 1, 1, 1))
        for name in ("Overview", "Producers", "Provinces", "Months", "Lateness"):
            self.assertTrue(book[name]._charts, name)

    def test_producers_text_becomes_a_formula(self):
        book = self._workbook(self.viewer)
        cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
        self.assertTrue(any(cell.value == EVIL for cell in cells))
        self.assertFalse([cell for cell in cells if cell.data_type == "f"])
        self.assertFalse([cell for cell in cells if cell.hyperlink])

    def test_workbook_ignores_filters_or_language(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        book = self._workbook(self.viewer, f"?producer={self.other.id}&year=2025")
        self.assertEqual(book["Overview"]["B5"].value, 1)
        book = self._workbook(self.viewer, "?producer=1%27--&year=x")
        self.assertEqual(book["Overview"]["B5"].value, 2)

    def test_workbook_tells_a_producer_of_another(self):
        book = self._workbook(self.maker)
        texts = {
            cell.value for sheet in book for row in sheet.iter_rows() for cell in row
        }
        self.assertIn(self.slow.recall_number, texts)
        self.assertFalse({self.fast.recall_number, "Quick", self.producer.name} & texts)

    def test_workbook_goes_to_who_has_no_part_in_it(self):
        nobody = new_test_user(self.env, login="files_nobody")
        self.authenticate(nobody.login, nobody.login)
        with mute_logger("odoo.http"):
            response = self.url_open("/recall/statistics.xlsx")
        self.assertEqual(response.status_code, 403)

    def test_stage_report_lacks_a_part(self):
        """M-STAT: metadata, progress, curve, months, provinces, dealers, date."""
        html = self._report(self.slow, self.viewer)
        for text in (
            self.slow.recall_number,
            "The brake hose may crack.",
            "20.0%",
            "<polyline",
            "2025-04",
            "Heilongjiang",
            self.north.name,
        ):
            self.assertIn(text, html)
        self.assertNotIn(CANARY, html)
        self.assertNotIn(phone.mask_phone(CANARY), html)

    def test_stage_report_without_a_repair_fails(self):
        self.plan.state = "published"
        self.assertIn("No repair", self._report(self.plan, self.viewer))

    def test_producer_prints_the_report_of_another(self):
        self.assertIn("20.0%", self._report(self.slow, self.maker))
        with self.assertRaises(AccessError):
            self._report(self.fast, self.maker)

    def _report(self, plan, user):
        report = self.env["ir.actions.report"].with_user(user)
        html, _kind = report._render_qweb_html(
            "recall_management.recall_stage_report", plan.ids
        )
        return html.decode()


@tagged("post_install", "-at_install")
class TestStatisticsTour(RecallBrowserCase, DashboardCommon):
    def test_officer_gets_stuck_in_the_statistics(self):
        """M-STAT: filter, tiles by keyboard, lists, a plan's curve; both languages."""
        for lang in LANGUAGES:
            with self.subTest(lang=lang):
                self.viewer.lang = lang
                self.env.flush_all()
                self.start_tour(
                    "/odoo/recall-statistics",
                    "recall_statistics",
                    login=self.viewer.login,
                    timeout=90,
                )
