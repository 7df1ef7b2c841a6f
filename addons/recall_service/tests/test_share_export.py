# SPDX-License-Identifier: LGPL-3.0-only
import csv
import gzip
import hashlib
import io
import json
from datetime import timedelta
from unittest.mock import patch
from urllib.parse import urlsplit

from odoo import fields
from odoo.tests import tagged

from odoo.addons.recall_base.tools.messages import ApiStatus

from ..models import recall_share_export, recall_share_export_file
from .share_common import ShareHttpCommon


@tagged("post_install", "-at_install")
class TestShareExport(ShareHttpCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.interface.allow_export = True
        cls.Export = cls.env["recall.share.export"]
        exports = cls.Export.search([])
        attachments = exports.file_ids.attachment_id
        exports.unlink()
        attachments.unlink()
        # Vehicles that the database has besides would make the files long.
        cls.before = min(cls.plan_vehicles().ids) - 1
        cls.startClassPatcher(patch.object(recall_share_export, "RANGE", 6))
        cls.startClassPatcher(patch.object(recall_share_export, "CHUNK", 2))

    @classmethod
    def plan_vehicles(cls):
        return cls.env["recall.vehicle"].search([("plan_id", "=", cls.plan.id)])

    def make(self):
        """Make a whole export; returns it."""
        self.env.flush_all()
        export = self.Export._get_running()
        export.last_vehicle_id = self.before
        while export.state == "running":
            export._make_range()
        return export

    def ask_files(self, form="ndjson"):
        return self.ask_for(api_exchange_export=form)

    def fetch(self, url):
        return self.url_open(urlsplit(url).path)

    def read_files(self, form):
        """Records of all files, each checked against what was told of it."""
        lines = []
        for file in self.ask_files(form)["exchange_files"]:
            content = self.fetch(file["url"]).content
            self.assertEqual(len(content), file["size"])
            self.assertEqual(hashlib.sha256(content).hexdigest(), file["sha256"])
            text = gzip.decompress(content).decode()
            found = (
                [json.loads(line) for line in text.splitlines()]
                if form == "ndjson"
                else list(csv.DictReader(io.StringIO(text, newline="")))
            )
            self.assertEqual(len(found), file["records"])
            lines += found
        return lines

    def test_files_hold_every_vehicle_once(self):
        """S-SHARE: the files together are what one would get asking VIN by VIN."""
        self.make_completion(self.plan, self.vins[3])
        self.make()
        records = {record["vehicleVin"]: record for record in self.read_files("ndjson")}
        self.assertEqual(set(records), set(self.vins))
        for text in (self.vins[0], self.vins[3]):
            [asked] = self.ask(api_exchange_vin=text)["exchange_records"]
            self.assertEqual(records[text], asked)
        rows = {row["vehicleVin"]: row for row in self.read_files("csv")}
        self.assertEqual(set(rows), set(self.vins))
        self.assertEqual(rows[self.vins[3]]["isRecalled"], "true")

    def test_formulas_of_producers_stay_text(self):
        """X-ATTACK: a text that a spreadsheet would run is quoted in CSV."""
        self.plan.defect = "=HYPERLINK(1)"
        self.make()
        self.assertEqual(self.read_files("csv")[0]["defectDesc"], "'=HYPERLINK(1)")

    def test_no_repair_details_are_exported(self):
        """S-CONTENT: files hold clause 8.2's contents, whatever an interface has."""
        self.make_completion(self.plan, self.vins[0], repair_number="RO-77")
        self.interface.write({"share_phone": True, "phone_basis": "Article 12"})
        self.make()
        text = json.dumps(self.read_files("ndjson"), ensure_ascii=False)
        for secret in ("RO-77", "13800138000", self.dealer.name):
            self.assertNotIn(secret, text)

    def test_export_and_changes_fit_together(self):
        """S-SHARE: what changes while files are made is told behind their cursor."""
        self.interface.allow_changes = True
        self.env["recall.share.change"]._seal()
        self.env.flush_all()
        export = self.Export._get_running()
        export.last_vehicle_id = self.before
        export._make_range()
        self.make_completion(self.plan, self.vins[0])
        self.env["recall.share.change"]._seal()
        self.make()
        cursor = self.ask_files()["next_cursor"]
        changes = self.ask_for(api_exchange_cursor=cursor)
        self.assertEqual(
            [item["vehicleVin"] for item in changes["exchange_results"]],
            self.vins[:1],
        )

    def test_killed_worker_loses_and_doubles_nothing(self):
        """X-FAULT: a range that was broken off is made again, as a whole."""
        self.env.flush_all()
        export = self.Export._get_running()
        export.last_vehicle_id = self.before
        export._make_range()
        self.env.flush_all()
        with (
            self.assertRaises(RuntimeError),
            self.env.cr.savepoint(),
            patch.object(
                type(export), "_keep_files", side_effect=RuntimeError("killed")
            ),
        ):
            export._make_range()
        self.env.invalidate_all()
        self.make_rest(export)
        found = [record["vehicleVin"] for record in self.read_files("ndjson")]
        self.assertEqual(sorted(found), sorted(self.vins))

    def make_rest(self, export):
        while export.state == "running":
            export._make_range()

    def test_before_the_first_export_it_is_said_so(self):
        """S-SHARE: no file yet is a success with a sentence."""
        answer = self.ask_files()
        self.assertStatus(answer, ApiStatus.SUCCESS)
        self.assertEqual(answer["exchange_files"], [])
        self.assertIn("still being made", answer["message"])

    def test_new_export_comes_daily_and_old_ones_go(self):
        """S-SHARE: two complete exports are kept, files and all."""
        exports = []
        for _turn in range(3):
            exports.append(self.make())
            self.assertFalse(self.Export._get_running(), "not before a day")
            self.env.cr.execute(
                "UPDATE recall_share_export SET create_date = %s",
                [fields.Datetime.now() - timedelta(days=1)],
            )
            self.env.invalidate_all()
        self.assertEqual(self.Export.search([]), exports[2] + exports[1])

    def test_address_is_good_for_its_interface_and_time_only(self):
        """X-ATTACK: an address that is altered, old or withdrawn opens nothing."""
        self.make()
        url = self.ask_files()["exchange_files"][0]["url"]
        self.assertEqual(self.fetch(url).status_code, 200)
        head, _slash, signed = url.rpartition("/")
        file_id, rest = signed.split("-", 1)
        for wrong in (f"{int(file_id) + 1}-{rest}", signed[:-1] + "0", "x", "1" * 500):
            if wrong != signed:
                self.assertEqual(self.fetch(f"{head}/{wrong}").status_code, 403)
        self.interface.allow_export = False
        self.assertEqual(self.fetch(url).status_code, 403)
        self.interface.allow_export = True
        late = recall_share_export_file.time.time() + 901
        with patch.object(recall_share_export_file.time, "time", return_value=late):
            self.assertEqual(self.fetch(url).status_code, 410)

    def test_file_can_be_fetched_in_parts(self):
        """S-SHARE: a download that broke goes on where it stopped."""
        self.make()
        url = self.ask_files()["exchange_files"][0]["url"]
        path = urlsplit(url).path
        whole = self.url_open(path).content
        part = self.url_open(path, headers={"Range": "bytes=10-"})
        self.assertEqual(part.status_code, 206)
        self.assertEqual(part.content, whole[10:])

    def test_scheduled_action_makes_the_export(self):
        """S-SHARE: an export is made without anybody's doing."""
        export = self.Export._get_running()
        export.last_vehicle_id = self.before
        self.env.flush_all()
        self.env.ref("recall_service.ir_cron_export").method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual(export.state, "done")
        self.assertEqual(export.record_count, len(self.vins))
