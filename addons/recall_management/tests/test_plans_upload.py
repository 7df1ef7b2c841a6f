# SPDX-License-Identifier: LGPL-3.0-only
import hashlib
import io
import json
import re
import subprocess
import tempfile
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import xlsxwriter

from odoo import fields
from odoo.tests import HttpCase, tagged
from odoo.tests.common import TEST_CURSOR_COOKIE_NAME
from odoo.tools import mute_logger

from odoo.addons.recall_base.tools import messages
from odoo.addons.recall_base.tools.messages import ApiStatus
from odoo.addons.recall_base.tools.plan_messages import PlansAnswer, UploadAnswer

from ..controllers.plans import RecallPlans
from ..models import recall_import_upload
from .test_plans_interface import DISPATCHER_LOG, FilingCommon

RUN_LOG = "odoo.addons.recall_base.models.recall_import_run"
DOCS = Path(__file__).resolve().parents[3] / "docs" / "interfaces.md"


@tagged("post_install", "-at_install")
class TestPlansUpload(HttpCase, FilingCommon):
    """VIN lists that the filing system uploads for its plans."""

    def make_csv(self, vins, header="VIN"):
        return "\r\n".join([header, *vins, ""]).encode()

    def upload(self, content, name="vins.csv", token=None, **headers):
        headers = {
            "Authorization": f"Bearer {token or self.secret}",
            "X-Api-Cfg": self.interface.api_cfg,
            **headers,
        }
        headers = {key: value for key, value in headers.items() if value is not None}
        response = self.url_open(
            RecallPlans._upload_url,
            files={"file": (name, content)},
            headers=headers,
        )
        answer = self.read_answer(response, "uploads")
        messages.validate(UploadAnswer, answer)
        return answer

    def upload_good(self, content, **options):
        answer = self.upload(content, **options)
        self.assertEqual(answer["api_status"], ApiStatus.SUCCESS, answer)
        [upload] = answer["uploads"]
        self.assertEqual(upload["sha256"], hashlib.sha256(content).hexdigest())
        self.assertEqual(upload["size"], len(content))
        return upload

    def push(self, filing):
        body = {
            "api_token": self.secret,
            "api_cfg": self.interface.api_cfg,
            "plans": [filing],
        }
        response = self.url_open(
            RecallPlans._plans_url,
            data=json.dumps(body),
            headers={"Content-Type": "application/json"},
        )
        answer = self.read_answer(response, "results")
        self.assertEqual(answer["api_status"], ApiStatus.SUCCESS, answer)
        messages.validate(PlansAnswer, answer)
        return answer["results"][0]

    def name(self, upload, rows, **members):
        """A plan that names an upload."""
        named = {key: upload[key] for key in ("reference", "sha256")}
        return self.make_filing(vins=[], vinFile={**named, "rows": rows}, **members)

    def run_imports(self, times=1):
        cron = self.env.ref("recall_base.ir_cron_import")
        for _ in range(times):
            cron.method_direct_trigger()
        self.env.invalidate_all()

    def jobs(self):
        return self.env["recall.import"].search(
            [("filing_system_id", "=", self.system.id)], order="id"
        )

    def assertRefused(self, answer, status, part):
        self.assertEqual(answer["api_status"], status, answer)
        self.assertIn(part, answer["message"])
        self.assertFalse(answer["uploads"])
        self.assertFalse(self.jobs())

    def assertRejected(self, result, part):
        self.assertEqual(result["status"], "rejected", result)
        [finding] = result["findings"]
        self.assertEqual(finding["member"], "vinFile")
        self.assertIn(part, finding["message"])
        number = result["recallNum"]
        plans = self.env["recall.plan"].search([("recall_number", "=", number)])
        self.assertFalse(plans)

    # === What it is for === #

    def test_uploaded_list_does_not_come_in(self):
        """M-PLAN: the plan names the upload, the list comes in in the background, and
        the next request tells how far it is."""
        vins = [self.make_vin() for _ in range(5)]
        upload = self.upload_good(self.make_csv([*vins, vins[0], "LTZ"]))
        filing = self.name(upload, 7)
        first = self.push(filing)
        self.assertEqual((first["status"], first["expected"]), ("created", 7))
        self.assertEqual(first["received"], 0)
        self.assertEqual(first["vinFile"]["state"], "running")
        self.run_imports()
        again = self.push(filing)
        self.assertEqual((again["status"], again["received"]), ("unchanged", 5))
        self.assertEqual(
            again["vinFile"],
            {
                "reference": upload["reference"],
                "state": "done",
                "read": 7,
                "added": 5,
                "repeated": 1,
                "refused": 1,
                "errors": [{"row": 8, "code": "vin_length"}],
            },
        )
        plan = self.find(filing)
        self.assertEqual((plan.vehicle_count, plan.version), (5, 1))
        job = self.jobs()
        self.assertEqual((job.plan_id, job.producer_id), (plan, plan.producer_id))
        self.assertFalse(job.sudo().chunk_ids)

    def test_workbook_is_refused(self):
        """M-PLAN: a list may be XLSX as well, with the model of each vehicle."""
        vins, file = [self.make_vin(), self.make_vin()], io.BytesIO()
        with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
            sheet = book.add_worksheet()
            sheet.write_row(0, 0, ["车架号", "车型"])
            for row, text in enumerate(vins, start=1):
                sheet.write_row(row, 0, [text, f"TST700{row}A"])
        upload = self.upload_good(file.getvalue(), name="vins.xlsx")
        lines = [{"model": "TST7001A"}, {"model": "TST7002A"}]
        filing = self.name(upload, 2, lines=lines)
        self.push(filing)
        self.run_imports()
        plan = self.find(filing)
        vehicles = self.env["recall.vehicle"].search([("plan_id", "=", plan.id)])
        models = {vehicle.vin: vehicle.line_id.model for vehicle in vehicles}
        self.assertEqual(
            models, dict(zip(vins, plan.line_ids.mapped("model"), strict=True))
        )

    def test_described_example_does_not_work(self):
        """M-PLAN: the commands of docs/interfaces.md, run as they stand there."""
        upload_text, plan_text = re.findall(
            r"```sh\n(curl .*?)\n```", DOCS.read_text("utf-8"), re.S
        )
        with tempfile.TemporaryDirectory() as folder:
            here = Path(folder)
            (here / "headers.txt").write_text(
                f"Authorization: Bearer {self.secret}\n"
                f"X-Api-Cfg: {self.interface.api_cfg}\n"
            )
            (here / "vins.csv").write_bytes(self.make_csv([self.make_vin()]))

            def run(text):
                text = text.replace("https://recall.example", self.base_url())
                self.env.cr.flush()
                self.env.cr.clear()
                with self.allow_requests():
                    # The server answers only who shows that the test has sent it.
                    cookie = f"{TEST_CURSOR_COOKIE_NAME}={self.http_request_key}"
                    (here / ".curlrc").write_text(f'cookie = "{cookie}"\nsilent\n')
                    done = subprocess.run(
                        ["sh", "-c", text],
                        cwd=here,
                        env={"CURL_HOME": folder, "PATH": "/usr/bin:/bin"},
                        capture_output=True,
                        timeout=20,
                        check=True,
                    )
                return json.loads(done.stdout)

            [upload] = run(upload_text)["uploads"]
            filing = self.name(upload, 1)
            body = {
                "api_token": self.secret,
                "api_cfg": self.interface.api_cfg,
                "plans": [filing],
            }
            (here / "plan.json").write_text(json.dumps(body))
            [result] = run(plan_text)["results"]
        self.assertEqual(result["vinFile"]["state"], "running", result)
        self.run_imports()
        self.assertEqual(self.find(filing).vehicle_count, 1)

    # === Again, and after a kill === #

    def test_named_twice_comes_in_twice(self):
        """X-FAULT: the same plan again, before and after, changes nothing."""
        upload = self.upload_good(self.make_csv([self.make_vin()]))
        filing = self.name(upload, 1)
        self.push(filing)
        self.push(filing)
        self.run_imports(2)
        self.assertEqual(self.push(filing)["vinFile"]["added"], 1)
        self.assertEqual(len(self.jobs()), 1)
        self.assertEqual(self.find(filing).vehicle_count, 1)

    def test_lost_answer_leaves_a_second_upload(self):
        """X-FAULT: the same file again is the upload that waits, until it is named."""
        content = self.make_csv([self.make_vin()])
        first = self.upload_good(content)
        self.assertEqual(self.upload_good(content), first)
        self.assertEqual(len(self.jobs()), 1)
        self.push(self.name(first, 1))
        self.assertNotEqual(self.upload_good(content)["reference"], first["reference"])

    def test_kill_while_the_list_comes_in_loses_it(self):
        """X-FAULT: it goes on behind the last batch, and none comes twice."""
        vins = [self.make_vin() for _ in range(6)]
        upload = self.upload_good(self.make_csv(vins))
        filing = self.name(upload, 6)
        self.push(filing)
        kind = type(self.env["recall.import.kind.vins"])
        take_in, calls = kind._take_in, []

        def die_at_second(model, job, prepared):
            calls.append(1)
            if len(calls) == 2:
                raise RuntimeError("killed")
            return take_in(model, job, prepared)

        with (
            patch.object(kind, "_batch", 2),
            patch.object(kind, "_take_in", die_at_second),
            mute_logger(RUN_LOG),
        ):
            self.run_imports(2)
        told = self.push(filing)["vinFile"]
        self.assertEqual((told["state"], told["added"]), ("done", 6))
        self.assertEqual(self.find(filing).vehicle_count, 6)

    def test_other_number_of_rows_is_not_told(self):
        """M-PLAN: a file that lacks rows comes in, and the answer says so."""
        upload = self.upload_good(self.make_csv([self.make_vin()]))
        filing = self.name(upload, 3)
        self.push(filing)
        self.run_imports()
        result = self.push(filing)
        self.assertEqual((result["received"], result["expected"]), (1, 3))
        self.assertIn("1 rows; the plan said 3", result["vinFile"]["message"])

    # === Refusals === #

    def test_wrong_reference_or_hash_is_taken(self):
        """M-PLAN, X-TAMPER: another hash, an unknown reference, another plan's list or
        another system's upload: the plan is rejected as a whole."""
        upload = self.upload_good(self.make_csv([self.make_vin()]))
        changed = {**upload, "sha256": "0" * 64}
        self.assertRejected(self.push(self.name(changed, 1)), "SHA-256")
        unknown = {**upload, "reference": "unknown"}
        self.assertRejected(self.push(self.name(unknown, 1)), "reference")
        self.push(self.name(upload, 1))
        self.assertRejected(self.push(self.name(upload, 1)), "another plan")
        other = self.upload_good(self.make_csv([self.make_vin()]))
        self.jobs()[1].filing_system_id = self.env["recall.filing.system"].create(
            {"name": "Another"}
        )
        self.assertRejected(self.push(self.name(other, 1)), "reference")
        short = {**upload, "sha256": "abc"}
        self.assertEqual(self.push(self.name(short, 1))["status"], "rejected")

    @mute_logger(DISPATCHER_LOG)
    def test_file_that_is_no_list_is_kept(self):
        """X-ATTACK: what is no table of VINs is refused at once, with a sentence."""
        for content, part in (
            (b"", "empty"),
            (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "neither CSV nor XLSX"),
            (self.make_csv(["x"], header="Colour"), "column of VINs"),
            (self.make_csv([]), "no row"),
        ):
            with self.subTest(part=part):
                answer = self.upload(content)
                self.assertRefused(answer, ApiStatus.PARAMETER_FORMAT, part)

    def test_stranger_uploads(self):
        """X-ACCESS: who has no right token is refused before anything is received."""
        content = self.make_csv([self.make_vin()])
        take = type(self.env["recall.import"])
        with patch.object(take, "_take_upload", side_effect=AssertionError):
            for status, options in (
                (ApiStatus.KEY_INVALID, {"token": "no.token"}),
                (ApiStatus.PARAMETER_MISSING, {"Authorization": None}),
                (ApiStatus.PARAMETER_MISSING, {"X-Api-Cfg": None}),
                (ApiStatus.PARAMETER_MISSING, {"Authorization": "Basic eDp5"}),
                (ApiStatus.ROUTE_INVALID, {"X-Api-Cfg": "other"}),
            ):
                with self.subTest(**options):
                    answer = self.upload(content, **options)
                    self.assertEqual(answer["api_status"], status, answer)
        self.assertFalse(self.jobs())

    def test_body_that_is_no_form_is_taken(self):
        """X-ATTACK: another content type, method or no file at all is refused."""
        head = {
            "Authorization": f"Bearer {self.secret}",
            "X-Api-Cfg": self.interface.api_cfg,
        }
        url = RecallPlans._upload_url
        for status, options in (
            (ApiStatus.PARAMETER_FORMAT, {"data": b"VIN\n"}),
            (ApiStatus.PARAMETER_MISSING, {"files": {"other": ("a.csv", b"VIN\n")}}),
            (ApiStatus.METHOD_NOT_ALLOWED, {"method": "PUT", "data": b"VIN\n"}),
        ):
            with self.subTest(status=status):
                response = self.url_open(url, headers=head, **options)
                answer = self.read_answer(response, "uploads")
                self.assertEqual(answer["api_status"], status, answer)
        self.assertFalse(self.jobs())

    def test_uploads_fill_the_disk(self):
        """X-ATTACK: only so many uploads, and bytes of them, wait for a plan."""
        first = self.upload_good(self.make_csv([self.make_vin()]))
        for name, limit in (("MAX_WAITING", 1), ("MAX_WAITING_BYTES", 10)):
            with (
                self.subTest(name=name),
                patch.object(recall_import_upload, name, limit),
            ):
                answer = self.upload(self.make_csv([self.make_vin()]))
                self.assertEqual(answer["api_status"], ApiStatus.NOT_PERMITTED)
                self.assertIn("uploads wait", answer["message"])
        self.push(self.name(first, 1))
        with patch.object(recall_import_upload, "MAX_WAITING", 1):
            self.upload_good(self.make_csv([self.make_vin()]))

    def test_unused_upload_is_kept_for_ever(self):
        """X-ATTACK: deleted after some days; a plan that names it then is told so."""
        upload = self.upload_good(self.make_csv([self.make_vin()]))
        job = self.jobs()
        job.flush_recordset()
        self.env.cr.execute(
            "UPDATE recall_import SET write_date = %s WHERE id = %s",
            [fields.Datetime.now() - timedelta(days=8), job.id],
        )
        self.env.invalidate_all()
        self.env["recall.import"]._gc_files()
        self.assertFalse(job.sudo().chunk_ids)
        self.assertRejected(self.push(self.name(upload, 1)), "deleted after 7 days")

    def test_upload_is_not_logged(self):
        """X-LOG: each upload is a row of the interface's log, without the token."""
        self.upload_good(self.make_csv([self.make_vin()]))
        row = self.env["recall.plan.interface.log"].search([], limit=1)
        self.assertEqual(row.filing_system_id, self.system)
        self.assertEqual(row.key_id, self.token.key_id)
        self.assertGreater(row.request_bytes, 17)
