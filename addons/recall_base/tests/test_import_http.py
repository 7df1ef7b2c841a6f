# SPDX-License-Identifier: LGPL-3.0-only
import csv
import io

import openpyxl

from odoo import http
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .import_common import ImportCommon


@tagged("post_install", "-at_install")
class TestImportHttp(ImportCommon, HttpCase):
    """Upload and downloads, as a browser does them."""

    def post_file(self, job, content, name="list.csv"):
        self.env.flush_all()
        response = self.url_open(
            f"/recall/import/{job.id}/file",
            data={"csrf_token": http.Request.csrf_token(self)},
            files={"ufile": (name, content)},
        )
        self.env.invalidate_all()
        return response

    def read_xlsx(self, response):
        self.assertEqual(response.status_code, 200)
        self.assertIn("attachment", response.headers["Content-Disposition"])
        self.assertEqual(response.headers["Cache-Control"], "no-store")
        book = openpyxl.load_workbook(io.BytesIO(response.content))
        return [list(row) for row in book.active.iter_rows(values_only=True)]

    def test_upload_fails(self):
        """E-COLLECT: a file comes in by its own route, larger than a field holds."""
        self.authenticate("import_keeper", "import_keeper")
        job = self.make_job()
        rows = b"VIN,Note\r\n" + b"".join(
            b"%s,%s\r\n" % (self.make_vin().encode(), b"x" * 1000) for _ in range(3000)
        )
        response = self.post_file(job, rows, "清单.csv")
        self.assertEqual((response.status_code, response.json()), (200, {}))
        self.assertEqual(
            (job.name, job.state, job.size), ("清单.csv", "mapped", len(rows))
        )
        job.action_start()
        self.run_imports()
        self.assertEqual(self.counts(job), ("done", 3000, 3000, 0, 0))

    def test_bad_upload_shows_no_sentence(self):
        """E-COLLECT: what is wrong with a file is answered for the screen to show."""
        self.authenticate("import_keeper", "import_keeper")
        job = self.make_job()
        response = self.post_file(job, b"VIN\r\n")
        self.assertEqual(response.status_code, 422)
        self.assertIn("no row", response.json()["error"]["message"])
        self.assertFalse(job.sha256)

    @mute_logger("odoo.http")
    def test_stranger_gets_at_files(self):
        """X-ACCESS: routes ask for the rights of the record."""
        self.make_user("import_nobody", "base.group_user", password="import_nobody")
        job = self.make_job(self.make_csv([["BAD"]]))
        self.authenticate("import_nobody", "import_nobody")
        self.assertEqual(self.post_file(job, b"VIN\r\nx\r\n").status_code, 422)
        for path in (f"{job.id}/errors", "template/vins.xlsx", "template/vins.csv"):
            response = self.url_open(f"/recall/import/{path}")
            self.assertEqual(response.status_code, 403, path)
        self.authenticate(None, None)
        response = self.url_open(
            f"/recall/import/{job.id}/errors", allow_redirects=False
        )
        self.assertEqual(response.status_code, 303)

    def test_error_file_does_harm_or_lacks_rows(self):
        """E-COLLECT, X-ATTACK, X-LOG: each refused row with its reason; formulas are
        texts, and who saved the file is logged."""
        rows = [["=HYPERLINK(1)"], [self.make_vin()], ["+1"], ["-1"], ["@x"]]
        job = self.take_in(self.make_csv(rows))
        self.keeper.lang = "en_US"
        self.authenticate("import_keeper", "import_keeper")
        head, *found = self.read_xlsx(self.url_open(f"/recall/import/{job.id}/errors"))
        self.assertEqual(head, ["Row", "Column", "Value", "Reason", "Exactly"])
        self.assertEqual({row[0] for row in found}, {2, 4, 5, 6})
        self.assertEqual({row[2] for row in found}, {"=HYPERLINK(1)", "+1", "-1", "@x"})
        self.assertIn("17 characters", found[0][3])
        event = self.env["recall.audit.event"].search(
            [("action", "=", "import.download"), ("res_id", "=", job.id)]
        )
        self.assertEqual((event.user_id, event.detail), (self.keeper, {"refused": 4}))

    def test_template_cannot_be_filled_in_and_imported(self):
        """E-COLLECT: what a template holds is what the import reads."""
        self.authenticate("import_keeper", "import_keeper")
        rows = self.read_xlsx(self.url_open("/recall/import/template/vins.xlsx"))
        response = self.url_open("/recall/import/template/vins.csv")
        self.assertTrue(response.content.startswith(b"\xef\xbb\xbf"))
        text = response.content.decode("utf-8-sig")
        self.assertEqual(list(csv.reader(io.StringIO(text))), rows)
        job = self.make_job(self.make_csv([rows[1]], rows[0]))
        names = [column.name for column in job._kind()._columns()]
        self.assertEqual(names[:2], ["vin", "model"])
        self.assertEqual(
            job.column_ids.mapped("target"), [f"vins.{name}" for name in names]
        )
        self.assertEqual(
            self.url_open("/recall/import/template/x.csv").status_code, 404
        )
        self.assertEqual(
            self.url_open("/recall/import/template/vins.doc").status_code, 404
        )
