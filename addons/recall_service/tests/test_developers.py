# SPDX-License-Identifier: LGPL-3.0-only
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from lxml import html

from odoo.tests import tagged
from odoo.tools import file_path

from odoo.addons.recall_base.tools.messages import ApiStatus
from odoo.addons.recall_base.tools.share_messages import (
    DEFAULT_LIMIT,
    MAX_VINS,
    choose_method,
    read_request,
)

from ..models.recall_share_developers import ADVICE, EXAMPLES, FOLDER, SAMPLES
from ..models.recall_share_sandbox import CASES
from .share_common import ShareHttpCommon


@tagged("post_install", "-at_install")
class TestDevelopers(ShareHttpCommon):
    def get_page(self):
        response = self.url_open("/recall/developers")
        self.assertEqual(response.status_code, 200)
        return html.fromstring(response.text)

    def test_page_has_every_code_and_every_test_vin(self):
        """S-SHARE: the tables are those that the interface answers by."""
        page = self.get_page()
        codes = [int(cell.text) for cell in page.xpath("//*[@id='codes']//tbody//th")]
        self.assertEqual(codes, [int(status) for status in ApiStatus])
        self.assertEqual(set(ADVICE), set(ApiStatus))
        vins = [cell.text for cell in page.xpath("//*[@id='sandbox']//tbody//th/code")]
        self.assertEqual(vins, [case.vin for case in CASES])

    def test_page_leads_nowhere_else(self):
        """S-SHARE: no foreign host, no dead link, readable without scripts."""
        page = self.get_page()
        wrap = page.xpath("//*[@id='wrap']")[0]
        for link in wrap.xpath(".//@href"):
            with self.subTest(link=link):
                if link.startswith("#"):
                    self.assertTrue(wrap.xpath(f".//*[@id='{link[1:]}']"))
                else:
                    self.assertTrue(link.startswith("/"))
                    self.assertEqual(self.url_open(link).status_code, 200)
        self.assertFalse(wrap.xpath(".//script | .//img | .//iframe"))

    def test_page_shows_the_files_that_are_run(self):
        """S-SHARE: what is shown is what the tests run, with this server's address."""
        text = self.get_page().xpath("//*[@id='examples']")[0].text_content()
        for example in EXAMPLES:
            self.assertIn(example.show(self.base_url())["text"].strip(), text)

    def test_page_tells_the_numbers_that_hold(self):
        """S-SHARE: limits and messages of the text are those of the interface."""
        text = " ".join(
            self.get_page().xpath("//*[@id='wrap']")[0].text_content().split()
        )
        self.assertIn(f"Up to {MAX_VINS:,} VINs in one request", text)
        self.assertIn(f"A page has {DEFAULT_LIMIT:,} entries", text)
        for name, sample in SAMPLES.items():
            if name.endswith("_request"):
                message = json.loads(sample)
                read_request(choose_method(message), message)

    # === Examples === #

    def run_example(self, *command, token=None, folder="."):
        """Run an example against this server; returns what it wrote."""
        environment = {
            **os.environ,
            "RECALL_URL": self.base_url(),
            "RECALL_TOKEN": token or self.secret,
            "RECALL_CFG": self.interface.api_cfg,
        }
        self.env.flush_all()
        with self.allow_requests(all_requests=True):
            done = subprocess.run(
                command,
                env=environment,
                cwd=folder,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
        self.env.invalidate_all()
        return done

    def get_file(self, name):
        return file_path(f"{FOLDER}/{name}")

    def test_python_client_asks_by_every_method(self):
        """S-SHARE: the client of the documentation works as it is printed there."""
        self.interface.write({"allow_many": True, "allow_changes": True})
        self.make_completion(self.plan, self.vins[1])
        client = (sys.executable, self.get_file("recall_client.py"))
        done = self.run_example(*client, "one", self.vins[0])
        self.assertIn(f"{self.plan.recall_number} OPEN", done.stdout, done.stderr)
        done = self.run_example(*client, "many", self.vins[1], self.make_vin())
        self.assertIn(f"{self.plan.recall_number} done", done.stdout, done.stderr)
        self.assertIn(": none", done.stdout)
        with tempfile.TemporaryDirectory() as folder:
            done = self.run_example(*client, "changes", "cursor.txt", folder=folder)
            self.assertIn(self.vins[9], done.stdout, done.stderr)
            self.make_completion(self.plan, self.vins[5])
            self.env.flush_all()
            self.env["recall.share.change"]._seal()
            done = self.run_example(*client, "changes", "cursor.txt", folder=folder)
            self.assertIn(self.vins[5], done.stdout, done.stderr)
            self.assertTrue((pathlib.Path(folder) / "cursor.txt").read_text())

    def test_python_client_says_why_it_was_refused(self):
        """S-SHARE: a refusal that does not pass ends the program with its sentence."""
        client = (sys.executable, self.get_file("recall_client.py"))
        done = self.run_example(*client, "one", self.vins[0], token="x")
        self.assertEqual(done.returncode, 1)
        self.assertIn("api_status 403", done.stderr)

    def test_curl_example_is_answered(self):
        """S-SHARE: so does the one for the shell; the token is no argument."""
        done = self.run_example("sh", self.get_file("ask.sh"), self.vins[0])
        self.assertEqual(done.returncode, 0, done.stderr)
        answer = json.loads(done.stdout)
        self.assertStatus(answer, ApiStatus.SUCCESS)
        self.assertEqual(answer["count"], 1)

    def test_java_example_is_answered(self):
        """S-SHARE: so does the one in Java."""
        self.assertTrue(shutil.which("javac"), "RECALL_JAVA=1 make setup installs Java")
        # Java reserves more addresses than Odoo lets its processes have.
        unlimited = ("sh", "-c", 'ulimit -S -v unlimited; exec "$@"', "sh")
        program = self.get_file("RecallClient.java")
        done = self.run_example(*unlimited, "java", program, self.vins[0])
        self.assertEqual(done.returncode, 0, done.stderr)
        answer = json.loads(done.stdout)
        self.assertStatus(answer, ApiStatus.SUCCESS)
        self.assertEqual(answer["count"], 1)
