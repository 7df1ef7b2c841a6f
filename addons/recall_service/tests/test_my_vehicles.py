# SPDX-License-Identifier: LGPL-3.0-only
import io
from datetime import datetime, timedelta
from unittest.mock import patch

import openpyxl
from lxml import html

from odoo import fields
from odoo.tests import HttpCase, freeze_time, tagged

from odoo.addons.recall_base.tests.common import GUARD_LOGGER

from ..models import recall_push_digest
from .common import SubscriptionCommon


@tagged("post_install", "-at_install")
class TestDigest(SubscriptionCommon):
    def test_one_mail_a_day(self):
        """S-PUSH: a digest holds all of a day, once, at its hour."""
        vehicle = self.subscribe()
        self.subscribe(vin=self.vins[1])
        subscriber = vehicle.subscriber_id
        subscriber._set_choices("daily", "en_US")
        for _run in range(2):
            self.push()
            self.run_cron("digest")
        self.assertFalse(self.get_mails())
        with freeze_time(fields.Datetime.now() + timedelta(days=1, minutes=1)):
            for _run in range(2):
                self.run_cron("digest")
                self.run_cron("send")
        [mail] = self.get_mails()
        for told in (*self.vins[:2], self.plan.recall_number, self.plan.defect):
            self.assertIn(told, mail.body_html)
        self.assertEqual(mail.body_html.count(self.plan.recall_number), 1)
        self.assertIn("/recall/my-vehicles/unsubscribe?key=", mail.headers)
        self.assertEqual(set(subscriber.push_ids.mapped("state")), {"sent"})

    def test_hours(self):
        """S-PUSH: eight in the morning in China, and Mondays, also across midnight."""
        Subscriber = self.env["recall.subscriber"]
        for now, daily, weekly in (
            ("2026-11-26 23:59:00", "2026-11-27 00:00:00", "2026-11-30 00:00:00"),
            ("2026-11-27 00:00:00", "2026-11-28 00:00:00", "2026-11-30 00:00:00"),
            ("2026-11-30 00:00:01", "2026-12-01 00:00:00", "2026-12-07 00:00:00"),
        ):
            with self.subTest(now=now):
                told = Subscriber._next_digests(datetime.fromisoformat(now))
                self.assertEqual(str(told["daily"]), daily)
                self.assertEqual(str(told["weekly"]), weekly)

    def test_choosing_at_once_lets_nothing_wait(self):
        """S-PUSH: what waited for the digest goes out when mails come at once."""
        subscriber = self.subscribe().subscriber_id
        subscriber._set_choices("weekly", "en_US")
        self.run_cron("expand")
        subscriber._set_choices("now", "en_US")
        self.run_cron("send")
        self.assertEqual(len(self.get_mails()), 1)

    def test_many_at_once_come_in_one_mail(self):
        """S-PUSH: a fleet of thousands is no flood of mails."""
        subscriber = self.subscribe(brand="Nothing").subscriber_id
        vins = self.add_vehicles(self.plan, 12)
        self.env["recall.subscription"]._watch(subscriber, vins)
        self.push()
        self.assertFalse(self.get_mails())
        self.run_cron("digest")
        [mail] = self.get_mails()
        self.assertIn(vins[-1], mail.body_html)
        self.assertEqual(len(subscriber.push_ids), 12)

    def test_failed_digest_is_tried_again(self):
        """X-FAULT: neither lost nor doubled when the mail cannot be made."""
        subscriber = self.subscribe().subscriber_id
        with patch.object(recall_push_digest, "MANY", 0):
            self.run_cron("expand")
        with self.break_mails(), self.assertLogs(GUARD_LOGGER):
            self.run_cron("digest")
        self.assertEqual(subscriber.push_ids.state, "waiting")
        with freeze_time(fields.Datetime.now() + timedelta(minutes=6)):
            self.run_cron("digest")
        self.assertEqual(len(self.get_mails()), 1)

    def test_mail_that_may_have_been_sent_is_not_sent_by_itself(self):
        """S-PUSH: a kill at the hand-over leaves an unclear mail, shown, kept."""
        subscription = self.subscribe()
        self.push()
        [mail] = self.get_mails()
        mail.write({"state": "exception", "failure_type": "unknown"})
        push = subscription.push_ids
        self.assertTrue(push.unclear)
        self.assertEqual(self.env["recall.push"].search([("unclear", "=", True)]), push)
        push.action_retry()
        self.assertEqual(mail.state, "outgoing")
        self.assertFalse(push.unclear)


