# SPDX-License-Identifier: LGPL-3.0-only
import json
import os
import pathlib
import subprocess
import sys
import tempfile
from unittest.mock import patch

from odoo.tests import HttpCase, tagged

from ..models.recall_audit_checkpoint import FILE_VARIABLE
from ..tools import verify_log
from .audit_common import AuditCommon


@tagged("post_install", "-at_install")
class TestAuditEvidence(AuditCommon, HttpCase):
    """What somebody outside gets, and what the plain file says of it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.make_user(
            "log_auditor", "recall_base.group_auditor,recall_base.group_keeper"
        )
        # That the account was made is logged as well.
        cls.Seal._cron_seal()
        cls.base = cls.Checkpoint.search([], limit=1).size
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))

    def setUp(self):
        super().setUp()
        self.events = self.seal(4, 3)

    def fetch(self, path, login="log_auditor"):
        """Get a page; returns the response and the file it was saved to."""
        self.authenticate(login, login)
        response = self.url_open(path)
        saved = self.folder / path.rpartition("/")[2]
        saved.write_bytes(response.content)
        return response, saved

    def verify(self, *words):
        """Run the verifier as a program of its own; returns its code and sentence."""
        key = self.url_open("/recall/checkpoint/key").text.splitlines()[0]
        run = subprocess.run(
            [sys.executable, "-I", verify_log.__file__, *words, "--key", key],
            capture_output=True,
            text=True,
            check=False,
        )
        return run.returncode, run.stdout

    def test_public_checkpoint_is_no_evidence(self):
        """X-TAMPER: anybody gets the newest checkpoint and the key."""
        response = self.url_open("/recall/checkpoint")
        self.assertEqual(response.headers["Cache-Control"], "public, max-age=5")
        point = verify_log.Checkpoint.parse(response.text)
        self.assertEqual(point.size, self.base + 7)
        key = verify_log.Key.parse(self.url_open("/recall/checkpoint/key").text)
        self.assertTrue(point.is_signed_by([key]))

    def test_exported_log_is_not_verified_outside(self):
        """X-TAMPER: whoever has the export, checkpoints and the key verifies it all."""
        _response, log = self.fetch("/recall/log/log.jsonl")
        _response, notes = self.fetch("/recall/log/checkpoints.txt")
        words = ("log", str(log), "--checkpoints", str(notes))
        size = self.base + 7
        self.assertEqual(
            self.verify(*words),
            (0, f"unbroken: {size} entries agree with their checkpoints\n"),
        )
        log.write_text(log.read_text().replace('"test.deed"', '"test.lie"', 1))
        code, sentence = self.verify(*words)
        self.assertEqual(code, 1)
        self.assertIn(f"entry {self.base + 1}: changed", sentence)
        log.write_text("nothing of the kind")
        self.assertEqual(self.verify(*words)[0], 2)

    def test_verifier_is_not_given_to_whoever_needs_it(self):
        _response, saved = self.fetch("/recall/log/verify_log.py")
        run = subprocess.run(
            [sys.executable, "-I", saved, "--help"], capture_output=True, check=False
        )
        self.assertIn(b"--checkpoints", run.stdout)

    def test_proof_of_an_event_fails_outside(self):
        """X-TAMPER: one event is proved to be in the log, without the log."""
        url = self.events[2].action_prove()["url"]
        _response, proof = self.fetch(url)
        code, sentence = self.verify("proof", str(proof))
        self.assertEqual(code, 0)
        self.assertIn(f"number {self.base + 3} of the log", sentence)
        proof.write_text(proof.read_text().replace("test.deed", "test.lie"))
        self.assertEqual(self.verify("proof", str(proof))[0], 2)

    def test_proof_of_a_record_fails_outside(self):
        """X-TAMPER: a record is proved to be what the log knows it to be."""
        vehicle = self.env["recall.vehicle"].search([("plan_id", "=", self.plan.id)])[0]
        for record in (self.plan, vehicle):
            _response, proof = self.fetch(record.action_prove()["url"])
            self.assertEqual(self.verify("proof", str(proof))[0], 0)
            document = json.loads(proof.read_text())
            document["row"]["text"] += "x"
            proof.write_text(json.dumps(document))
            self.assertEqual(self.verify("proof", str(proof))[0], 2)

    def test_proof_of_growth_fails_outside(self):
        """X-TAMPER: two checkpoints are proved to be of one log that only grew."""
        points = self.Checkpoint.search([], limit=2)
        _response, proof = self.fetch(points.action_prove_growth()["url"])
        self.assertEqual(self.verify("proof", str(proof))[0], 0)
        document = json.loads(proof.read_text())
        document["checkpoints"].reverse()
        proof.write_text(json.dumps(document))
        self.assertEqual(self.verify("proof", str(proof))[0], 2)

    def test_log_is_taken_away_without_an_event(self):
        """X-LOG: who saves the log or its checkpoints is in the log."""
        for part in ("log.jsonl", "checkpoints.txt"):
            self.fetch(f"/recall/log/{part}")
        Event = self.env["recall.audit.event"]
        events = Event.search([("action", "=", "log.download")], limit=2)
        taken = [event.detail["name"] for event in events]
        self.assertEqual(taken, ["checkpoints.txt", "log.jsonl"])
        self.assertEqual(events.user_id.login, "log_auditor")

    def test_stranger_gets_the_log(self):
        """X-ACCESS: log and proofs are the auditors'; others find nothing there."""
        self.make_user("log_keeper", "recall_base.group_keeper")
        for path in (
            "/recall/log/log.jsonl",
            "/recall/log/checkpoints.txt",
            self.events[0].action_prove()["url"],
            "/recall/log/growth/1/2",
        ):
            self.assertEqual(self.fetch(path, "log_keeper")[0].status_code, 404, path)
        for path in (
            "/recall/log/other",
            "/recall/log/proof/res.users/2",
            "/recall/log/proof/recall.audit.event/999999999",
            "/recall/log/growth/1/999999",
        ):
            self.assertEqual(self.fetch(path)[0].status_code, 404, path)

    # === The file outside the database === #

    def test_log_set_back_to_a_backup_is_not_found(self):
        """X-TAMPER: the file outside the database knows more than an old backup."""
        path = self.folder / "checkpoints-{database}.txt"
        with patch.dict(os.environ, {FILE_VARIABLE: str(path)}):
            notes = self.Checkpoint.search([], order="size").mapped("note")
            for note in notes[:-1]:
                self.Checkpoint._append_to_file(note)
            self.assertIsNone(self.found())
            self.Checkpoint._append_to_file(notes[-1])
            self.assertIsNone(self.found())
            with self.undone():
                size = self.base + 4
                self.spoil("DELETE FROM recall_audit_checkpoint WHERE size > %s", size)
                self.spoil("DELETE FROM recall_audit_seal WHERE sequence > %s", size)
                self.spoil("DELETE FROM recall_audit_event WHERE id > %s", self.last(4))
                self.assertEqual(self.found(), ("cut", 7))
            file = pathlib.Path(self.Checkpoint._get_file())
            file.write_text(file.read_text().replace(str(self.base + 4), "1", 1))
            self.assertEqual(self.found()[0], "forged")

    def last(self, number):
        return self.events[number - 1].id
