# SPDX-License-Identifier: LGPL-3.0-only
import base64
import io
import unicodedata

from PIL import Image
from pypdf import PdfReader

from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .notice_common import NoticeCommon


@tagged("post_install", "-at_install")
class TestNoticeLetter(NoticeCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.make_contact(cls.vins[0], name="张三", address="上海市示例路1号")
        cls.make_contact(cls.vins[1], name="Smith", lang="en_US", address="Main Rd 2")

    def make_letters(self):
        notice_round = self.start(self.make_round("letter"))
        self.run_sender()
        return notice_round, notice_round.file_ids

    def read_text(self, page):
        """Text of a page; some glyphs come out as the radicals they look like."""
        text = unicodedata.normalize("NFKC", page.extract_text())
        return text.replace("\t", " ")

    def test_letter_cannot_be_printed(self):
        """E-NOTIFY: letters are one PDF with Chinese text and the QR code."""
        notice_round, file = self.make_letters()
        self.assertEqual(file.letter_count, 2)
        reader = PdfReader(io.BytesIO(file._open_content()))
        self.assertEqual(len(reader.pages), 2)
        pages = map(self.read_text, reader.pages)
        english, chinese = sorted(pages, key=lambda text: "张三" in text)
        for text in ("召回", "张三", "上海市示例路1号", self.vins[0], "免费"):
            self.assertIn(text, chinese)
        for text in ("Smith", "Main Rd 2", self.vins[1], "free of charge"):
            self.assertIn(text, english)
        self.assertNotIn("张三", english)
        for page in reader.pages:
            self.assertEqual(len(page.images), 1)
        self.assertEqual(notice_round.sending_count, 2)
        self.assertEqual(notice_round.state, "running")

    def test_code_leads_elsewhere(self):
        """E-NOTIFY: the QR code holds the address of the public page only."""
        url = "https://recall.example.cn/recall"
        drawn = self.env["recall.notice.writer"]._make_qr(url)
        image = Image.open(io.BytesIO(base64.b64decode(drawn.partition(",")[2])))
        import qrcode

        code = qrcode.QRCode(border=2, box_size=6)
        code.add_data(url)
        code.make()
        self.assertEqual(code.data_list[0].data.decode(), url)
        expected = code.make_image().convert("1")
        self.assertEqual(image.convert("1").tobytes(), expected.tobytes())

    def test_file_of_letters_stands_in_clear(self):
        """E-NOTIFY X-CRYPTO: the file of addresses is sealed at rest."""
        _round, file = self.make_letters()
        stored = base64.b64decode(file.sudo().content)
        self.assertTrue(stored.startswith(b"SM4-GCM|"))
        self.assertNotIn(b"%PDF", stored)

    def test_anybody_downloads_the_letters(self):
        """E-NOTIFY X-ACCESS: readers of personal data download; each one is logged."""
        _round, file = self.make_letters()
        self.assertEqual(file.with_user(self.clerk).letter_count, 2)
        with self.assertRaises(AccessError):
            file.with_user(self.clerk).read(["content"])
        with self.assertRaises(AccessError):
            file.with_user(self.clerk).action_download()
        url = file.with_user(self.trusted).action_download()["url"]
        self.env.flush_all()
        for login, status in (
            ("notice_clerk", 403),
            ("notice_dealer", 403),
            ("notice_trusted", 200),
        ):
            with self.subTest(login=login):
                self.authenticate(login, login)
                with mute_logger("odoo.http"):
                    response = self.url_open(url)
                self.assertEqual(response.status_code, status)
        self.assertTrue(response.content.startswith(b"%PDF"))
        self.assertEqual(response.headers["Cache-Control"], "no-store")
        event = self.events("notice_file.download")
        self.assertEqual(event.user_id, self.trusted)

    def test_posted_letters_are_not_counted(self):
        """E-NOTIFY: letters are sent when a person posts them; then the file goes."""
        notice_round, file = self.make_letters()
        with self.assertRaises(UserError):
            file.with_user(self.trusted).action_remove()
        file.with_user(self.clerk).action_posted()
        self.assertEqual((notice_round.sent_count, notice_round.state), (2, "done"))
        file.with_user(self.trusted).action_remove()
        self.assertEqual(file.state, "removed")
        self.assertFalse(file.sudo().content)
        with self.assertRaises(UserError):
            file._open_content()
        for action in ("notice_file.post", "notice_file.remove"):
            self.assertTrue(self.events(action), action)

    def test_kill_makes_a_letter_twice(self):
        """E-NOTIFY: file and states are committed together or not at all."""
        notice_round = self.start(self.make_round("letter"))
        with self.assertRaises(ZeroDivisionError), self.env.cr.savepoint():
            self.env["recall.notice.sender"]._send_batch(notice_round)
            raise ZeroDivisionError
        self.env.invalidate_all()
        self.assertEqual(notice_round.queued_count, 2)
        self.assertFalse(notice_round.file_ids)
        self.run_sender()
        self.assertEqual(notice_round.file_ids.letter_count, 2)

    def test_sample_letter_shows_an_owner(self):
        notice_round = self.make_round("letter")
        action = notice_round.with_user(self.clerk).action_test()
        attachment = self.env["ir.attachment"].browse(
            int(action["url"].split("/")[3].partition("?")[0])
        )
        reader = PdfReader(io.BytesIO(attachment.raw))
        text = "".join(map(self.read_text, reader.pages))
        self.assertIn("召回", text)
        self.assertNotIn("张三", text)
        self.assertNotIn("示例路1号", text)
