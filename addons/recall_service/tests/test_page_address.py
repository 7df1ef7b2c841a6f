# SPDX-License-Identifier: LGPL-3.0-only
import logging
import time
from unittest.mock import patch
from urllib.parse import urlsplit

from lxml import html

from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from odoo.addons.recall_base.tools.cipher import KeyRing

from ..models.recall_lookup_address import AddressError
from .common import RecallServiceCommon

MINUTE = 60
DAY = 24 * 60 * MINUTE


@tagged("post_install", "-at_install")
class TestPageAddress(HttpCase, RecallServiceCommon):
    """The address of an answer: what it gives away, to whom, and for how long."""

    def ask(self, vin):
        """Post a VIN; returns the path that the answer leads to."""
        self.env.flush_all()
        response = self.url_open("/recall", data={"vin": vin}, allow_redirects=False)
        self.assertEqual(response.status_code, 303)
        return urlsplit(response.headers["Location"]).path

    def share(self, path):
        """Make a link for others of an answer; returns its path."""
        address = path.rpartition("/")[2]
        response = self.url_open("/recall/link", data={"address": address})
        self.assertEqual(response.status_code, 200)
        link = html.fromstring(response.content).get_element_by_id("o_recall_link")
        return urlsplit(link.value).path

    def later(self, seconds):
        """Let the server believe that so much time has passed."""
        now = time.time() + seconds
        return patch(
            "odoo.addons.recall_service.models.recall_lookup_address.time.time",
            lambda: now,
        )

    def assertAnswers(self, path):
        response = self.url_open(path)
        self.assertEqual(response.status_code, 200)
        self.assertIn("o_recall_case_open", response.text)
        return response

    def assertShowsNothing(self, path, status):
        """A friendly page with the form, and nothing of the vehicle."""
        with mute_logger("odoo.http"):
            response = self.url_open(path)
        self.assertEqual(response.status_code, status)
        self.assertNotIn(self.plan.recall_number, response.text)
        self.assertIn("This answer is not shown any more", response.text)
        self.assertTrue(html.fromstring(response.content).find_class("o_recall_form"))

    # === No trace === #

    def test_vin_is_in_an_address_or_a_log(self):
        """S-QUERY X-LOG: no VIN in any address, log, title, cookie or cache."""
        vin = self.vins[0]
        with self.assertLogs(level=logging.DEBUG) as logs:
            posted = self.url_open("/recall", data={"vin": vin}, allow_redirects=False)
            response = self.url_open(posted.headers["Location"])
            shared = self.url_open(self.share(urlsplit(response.url).path))
        for answer in (posted, response, shared):
            self.assertNotIn(vin, answer.url)
            self.assertNotIn(vin, str(answer.headers))
            self.assertEqual(answer.headers["Cache-Control"], "no-store")
            self.assertEqual(answer.headers["Referrer-Policy"], "no-referrer")
            self.assertEqual(answer.headers["X-Robots-Tag"], "noindex")
            self.assertNotIn("session_id", answer.cookies)
        tree = html.fromstring(response.content)
        self.assertNotIn(vin, tree.findtext(".//title"))
        for address in tree.xpath("//@href | //@src | //@action | //@content"):
            self.assertNotIn(vin, address)
        for page in (response, shared):
            told = html.fromstring(page.content).xpath(
                "//link[@rel='canonical' or @hreflang] | //meta[@property='og:url']"
            )
            self.assertFalse(told, "the page gives its own address to machines")
        # SQL statements are logged at DEBUG in the server's own process only.
        told = [record for record in logs.records if record.name != "odoo.sql_db"]
        self.assertTrue(told)
        for record in told:
            self.assertNotIn(vin, record.getMessage())

    def test_equal_answers_have_equal_addresses(self):
        """X-ATTACK: two look-ups of one vehicle cannot be seen to be of one."""
        first, second = self.ask(self.vins[0]), self.ask(self.vins[0])
        self.assertNotEqual(first, second)
        self.assertEqual(len(first), len(self.ask(self.vins[1])))

    def test_wrong_number_is_answered_in_place(self):
        """S-QUERY: what is no VIN is led to an address of its own as well."""
        path = self.ask("LTZ<script>")
        self.assertNotIn("LTZ", path)
        self.assertIn("This is not a VIN", self.url_open(path).text)

    def test_answer_can_be_read_once_only(self):
        """S-QUERY: reloading or going back shows the answer again, as it is now."""
        path = self.ask(self.vins[0])
        self.assertAnswers(path)
        self.assertAnswers(path)
        self.make_completion(self.plan, self.vins[0])
        self.env.flush_all()
        self.assertIn("o_recall_case_done", self.url_open(path).text)

    # === For how long, and for what === #

    def test_address_shows_the_answer_for_ever(self):
        """S-QUERY: an answer is shown for 10 minutes, a link for others 7 days."""
        path = self.ask(self.vins[0])
        link = self.share(path)
        with self.later(9 * MINUTE):
            self.assertAnswers(path)
        with self.later(11 * MINUTE):
            self.assertShowsNothing(path, 410)
            self.assertIn("Somebody gave you this link", self.assertAnswers(link).text)
        with self.later(7 * DAY - MINUTE):
            self.assertAnswers(link)
        with self.later(7 * DAY + MINUTE):
            self.assertShowsNothing(link, 410)

    def test_expired_answer_becomes_a_link(self):
        path = self.ask(self.vins[0])
        address = path.rpartition("/")[2]
        with self.later(11 * MINUTE):
            response = self.url_open("/recall/link", data={"address": address})
        self.assertEqual(response.status_code, 410)
        self.assertNotIn("o_recall_link", response.text)

    def test_address_serves_for_another_use(self):
        """X-ATTACK: an answer's address is no link for others, nor the reverse."""
        path = self.ask(self.vins[0])
        link = self.share(path)
        answer, shared = (text.rpartition("/")[2] for text in (path, link))
        self.assertShowsNothing(f"/recall/shared/{answer}", 404)
        self.assertShowsNothing(f"/recall/answer/{shared}", 404)
        response = self.url_open("/recall/link", data={"address": shared})
        self.assertEqual(response.status_code, 404)

    def test_altered_address_shows_something(self):
        """X-ATTACK: an address that was changed, or not made here, shows nothing."""
        path = self.ask(self.vins[0])
        head, _slash, address = path.rpartition("/")
        parts = address.split("~")
        for altered in (
            address[:-1],
            address + "A",
            address[:-3] + ("AAA" if address[-3:] != "AAA" else "BBB"),
            "~".join([*parts[:2], "A" * 16, parts[3]]),
            "~".join([parts[0], "other", *parts[2:]]),
            self.vins[0],
            "~~~",
            "%00",
            "A" * 900,
        ):
            with self.subTest(altered=altered[:40]):
                self.assertShowsNothing(f"{head}/{altered}", 404)

    def test_sealed_text_of_another_place_is_an_address(self):
        """X-ATTACK: what the key ring seals elsewhere opens no answer."""
        Address = self.env["recall.lookup.address"]
        sealed = KeyRing.from_environment().seal("99999999999:x", "recall.lookup:guard")
        with self.assertRaises(AddressError):
            Address._read("answer", sealed.replace("|", "~"))

    def test_share_makes_links_of_what_was_not_looked_up(self):
        """X-ATTACK: no link is made without an answer's address."""
        for address in ("", self.vins[0]):
            response = self.url_open("/recall/link", data={"address": address})
            self.assertEqual(response.status_code, 404)

    def test_another_worker_cannot_show_it(self):
        """S-QUERY: nothing but the keys is needed to show an answer."""
        path = self.ask(self.vins[0])
        self.env.registry.clear_all_caches()
        self.assertAnswers(path)

    def test_missing_keys_break_the_page(self):
        """X-FAULT: without its keys the page says that it cannot check now."""
        path = self.ask(self.vins[0])
        loggers = "odoo.addons.recall_service.controllers.lookup", "odoo.http"
        with (
            patch.dict("os.environ", {"RECALL_KEY_FILE": "/nowhere.json"}),
            mute_logger(*loggers),
        ):
            for response in (
                self.url_open("/recall", data={"vin": self.vins[0]}),
                self.url_open(path),
            ):
                self.assertEqual(response.status_code, 503)
                self.assertIn("Could not be checked now", response.text)

    # === In Chinese === #

    def test_answer_leaves_the_language(self):
        """S-QUERY: who asks in Chinese is answered in Chinese, in all cases."""
        self.env["res.lang"]._activate_lang("zh_CN")
        self.env["ir.module.module"]._load_module_terms(["recall_service"], ["zh_CN"])
        chinese = self.env.ref("base.lang_zh_CN")
        self.env["website"].search([]).language_ids |= chinese
        self.make_completion(self.plan, self.vins[1])
        self.env.flush_all()
        for vin, case, words in (
            (self.vins[0], "open", "未完成的召回"),
            (self.vins[1], "done", "召回已完成"),
            (self.make_vin(), "none", "未查到"),
            ("LTZ", "invalid", "这不是有效的VIN"),
        ):
            with self.subTest(case=case):
                response = self.url_open("/zh_CN/recall", data={"vin": vin})
                self.assertIn("/zh_CN/recall/answer/", response.url)
                self.assertIn(f"o_recall_case_{case}", response.text)
                self.assertIn(words, response.text)