@tagged("post_install", "-at_install")
class TestMyVehicles(HttpCase, SubscriptionCommon):
    """A subscriber's page, with plain requests: no script takes part."""

    def setUp(self):
        super().setUp()
        self.subscriber = self.subscribe().subscriber_id
        self.key = self.subscriber._get_key()
        self.env.flush_all()

    def open(self, **data):
        if not data:
            return self.url_open(f"/recall/my-vehicles?key={self.key}")
        files = {"file": data.pop("file")} if "file" in data else None
        return self.url_open(
            "/recall/my-vehicles", data={"key": self.key, **data}, files=files
        )

    def get_text(self, page, status=200):
        self.env.invalidate_all()
        self.assertEqual(page.status_code, status)
        self.assertEqual(page.headers["Cache-Control"], "no-store")
        self.assertEqual(page.headers["Referrer-Policy"], "no-referrer")
        main = html.fromstring(page.content).get_element_by_id("wrap")
        return " ".join(main.text_content().split())

    def get_vins(self):
        self.env.invalidate_all()
        active = self.subscriber.subscription_ids.filtered(
            lambda item: item.state == "active"
        )
        return set(active.mapped("vin"))

    def test_vehicles_and_their_state(self):
        """S-PUSH: each vehicle with open, done or no recall."""
        done, unknown = self.vins[1], self.make_vin()
        self.make_completion(self.plan, done)
        self.env["recall.subscription"]._watch(self.subscriber, [done, unknown])
        page = self.open()
        text = self.get_text(page)
        for vin in (self.vins[0], done, unknown):
            self.assertIn(vin, text)
        tree = html.fromstring(page.content)
        for state in ("open", "done", "none"):
            self.assertEqual(len(tree.find_class(f"o_recall_vehicle_{state}")), 1)
        only = html.fromstring(self.open(only="done").content)
        self.assertEqual(len(only.find_class("o_recall_vehicle_done")), 1)
        self.assertFalse(only.find_class("o_recall_vehicle_open"))

    def test_add_and_remove(self):
        """S-PUSH: added by VIN and told; removed and told no more."""
        new = self.vins[1]
        self.assertIn(
            "was added", self.get_text(self.open(do="watch", vin=new.lower()))
        )
        self.assertIn(new, self.get_vins())
        self.assertIn("already", self.get_text(self.open(do="watch", vin=new)))
        self.assertIn("not a VIN", self.get_text(self.open(do="watch", vin="X")))
        own = self.subscriber.subscription_ids.filtered(lambda item: item.vin == new)
        self.assertIn("Removed", self.get_text(self.open(do="end", id=own.id)))
        self.assertNotIn(new, self.get_vins())

    def test_subscription_of_another_is_out_of_reach(self):
        """X-ACCESS: a key ends nothing that belongs to another address."""
        other = self.subscribe("x@example.com", vin=self.vins[1])
        self.get_text(self.open(do="end", id=other.id))
        self.assertEqual(other.state, "active")

    def test_file(self):
        """S-PUSH: a CSV of VINs is added or replaces; bad rows are named."""
        vins = [self.make_vin() for _number in range(3)]
        content = "\n".join(["VIN;Note", *(f"{vin};a" for vin in vins), "BAD;b"])
        text = self.get_text(self.open(do="upload", file=("f.csv", content.encode())))
        self.assertIn("3 vehicles added, 0 taken out", text)
        self.assertIn("1 rows hold no VIN", text)
        self.assertIn("row 5", text)
        self.assertEqual(self.get_vins(), {*vins, self.vins[0]})
        content = f"VIN\n{vins[0]}\n"
        page = self.open(do="upload", mode="replace", file=("f.csv", content.encode()))
        self.assertIn("0 vehicles added, 3 taken out", self.get_text(page))
        self.assertEqual(self.get_vins(), {vins[0]})

    def test_file_of_sold_vehicles(self):
        """S-PUSH: the vehicles of a file are removed, the others stay."""
        self.env["recall.subscription"]._watch(self.subscriber, self.vins[:3])
        content = "\n".join(["VIN", *self.vins[:2], self.make_vin()])
        page = self.open(do="upload", mode="remove", file=("f.csv", content.encode()))
        self.assertIn("0 vehicles added, 2 taken out", self.get_text(page))
        self.assertEqual(self.get_vins(), {self.vins[2]})

    def test_bad_file_changes_nothing(self):
        """X-FAULT: a file that is none, or empty, ends no subscription."""
        for content in (b"", b"VIN\nnothing\n", b"%PDF-1.4", b"Name,Other\na,b\n"):
            with self.subTest(content=content):
                page = self.open(do="upload", mode="replace", file=("f", content))
                self.assertIn("Nothing was changed", self.get_text(page))
        self.assertEqual(self.get_vins(), {self.vins[0]})

    def test_download(self):
        """S-PUSH, X-LOG: the result as XLSX and CSV; who saved how much is logged."""
        page = self.open(do="download", form="xlsx")
        book = openpyxl.load_workbook(io.BytesIO(page.content))
        rows = list(book.active.values)
        self.assertEqual(rows[1][0], self.vins[0])
        self.assertEqual(rows[1][3], self.plan.recall_number)
        page = self.open(do="download", form="csv")
        self.assertIn(self.vins[0], page.content.decode("utf-8-sig"))
        events = self.env["recall.audit.event"].search(
            [
                ("action", "=", "subscriber.download"),
                ("res_id", "=", self.subscriber.id),
            ]
        )
        kinds = [event.detail for event in events]
        self.assertEqual(
            kinds, [{"kind": "csv", "rows": 1}, {"kind": "xlsx", "rows": 1}]
        )

    def test_choices(self):
        """S-PUSH: how often and in which language."""
        self.assertIn(
            "kept", self.get_text(self.open(do="choose", rhythm="weekly", lang="en_US"))
        )
        self.assertEqual(self.subscriber.rhythm, "weekly")
        self.assertIn(
            "Nothing was changed", self.get_text(self.open(do="choose", rhythm="never"))
        )

    def test_link_by_mail(self):
        """S-PUSH: the link is sent; a stranger's address is answered alike."""
        answers = [
            self.get_text(self.url_open("/recall/my-vehicles", data={"email": email}))
            for email in (self.EMAIL, "nobody@example.com")
        ]
        self.assertEqual(
            answers[0], answers[1].replace("nobody@example.com", self.EMAIL)
        )
        self.run_cron("ask")
        self.assertFalse(self.get_mails("nobody@example.com"))
        mail = self.get_mails()[-1]
        page = self.url_open(self.get_links(mail)["my-vehicles"])
        self.assertIn(self.vins[0], self.get_text(page))
        self.url_open("/recall/my-vehicles", data={"email": self.EMAIL})
        before = len(self.get_mails())
        self.run_cron("ask")
        self.assertEqual(len(self.get_mails()), before, "not again within minutes")

    def test_keys(self):
        """X-ATTACK: old, altered, foreign and senseless keys open nothing."""
        number, end, proof = self.key.split(".")
        other = self.subscribe("x@example.com", vin=self.vins[1]).subscriber_id
        for key in (
            f"{number}.{int(end) + 1}.{proof}",
            f"{other.id}.{end}.{proof}",
            f"{number}.{end}.{proof[:-1]}",
            f"{number}.{end}.\u00e9",
            f"99999999999.{end}.{proof}",
            "..",
            "a",
            self.subscriber._get_key("end"),
        ):
            with self.subTest(key=key):
                page = self.url_open("/recall/my-vehicles", params={"key": key})
                self.assertNotIn(self.vins[0], self.get_text(page, status=404))
        with freeze_time(fields.Datetime.now() + timedelta(days=31)):
            self.assertFalse(self.env["recall.subscriber"]._from_key(self.key))

    def test_one_click_ends_all(self):
        """S-PUSH: RFC 8058 for digests; a GET alone ends nothing."""
        url = self.subscriber._get_url("end")
        self.assertIn("End all messages?", self.get_text(self.url_open(url)))
        self.assertTrue(self.get_vins())
        page = self.url_open(url, data={"List-Unsubscribe": "One-Click"})
        self.assertIn("All subscriptions have ended", self.get_text(page))
        self.assertFalse(self.get_vins())

    def test_address_goes_with_the_last_subscription(self):
        """X-ACCESS: no address is kept that nothing is told to."""
        self.subscriber._end_all()
        with freeze_time(fields.Datetime.now() + timedelta(days=31)):
            self.env["recall.subscription"]._gc_ended()
            self.env["recall.subscriber"]._gc_empty()
        self.assertFalse(self.subscriber.exists())
