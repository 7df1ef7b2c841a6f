# SPDX-License-Identifier: LGPL-3.0-only
import csv
import io
import json
from unittest.mock import patch

import psycopg2
from lxml import html
from openpyxl import load_workbook

from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from ..controllers.catalogue import make_query, read_filters
from ..models.recall_catalogue import Filters, RecallCatalogue
from .common import RecallServiceCommon

EVIL = "=HYPERLINK(1)"


class CatalogueCommon(RecallServiceCommon, HttpCase):
    def get(self, path, status=200):
        """Read a page; returns it as a tree."""
        response = self.url_open(path)
        self.assertEqual(response.status_code, status, path)
        return html.fromstring(response.content)

    def list_numbers(self, query=""):
        """Recall numbers on the list, in their order."""
        tree = self.get(f"/recalls{query}")
        return [
            link.get("href").rpartition("/")[2]
            for link in tree.xpath("//ol[@class='o_recall_list']//h2/a")
        ]

    def read_schema(self, tree):
        [script] = tree.xpath("//script[@type='application/ld+json']")
        return json.loads(script.text)


@tagged("post_install", "-at_install")
class TestCatalogueList(CatalogueCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.make_plan(
            cls.make_producer("Wolkenwagen GmbH"),
            recall_number=cls.make_recall_number(year=2023),
            brand="Wolke",
            series="W_1",
            announced="2023-05-01",
            recall_start="2023-06-01",
        )
        cls.other._step_to("finished", "done")

    def test_list_is_ordered_by_publication(self):
        """S-QUERY: the newest recall comes first."""
        found = self.list_numbers()
        self.assertLess(
            found.index(self.plan.recall_number), found.index(self.other.recall_number)
        )

    def test_hidden_plans_stay_hidden(self):
        """X-ACCESS: filed and withdrawn plans are on no page, in no choice."""
        for state in ("filed", "withdrawn"):
            with self.subTest(state=state):
                hidden = self.make_plan(
                    self.producer, state=state, brand=f"Hidden-{state}"
                )
                self.assertNotIn(hidden.recall_number, self.list_numbers())
                self.assertNotIn(hidden.brand, self.url_open("/recalls").text)
                self.get(f"/recall/plan/{hidden.recall_number}", 404)

    def test_search_and_filters_find(self):
        """S-QUERY: by number, brand, series, producer, year, state, warning."""
        self.other.do_not_drive = True
        number = self.other.recall_number
        for query in (
            f"?q={number.lower()}",
            "?q=wolke",
            "?q=w_1",
            "?q=wolkenwagen+W_1",
            f"?q=wolke&year=2023&state=finished&producer={self.other.producer_id.id}",
            "?brand=Wolke&series=W_1",
            "?q=wolke&warned=1",
        ):
            with self.subTest(query=query):
                self.assertEqual(self.list_numbers(query), [number])
        for query in (
            "?q=wolke&year=2024",
            "?q=wolke&state=running",
            "?brand=Wolke&series=Other",
            "?q=wolke+testbrand",
            "?q=w%251",
        ):
            with self.subTest(query=query):
                self.assertEqual(self.list_numbers(query), [])

    def test_pattern_signs_are_letters(self):
        """X-ATTACK: signs of LIKE find themselves, not everything."""
        for text in ("%", "_x_", "\\", "'", "%%%%"):
            with self.subTest(text=text):
                self.assertEqual(
                    self.env["recall.catalogue"]._count(Filters(text=text + "zq")), 0
                )

    def test_hostile_queries_are_answered(self):
        """X-ATTACK: whatever the address says, a page comes, and it is only text."""
        for query in (
            "?year=20%2099&producer=-1&state=filed&page=0",
            "?page=99999999999999999999",
            "?producer=99999999999999999999",
            "?year=٢٠٢٥",
            "?q=%00%00",
            "?q=<script>alert(1)</script>",
            "?brand[]=x&q[]=y",
            "?q=" + "a+" * 3000,
        ):
            with self.subTest(query=query[:30]):
                response = self.url_open(f"/recalls{query}")
                self.assertEqual(response.status_code, 200)
                self.assertNotIn("<script>alert(1)", response.text)

    def test_choices_count_what_they_would_show(self):
        """S-QUERY: the number beside a choice is that of the recalls behind it."""
        choices = self.env["recall.catalogue"]._choices(Filters())
        for name in ("year", "state", "producer", "brand", "series"):
            for value, _label, number in choices[name]:
                with self.subTest(filter=name, value=value):
                    found = self.env["recall.catalogue"]._count(
                        Filters(**{name: value})
                    )
                    self.assertEqual(found, number)

    def test_pages_show_each_recall_once(self):
        """S-QUERY: paging loses no recall and shows none twice."""
        self.make_plan(self.producer)
        with (
            patch("odoo.addons.recall_service.controllers.catalogue.PAGE_SIZE", 1),
            patch.object(
                RecallCatalogue, "_list", self._list_one(RecallCatalogue._list)
            ),
        ):
            total = self.env["recall.catalogue"]._count(Filters())
            seen = [
                number
                for page in range(1, total + 1)
                for number in self.list_numbers(f"?page={page}")
            ]
        self.assertEqual(len(seen), total)
        self.assertEqual(len(set(seen)), total)

    def _list_one(self, real):
        return lambda model, filters, offset=0, limit=1: real(model, filters, offset, 1)

    def test_nothing_found_says_what_to_do(self):
        """S-QUERY: an empty list explains itself and leads to the search by VIN."""
        tree = self.get("/recalls?q=nothing-like-this")
        [section] = tree.find_class("o_recall_nothing")
        self.assertTrue(section.xpath(".//a[@href='/recall']"))
        self.assertTrue(tree.find_class("o_recall_clear"))

    def test_no_recall_at_all_is_not_nothing_found(self):
        """S-QUERY: before the first filing the page says so, without a search."""
        self.env.cr.execute("UPDATE recall_plan SET state = 'filed'")
        self.env.invalidate_all()
        tree = self.get("/recalls")
        self.assertIn("No recall is published yet", tree.text_content())
        self.assertFalse(tree.find_class("o_recall_filters"))

    def test_slow_search_is_given_up(self):
        """S-ANSWER: a search that takes too long becomes a page, not a hang."""
        fault = psycopg2.errors.QueryCanceled()
        with (
            patch.object(RecallCatalogue, "_list", side_effect=fault),
            mute_logger("odoo.addons.recall_service.controllers.catalogue"),
        ):
            tree = self.get("/recalls", 503)
        self.assertIn("Could not be shown now", tree.text_content())

    def test_query_string_is_what_was_asked(self):
        """S-QUERY: a filter that is read gives the address that asks for it."""
        query = {"q": "a b", "year": "2023", "producer": "7", "warned": "1", "x": "y"}
        filters = read_filters(query)
        self.assertEqual(make_query(filters), "?q=a+b&year=2023&producer=7&warned=1")
        self.assertEqual(make_query(Filters()), "")

    def test_list_says_to_machines_what_it_lists(self):
        """S-QUERY: structured data and feeds of the list."""
        tree = self.get("/recalls?brand=Wolke")
        schema = self.read_schema(tree)
        self.assertEqual(schema["@type"], "ItemList")
        [item] = schema["itemListElement"]
        self.assertTrue(
            item["url"].endswith(f"/recall/plan/{self.other.recall_number}")
        )
        feeds = tree.xpath("//link[@rel='alternate'][contains(@type, '+')]/@href")
        self.assertEqual(
            feeds, ["/recalls.atom?brand=Wolke", "/recalls.json?brand=Wolke"]
        )

    def test_pages_are_in_the_site_map(self):
        """S-QUERY: search engines find the list and each public recall."""
        sitemap = self.url_open("/sitemap.xml").text
        for path in ("/recalls", "/recalls/years", "/recalls/data"):
            self.assertEqual(sitemap.count(f"{path}</loc>"), 1, path)
        self.assertIn(f"/recall/plan/{self.plan.recall_number}</loc>", sitemap)


@tagged("post_install", "-at_install")
class TestCatalogueRecall(CatalogueCommon):
    def read_page(self, plan=None, status=200):
        number = (plan or self.plan).recall_number
        return self.get(f"/recall/plan/{number}", status)

    def test_recall_shows_annex_a(self):
        """S-CONTENT: the metadata of annex A, with lines, parts and the hotline."""
        text = " ".join(self.read_page().text_content().split())
        for value in (
            *(self.plan.brand, self.plan.series, self.plan.model, self.producer.name),
            *(self.plan.recall_number, "2025-01-10", "2025-01-15", "as printed"),
            *(self.plan.defect, self.plan.consequence, self.plan.measure),
            *("Brake hose", "BH-1", "400-000-0000"),
        ):
            self.assertIn(value, text)

    def test_page_does_not_lead_to_its_mails(self):
        """S-PUSH: of this recall, while it runs, and of its brand: forms filled in."""
        links = self.read_page().xpath("//section[@class][h2[@id]]//@href")
        about = [link for link in links if link.startswith("/recall/subscribe?")]
        typed = []
        for link in about:
            [form] = self.get(link).find_class("o_recall_subscribe_all")
            typed.append({name: text for name, text in form.form_values() if text})
        plan = self.plan
        self.assertEqual(
            typed,
            [
                {"what": "recall", "recall": plan.recall_number},
                {"what": "brand", "brand": plan.brand, "series": plan.series},
            ],
        )
        self.plan._step_to("finished", "done")
        links = self.read_page().xpath("//section//@href")
        self.assertNotIn(about[0], links, "nothing more is told of it")
        self.assertIn(about[1], links)

    def test_no_vin_and_no_dealer_is_told(self):
        """X-ACCESS: the page holds no vehicle, dealer or phone of an owner."""
        self.make_completion(self.plan, self.vins[0])
        text = self.url_open(f"/recall/plan/{self.plan.recall_number}").text
        for secret in (*self.vins, self.dealer.name, "138"):
            self.assertNotIn(secret, text)

    def test_rate_is_said_in_words(self):
        """S-REPORT: done / in scope - exported - scrapped - stolen, and the raw one."""
        self.make_completion(self.plan, self.vins[0])
        self.env.cr.execute(
            """UPDATE recall_plan SET exported_count = 3, scrapped_count = 1,
                      stolen_count = 1 WHERE id = %s""",
            [self.plan.id],
        )
        self.plan.invalidate_recordset()
        text = " ".join(self.read_page().text_content().split())
        self.assertIn("20.0% of the vehicles that can still be repaired", text)
        self.assertIn(
            "1 done, out of 10 in scope less 3 exported, 1 scrapped and 1 stolen. "
            "With nothing left out: 10.0%",
            text,
        )

    def test_plans_without_a_rate_say_why(self):
        """S-REPORT: no list yet, or nothing left to repair, is not 0%."""
        empty = self.make_plan(self.producer)
        self.assertIn("has not come in yet", self.read_page(empty).text_content())
        self.env.cr.execute(
            "UPDATE recall_plan SET scrapped_count = 10 WHERE id = %s", [self.plan.id]
        )
        self.plan.invalidate_recordset()
        self.assertIn("there is none left to repair", self.read_page().text_content())

    def test_related_recalls_are_linked_if_public(self):
        """S-QUERY: earlier, later and sister recalls; hidden ones are not named."""
        announcement = self.env["recall.announcement"].create({"number": "2025-12"})
        earlier, later, hidden = (self.make_plan(self.producer) for _ in range(3))
        self.plan.write({"extends_id": earlier.id, "announcement_id": announcement.id})
        later.write({"extends_id": self.plan.id, "announcement_id": announcement.id})
        hidden.write(
            {
                "extends_id": self.plan.id,
                "announcement_id": announcement.id,
                "state": "filed",
            }
        )
        links = self.read_page().xpath("//a/@href")
        self.assertIn(f"/recall/plan/{earlier.recall_number}", links)
        self.assertEqual(links.count(f"/recall/plan/{later.recall_number}"), 2)
        self.assertNotIn(f"/recall/plan/{hidden.recall_number}", links)

    def test_address_of_an_announcement_runs_no_script(self):
        """X-ATTACK: only http addresses become links."""
        self.plan.announcement_id = self.env["recall.announcement"].create(
            {"number": "2025-13", "url": "javascript:alert(1)"}
        )
        self.assertFalse(self.read_page().xpath("//a[contains(@href, 'alert')]"))

    def test_hostile_texts_stay_texts(self):
        """X-ATTACK: a producer's text ends no script and opens none."""
        self.plan.defect = "</script><script>alert(1)</script><img src=x>"
        response = self.url_open(f"/recall/plan/{self.plan.recall_number}")
        self.assertNotIn("<script>alert(1)", response.text)
        self.assertNotIn("<img src=x>", response.text)
        schema = self.read_schema(html.fromstring(response.content))
        self.assertEqual(schema["description"], self.plan.defect)

    def test_structured_data_names_the_vehicle(self):
        """S-QUERY: schema.org: a report about vehicles of a producer."""
        schema = self.read_schema(self.read_page())
        self.assertEqual(schema["@type"], "Report")
        self.assertEqual(schema["reportNumber"], self.plan.recall_number)
        [vehicle] = schema["about"]
        self.assertEqual(vehicle["manufacturer"]["name"], self.producer.name)

    def test_small_letters_lead_to_the_page(self):
        """S-QUERY: a number typed in small letters has one address."""
        number = self.plan.recall_number
        response = self.url_open(
            f"/recall/plan/{number.lower()}", allow_redirects=False
        )
        self.assertEqual(response.status_code, 301)
        self.assertTrue(response.headers["Location"].endswith(f"/recall/plan/{number}"))

    def test_wrong_numbers_get_plain_words(self):
        """S-QUERY: no such recall, and no recall number, are told apart."""
        tree = self.get("/recall/plan/S2099M0001V", 404)
        self.assertIn("No recall with the number S2099M0001V", tree.text_content())
        for typed in ("x", "%00", "S2025M0000V", "%3Cscript%3E", "9" * 200):
            with self.subTest(typed=typed):
                text = self.get(f"/recall/plan/{typed}", 404).text_content()
                self.assertIn("This is not a recall number", text)

    def test_visit_leaves_no_trace(self):
        """X-LOG: no visitor is tracked, no session is kept."""
        before = self.env["website.visitor"].search_count([])
        response = self.url_open(f"/recall/plan/{self.plan.recall_number}")
        self.assertNotIn("session_id", response.cookies)
        self.assertEqual(self.env["website.visitor"].search_count([]), before)

    def test_years_add_up(self):
        """S-REPORT: the page by year has the sums of the plans and the published."""
        self.env["recall.yearly.figure"].search([("year", "=", 2024)]).unlink()
        self.env["recall.yearly.figure"].create(
            {"year": 2024, "recalls": 233, "vehicles": 1123.7, "source": "A page"}
        )
        years = {y.year: y for y in self.env["recall.catalogue"]._sum_years()}
        plans = self.env["recall.plan"].search(
            [("state", "in", ("published", "running", "finished"))]
        )
        self.assertEqual(sum(y.recalls for y in years.values()), len(plans))
        self.assertEqual(
            sum(y.vehicles for y in years.values()), sum(plans.mapped("vehicle_count"))
        )
        self.assertEqual(sorted(years), list(range(min(years), max(years) + 1)))
        text = self.get("/recalls/years").text_content()
        self.assertIn("11,237,000", text)
        self.assertIn("A page", text)

    def test_page_without_figures_says_so(self):
        """S-REPORT: no plan and no published figure is an empty state, no fault."""
        self.env["recall.yearly.figure"].search([]).unlink()
        self.env.cr.execute("UPDATE recall_plan SET state = 'filed'")
        self.env.invalidate_all()
        self.assertIn("Nothing to show yet", self.get("/recalls/years").text_content())
        for kind in ("csv", "xlsx"):
            response = self.url_open(f"/recalls/years.{kind}")
            self.assertEqual(response.status_code, 200, kind)

    def test_files_say_something_else_than_the_page(self):
        """S-REPORT: workbook and CSV have the page's rows, with charts.

        What others wrote is never a formula.
        """
        self.env["recall.yearly.figure"].search([("year", "=", 2024)]).unlink()
        self.env["recall.yearly.figure"].create(
            {"year": 2024, "recalls": 233, "vehicles": 1123.7, "source": "=A page"}
        )
        self.plan.brand = EVIL
        table = self.get("/recalls/years").xpath("//details//tbody/tr")
        years = [row.xpath("string(th)") for row in table]
        response = self.url_open("/recalls/years.csv")
        self.assertIn("public", response.headers["Cache-Control"])
        rows = list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))
        self.assertEqual([row[0] for row in rows[1:]], years)
        [row] = [row for row in rows if row[0] == "2024"]
        self.assertEqual(row[5:], ["233", "11237000", "'=A page"])
        response = self.url_open("/recalls/years.xlsx")
        book = load_workbook(io.BytesIO(response.content))
        self.assertEqual([len(sheet._charts) for sheet in book], [3, 1, 1])
        values = list(book["Years"].iter_rows(2, values_only=True))
        self.assertEqual([str(row[0]) for row in values], years)
        cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
        self.assertFalse([cell for cell in cells if cell.data_type == "f"])
        self.assertIn(EVIL, {cell.value for cell in cells})
        self.assertEqual(self.url_open("/recalls/years.exe").status_code, 404)
        tree = self.get("/recalls/years")
        for kind in ("csv", "xlsx"):
            self.assertTrue(tree.xpath(f"//a[@href='/recalls/years.{kind}']"))

    def test_block_shows_the_newest(self):
        """S-QUERY: the block of other pages gets a few recalls, without a frame."""
        self.plan.announced = "2099-01-01"
        tree = self.get("/recalls/latest")
        links = tree.xpath("//h2/a")
        self.assertTrue(links[0].get("href").endswith(self.plan.recall_number))
        self.assertLessEqual(len(links), 5)
        self.assertFalse(tree.xpath("//nav"))
