# SPDX-License-Identifier: LGPL-3.0-only
import json
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.recall_base.tools import cipher, http_client
from odoo.addons.recall_base.tools.http_client import Answer, PeerError
from odoo.addons.recall_enterprise.wizard import recall_interface_test
from odoo.addons.recall_enterprise.wizard.recall_interface_test import Outcome, send
from odoo.addons.recall_enterprise.wizard.recall_interface_test_texts import (
    FAULTS,
    STEP_OF,
)
from odoo.addons.recall_enterprise.wizard.recall_interface_verdict import Verdict

from .common import COLLECT, SYNC, EnterpriseHttpCase

#: Code and detail of the client's error -> a word of the finding, one of the advice.
FAULT_CASES = {
    ("address", None): ("not public", "private"),
    ("resolve", None): ("not known", "DNS"),
    ("connect", 111): ("nothing listens", "gateway"),
    ("connect", 113): ("cannot be reached", "network"),
    ("tls", 9): ("not valid yet", "clock"),
    ("tls", 10): ("expired", "Renew"),
    ("tls", 18): ("self-signed", "authority"),
    ("tls", 19): ("not trusted", "chain"),
    ("tls", 20): ("not trusted", "chain"),
    ("tls", 62): ("another name", "correct the own address"),
    ("tls", 64): ("another name", "correct the own address"),
    ("tls", 77): ("encrypted connection", "TLS settings"),
    ("timeout", None): ("within 5 s", "load"),
    ("reset", None): ("broke the connection", "firewall"),
    ("http", 404): ("another site", "Correct the own address"),
    ("http", 502): ("HTML page and status 502", "gateway"),
    ("type", None): ("page for people", "proxy"),
    ("redirect", None): ("redirects", "redirection"),
    ("length", None): ("not arrive whole", "unchanged"),
    ("size", None): ("not arrive whole", "unchanged"),
    ("encoding", None): ("not arrive whole", "unchanged"),
}
#: api_status of an answer that is ours -> a word of the finding, one of the advice.
STATUS_CASES = {
    401: ("address list", "Add the address"),
    403: ("not known", "another installation"),
    404: ("closed", "Open it"),
    405: ("expired on its way", "clocks"),
    406: ("archived", "Unarchive"),
    409: ("key file", "RECALL_KEY_FILE"),
    429: ("too many", "ten seconds"),
    500: ("gateway has a fault", "log"),
    501: ("away or overloaded", "PostgreSQL"),
    -1: ("status -1", "server's log"),
}


