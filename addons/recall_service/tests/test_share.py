# SPDX-License-Identifier: LGPL-3.0-only
import json

from odoo.tests import tagged

from odoo.addons.recall_base.tools.messages import ApiStatus
from odoo.addons.recall_base.tools.share_messages import MAX_SHARE_REQUEST

from .share_common import ShareHttpCommon


@tagged("post_install", "-at_install")
class TestShare(ShareHttpCommon):
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
            b"[" * 300_000 + b"]" * 300_000,
            json.dumps(self.message(pad="x" * MAX_SHARE_REQUEST)).encode(),
        ):
            answer = self.post(body)
            self.assertStatus(answer, ApiStatus.PARAMETER_FORMAT)
            self.assertIn(str(MAX_SHARE_REQUEST), answer["message"])

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
