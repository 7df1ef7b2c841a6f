# SPDX-License-Identifier: LGPL-3.0-only
import json

from odoo.tests import tagged

from .common import COLLECT, LISTS, SYNC, EnterpriseHttpCase

LIMITS = {COLLECT: 8 * 1024 * 1024, SYNC: 128 * 1024}
DEEP = 100_000
#: Name, body made from a good message as text, part of the sentence.
SPOILED_BODIES = (
    ("empty", lambda good: b"", "empty"),
    ("blank", lambda good: b" \n\t ", "empty"),
    ("not_json", lambda good: b"api_token=x&api_cfg=y", "not valid JSON"),
    ("cut_off", lambda good: good.encode()[:-5], "not valid JSON"),
    ("two_objects", lambda good: (good + good).encode(), "not valid JSON"),
    ("byte_order_mark", lambda good: b"\xef\xbb\xbf" + good.encode(), "byte order"),
    ("utf_16", lambda good: good.encode("utf-16"), "UTF-16"),
    ("utf_16_without_mark", lambda good: good.encode("utf-16-le"), "UTF-16"),
    ("utf_32", lambda good: good.encode("utf-32"), "UTF-16 or UTF-32"),
    ("gbk", lambda good: good.replace("api_cfg", "召回").encode("gbk"), "UTF-8"),
    ("overlong_utf_8", lambda good: b'{"a":"\xc0\x80"}', "UTF-8"),
    ("nan", lambda good: _with(good, '"x": NaN'), "NaN"),
    ("infinity", lambda good: _with(good, '"x": -Infinity'), "-Infinity"),
    ("huge_float", lambda good: _with(good, '"x": 1e400'), "too large"),
    ("number_of_5000_digits", lambda good: _with(good, f'"x": {"9" * 5000}'), "digits"),
    ("float_of_5000_digits", lambda good: _with(good, f'"x": 0.{"9" * 5000}'), "long"),
    ("duplicate_key", lambda good: _with(good, '"api_token": "x"'), '"api_token"'),
    ("duplicate_inner", lambda good: _with(good, '"x": {"a": 1, "a": 2}'), "twice"),
    ("deep_arrays", lambda good: b"[" * DEEP + b"]" * DEEP, "nested"),
    ("deep_within_the_limit", lambda good: b"[" * 4000 + b"]" * 4000, "nested"),
    ("deep_unclosed", lambda good: b"[" * DEEP, "nested"),
    ("deep_objects", lambda good: b'{"a":' * DEEP + b"1" + b"}" * DEEP, "nested"),
    ("deep_inner", lambda good: _with(good, '"x": ' + "[" * 50 + "]" * 50), "nested"),
    ("lone_surrogate", lambda good: _with(good, '"x": "\\ud800"'), "surrogate"),
    ("lone_low_surrogate", lambda good: _with(good, '"x": "\\udc00a"'), "surrogate"),
    ("surrogate_in_utf_8", lambda good: b'{"a":"\xed\xa0\x80"}', "UTF-8"),
    ("escaped_nul", lambda good: _with(good, '"x": "\\u0000"'), "NUL"),
    ("raw_nul", lambda good: good.encode() + b"\0", "NUL"),
    ("array", lambda good: f"[{good}]".encode(), "object"),
    ("string", lambda good: b'"api_token"', "object"),
    ("null", lambda good: b"null", "object"),
)
WRONG_TYPES = (1, 1.5, True, [], ["x"], {}, {"a": "b"})


def _with(good, member):
    """Body of a good message with one more member, written as text."""
    return f"{good[:-1]}, {member}}}".encode()


