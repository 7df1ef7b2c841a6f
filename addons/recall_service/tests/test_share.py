# SPDX-License-Identifier: LGPL-3.0-only
import json
from datetime import datetime, timedelta
from unittest.mock import patch

import psycopg2

from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from odoo.addons.recall_base.tools import cipher
from odoo.addons.recall_base.tools.messages import ApiStatus

from ..controllers.share import RecallShare
from ..models.recall_lookup import RecallLookup
from .common import RecallServiceCommon

DISPATCHER_LOG = "odoo.addons.recall_base.controllers.dispatcher"


@tagged("post_install", "-at_install")
class TestShare(HttpCase, RecallServiceCommon):
    def message(self, **members):
        return {
            "api_exchange_token": self.secret,
            "api_exchange_cfg": self.interface.api_cfg,
            "api_exchange_vin": self.vins[0],
            **members,
        }

    def post(self, body, content_type="application/json", method="POST", **headers):
        """Send bytes; check what holds for every answer; return the decoded one."""
        response = self.url_open(
            RecallShare._share_url,
            data=body,
            method=method,
            headers={"Content-Type": content_type, **headers},
        )
        return self.read_answer(response, "exchange_records")

    def ask(self, **members):
        return self.post(json.dumps(self.message(**members)).encode())

    def assertStatus(self, answer, status):
        """The answer has the status, and unless it is 200 a sentence and no record."""
        self.assertEqual(answer["api_status"], status, answer)
        if status != ApiStatus.SUCCESS:
            self.assertEqual(answer["exchange_records"], [])
            self.assertRegex(answer["message"], r"^[A-Z].+\.$")

    # === Success === #

    def test_known_vehicle_is_answered(self):
        """S-SHARE: a plain request of annex C gets records, count and status 200."""
        answer = self.ask()
        self.assertStatus(answer, ApiStatus.SUCCESS)
        [record] = answer["exchange_records"]
        self.assertEqual(record["recallNum"], self.plan.recall_number)
        self.assertIs(record["isRecalled"], False)

    def test_unknown_vehicle_is_an_empty_success(self):
        """S-SHARE: a VIN without recalls is answered 200 with an empty list."""
        answer = self.ask(api_exchange_vin=self.make_vin())
        self.assertStatus(answer, ApiStatus.SUCCESS)
        self.assertEqual(answer["exchange_records"], [])

    def test_repeated_request_is_harmless(self):
        """S-ANSWER: asked again after 3 s, the data user gets the same."""
        first, second = self.ask(), self.ask()
        self.assertEqual(first["exchange_records"], second["exchange_records"])
        self.assertNotEqual(first["request_id"], second["request_id"])

    def test_no_personal_data_leaves(self):
        """S-CONTENT: phone, repair number, dealer and date are never told."""
        completion = self.make_completion(
            self.plan, self.vins[0], repair_number="RO-SECRET-77"
        )
        answer = self.ask()
        self.assertIs(answer["exchange_records"][0]["isRecalled"], True)
        text = json.dumps(answer, ensure_ascii=False)
        for secret in (
            "13800138000",
            completion.phone_masked,
            "RO-SECRET-77",
            self.dealer.name,
            "2025-03-01",
        ):
            self.assertNotIn(secret, text)

    def test_unknown_members_are_ignored(self):
        """S-SHARE: a peer that sends more than annex C is served."""
        self.assertStatus(self.ask(trace={"id": [1, 2]}), ApiStatus.SUCCESS)

    # === The message === #

    def test_missing_member_is_named(self):
        """S-SHARE: 402 for each member that is absent, null or empty, by its name."""
        for member in self.message():
            absent = {k: v for k, v in self.message().items() if k != member}
            for body in (
                absent,
                self.message(**{member: None}),
                self.message(**{member: ""}),
            ):
                with self.subTest(member=member, given=body.get(member, "absent")):
                    answer = self.post(json.dumps(body).encode())
                    self.assertStatus(answer, ApiStatus.PARAMETER_MISSING)
                    self.assertIn(member, answer["message"])

    def test_wrong_type_is_named(self):
        """S-SHARE: 407 for each member of a wrong type, by its name."""
        for member in self.message():
            for value in (17, 1.5, True, [], ["x"], {}, {"a": 1}):
                with self.subTest(member=member, value=value):
                    answer = self.ask(**{member: value})
                    self.assertStatus(answer, ApiStatus.PARAMETER_FORMAT)
                    self.assertIn(member, answer["message"])

    def test_wrong_vin_names_the_character(self):
        """S-SHARE: 407 tells which character is no VIN's; nothing is mended."""
        good = self.vins[0]
        for text, sentence in (
            (good[:3] + "O" + good[4:], "position 4"),
            (good.lower(), "position 1"),
            (good[:16], "17"),
            (f" {good}", "17"),
            (f"{good}\n", "17"),
            (good[:16] + "\u0661", "position 17"),
            (good[:16] + ("1" if good[16] != "1" else "2"), "check digit"),
            ("' OR 1=1 --      ", "position 1"),
        ):
            with self.subTest(text=text):
                answer = self.ask(api_exchange_vin=text)
                self.assertStatus(answer, ApiStatus.PARAMETER_FORMAT)
                self.assertIn(sentence, answer["message"])

    def test_body_that_is_no_strict_json_is_refused(self):
        """S-SHARE: 407 whatever is wrong with the bytes of the body."""
        good = json.dumps(self.message()).encode()
        bodies = {
            "empty": b"",
            "blank": b"  ",
            "cut": good[:-5],
            "no object": b"[]",
            "text": b'"x"',
            "BOM": b"\xef\xbb\xbf" + good,
            "UTF-16": good.decode().encode("utf-16"),
            "UTF-32": good.decode().encode("utf-32"),
            "Latin-1": good[:-1] + b', "x": "\xe9"}',
            "NaN": good[:-1] + b', "x": NaN}',
            "Infinity": good[:-1] + b', "x": -Infinity}',
            "twice": good[:-1] + b', "api_exchange_vin": "x"}',
            "deep": b"[" * 4000 + b"]" * 4000,
            "5,000 digits": good[:-1] + b', "x": ' + b"9" * 5000 + b"}",
            "lone surrogate": good[:-1] + rb', "x": "\ud800"}',
            "NUL": good[:-1] + rb', "x": "\u0000"}',
            "raw NUL": good[:-1] + b', "x": "\x00"}',
            "form": b"api_exchange_vin=x",
        }
        for name, body in bodies.items():
            with self.subTest(body=name):
                self.assertStatus(self.post(body), ApiStatus.PARAMETER_FORMAT)

    def test_body_above_the_limit_is_refused(self):
        """X-ATTACK: 407, and a body 100,000 levels deep is not even read."""
        for body in (
            b"[" * 100_000 + b"]" * 100_000,
            json.dumps(self.message(pad="x" * 9000)).encode(),
        ):
            answer = self.post(body)
            self.assertStatus(answer, ApiStatus.PARAMETER_FORMAT)
            self.assertIn("8192", answer["message"])

    def test_wrong_content_type_is_refused(self):
        """S-SHARE: 407 for a body that does not say it is JSON."""
        good = json.dumps(self.message()).encode()
        for content_type in (
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/jsonp",
            "",
        ):
            with self.subTest(content_type=content_type):
                answer = self.post(good, content_type=content_type)
                self.assertStatus(answer, ApiStatus.PARAMETER_FORMAT)
        answer = self.post(good, **{"Content-Encoding": "gzip"})
        self.assertStatus(answer, ApiStatus.PARAMETER_FORMAT)
        answer = self.post(good, content_type="application/json; charset=UTF-8")
        self.assertStatus(answer, ApiStatus.SUCCESS)

    def test_other_methods_are_refused(self):
        """S-SHARE: 502 for every method but POST."""
        for method in ("GET", "PUT", "PATCH", "DELETE"):
            with self.subTest(method=method):
                answer = self.post(None, method=method)
                self.assertStatus(answer, ApiStatus.METHOD_NOT_ALLOWED)

    # === Who asks === #

    def test_invalid_tokens_are_refused(self):
        """S-SHARE: 403 for a wrong, foreign, cut or made-up token, alike."""
        key_id, _dot, secret = self.secret.partition(".")
        answers = set()
        for token in (
            "x",
            key_id,
            f"{key_id}.{secret[:-1]}",
            f"{key_id}.{secret[::-1]}",
            f"{'0' * 16}.{secret}",
            f"{self.secret} ",
        ):
            with self.subTest(token=token):
                answer = self.ask(api_exchange_token=token)
                self.assertStatus(answer, ApiStatus.KEY_INVALID)
                answers.add(answer["message"])
        self.assertEqual(len(answers), 1, "the sentence tells nothing apart")

    def test_revoked_token_is_refused(self):
        """S-SHARE: 403 at once after a token was revoked."""
        self.token.action_revoke()
        self.assertStatus(self.ask(), ApiStatus.KEY_INVALID)

    def test_expired_token_is_refused(self):
        """S-SHARE: 405 after the moment at which a token expires, 200 before it."""
        self.token.expires_at = datetime.now() + timedelta(hours=1)
        self.assertStatus(self.ask(), ApiStatus.SUCCESS)
        self.token.expires_at = datetime.now() - timedelta(hours=1)
        self.assertStatus(self.ask(), ApiStatus.KEY_EXPIRED)

    def test_disabled_data_user_is_refused(self):
        """S-SHARE: 406 while the data user is disabled, 200 when enabled again."""
        self.data_user.active = False
        self.assertStatus(self.ask(), ApiStatus.USER_DISABLED)
        self.data_user.active = True
        self.assertStatus(self.ask(), ApiStatus.SUCCESS)

    def test_unknown_and_closed_interfaces_are_refused(self):
        """S-SHARE: 404 for an api_cfg that does not exist or is closed."""
        answer = self.ask(api_exchange_cfg="nothing")
        self.assertStatus(answer, ApiStatus.ROUTE_INVALID)
        self.interface.active = False
        self.assertStatus(self.ask(), ApiStatus.ROUTE_INVALID)

    def test_interface_of_another_data_user_is_refused(self):
        """S-SHARE: 408 for a live token with somebody else's interface."""
        other = self.make_interface(self.make_data_user("Insurer"))
        answer = self.ask(api_exchange_cfg=other.api_cfg)
        self.assertStatus(answer, ApiStatus.NOT_PERMITTED)

    def test_token_for_another_purpose_is_refused(self):
        """S-SHARE: 408 for a token that was issued for pulling."""
        _token, secret = self.issue_token("sync", "data_user_id", self.data_user)
        answer = self.ask(api_exchange_token=secret)
        self.assertStatus(answer, ApiStatus.NOT_PERMITTED)

    def test_foreign_address_is_refused(self):
        """S-SHARE: 401 from an address that the token is not for."""
        self.token.allowed_addresses = "192.0.2.0/24"
        self.assertStatus(self.ask(), ApiStatus.UNAUTHORISED)
        self.token.allowed_addresses = "192.0.2.0/24, 127.0.0.0/8"
        self.assertStatus(self.ask(), ApiStatus.SUCCESS)

    def test_token_without_user_is_refused(self):
        """S-SHARE: 410 when nobody is found behind a token."""
        _token, secret = self.env["recall.token"].issue(
            {"name": "Orphan", "purpose": "share"}
        )
        answer = self.ask(api_exchange_token=secret)
        self.assertStatus(answer, ApiStatus.USER_UNKNOWN)

    # === Our own faults === #

    def test_tokens_cannot_be_checked_without_keys(self):
        """S-SHARE: 409 when the key file is gone; nobody gets in."""
        fault = cipher.KeyFileError("gone")
        with (
            mute_logger("odoo.addons.recall_base.models.recall_interface_mixin"),
            patch.object(cipher.KeyRing, "from_environment", side_effect=fault),
        ):
            self.assertStatus(self.ask(), ApiStatus.PERMISSION_CHECK_FAILED)

    def test_faults_are_answered_without_traceback(self):
        """X-FAULT: -1, 501 and 503 reach the peer as codes, never as a traceback."""
        for fault, status in (
            (ValueError("inside"), ApiStatus.SYSTEM_FAULT),
            (psycopg2.errors.QueryCanceled("slow"), ApiStatus.BACKEND_FAULT),
        ):
            with (
                self.subTest(status=status),
                mute_logger(DISPATCHER_LOG),
                patch.object(RecallLookup, "_find", side_effect=fault),
            ):
                answer = self.ask()
                self.assertStatus(answer, status)
                self.assertNotIn("inside", json.dumps(answer))
        with (
            mute_logger(DISPATCHER_LOG),
            patch.object(RecallLookup, "_share", return_value=[{"x": object()}]),
        ):
            self.assertEqual(self.ask()["api_status"], ApiStatus.RESULT_NOT_CONVERTED)
