# SPDX-License-Identifier: LGPL-3.0-only
import base64
import csv
import hashlib
import io
import json
from datetime import timedelta

from lxml import html

from odoo.tests import HttpCase, tagged

from ..models.recall_open_data import COLUMNS
from ..models.res_config_settings import LICENCE
from ..tools import open_data
from .common import RecallServiceCommon


@tagged("post_install", "-at_install")
class TestOpenData(RecallServiceCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plan.defect = '=HYPERLINK("x")\n"quoted", 中文'
        cls.make_completion(cls.plan, cls.vins[0])
        cls.env["recall.plan.progress"]._cron_note()
        cls.Data = cls.env["recall.open.data"]
        cls.Data.search([]).unlink()
        cls.Data._cron_publish()

    def read_csv(self, name):
        text = self.url_open(f"/recalls/data/{name}").content.decode("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text, newline="")))

    def test_files_agree_with_each_other(self):
        """S-REPORT: CSV and JSON have the same rows, and the columns that are told."""
        for kind in COLUMNS:
            with self.subTest(kind=kind):
                rows = self.read_csv(f"{kind}.csv")
                data = self.url_open(f"/recalls/data/{kind}.json").json()
                self.assertEqual(len(rows), data["rowCount"])
                self.assertEqual(len(rows), len(data["records"]))
                self.assertEqual(list(rows[0]), [name for name, *_ in COLUMNS[kind]])
                self.assertEqual(list(rows[0]), list(data["records"][0]))

    def test_row_tells_the_plan(self):
        """S-REPORT: metadata of annex A, counters and rates of a plan."""
        number = self.plan.recall_number
        data = self.url_open("/recalls/data/recalls.json").json()
        [row] = [row for row in data["records"] if row["recallNum"] == number]
        self.assertEqual(row["defectDesc"], self.plan.defect)
        self.assertEqual((row["vehicles"], row["done"]), (10, 1))
        self.assertEqual((row["completionRate"], row["rawRate"]), (0.1, 0.1))
        rates = [
            row for row in self.read_csv("rates.csv") if row["recallNum"] == number
        ]
        self.assertEqual((rates[-1]["done"], rates[-1]["countable"]), ("1", "10"))

    def test_no_spreadsheet_runs_a_text(self):
        """X-ATTACK: formulas are guarded in CSV, and programs get the text back."""
        [row] = [
            row
            for row in self.read_csv("recalls.csv")
            if row["recallNum"] == self.plan.recall_number
        ]
        self.assertTrue(row["defectDesc"].startswith("'="))
        self.assertEqual(open_data.unguard(row["defectDesc"]), self.plan.defect)

    def test_digest_is_that_of_the_bytes(self):
        """S-REPORT: page, record and header name the digest of what is sent."""
        page = self.url_open("/recalls/data").text
        for file in self.Data._find_newest():
            with self.subTest(file=file.name):
                response = self.url_open(f"/recalls/data/{file.name}")
                digest = hashlib.sha256(response.content)
                self.assertEqual(file.sha256, digest.hexdigest())
                self.assertIn(file.sha256, page)
                encoded = base64.b64encode(digest.digest()).decode()
                self.assertEqual(
                    response.headers["Repr-Digest"], f"sha-256=:{encoded}:"
                )
                self.assertEqual(file.size, len(response.content))

    def test_file_is_cached_by_its_digest(self):
        """S-REPORT: who has the file gets 304, without a cookie."""
        first = self.url_open("/recalls/data/recalls.csv")
        self.assertIn("public", first.headers["Cache-Control"])
        self.assertNotIn("Set-Cookie", first.headers)
        again = self.url_open(
            "/recalls/data/recalls.csv",
            headers={"If-None-Match": first.headers["ETag"]},
        )
        self.assertEqual(again.status_code, 304)

    def test_second_run_of_a_day_changes_nothing(self):
        """S-REPORT: made once a day: a reader never gets two files under a date."""
        before = self.Data.search([]).ids
        self.plan.defect = "Changed"
        self.Data._cron_publish()
        self.assertEqual(self.Data.search([]).ids, before)

    def test_hidden_plans_and_vehicles_are_in_no_file(self):
        """X-ACCESS: no filed or withdrawn plan, no VIN, nothing of a person."""
        hidden = [
            self.make_plan(self.producer, state=state)
            for state in ("filed", "withdrawn")
        ]
        self.Data.search([]).unlink()
        self.Data._cron_publish()
        for file in self.Data.search([]):
            text = base64.b64decode(file.content).decode()
            for secret in (
                *(plan.recall_number for plan in hidden),
                *self.vins,
                self.dealer.name,
            ):
                self.assertNotIn(secret, text)

    def test_old_files_go_and_the_newest_stays(self):
        """S-REPORT: files of past days are deleted, never the newest."""
        newest = self.Data.search([])
        old = newest.copy_data()
        day = newest[0].day - timedelta(days=30)
        self.Data.create(
            [{**vals, "day": day, "content": base64.b64encode(b"x")} for vals in old]
        )
        self.Data._gc_old()
        self.assertEqual(self.Data.search([]), newest)
        newest.write({"day": day})
        self.Data._gc_old()
        self.assertTrue(newest.exists())

    def test_page_explains_each_column(self):
        """S-REPORT: the data dictionary names every column of every file."""
        dictionary = self.url_open("/recalls/data/dictionary.json").json()
        for kind, columns in COLUMNS.items():
            self.assertEqual(
                [column["name"] for column in dictionary[kind]],
                [name for name, *_rest in columns],
            )
            self.assertTrue(all(column["meaning"] for column in dictionary[kind]))

    def test_licence_is_a_setting(self):
        """S-REPORT: the page says under what terms the data may be used."""
        self.assertIn("Free to use", self.url_open("/recalls/data").text)
        self.env["ir.config_parameter"].set_param(LICENCE, "CC <BY> 4.0")
        tree = html.fromstring(self.url_open("/recalls/data").content)
        self.assertIn("CC <BY> 4.0", tree.text_content())
        [script] = tree.xpath("//script[@type='application/ld+json']")
        schema = json.loads(script.text)
        self.assertEqual(schema["@type"], "Dataset")
        self.assertEqual(len(schema["distribution"]), 4)

    def test_files_that_are_not_there(self):
        """S-REPORT: before the first run, and for other names, plain words."""
        self.assertEqual(self.url_open("/recalls/data/none.csv").status_code, 404)
        self.Data.search([]).unlink()
        self.assertEqual(self.url_open("/recalls/data/recalls.csv").status_code, 404)
        self.assertIn("within a day", self.url_open("/recalls/data").text)