@tagged("post_install", "-at_install")
class TestBadInput(EnterpriseHttpCase):
    """Each interface refuses bad input as a whole; nothing is stored."""

    def good_messages(self):
        return {
            COLLECT: self.collect_message(self.make_record()),
            SYNC: self.sync_message(),
        }

    def assertRefuses(self, path, raw, status, part="", **options):
        """The answer is a refusal with a fitting sentence, and nothing was stored."""
        before = self.stored()
        answer = self.post(path, raw, **options)
        expected = {LISTS[path], "count", "api_status", "request_id", "message"}
        if path == COLLECT:
            expected |= {"accepted", "rejected"}
            self.assertEqual((answer["accepted"], answer["rejected"]), (0, 0))
        self.assertEqual(set(answer), expected)
        self.assertEqual(answer["api_status"], status, answer["message"])
        self.assertEqual(answer["count"], 0)
        self.assertRegex(answer["request_id"], "^[0-9a-f]{32}$")
        self.assertIn(part, answer["message"])
        self.assertGreater(len(answer["message"]), 15)
        self.assertNotIn(self.collect_secret, answer["message"])
        self.assertNotIn(self.sync_secret, answer["message"])
        self.assertEqual(self.stored(), before)

    def test_spoiled_body_is_read_or_answered_without_a_reason(self):
        """X-ATTACK: BOM, UTF-16, NaN, repeated keys, depth, NUL and the like: 407."""
        for path, message in self.good_messages().items():
            good = json.dumps(message)
            for name, spoil, part in SPOILED_BODIES:
                raw = spoil(good)
                if len(raw) > LIMITS[path]:
                    part = "larger"
                with self.subTest(path=path, body=name):
                    self.assertRefuses(path, raw, 407, part)

    def test_good_message_with_unknown_members_is_refused(self):
        """E-SYNC: a peer may send members that this project does not know."""
        for path, message in self.good_messages().items():
            answer = self.post_json(path, {**message, "x": {"y": [1, None, "\u2028"]}})
            self.assertEqual(answer["api_status"], 200)

    def test_other_method_than_post_is_served(self):
        """E-SYNC: any method but POST is answered 502, in the envelope."""
        for path, message in self.good_messages().items():
            for method in ("GET", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"):
                with self.subTest(path=path, method=method):
                    self.assertRefuses(
                        path, json.dumps(message).encode(), 502, "POST", method=method
                    )

    def test_head_request_breaks_the_server(self):
        for path in (COLLECT, SYNC):
            response = self.url_open(path, method="HEAD")
            self.assertEqual((response.status_code, response.text), (200, ""))

    def test_other_content_type_is_read(self):
        """X-ATTACK: only application/json is read, so no form of a page can post it."""
        for path, message in self.good_messages().items():
            for content_type in (
                "text/plain",
                "text/json",
                "application/x-www-form-urlencoded",
                "multipart/form-data; boundary=x",
                "application/jsonp",
                "application/json-rpc",
                "",
            ):
                with self.subTest(path=path, content_type=content_type):
                    self.assertRefuses(
                        path,
                        json.dumps(message).encode(),
                        407,
                        "application/json",
                        headers={"Content-Type": content_type},
                    )

    def test_charset_beside_the_content_type_is_refused(self):
        for path, message in self.good_messages().items():
            content_type = {"Content-Type": "Application/JSON; charset=UTF-8"}
            answer = self.post_json(path, message, headers=content_type)
            self.assertEqual(answer["api_status"], 200)

    def test_compressed_body_is_read(self):
        """X-ATTACK: no compressed body is unpacked."""
        for path, message in self.good_messages().items():
            for encoding in ("gzip", "deflate", "br"):
                self.assertRefuses(
                    path,
                    json.dumps(message).encode(),
                    407,
                    "Content-Encoding",
                    headers={"Content-Encoding": encoding},
                )

    def test_body_above_the_limit_is_read(self):
        """X-ATTACK: a body above the limit of its interface is refused."""
        for path, limit in LIMITS.items():
            message = {**self.good_messages()[path], "x": ""}
            length = limit + 1 - len(json.dumps(message))
            too_long = json.dumps({**message, "x": "a" * length}).encode()
            self.assertEqual(len(too_long), limit + 1)
            self.assertRefuses(path, too_long, 407, f"larger than {limit} bytes")
            answer = self.post_json(path, {**message, "x": "a" * (length - 1)})
            self.assertEqual(answer["api_status"], 200)

    def test_missing_member_is_not_named(self):
        """E-COLLECT, E-SYNC: a required member missing, null or empty is 402."""
        for path, message in self.good_messages().items():
            for member in message:
                rest = {name: message[name] for name in message if name != member}
                empty = [] if member == "records" else " "
                for spoiled in (rest, {**rest, member: None}, {**rest, member: empty}):
                    with self.subTest(path=path, member=member, spoiled=spoiled):
                        self.assertRefuses(
                            path, json.dumps(spoiled).encode(), 402, member
                        )
            self.assertRefuses(path, b"{}", 402, "api_token")

    def test_member_of_a_wrong_type_is_taken(self):
        """E-COLLECT, E-SYNC: a member of a wrong type is 407 and named."""
        for path, message in self.good_messages().items():
            for member in message:
                for value in WRONG_TYPES:
                    if member == "records" and isinstance(value, list):
                        continue
                    with self.subTest(path=path, member=member, value=value):
                        self.assertRefuses(
                            path,
                            json.dumps({**message, member: value}).encode(),
                            407,
                            member,
                        )
                if member != "records":
                    self.assertRefuses(
                        path,
                        json.dumps({**message, member: "x" * 600}).encode(),
                        407,
                        "characters",
                    )

    def test_optional_member_of_a_wrong_form_is_taken(self):
        """E-SYNC: cursor and limit are checked like the standard's members."""
        for member, values in (
            ("api_cursor", (1, True, [], {}, "x" * 600)),
            ("api_limit", ("5", 1.5, True, 0, -1, 2**31, [], {})),
        ):
            for value in values:
                with self.subTest(member=member, value=value):
                    self.assertRefuses(
                        SYNC,
                        json.dumps(self.sync_message(**{member: value})).encode(),
                        407,
                        member,
                    )
        null = self.post_json(SYNC, self.sync_message(api_cursor=None, api_limit=None))
        self.assertEqual(set(null), {"records", "count", "api_status"})

    def test_batch_above_the_limit_is_taken(self):
        """E-COLLECT: more than 5000 records in a batch are refused as a whole."""
        records = [self.make_record() for _ in range(5001)]
        message = self.collect_message(*records)
        self.assertRefuses(COLLECT, json.dumps(message).encode(), 407, "5000")

    def test_chunked_body_is_taken_as_empty(self):
        """E-COLLECT: a body without a length, in chunks, is read all the same."""
        record = self.make_record()
        body = json.dumps(self.collect_message(record)).encode()
        pieces = (body[at : at + 100] for at in range(0, len(body), 100))
        answer = self.post(COLLECT, pieces)
        self.assertEqual((answer["api_status"], answer["accepted"]), (200, 1))
