# SPDX-License-Identifier: LGPL-3.0-only
import csv
import io

import openpyxl
from lxml import html

from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .fleet_common import FleetCommon


@tagged("post_install", "-at_install")
class TestFleetPages(HttpCase, FleetCommon):
    """A partner's fleet on its pages, with plain requests: no script takes part."""

    def setUp(self):
        super().setUp()
        self.login(self.account)
        self.page = f"/my/recall/fleet/{self.own.id}"

    def login(self, account):
        self.authenticate(account.login, account.login)

    def parse(self, response):
        return html.fromstring(response.content)

    def say(self, response):
        return " ".join(self.parse(response).text_content().split())

    def send(self, vins, mode="add", name="fleet.csv", content=None):
        """Choose a file in the form of the page and press its button."""
        tree = self.parse(self.url_open(self.page))
        [form] = tree.xpath("//form[contains(@action, '/upload')]")
        self.assertEqual(form.get("enctype"), "multipart/form-data")
        if content is None:
            content = self.make_csv([[text] for text in vins]).getvalue()
        return self.url_open(
            form.get("action"),
            data={"csrf_token": form.fields["csrf_token"], "mode": mode},
            files={"file": (name, content)},
        )

    def press(self, response, ending, **values):
        """Press the button of the form of a page whose address ends like this."""
        tree = self.parse(response)
        [form] = [
            form for form in tree.iter("form") if form.get("action").endswith(ending)
        ]
        return self.url_open(
            form.get("action"), data={**dict(form.form_values()), **values}
        )

    def ask(self, **values):
        """Send one of the page's own forms."""
        data = {"csrf_token": self.get_token(), **values}
        return self.url_open(self.page, data=data)

    def get_token(self, path=None):
        tree = self.parse(self.url_open(path or self.page))
        return tree.xpath("//input[@name='csrf_token']/@value")[0]

    def test_partner_cannot_keep_its_fleet(self):
        """S-PUSH: upload, test, take in, see, download, reduce and delete, by form."""
        vins = [*self.vins[:2], self.make_vin()]
        self.make_completion(self.plan, vins[1])
        file = self.send([*vins, "BAD"])
        self.assertEqual(file.headers["Cache-Control"], "no-store")
        self.assertIn("Rows: 4 ", self.say(file))
        tested = self.press(file, "/test")
        self.assertIn("nothing was changed yet", self.say(tested))
        self.assertFalse(self.get_fleet())
        running = self.press(tested, "/start")
        self.assertIn("being taken in", self.say(running))
        self.assertTrue(self.parse(running).xpath("//a[@href][contains(., 'how far')]"))
        self.run_imports()
        done = self.url_open(running.url)
        self.assertIn("Added: 3 Correct the refused rows", self.say(done))
        [errors] = self.parse(done).xpath("//a[contains(@href, '/errors')]/@href")
        book = openpyxl.load_workbook(io.BytesIO(self.url_open(errors).content))
        self.assertEqual(next(book.active.iter_rows(min_row=2, max_col=1))[0].value, 5)
        page = self.url_open(self.page)
        self.assertLess(page.text.index(vins[0]), page.text.index(vins[1]))
        self.assertIn(self.plan.recall_number, page.text)
        self.press(self.send(vins[2:], "remove"), "/start")
        self.run_imports()
        self.assertEqual(self.get_fleet(), set(vins[:2]))
        self.assertEqual(self.press(page, "/delete").status_code, 422)
        self.assertEqual(self.get_fleet(), set(vins[:2]))
        deleted = self.press(page, "/delete", sure="1")
        self.assertIn("Vehicles taken out: 2", self.say(deleted))
        self.assertFalse(self.get_fleet())

    def test_filter_or_download_is_wrong(self):
        """S-PUSH: what is shown and saved is what was chosen; no VIN in an address."""
        vins = [*self.vins[:2], self.make_vin()]
        self.Vehicle._put_in(self.own, vins)
        self.make_completion(self.plan, vins[1])
        shown = self.ask(only="done")
        self.assertIn(vins[1], shown.text)
        self.assertNotIn(vins[0], shown.text)
        self.assertEqual(shown.url, self.base_url() + self.page)
        found = self.ask(text=vins[2][-6:].lower())
        self.assertIn(vins[2], found.text)
        self.assertNotIn(vins[0], found.text)
        self.assertIn("No vehicle fits", self.say(self.ask(text="NONE")))
        text = self.ask(form="csv", only="open").content.decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text)))
        self.assertEqual(len(rows), 2)
        self.assertEqual(rows[1][0], vins[0])
        self.assertEqual(rows[1][3], self.plan.recall_number)
        saved = self.ask(form="xlsx", only="")
        sheet = openpyxl.load_workbook(io.BytesIO(saved.content)).active
        self.assertEqual([row[0].value for row in sheet.iter_rows(min_row=2)], vins)
        # X-LOG: who saved how much of it.
        events = self.env["recall.audit.event"].search(
            [("action", "=", "data_user.download"), ("res_id", "=", self.own.id)]
        )
        self.assertEqual([event.detail["rows"] for event in events], [3, 1])

    def test_address_is_unknown_to_who_entered_it_or_known_to_another(self):
        """X-CRYPTO, S-PUSH: a fleet's own page shows and changes its addresses."""
        address = "office@partner.example"
        self.own._ask_fleet_mail(address, "daily")
        page = self.url_open(self.page)
        self.assertIn(address, self.say(page))
        tree = self.parse(page)
        [form] = [
            form
            for form in tree.iter("form")
            if form.get("action").endswith("/mail") and form.fields["email"] == address
        ]
        values = {**dict(form.form_values()), "rhythm": "weekly"}
        self.url_open(form.get("action"), data=values)
        self.assertEqual(self.own.sudo().fleet_mail_ids.rhythm, "weekly")
        self.login(self.other_account)
        own = self.url_open(f"/my/recall/fleet/{self.other.id}")
        self.assertNotIn(address, self.say(own))

    def test_pages_of_a_long_list_repeat_or_miss_vehicles(self):
        """S-PUSH: a fleet of more than a page is shown whole, page by page."""
        vins = self.new_vins(120)
        self.Vehicle._put_in(self.own, vins)
        seen = []
        for start in ("0", "50", "100"):
            tree = self.parse(self.ask(start=start))
            found = tree.xpath("//*[contains(@class, 'o_recall_fleet_vehicle')]/span")
            seen += [item.text for item in found]
        self.assertEqual(seen, sorted(vins))

    def test_wrong_file_has_no_plain_words(self):
        """S-PUSH: what is wrong is said above the form, and the choice stays."""
        for content, words in (
            (b"", "empty"),
            (b"VIN\r\n", "no row"),
            (b"\xd0\xcf\x11\xe0", "XLSX"),
        ):
            page = self.send([], "remove", content=content)
            self.assertEqual(page.status_code, 422)
            tree = self.parse(page)
            [told] = tree.xpath("//*[@role='alert']")
            self.assertIn(words, told.text_content())
            [chosen] = tree.xpath("//input[@name='mode'][@checked]/@value")
            self.assertEqual(chosen, "remove")
        self.assertFalse(self.own._get_fleet_files())

    def test_column_cannot_be_chosen(self):
        """S-PUSH: where no column is known, the page asks for it."""
        vin = self.make_vin()
        content = f"No.,Chassis\r\n7,{vin}\r\n".encode()
        page = self.send([], content=content)
        self.assertIn("Which column", self.say(page))
        ready = self.press(page, "/choose", column="1")
        self.press(ready, "/start")
        self.run_imports()
        self.assertEqual(self.get_fleet(), {vin})

    def test_paused_file_cannot_go_on(self):
        """S-PUSH: pause, go on, stop and delete have their buttons in their states."""
        page = self.press(self.send(self.new_vins(1)), "/start")
        page = self.press(page, "/pause")
        page = self.press(page, "/resume")
        page = self.press(page, "/stop")
        self.assertIn("Stopped", self.say(page))
        page = self.press(self.send(self.new_vins(1)), "/discard")
        self.assertIn("The fleet is as it was", self.say(page))
        late = self.press(self.send(self.new_vins(1)), "/start")
        self.assertEqual(self.press(late, "/stop").status_code, 200)
        data = {"csrf_token": self.get_token()}
        again = self.url_open(f"{late.url}/start", data=data)
        self.assertEqual(again.status_code, 422)

    @mute_logger("odoo.http")
    def test_other_partner_gets_in(self):
        """X-ACCESS: fleet, file, its state and its errors are not found by others."""
        file = self.send(self.new_vins(1))
        job = self.own._get_fleet_files()
        errors = f"/recall/import/{job.id}/errors"
        stranger = self.make_user("flt_p", "base.group_portal", password="flt_p")
        for account in (self.other_account, stranger):
            self.login(account)
            token = self.get_token("/my/account")
            paths = (self.page, file.url, f"{file.url}/state")
            for path in paths:
                self.assertEqual(self.url_open(path).status_code, 404, path)
            for path in (
                f"{self.page}/upload",
                f"{self.page}/delete",
                f"{file.url}/start",
                f"{file.url}/discard",
            ):
                answer = self.url_open(path, data={"csrf_token": token, "sure": "1"})
                self.assertEqual(answer.status_code, 404, path)
            self.assertEqual(self.url_open(errors).status_code, 403)
        self.assertEqual(job.state, "mapped")
        template = self.url_open("/recall/import/template/fleet.xlsx")
        self.assertEqual(template.status_code, 403, "who has no fleet needs none")
        self.authenticate(None, None)
        self.assertIn("/web/login", self.url_open(self.page).url)

    @mute_logger("odoo.http")
    def test_template_is_refused_to_a_partner(self):
        """S-PUSH: both templates are for partners too; other kinds are not."""
        for form in ("csv", "xlsx"):
            template = self.url_open(f"/recall/import/template/fleet.{form}")
            self.assertEqual(template.status_code, 200)
            page = self.send([], name=f"fleet.{form}", content=template.content)
            self.assertIn("Rows: 1 ", self.say(page))
        other = self.url_open("/recall/import/template/vins.xlsx")
        self.assertEqual(other.status_code, 403)

    def test_account_of_two_partners_mixes_them(self):
        """S-PUSH: several fleets are listed; the only one is shown at once."""
        self.assertTrue(self.url_open("/my/recall/fleets").url.endswith(self.page))
        self.other.account_ids += self.account
        self.Vehicle._put_in(self.other, self.new_vins(1))
        page = self.say(self.url_open("/my/recall/fleets"))
        self.assertIn(self.own.name, page)
        self.assertIn("No recall known: 1", page)

    def test_suspended_partner_changes_its_fleet(self):
        """X-ACCESS: it sees why, and no form to change anything."""
        page = self.url_open(self.page)
        self.own._suspend("The agreement has ended.")
        shown = self.url_open(self.page)
        self.assertIn("The agreement has ended.", shown.text)
        self.assertFalse(self.parse(shown).xpath("//form[contains(@action, 'upload')]"))
        self.assertEqual(self.press_upload(page).status_code, 422)

    def press_upload(self, page):
        [form] = self.parse(page).xpath("//form[contains(@action, '/upload')]")
        return self.url_open(
            form.get("action"),
            data={"csrf_token": form.fields["csrf_token"], "mode": "add"},
            files={"file": ("x.csv", b"VIN\r\nX\r\n")},
        )
