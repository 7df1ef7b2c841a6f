# SPDX-License-Identifier: LGPL-3.0-only
import logging
from unittest.mock import patch

import psycopg2
from lxml import html

from odoo.tests import HttpCase, tagged
from odoo.tools import SQL, mute_logger

from odoo.addons.recall_base.tools import vin

from ..models.recall_lookup import Coverage, RecallLookup
from .common import RecallServiceCommon

CASES = ("open", "done", "none", "invalid", "unavailable")
PAGE_LOG = "odoo.addons.recall_service.controllers.lookup"


@tagged("post_install", "-at_install")
class TestPage(HttpCase, RecallServiceCommon):
    """The public page without a browser: what every visitor's program gets."""

    def get(self, url="/recall"):
        return self.url_open(url)

    def look_up(self, vin, url="/recall", **form):
        self.env.flush_all()
        return self.url_open(url, data={"vin": vin, **form})

    def assertCase(self, response, case, status=200):
        """The page shows this case and no other, with its own words."""
        self.assertEqual(response.status_code, status)
        tree = html.fromstring(response.content)
        shown = [name for name in CASES if tree.find_class(f"o_recall_case_{name}")]
        self.assertEqual(shown, [case])
        self.assertEqual(len(tree.xpath("//h1")), 1)
        [answer] = tree.find_class("o_recall_answer")
        return " ".join(answer.text_content().split())

    # === Five cases === #

    def test_open_recall(self):
        """S-QUERY: open: what is wrong, whom to call, free of charge, since when."""
        text = self.assertCase(self.look_up(self.vins[0]), "open")
        for told in (
            "This vehicle has 1 open recall",
            self.vins[0],
            self.plan.recall_number,
            self.producer.name,
            self.producer.hotline,
            "free of charge",
            self.plan.defect,
            self.plan.consequence,
            self.plan.measure,
            "2025-01-15",
            "Data as of",
        ):
            self.assertIn(told, text)
        self.assertNotIn("over the air", text)

    def test_open_recall_without_hotline(self):
        """S-QUERY: without a hotline the next step is a dealer or the producer."""
        self.producer.hotline = False
        text = self.assertCase(self.look_up(self.vins[0]), "open")
        self.assertIn(f"or a dealer of {self.plan.line_ids.brand}", text)

    def test_next_step(self):
        """S-QUERY: open: whom to call, what to bring, whether parts are there."""
        for state, expected, told in (
            (False, False, "Ask whether the parts are there."),
            ("available", False, "The parts are there"),
            ("not_needed", False, "needs no parts"),
            ("awaited", False, "The parts are not there yet"),
            ("awaited", "2025-06-01", "The parts are expected from 2025-06-01"),
        ):
            with self.subTest(state=state, expected=expected):
                self.plan.write({"parts_state": state, "parts_from": expected})
                response = self.look_up(self.vins[0])
                text = self.assertCase(response, "open")
                self.assertIn(told, text)
                self.assertIn("Bring the vehicle licence, your identity card", text)
                self.assertIn('href="tel:400-000-0000"', response.text)
                self.assertIn(
                    f'href="/recall/plan/{self.plan.recall_number}"', response.text
                )

    def test_warning_to_owners_is_first(self):
        """S-QUERY: do not drive, park outside: before all else, only where it holds."""
        quiet = self.assertCase(self.look_up(self.vins[0]), "open")
        self.assertNotIn("Do not drive", quiet)
        self.assertNotIn("Park outside", quiet)
        self.plan.write({"do_not_drive": True, "park_outside": True})
        response = self.look_up(self.vins[0])
        text = self.assertCase(response, "open")
        self.assertLess(text.index("Do not drive this vehicle"), text.index("free of"))
        self.assertLess(text.index("Park outside"), text.index("What to do"))
        title = html.fromstring(response.content).findtext(".//title")
        self.assertIn("Do not drive", title)
        self.make_completion(self.plan, self.vins[0])
        self.assertNotIn(
            "Do not drive", self.assertCase(self.look_up(self.vins[0]), "done")
        )

    def test_over_the_air_recall(self):
        """S-QUERY: the owner reads that the update comes over the air."""
        self.plan.over_the_air = True
        text = self.assertCase(self.look_up(self.vins[0]), "open")
        self.assertIn("Over-the-air update", text)
        self.assertIn("accept the update", text)

    def test_one_open_among_done_is_open(self):
        """S-QUERY: a done recall never hides an open one."""
        other = self.make_plan(self.producer)
        self.put_in_scope(other, self.vins[:1])
        self.make_completion(self.plan, self.vins[0])
        text = self.assertCase(self.look_up(self.vins[0]), "open")
        self.assertIn("1 open recall", text)
        self.assertIn("Already done", text)
        self.assertIn(self.plan.recall_number, text)

    def test_two_open_recalls(self):
        """S-QUERY: every open recall is shown, with the number of them."""
        other = self.make_plan(self.producer)
        self.put_in_scope(other, self.vins[:1])
        text = self.assertCase(self.look_up(self.vins[0]), "open")
        self.assertIn("2 open recalls", text)

    def test_all_done(self):
        """S-QUERY: done: which recalls, and on which day."""
        self.make_completion(self.plan, self.vins[0])
        text = self.assertCase(self.look_up(self.vins[0]), "done")
        self.assertIn("The recall of this vehicle is done", text)
        self.assertIn("repaired on 2025-03-01", text)
        self.assertNotIn("open recall", text)

    def test_none_known(self):
        """S-QUERY: none known is not "no recall": what is covered, and as of when."""
        text = self.assertCase(self.look_up(self.make_vin()), "none")
        self.assertIn("No recall of this vehicle is known", text)
        self.assertIn("Covered are", text)
        self.assertIn("Data as of", text)

    def test_not_a_vin(self):
        """S-QUERY: not a VIN: which character, and a suggestion to be confirmed."""
        right = vin.make_vin("LTZ", "AA11B", "S", "A", "000777")
        self.put_in_scope(self.plan, [right])
        wrong = right[:11] + "OO" + right[13:]
        response = self.look_up(wrong)
        text = self.assertCase(response, "invalid")
        self.assertIn("Position 12, 13: the letter O", text)
        self.assertIn("Nothing was searched", text)
        self.assertIn(f"Did you mean {right}?", text)
        self.assertNotIn(self.plan.recall_number, response.text)
        marked = html.fromstring(response.content).find_class("o_recall_wrong")
        self.assertEqual([item.findtext("small") for item in marked], ["12", "13"])
        filled = self.look_up(self.vins[0], fill="1")
        tree = html.fromstring(filled.content)
        self.assertFalse(tree.find_class("o_recall_answer"), "filled in, not searched")
        self.assertEqual(tree.get_element_by_id("o_recall_vin").value, self.vins[0])

    def test_could_not_be_checked(self):
        """S-QUERY: a failing database never looks like "none known"."""
        for fault in (psycopg2.errors.QueryCanceled, psycopg2.OperationalError):
            with (
                self.subTest(fault=fault.__name__),
                mute_logger(PAGE_LOG),
                patch.object(RecallLookup, "_find", side_effect=fault("x")),
            ):
                response = self.look_up(self.vins[0])
                text = self.assertCase(response, "unavailable", status=503)
                self.assertIn("does not mean that there is no recall", text)

    def test_failing_statement_leaves_a_page(self):
        """X-FAULT: after a statement that really fails the page can still be made."""
        query = SQL("SELECT nothing")
        broken = patch.object(RecallLookup, "_find_sql", return_value=query)
        with mute_logger(PAGE_LOG), broken:
            response = self.look_up(self.vins[0])
        self.assertCase(response, "unavailable", status=503)

    def test_empty_database_is_not_none_known(self):
        """S-QUERY: before the first data came in nothing can be told."""
        empty = patch.object(
            RecallLookup, "_get_coverage", return_value=Coverage(0, 0, None)
        )
        with empty:
            response = self.look_up(self.make_vin())
        self.assertCase(response, "unavailable", status=503)

    # === What people type === #

    def test_typed_blanks_and_small_letters(self):
        """S-QUERY: what was typed or scanned is taken as it was meant."""
        found = self.vins[0]
        for typed in (
            f"I{found}",
            f"{found[:3]} {found[3:9]}-{found[9:]}",
            f"https://maker.example/car?vin={found}&lang=zh",
            "".join(chr(ord(char) + 0xFEE0) for char in found),
            self.vins[0].lower(),
            f"  {self.vins[0]}\t",
            f"\u3000{self.vins[0]}\u00a0",
        ):
            with self.subTest(typed=typed):
                self.assertCase(self.look_up(typed), "open")

    def test_hostile_input_is_only_text(self):
        """X-ATTACK: whatever is typed comes back as text, cut to a length."""
        for typed in (
            "<script>alert(1)</script>",
            "\"'><img src=x>",
            "' OR 1=1 --",
            "%s%(vin)s{0}",
            "L" * 5000,
            "\x00" * 17,
            "\u202e" + self.vins[0][:16],
            "\uff21" * 17,
            "\u0661" * 17,
            "\U0001f697" * 17,
        ):
            with self.subTest(typed=typed[:20]):
                response = self.look_up(typed)
                self.assertCase(response, "invalid")
                self.assertNotIn("<script>alert(1)", response.text)
                self.assertNotIn("<img src=x>", response.text)
                self.assertNotIn("L" * 65, response.text)
                self.assertLess(len(response.url), 1000)

    def test_empty_input_shows_the_form(self):
        """S-QUERY: pressing the button with nothing typed is no fault."""
        for typed in ("", "   "):
            tree = html.fromstring(self.look_up(typed).content)
            self.assertFalse(tree.find_class("o_recall_answer"))

    def test_vin_in_the_address_is_ignored(self):
        """X-ATTACK: the page makes no use of addresses that hold a VIN."""
        response = self.get(f"/recall?vin={self.vins[0]}")
        self.assertFalse(
            html.fromstring(response.content).find_class("o_recall_answer")
        )
        self.assertNotIn(f'value="{self.vins[0]}"', response.text)

    # === Traces === #

    def test_failure_log_holds_no_vin(self):
        """X-LOG: the log of a failing look-up names the fault, not the vehicle."""
        query = SQL("SELECT %s FROM nowhere", self.vins[0])
        with (
            patch.object(RecallLookup, "_find_sql", return_value=query),
            self.assertLogs(level=logging.INFO) as logs,
        ):
            self.look_up(self.vins[0])
        text = "\n".join(logs.output)
        self.assertIn("UndefinedTable", text)
        self.assertNotIn(self.vins[0], text)

    # === Page === #

    def test_form_page(self):
        """S-QUERY: one field with a label, one button, usable without JavaScript."""
        response = self.get()
        self.assertEqual(response.status_code, 200)
        self.assertEqual(response.headers["Cache-Control"], "no-store")
        tree = html.fromstring(response.content)
        self.assertEqual(len(tree.xpath("//h1")), 1)
        [form] = tree.find_class("o_recall_form")
        self.assertEqual(form.get("method"), "post")
        field = tree.get_element_by_id("o_recall_vin")
        self.assertEqual(
            tree.xpath(f"//label[@for='{field.get('id')}']")[0].tag, "label"
        )
        self.assertEqual(field.get("autocomplete"), "off")
        self.assertEqual(field.get("autocapitalize"), "characters")
        self.assertEqual(field.get("inputmode"), "text")

    def test_other_methods_are_refused(self):
        """X-ATTACK: the page takes GET and POST only."""
        with mute_logger("odoo.http"):
            response = self.url_open("/recall", method="PUT", data=b"x")
        self.assertEqual(response.status_code, 405)

    def test_site_leads_to_the_page(self):
        """S-QUERY: the page is in the menu and in the site map, once, without query."""
        self.assertIn('href="/recall"', self.get("/").text)
        sitemap = self.get("/sitemap.xml").text
        self.assertEqual(sitemap.count("/recall</loc>"), 1)
