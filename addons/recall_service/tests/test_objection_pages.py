# SPDX-License-Identifier: LGPL-3.0-only
import logging
import zlib
from urllib.parse import urlsplit

from lxml import html

from odoo import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .objection_common import ObjectionHttp

CANARY = "canary.owner@example.com"


@tagged("post_install", "-at_install")
class TestObjectionPages(ObjectionHttp):
    def open_form(self, vin=None, lang=""):
        """Press the small button on the answer of the search."""
        page = self.url_open(f"{lang}/recall", data={"vin": vin or self.vins[0]})
        [form] = html.fromstring(page.content).find_class("o_recall_objection_ask")
        self.assertEqual(form.get("method"), "post")
        return self.url_open(form.get("action"), data=dict(form.form_values()))

    def read_form(self, page):
        [form] = html.fromstring(page.content).find_class("o_recall_objection_form")
        return form.get("action"), {
            name: value for name, value in form.form_values() if name != "photo"
        }

    def send(self, page, photo=None, name="order.jpg", **typed):
        """Fill in the form of a page and send it; the answer after all redirects."""
        url, values = self.read_form(page)
        typed = {"repair_date": "2025-03-01", "workshop": "Workshop East", **typed}
        return self.url_open(
            url,
            data={**values, **typed},
            files={"photo": (name, photo or b"", "image/jpeg")},
        )

    def find(self):
        self.env.invalidate_all()
        return self.Objection.search([("producer_id", "=", self.producer.id)])

    def assertPage(self, response, status=200):
        self.assertEqual(response.status_code, status)
        self.assertEqual(response.headers["Cache-Control"], "no-store")
        self.assertEqual(response.headers["Referrer-Policy"], "no-referrer")
        self.assertNotIn("session_id", response.cookies)
        tree = html.fromstring(response.content)
        self.assertEqual(len(tree.xpath("//h1")), 1)
        ids = tree.xpath("//*[@id='wrap']//@id")
        self.assertEqual(len(ids), len(set(ids)))
        return " ".join(tree.xpath("//*[@id='wrap']")[0].text_content().split())

    # === The way of a visitor === #

    def test_objection_from_end_to_end(self):
        """S-QUERY: search, object with a photo, follow, be told, see it settled."""
        page = self.open_form()
        self.assertIn(self.plan.recall_number, self.assertPage(page))
        sent = self.send(page, photo=self.photo_with_place(), email=self.EMAIL)
        text = self.assertPage(sent)
        objection = self.find()
        self.assertEqual(objection.photo_count, 1)
        self.assertIn(objection.receipt, text)
        self.assertIn(objection.due_on.isoformat(), text)
        self.assertNotIn(self.vins[0], sent.text)
        self.assertNotIn(self.EMAIL, sent.text)
        link = urlsplit(sent.url)
        self.assertNotIn(self.vins[0], sent.url)
        self.assertEqual(f"{link.path}?{link.query}", objection._get_path())

        self.run_objection_cron("mail")
        [mail] = self.get_mails()
        [address] = html.fromstring(mail.body_html).xpath("//a/@href")
        self.assertEqual(urlsplit(address)[2:4], link[2:4], "the mail leads there too")

        self.run_objection_cron("pass")
        if objection.state == "received":  # before eight o'clock there
            objection._pass_on()
            self.env.flush_all()
        self.assertIn("is to answer by", self.assertPage(self.url_open(sent.url)))
        objection.with_user(self.account)._decide("refuse", self.refusal, "See page 2.")
        text = self.assertPage(self.url_open(sent.url))
        self.assertIn("Refused: the recall stays open", text)
        self.assertIn("The repair order is about other work", text)
        self.assertIn("See page 2.", text)
        self.assertFalse(self.read_forms(sent.url), "nothing is left to do here")

        objection.with_user(self.account).action_reopen()
        self.make_completion(self.plan, self.vins[0])
        self.env.flush_all()
        text = self.assertPage(self.url_open(sent.url))
        self.assertIn("Settled: the recall is not open any more", text)
        self.assertEqual(self.find().state, "settled", "who looks sees it at once")

    def read_forms(self, url):
        return html.fromstring(self.url_open(url).content).xpath(
            "//*[@id='wrap']//form"
        )

    def test_same_form_sent_twice_makes_two(self):
        """X-FAULT: a second press of the button leads to the same receipt."""
        page = self.open_form()
        first = self.send(page, photo=self.draw())
        second = self.send(page, photo=self.draw())
        self.assertEqual(first.url, second.url)
        self.assertEqual(len(self.find()), 1)
        self.assertEqual(self.find().photo_count, 1)

    def test_photo_later_and_withdrawal(self):
        """S-QUERY: the link lets its owner add a photo, and end the objection."""
        page = self.send(self.open_form())
        photo_form, withdraw_form = self.read_forms(page.url)
        for _time in range(2):
            added = self.url_open(
                photo_form.get("action"),
                data={"token": photo_form.fields["token"]},
                files={"photo": ("order.png", self.draw("PNG"))},
            )
            self.assertPage(added)
        self.assertEqual(self.find().photo_count, 1)
        lie = self.url_open(
            photo_form.get("action"),
            data={"token": photo_form.fields["token"]},
            files={"photo": ("order.jpg", b"PK\x03\x04 lie", "image/jpeg")},
        )
        self.assertIn("neither a JPEG or PNG", self.assertPage(lie, status=422))
        self.assertEqual(self.find().state, "received")
        data = dict(withdraw_form.form_values())
        ended = self.url_open(withdraw_form.get("action"), data=data)
        self.assertIn("You have withdrawn", self.assertPage(ended))
        self.assertEqual(self.find().state, "withdrawn")
        late = self.url_open(
            photo_form.get("action"),
            data={"token": photo_form.fields["token"]},
            files={"photo": ("order.png", self.draw())},
        )
        self.assertPage(late)
        self.assertEqual(self.find().photo_count, 1)

    def test_pages_are_not_in_the_language_of_the_visitor(self):
        """S-QUERY: form, page and mail are in the language of the search."""
        chinese = self.env["res.lang"]._activate_lang("zh_CN")
        self.env["ir.module.module"]._load_module_terms(["recall_service"], ["zh_CN"])
        self.env["website"].search([]).language_ids = [Command.link(chinese.id)]
        page = self.open_form(lang="/zh_CN")
        self.assertTrue(html.fromstring(page.content).get("lang").startswith("zh"))
        sent = self.send(page, email=self.EMAIL)
        self.assertTrue(urlsplit(sent.url).path.startswith("/zh_CN/"))
        self.assertTrue(html.fromstring(sent.content).get("lang").startswith("zh"))
        self.assertEqual(self.find().lang, "zh_CN")

    # === Slips and lies === #

    def test_slip_loses_what_was_typed(self):
        """S-QUERY: each slip is named at its field and above; what is right stays."""
        page = self.open_form()
        wrong = self.send(
            page, repair_date="2199-01-01", workshop="  ", email="no address"
        )
        text = self.assertPage(wrong, status=422)
        for sentence in (
            "The day of the repair is still to come.",
            "Enter the workshop or dealer that did the repair.",
            "This is no e-mail address.",
        ):
            self.assertEqual(text.count(sentence), 2, sentence)
        tree = html.fromstring(wrong.content)
        for link in tree.xpath("//*[@role='alert']//li/a/@href"):
            field = tree.get_element_by_id(link.removeprefix("#"))
            self.assertEqual(field.get("aria-invalid"), "true")
            hint = tree.get_element_by_id(field.get("aria-describedby"))
            self.assertTrue(hint.find_class("o_recall_error"))
        self.assertEqual(tree.get_element_by_id("o_recall_email").value, "no address")
        self.assertFalse(self.find())
        self.assertPage(self.send(wrong, email=""))
        self.assertEqual(len(self.find()), 1)

    def test_bomb_or_lie_about_the_type_is_taken(self):
        """X-ATTACK: refused with a sentence that says what to do; nothing is kept."""
        photo = self.draw()
        small = self.draw("PNG")
        head = b"IHDR" + b"\0\0\xff\xff" * 2 + small[24:29]
        bomb = small[:12] + head + zlib.crc32(head).to_bytes(4, "big") + small[33:]
        for name, data, sentence in (
            ("order.jpg", b"PK\x03\x04" + bytes(99), "neither a JPEG or PNG"),
            ("order.jpg", b"<svg onload='alert(1)'/>", "neither a JPEG or PNG"),
            ("order.jpg", b"\0\0\0\x18ftypheic" + bytes(99), "HEIC"),
            ("order.png", bomb, "too many pixels"),
            ("order.jpg", photo[:60], "damaged"),
            ("order.pdf", b"%PDF-1.4 and no end", "damaged"),
            ("order.jpg", photo + bytes(8 * 1024 * 1024), "more than 8 MB"),
        ):
            with self.subTest(name=name, sentence=sentence):
                response = self.send(self.open_form(), photo=data, name=name)
                self.assertIn(sentence, self.assertPage(response, status=422))
        self.assertFalse(self.find())
        self.assertFalse(self.env["recall.objection.photo"].search([]))
        taken = self.send(self.open_form(), photo=photo, name="../../etc/passwd.exe")
        self.assertPage(taken)
        self.assertEqual(
            self.find().photo_ids.display_name, f"{self.find().receipt}-1.jpg"
        )

    def test_answer_tells_more_than_the_search(self):
        """X-ATTACK: done, unknown, another recall, over the limit: one answer."""
        self.make_completion(self.plan, self.vins[1])
        limited = self.vins[2]
        for number in range(3):
            self.object(limited, form=f"earlier {number}")
        page = self.open_form()
        texts = set()
        for vin, plan in (
            (self.vins[1], self.plan),
            (self.make_vin(), self.plan),
            (self.vins[0], self.other_plan),
            (limited, self.plan),
        ):
            about = {"vin": vin, "recall": plan.recall_number}
            answer = self.send(page, photo=self.draw(), **about)
            texts.add(self.assertPage(answer, status=422))
        self.assertEqual(len(texts), 1, texts)
        self.assertIn("Nothing was sent", texts.pop())

    def test_what_is_no_vehicle_leads_back_to_the_search(self):
        """X-ATTACK: no VIN, no recall number, a GET: the search, with nothing made."""
        number = self.plan.recall_number
        for path in ("/recall/objection", "/recall/objection/send"):
            for data in (
                None,
                {"vin": "", "recall": number},
                {"vin": "<b>", "recall": number},
                {"vin": self.vins[0], "recall": "' OR 1=1"},
                {"vin": self.vins[0]},
            ):
                with self.subTest(path=path, data=data):
                    response = self.url_open(path, data=data, allow_redirects=False)
                    self.assertEqual(response.status_code, 303)
                    where = urlsplit(response.headers["Location"])
                    self.assertEqual((where.path, where.query), ("/recall", ""))
        self.assertFalse(self.find())

    def test_hostile_text_is_only_text(self):
        """X-ATTACK: what is typed comes back as text, on one line, or not at all."""
        page = self.open_form()
        sent = self.send(
            page,
            workshop="<script>alert(1)</script>\r\nBcc: victim@example.com\x00\u202e",
            repair_number="\"'><img src=x>",
        )
        self.assertPage(sent)
        self.assertNotIn("<script>alert(1)", sent.text)
        self.assertNotIn("<img src=x>", sent.text)
        self.assertNotRegex(self.find().workshop, "[\r\n\x00\u202e]")
        long = self.send(self.open_form(), workshop="L" * 5000)
        self.assertIn("more than 120 characters", self.assertPage(long, status=422))
        self.assertNotIn("L" * 300, long.text)

    def test_forged_or_foreign_token_opens_an_objection(self):
        """X-CRYPTO: a token works for its own objection only, for every deed."""
        mine = self.object()
        other = self.object(self.vins[1])
        right = mine._get_token()
        for receipt, token in (
            (mine.receipt, ""),
            (mine.receipt, "0" * 64),
            (mine.receipt, right[:-1]),
            (mine.receipt, other._get_token()),
            (mine.receipt, "\u00e9\u4f8b"),
            ("2222-2222-2222", right),
        ):
            path = f"/recall/objection/{receipt}"
            for answer in (
                self.url_open(f"{path}?token={token}"),
                self.url_open(f"{path}/withdraw", data={"token": token}),
                self.url_open(
                    f"{path}/photo",
                    data={"token": token},
                    files={"photo": ("x.jpg", self.draw())},
                ),
            ):
                with self.subTest(token=token, url=answer.url):
                    text = self.assertPage(answer, status=404)
                    self.assertNotIn(mine.receipt, text)
        self.assertPage(self.url_open(f"/recall/objection/{mine.receipt}"), status=404)
        upload = self.url_open(
            f"/recall/objection/{mine.receipt}/withdraw", files={"token": b"x"}
        )
        self.assertPage(upload, status=404)
        self.assertEqual(self.url_open("/recall/objection/nothing").status_code, 404)
        self.assertEqual(self.find().mapped("state"), ["received"] * 2)
        self.assertFalse(mine.photo_count)

    def test_too_large_and_other_methods(self):
        """X-ATTACK: bodies without end and other methods are turned away."""
        with mute_logger("odoo.http"):
            huge = self.url_open("/recall/objection", data={"vin": "V" * 9000})
            self.assertEqual(huge.status_code, 413)
            put = self.url_open("/recall/objection/send", method="PUT", data=b"x")
            self.assertEqual(put.status_code, 405)

    # === Traces === #

    def test_vin_or_address_is_in_a_log(self):
        """X-LOG: neither the VIN nor the e-mail address, in success or failure."""
        with self.assertLogs(level=logging.INFO) as logs:
            page = self.open_form()
            sent = self.send(page, email=CANARY, photo=self.draw())
            self.url_open(sent.url)
            self.send(page, email=CANARY, repair_date="")
            self.run_objection_cron("mail")
        text = "\n".join(logs.output)
        self.assertNotIn("canary", text)
        self.assertNotIn(self.vins[0], text)
        details = self.get_events("create").mapped("detail")
        self.assertNotIn("canary", str(details))
        self.assertNotIn(self.vins[0], str(details))

    # === Back office === #

    def look(self, user, objection):
        user.password = user.login
        self.authenticate(user.login, user.login)
        photo = objection.photo_ids
        attachment = self.env["ir.attachment"].search(
            [("res_model", "=", photo._name), ("res_field", "=", "content")]
        )
        urls = {
            "photo": f"/recall/objection/photo/{photo.id}",
            "field": f"/web/content/{photo._name}/{photo.id}/content",
            "image": f"/web/image/{photo._name}/{photo.id}/content",
            "attachment": f"/web/content/{attachment.id}?download=true",
        }
        with mute_logger("odoo.http", "odoo.addons.base.models.ir_binary"):
            return {name: self.url_open(url) for name, url in urls.items()}

    def test_account_of_another_producer_downloads_a_photo(self):
        """M-ACCESS, X-LOG: by no address; the own one only by that which is logged."""
        objection = self.object(photo=self.photo_with_place())
        kept = objection.photo_ids.content
        self.assertTrue(kept)
        for user, allowed in (
            (self.other_account, ()),
            (self.account, ("photo",)),
            (self.operator, ("photo",)),
        ):
            answers = self.look(user, objection)
            for name, answer in answers.items():
                with self.subTest(user=user.login, way=name):
                    # Odoo answers an image that may not be seen by a placeholder.
                    seen = answer.content.startswith(b"\xff\xd8\xff")
                    self.assertEqual(seen, name in allowed)
                    self.assertNotIn(b"Canarycamera", answer.content)
        shown = answers["photo"]
        self.assertEqual(shown.headers["Content-Type"], "image/jpeg")
        self.assertEqual(shown.headers["X-Content-Type-Options"], "nosniff")
        self.assertEqual(shown.headers["Cache-Control"], "no-store")
        self.assertEqual(len(self.get_events("photo_view")), 2)
        self.authenticate(None, None)
        anonymous = self.url_open(f"/recall/objection/photo/{objection.photo_ids.id}")
        self.assertIn("/web/login", anonymous.url)

    def test_pdf_is_shown_in_the_browser(self):
        """X-ATTACK: a stranger's PDF is saved as a file, and runs nowhere."""
        objection = self.object(photo=b"%PDF-1.4\n/JavaScript (alert)\n%%EOF")
        answer = self.look(self.account, objection)["photo"]
        self.assertEqual(answer.headers["Content-Type"], "application/octet-stream")
        self.assertIn("attachment", answer.headers["Content-Disposition"])
        self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")
        self.assertIn("sandbox", answer.headers["Content-Security-Policy"])