@tagged("post_install", "-at_install")
class TestSelfTest(EnterpriseHttpCase):
    """What a self-test sends, and what it says of what comes back."""

    def setUp(self):
        super().setUp()
        self.env["ir.config_parameter"].set_param(
            "web.base.url", "https://own.example:8443"
        )
        self.test = self.env["recall.interface.test"].create(
            {"interface_id": self.sync_interface.id}
        )

    def answer(self, message, *, seconds=0.2, days=200, attempts=1):
        expires = fields.Datetime.now() + timedelta(days=days)
        body = json.dumps(message).encode()
        return Outcome(Answer(200, body, seconds, expires, attempts), None, message)

    def judge(self, outcome, interface=None):
        """Marks by name, and the first bad check."""
        checks = Verdict(interface or self.sync_interface, outcome).checks()
        bad = [check for check in checks if check["mark"] == "bad"]
        return {check["name"]: check["mark"] for check in checks}, bad

    def run_test(self, test=None):
        """Run a test with its request over HTTP to this server, without TLS."""
        token, call = (test or self.test)._prepare_call()
        path = call.url.removeprefix("https://own.example:8443")
        message = self.post_json(path, call.payload)
        outcome = self.answer(message)
        self.assertTrue(token.exists())
        (test or self.test)._finish(token, outcome)
        self.assertFalse(token.exists(), "the token of the test stays")
        return message

    def test_good_interface_fails_the_test(self):
        """E-OPEN: in order from end to end, and nothing delivered or acknowledged."""
        self.collect_confirmed(self.make_record())
        pending = self.sync(api_cursor="")
        self.collect_confirmed(self.make_record(self.vins[1]))
        before = self.stored()[:3]
        message = self.run_test()
        self.assertEqual((message["api_status"], message["records"]), (200, []))
        self.assertEqual(self.stored()[:3], before)
        self.assertEqual(
            self.test.state, "passed", self.test.line_ids.mapped("finding")
        )
        self.assertEqual(set(self.test.line_ids.mapped("mark")), {"good"})
        self.assertEqual(self.sync_interface.test_result, "passed")
        self.assertEqual(self.sync(api_cursor="")["records"], pending["records"])
        event = self.env["recall.audit.event"].search(
            [("action", "=", "interface.self_test")], limit=1
        )
        self.assertEqual(event.detail, {"result": "passed"})

    def test_collection_interface_cannot_be_tested(self):
        """E-OPEN: the test of a collection interface brings no report."""
        test = self.env["recall.interface.test"].create(
            {"interface_id": self.collect_interface.id}
        )
        message = self.run_test(test)
        self.assertEqual((message["api_status"], message["results"]), (200, []))
        self.assertEqual(test.state, "passed", test.line_ids.mapped("finding"))

    def test_token_of_a_test_gets_or_brings_records(self):
        """X-ACCESS: whatever its message says, it is authorised and no more."""
        report = self.collect_confirmed(self.make_record())
        first = self.sync(api_cursor="")
        before = self.stored()[:3]
        token, secret = self.env["recall.token"]._issue_probe(
            {"name": "x", "purpose": "sync", "producer_id": self.producer.id}
        )
        for members in ({}, {"api_cursor": ""}, {"api_cursor": first["next_cursor"]}):
            answer = self.sync(api_token=secret, **members)
            self.assertEqual(answer["records"], [])
        self.assertFalse(report.delivery_id.acknowledged_at)
        other, bringing = self.env["recall.token"]._issue_probe(
            {"name": "x", "purpose": "collect", "producer_id": self.producer.id}
        )
        record = self.make_record(self.vins[2])
        answer = self.post_json(
            COLLECT, self.collect_message(record, api_token=bringing)
        )
        self.assertEqual((answer["api_status"], answer["results"]), (200, []))
        self.assertFalse(self.find_report(record))
        self.assertEqual(self.stored()[:3], before)
        past = fields.Datetime.now() - timedelta(hours=1)
        (token | other).write({"expires_at": past})
        answer = self.post_json(SYNC, self.sync_message(api_token=secret))
        self.assertEqual(answer["api_status"], 405)
        self.env["recall.token"]._gc_probes()
        self.assertFalse((token | other).exists())
        self.assertTrue(self.sync_token.exists())

    def test_fault_of_the_connection_is_not_explained(self):
        """E-OPEN: each fault marks its step, those behind it are not reached."""
        cases = {*FAULT_CASES}
        self.assertEqual({code for code, _ in cases}, set(STEP_OF))
        special = {f"{code} {detail}" for code, detail in cases if detail}
        self.assertLessEqual({key for key in FAULTS if " " in key}, special)
        for (code, detail), (finding, advice) in FAULT_CASES.items():
            with self.subTest(code=code, detail=detail):
                error = PeerError(code, "Sentence of the client.", detail)
                marks, [bad] = self.judge(Outcome(error=error))
                self.assertIn(finding, bad["finding"])
                self.assertIn(advice, bad["advice"])
                self.assertNotIn("%(", bad["finding"] + bad["advice"])
                last = marks["The answer comes in time"]
                self.assertEqual(last, "bad" if code == "timeout" else "skipped")

    def test_refusal_is_not_explained(self):
        """E-OPEN: each refusal says why and what to do."""
        for status, (finding, advice) in STATUS_CASES.items():
            with (
                self.subTest(status=status),
                patch.object(Verdict, "_is_own", return_value=True),
            ):
                message = {"records": [], "count": 0, "api_status": status}
                _marks, [bad] = self.judge(self.answer(message))
                self.assertIn(finding, bad["finding"])
                self.assertIn(advice, bad["advice"])

    def test_other_installation_is_taken_for_this_one(self):
        """E-OPEN: an answer that is not in the own log comes from somewhere else."""
        message = {"api_status": 200, "records": [], "request_id": "0" * 32}
        _marks, [bad] = self.judge(self.answer(message))
        self.assertIn("another installation", bad["advice"])
        _marks, [bad] = self.judge(self.answer({"hello": "world"}))
        self.assertIn("page for people", bad["finding"])

    def test_setting_that_shuts_the_peer_out_passes(self):
        """E-OPEN: closed, without a token, or with one that is about to expire."""
        good = {"records": [], "count": 0, "api_status": 200}
        self.startPatcher(patch.object(Verdict, "_is_own", return_value=True))
        marks, bad = self.judge(self.answer(good))
        self.assertEqual((bad, set(marks.values())), ([], {"good"}))
        self.sync_token.expires_at = fields.Datetime.now() + timedelta(days=6)
        marks, _bad = self.judge(self.answer(good))
        self.assertEqual(marks["No token is about to expire"], "remark")
        self.sync_token.action_revoke()
        _marks, [bad] = self.judge(self.answer(good))
        self.assertIn("No live token", bad["finding"])
        self.sync_interface.active = False
        _marks, bad = self.judge(self.answer(good))
        self.assertIn("closed", bad[0]["finding"])

    def test_slow_answer_or_old_certificate_passes_without_a_remark(self):
        good = {"records": [], "count": 0, "api_status": 200}
        self.startPatcher(patch.object(Verdict, "_is_own", return_value=True))
        for options, name in (
            ({"seconds": 3.0}, "The answer comes in time"),
            ({"attempts": 2}, "The answer comes in time"),
            ({"days": 20}, "The certificate stays valid for 30 days"),
        ):
            marks, _bad = self.judge(self.answer(good, **options))
            self.assertEqual(marks.pop(name), "remark")
            self.assertEqual(set(marks.values()), {"good"})

    def test_address_that_a_list_refused_is_not_named(self):
        """E-OPEN: the list may be short of the peer's address; the log knows it."""
        self.sync_token.allowed_addresses = "203.0.113.7"
        self.post_json(SYNC, self.sync_message())
        message = self.run_test()
        self.assertEqual(message["api_status"], 200)
        self.assertEqual(self.test.state, "warned")
        [line] = self.test.line_ids.filtered(lambda line: line.mark == "remark")
        self.assertIn("127.0.0.1", line.finding)

    def test_phone_that_does_not_open_is_not_found_by_the_dry_run(self):
        """E-SYNC: the next page is tried inside; nothing is marked."""
        report = self.collect_confirmed(self.make_record())
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE recall_completion SET phone_sealed = 'x' WHERE id = %s",
            [report.id],
        )
        self.env.invalidate_all()
        self.run_test()
        [line] = self.test.line_ids.filtered(lambda line: line.mark == "remark")
        self.assertIn("1 reports cannot be opened", line.finding)
        self.assertFalse(report.undeliverable)

    def test_missing_key_file_ends_the_test_without_a_word(self):
        with patch.dict("os.environ", {cipher.ENVIRONMENT: "/nowhere/keys.json"}):
            token, call = self.test._prepare_call()
            self.assertFalse(token or call)
            self.test._finish(token, Outcome())
        self.assertIn("key file", " ".join(self.test.line_ids.mapped("finding")))

    def test_private_address_of_others_is_called(self):
        """X-ATTACK: only the own address may be private, and only when it is marked."""
        interface = self.sync_interface
        self.assertEqual(interface._get_test_networks(), ())
        interface.own_network = True
        self.assertTrue(interface._get_test_networks())
        for url in (
            "https://10.0.0.1",
            "https://own.example:22",
            "https://own.example",
        ):
            interface.base_url = url
            self.assertEqual(interface._get_test_networks(), (), url)

    def test_network_is_waited_for_with_an_open_transaction(self):
        """X-FAULT: while the request runs, the thread has no cursor."""
        opened = []
        call = recall_interface_test.Call("https://own.example/x", {}, (), None)
        with patch.object(
            http_client, "fetch", side_effect=PeerError("resolve", "x")
        ) as fetch:
            outcome = send(call)
        self.assertEqual((outcome.error.code, fetch.call_count), ("resolve", 1))

        def no_cursor(call):
            opened.append(self.registry.cursor in cursors and len(cursors))
            return Outcome(error=PeerError("resolve", "x"))

        cursors = []
        whole = self.registry.cursor

        class Counted:
            def __init__(self):
                self.cr = whole()

            def __enter__(self):
                cursors.append(self)
                return self.cr.__enter__()

            def __exit__(self, *error):
                cursors.remove(self)
                return self.cr.__exit__(*error)

        with (
            patch.object(type(self.registry), "cursor", lambda registry: Counted()),
            patch.object(recall_interface_test, "send", no_cursor),
        ):
            recall_interface_test._run(
                self.env.cr.dbname, self.test.id, self.env.uid, {}
            )
        self.env.invalidate_all()
        self.assertEqual((opened, cursors), ([False], []))
        self.assertEqual(self.test.state, "failed")

    def test_test_that_is_broken_off_runs_for_ever(self):
        """X-FAULT: a server that dies meanwhile leaves a test that says so."""
        self.assertEqual(self.test.state, "running")
        later = fields.Datetime.now() + timedelta(seconds=31)
        with patch.object(fields.Datetime, "now", lambda: later):
            self.test.invalidate_recordset(["state"])
            self.assertEqual(self.test.state, "lost")
        with (
            patch.object(type(self.test), "_prepare_call", side_effect=RuntimeError),
            mute_logger("odoo.addons.recall_enterprise.wizard.recall_interface_test"),
        ):
            recall_interface_test._run(
                self.env.cr.dbname, self.test.id, self.env.uid, {}
            )

    def test_clerk_starts_a_self_test(self):
        """X-ACCESS: who may not change an interface may not test it."""
        clerk = self.make_user("test_clerk", "recall_enterprise.group_clerk")
        clerk.recall_producer_ids = self.producer
        with self.assertRaises(AccessError):
            self.sync_interface.with_user(clerk).action_self_test()

    def test_thread_starts_before_the_test_is_stored(self):
        """X-FAULT: the thread finds the test, so it starts after the commit."""
        with patch.object(recall_interface_test.threading, "Thread") as Thread:
            action = self.sync_interface.action_self_test()
            self.assertFalse(Thread.return_value.start.called)
            self.env.cr.postcommit.run()
        self.assertTrue(Thread.return_value.start.called)
        self.assertTrue(Thread.call_args.kwargs["daemon"])
        self.assertEqual(action["res_model"], "recall.interface.test")

    def test_chinese_user_reads_english(self):
        """E-OPEN: findings are in the language of whoever pressed the button."""
        self.env["res.lang"]._activate_lang("zh_CN")
        interface = self.sync_interface.with_context(lang="zh_CN")
        error = PeerError("resolve", "x")
        with patch(
            "odoo.tools.translate.code_translations.get_python_translations",
            lambda module, lang: {"The host name is found": "找到主机名"},
        ):
            checks = Verdict(interface, Outcome(error=error)).checks()
        self.assertIn("找到主机名", [check["name"] for check in checks])
