# SPDX-License-Identifier: LGPL-3.0-only
from datetime import datetime
from unittest.mock import patch

from lxml import etree

from odoo.tests import HttpCase, tagged

from .common import RecallServiceCommon

ATOM = {"a": "http://www.w3.org/2005/Atom"}


@tagged("post_install", "-at_install")
class TestFeeds(RecallServiceCommon, HttpCase):
    def read_atom(self, query=""):
        response = self.url_open(f"/recalls.atom{query}")
        self.assertEqual(response.status_code, 200)
        return etree.fromstring(response.content)

    def find_entry(self, feed, number):
        return feed.xpath(f"a:entry[contains(a:title, '{number}')]", namespaces=ATOM)[0]

    def test_atom_feed_holds_what_readers_need(self):
        """S-PUSH: Atom: stable ids, time stamps, links, an author for each entry."""
        feed = self.read_atom()
        for name in ("id", "title", "updated"):
            self.assertEqual(len(feed.findall(f"a:{name}", ATOM)), 1)
        entry = self.find_entry(feed, self.plan.recall_number)
        self.assertRegex(entry.findtext("a:id", namespaces=ATOM), "^urn:uuid:")
        self.assertEqual(
            entry.findtext("a:author/a:name", namespaces=ATOM), self.producer.name
        )
        self.assertEqual(entry.findtext("a:summary", namespaces=ATOM), self.plan.defect)
        link = entry.find("a:link", ATOM).get("href")
        self.assertTrue(link.endswith(f"/recall/plan/{self.plan.recall_number}"))

    def test_both_feeds_tell_the_same(self):
        """S-PUSH: JSON Feed 1.1 has the same recalls under the same ids."""
        response = self.url_open("/recalls.json")
        self.assertTrue(
            response.headers["Content-Type"].startswith("application/feed+json")
        )
        feed = response.json()
        self.assertEqual(feed["version"], "https://jsonfeed.org/version/1.1")
        self.assertEqual(
            [item["id"] for item in feed["items"]],
            self.read_atom().xpath("a:entry/a:id/text()", namespaces=ATOM),
        )

    def test_ids_do_not_depend_on_the_language(self):
        """S-PUSH: a reader that changes the language sees nothing twice."""
        self.env["res.lang"]._activate_lang("zh_CN")
        self.env["website"].search([]).language_ids |= self.env["res.lang"].search(
            [("code", "=", "zh_CN")]
        )
        ids = [
            self.url_open(path).json()["items"][0]["id"]
            for path in ("/recalls.json", "/zh_CN/recalls.json")
        ]
        self.assertEqual(ids[0], ids[1])

    def test_repairs_move_no_entry(self):
        """S-PUSH: a repair changes counters, and no reader is told of news."""
        before = self.url_open("/recalls.atom").headers
        self.make_completion(self.plan, self.vins[0])
        after = self.url_open("/recalls.atom").headers
        self.assertEqual(before["ETag"], after["ETag"])
        self.assertEqual(before["Last-Modified"], after["Last-Modified"])

    def test_amendment_moves_an_entry(self):
        """S-PUSH: an amended plan is news under the same id."""
        number = self.plan.recall_number
        before = self.find_entry(self.read_atom(), number)
        version = self.env["recall.plan.version"].search(
            [("plan_id", "=", self.plan.id)], order="number desc", limit=1
        )
        self.env.cr.execute(
            "UPDATE recall_plan_version SET time = %s WHERE id = %s",
            [datetime(2098, 1, 1), version.id],
        )
        after = self.find_entry(self.read_atom(), number)
        for name, same in (("id", True), ("published", True), ("updated", False)):
            values = {e.findtext(f"a:{name}", namespaces=ATOM) for e in (before, after)}
            self.assertEqual(len(values) == 1, same, name)

    def test_unchanged_feed_is_not_sent_again(self):
        """S-PUSH: ETag and Last-Modified are answered with 304 and no body."""
        for path in ("/recalls.atom", "/recalls.json"):
            first = self.url_open(path)
            for name, value in (
                ("If-None-Match", first.headers["ETag"]),
                ("If-Modified-Since", first.headers["Last-Modified"]),
            ):
                with self.subTest(path=path, header=name):
                    again = self.url_open(path, headers={name: value})
                    self.assertEqual(again.status_code, 304)
                    self.assertEqual(again.content, b"")

    def test_shared_cache_gets_no_cookie(self):
        """X-ACCESS: what caches may keep for everybody sets nobody's cookie."""
        response = self.url_open("/recalls.atom")
        self.assertIn("public", response.headers["Cache-Control"])
        self.assertNotIn("Set-Cookie", response.headers)

    def test_feed_of_a_brand_or_producer(self):
        """S-PUSH: filters by brand and producer, each feed with an id of its own."""
        other = self.make_plan(self.make_producer(), brand="Wolke & Söhne")
        everything = self.read_atom()
        for query in (
            "?brand=Wolke+%26+S%C3%B6hne",
            f"?producer={other.producer_id.id}",
        ):
            with self.subTest(query=query):
                feed = self.read_atom(query)
                self.assertEqual(len(feed.findall("a:entry", ATOM)), 1)
                self.find_entry(feed, other.recall_number)
                self.assertNotEqual(
                    feed.findtext("a:id", namespaces=ATOM),
                    everything.findtext("a:id", namespaces=ATOM),
                )

    def test_pages_of_a_feed_lead_to_each_other(self):
        """S-PUSH: RFC 5005: paging on from the first page meets every recall."""
        for _number in range(3):
            self.make_plan(self.producer)
        expected = {
            item["id"] for item in self.url_open("/recalls.json").json()["items"]
        }
        seen, path = [], "/recalls.json"
        with patch("odoo.addons.recall_service.controllers.feeds.PAGE_SIZE", 2):
            while path:
                feed = self.url_open(path).json()
                seen += [item["id"] for item in feed["items"]]
                following = feed.get("next_url")
                path = following and "/recalls.json?" + following.rpartition("?")[2]
                self.assertLess(len(seen), 200)
        self.assertEqual(len(seen), len(set(seen)))
        self.assertLessEqual(expected, set(seen))

    def test_hidden_plans_are_no_news(self):
        """X-ACCESS: what is filed only, or withdrawn, is in no feed."""
        for state in ("filed", "withdrawn"):
            hidden = self.make_plan(self.producer, state=state)
            for path in ("/recalls.atom", "/recalls.json"):
                self.assertNotIn(hidden.recall_number, self.url_open(path).text)

    def test_texts_break_no_feed(self):
        """X-ATTACK: markup and control characters leave the documents whole."""
        self.plan.defect = "<b>&amp;]]>\x0b\x01 </feed>"
        self.assertIn("<b>&amp;]]>", self.read_atom().xpath("string()"))
        self.assertTrue(self.url_open("/recalls.json").json()["items"])

    def test_strange_pages_are_answered(self):
        """X-ATTACK: a page that is none gives a feed without entries, or the first."""
        for query in ("?page=0", "?page=-1", "?page=x", "?page=99999999999", "?page=²"):
            with self.subTest(query=query):
                self.assertEqual(
                    self.url_open(f"/recalls.atom{query}").status_code, 200
                )
