# SPDX-License-Identifier: LGPL-3.0-only
"""Decoding, checking and building of the messages of annexes A to C."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools import answers, messages, plan_messages
from tools.messages import ApiStatus, MessageError

RECORD = {
    "recallNum": "S2025M0149I",
    "vehicleVin": "LSVAA4182E2123456",
    "recallTime": "2025-10-09",
    "repairNum": "R-1",
    "dealerName": "上海汽车销售服务有限公司",
    "telNum": "13800138000",
    "collectTime": "2025-10-09 23:59:59",
}
REPORT = {**RECORD, "recordId": "42"}
del REPORT["collectTime"]
RECALL = {
    "producerName": "小米汽车科技有限公司",
    "brand": "小米",
    "series": "SU7",
    "model": "XMA7000MBEVR2",
    "recallNum": "S2025M0149I",
    "recallStartTime": "2025-09-19",
    "defectDesc": "defect",
    "possibleConsequence": "consequence",
    "repairMethod": "OTA",
}
PLAN = {**RECALL, "numRecall": 98462, "vinRange": "see list"}
SHARED = {**RECALL, "vehicleVin": "LSVAA4182E2123456", "isRecalled": False}
SYNC = {"api_token": "k.secret", "api_cfg": "cfg"}
COLLECT = {**SYNC, "records": [REPORT]}
PLANS = {**SYNC, "plans": [PLAN]}
SHARE = {
    "api_exchange_token": "k.secret",
    "api_exchange_cfg": "cfg",
    "api_exchange_vin": "LSVAA4182E2123456",
}
EXAMPLES = [
    (messages.SyncRequest, SYNC),
    (messages.SyncRecord, RECORD),
    (messages.CollectRequest, COLLECT),
    (messages.CollectRecord, REPORT),
    (messages.ShareRequest, SHARE),
    (messages.ShareRecord, SHARED),
    (plan_messages.PlansRequest, PLANS),
    (plan_messages.PlanMessage, PLAN),
]
MEMBERS = [(model, data, name) for model, data in EXAMPLES for name in data]


def member_id(value):
    return value if isinstance(value, str) else getattr(value, "__name__", "")


def refusal(call, *arguments):
    with pytest.raises(MessageError) as caught:
        call(*arguments)
    assert caught.value.message == str(caught.value)
    assert caught.value.message.endswith(".")
    return caught.value


def sync_body(records, **members):
    count = {"count": len(records), "api_status": 200}
    return json.dumps({"records": records, **count, **members}).encode()


# === DECODER === #


@pytest.mark.parametrize(
    "raw, part",
    [
        (b"", "empty"),
        (b" \r\n\t", "empty"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        ("{}".encode("utf-16"), "UTF-16"),
        ("{}".encode("utf-16-le"), "UTF-16"),
        ("{}".encode("utf-16-be"), "UTF-16"),
        ("{}".encode("utf-32"), "UTF-32"),
        ("{}".encode("utf-32-be"), "UTF-32"),
        ('{"a": "召回"}'.encode("gbk"), "UTF-8 at byte 8"),
        ('{"a": "é"}'.encode("latin-1"), "UTF-8 at byte 8"),
        (b'{"a": "\xc0\xaf"}', "UTF-8 at byte 8"),
        (b'{"a": "\xed\xa0\x80"}', "UTF-8 at byte 8"),
        (b'{"a": "\xf4\x90\x80\x80"}', "UTF-8"),
        (b'{"a": "\xe5\x8f', "UTF-8"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": -Infinity}', "-Infinity"),
        (b'{"a": Infinity}', "Infinity"),
        (b'{"a": 1e400}', "1e400 is too large"),
        (b'{"a": -1.5E+999}', "too large"),
        (b'{"a": 0.' + b"1" * 5000 + b"}", "too long"),
        (b'{"a": 1234567890123456789}', "18 digits"),
        (b'{"a": -' + b"9" * 5000 + b"}", "18 digits"),
        (b'{"a": 1, "b": 2, "a": 1}', '"a" is given twice'),
        (b'[{"b": {"c": 1, "\\u0063": 2}}]', '"c" is given twice'),
        (b'{"a": "\x00"}', "NUL byte at byte 8"),
        (b'{"a": "\\u0000"}', "NUL at line 1, column 8"),
        (b'{"\\u0000": 1}', "NUL"),
        (b'{"a": "\\ud800"}', "unpaired surrogate at line 1, column 8"),
        (b'{"a":\n "\\uDFFF"}', "unpaired surrogate at line 2, column 3"),
        (b'{"a": "\\udc00\\ud800"}', "unpaired"),
        (b'{"a": "\\ud800\\u0041"}', "unpaired"),
        (b'{"a": "\\ud83d\\ude00\\ud83d"}', "unpaired"),
        (b'{"\\ud800": 1}', "unpaired"),
        (b'["\\\\\\ud800"]', "unpaired"),
        (b'{"a": 1} {}', "line 1, column 10"),
        (b'{"a": 1,}', "not valid JSON"),
        (b"{'a': 1}", "not valid JSON"),
        (b'{"a": "\n"}', "control character"),
        (b'{"a": \n  oops}', "line 2, column 3"),
        (b'{"a": 01}', "not valid JSON"),
        (b'{"a": +1}', "not valid JSON"),
        (b'{"a": "\\x41"}', "not valid JSON"),
        (b"[1", "not valid JSON"),
        (b"]", "not valid JSON"),
        (b"api_token=k&api_cfg=c", "not valid JSON"),
    ],
)
def test_body_that_is_not_strict_json_is_refused_with_its_place(raw, part):
    """X-ATTACK: what other parsers read differently, or fail on later, stays out."""
    error = refusal(messages.decode, raw)
    assert error.status is ApiStatus.PARAMETER_FORMAT
    assert part in error.message


@pytest.mark.parametrize(
    "raw, value",
    [
        (b'{"a": "\\\\u0000 \\\\ud800"}', {"a": "\\u0000 \\ud800"}),
        (b'{"a": "\\ud83d\\ude00"}', {"a": "😀"}),
        ('{"召回": "😀"}'.encode(), {"召回": "😀"}),
        (b'{"a": "[[[{{{\\"[[[" }', {"a": '[[[{{{"[[['}),
        (b'["\\\\", [["\\\\\\""]]]', ["\\", [['\\"']]]),
        (b"999999999999999999", 999999999999999999),
        (b"-999999999999999999", -999999999999999999),
        (
            b"[1.5, 1e3, 1e-400, 1.7976931348623157e308]",
            [1.5, 1e3, 0.0, 1.7976931348623157e308],
        ),
        (b" [true, false, null] \n", [True, False, None]),
        (b'[{"a": 1}, {"a": 1}]', [{"a": 1}, {"a": 1}]),
    ],
)
def test_strict_json_is_read_as_it_stands(raw, value):
    assert messages.decode(raw) == value


@pytest.mark.parametrize("opening, closing", ["[]", ('{"a":', "}"), ('[{"a":', "}]")])
def test_nesting_is_bounded_to_the_level(opening, closing):
    levels = 16 // (opening.count("[") + opening.count("{"))

    def nest(depth):
        inner = "1" if opening != "[" else ""
        return (opening * depth + inner + closing * depth).encode()

    messages.decode(nest(levels))
    assert "16 levels" in refusal(messages.decode, nest(levels + 1)).message
    limited = refusal(lambda: messages.decode(nest(2), max_depth=1))
    assert "1 levels" in limited.message


@pytest.mark.parametrize(
    "raw",
    [
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b"[]" * 100_000 + b"[" * 100_000,
        b"[" + b"{}," * 1_000_000 + b"{}]",
        b"[}" * 100_000,
        b"]" * 100_000,
        b'"' + b"[" * 100_000,
        b'"' + b'\\"[' * 100_000,
        b"\\" * 100_000 + b'"' + b"[" * 100_000,
        b'{"a": ' + b"1" * 1_000_000 + b"}",
        b'{"a": 1.' + b"1" * 1_000_000 + b"}",
        b"{" + b",".join(b'"%d": 1' % n for n in range(50_000)) + b', "0": 1}',
        b"[" + b'"\\ud83d\\ude00",' * 50_000 + b'"\\ud800"]',
    ],
)
def test_hostile_body_is_refused_quickly(raw):
    """X-ATTACK: deep nesting and endless numbers cost neither a crash nor time."""
    start = time.process_time()
    refusal(messages.decode, raw)
    assert time.process_time() - start < 1


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**18) + 1, 10**18 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@given(JSON_VALUES, st.booleans())
def test_every_proper_value_comes_back(value, ascii_only):
    raw = json.dumps(value, ensure_ascii=ascii_only).encode()
    assert messages.decode(raw, max_depth=100) == value


def depth_of(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return 1 + max(map(depth_of, value), default=0)
    return 0


@given(JSON_VALUES)
def test_depth_is_counted_outside_of_strings_only(value):
    raw = json.dumps(value, ensure_ascii=False).encode()
    depth = depth_of(value)
    messages.decode(raw, max_depth=depth)
    if depth:
        refusal(lambda: messages.decode(raw, max_depth=depth - 1))


@given(st.binary() | st.text(r'{}[]"\:,ud80019eE+-. ').map(str.encode))
def test_decoder_raises_nothing_but_message_errors(raw):
    try:
        value = messages.decode(raw)
    except MessageError:
        return
    assert json.loads(raw) == value


# === REQUESTS === #


@pytest.mark.parametrize("model, data", EXAMPLES, ids=member_id)
def test_message_with_the_required_members_is_accepted(model, data):
    made = messages.validate(model, data)
    assert made.model_dump(exclude_unset=True) == data


@pytest.mark.parametrize("model, data", EXAMPLES, ids=member_id)
def test_members_that_are_not_known_are_ignored(model, data):
    """A plain peer may send more than the standard's members."""
    made = messages.validate(model, {**data, "remark": [1], "api_extra": None})
    assert made.model_dump(exclude_unset=True) == data


@pytest.mark.parametrize("model, data, name", MEMBERS, ids=member_id)
def test_missing_member_is_told_as_402(model, data, name):
    """E-AUDIT, M-VERIFY: 402 names the member that is missing, null or empty."""
    without = {key: value for key, value in data.items() if key != name}
    error = refusal(messages.validate, model, without)
    assert (error.status, error.member) == (ApiStatus.PARAMETER_MISSING, name)
    assert error.message == f"The member {name} is missing."
    error = refusal(messages.validate, model, {**data, name: None})
    assert (error.status, error.member) == (ApiStatus.PARAMETER_MISSING, name)


@pytest.mark.parametrize("model, data, name", MEMBERS, ids=member_id)
def test_empty_member_is_told_as_402(model, data, name):
    empties = [[]] if isinstance(data[name], list) else ["", " ", "\u3000\t"]
    for empty in empties:
        error = refusal(messages.validate, model, {**data, name: empty})
        assert (error.status, error.member) == (ApiStatus.PARAMETER_MISSING, name)
        assert error.message == f"The member {name} is empty."


@pytest.mark.parametrize("model, data, name", MEMBERS, ids=member_id)
def test_member_of_another_type_is_told_as_407(model, data, name):
    """E-AUDIT, M-VERIFY: nothing is converted: a number for a string is 407."""
    for wrong in (1, 1.0, True, "text", ["text"], {"a": 1}):
        if isinstance(wrong, type(data[name])) or (name == "numRecall" and wrong == 1):
            continue
        error = refusal(messages.validate, model, {**data, name: wrong})
        assert (error.status, error.member) == (ApiStatus.PARAMETER_FORMAT, name)
        assert error.message.startswith(f"The member {name} must be ")


def test_missing_member_comes_before_a_wrong_one():
    error = refusal(messages.validate, messages.SyncRequest, {"api_token": 1})
    assert (error.status, error.member) == (ApiStatus.PARAMETER_MISSING, "api_cfg")


@pytest.mark.parametrize("data", [None, 1, "text", [], [SYNC], True])
def test_body_that_is_no_object_is_told_as_407(data):
    error = refusal(messages.validate, messages.SyncRequest, data)
    assert (error.status, error.member) == (ApiStatus.PARAMETER_FORMAT, None)
    assert error.message.startswith("The message must be an object, not ")


def test_no_value_is_repeated_in_a_refusal():
    """X-LOG: tokens and phone numbers do not get into answers and logs by an error."""
    for data in (
        {**SYNC, "api_token": "secret" * 200},
        {**SYNC, "api_cfg": ["secret"]},
    ):
        error = refusal(messages.validate, messages.SyncRequest, data)
        assert "secret" not in error.message


@pytest.mark.parametrize(
    "member, value",
    [
        ("api_limit", 0),
        ("api_limit", -5),
        ("api_limit", 2**31),
        ("api_limit", "10"),
        ("api_limit", 10.0),
        ("api_limit", True),
        ("api_cursor", 7),
        ("api_cursor", "c" * 513),
    ],
)
def test_wrong_paging_member_is_refused(member, value):
    data = {**SYNC, member: value}
    error = refusal(messages.validate, messages.SyncRequest, data)
    assert (error.status, error.member) == (ApiStatus.PARAMETER_FORMAT, member)


def test_paging_members_are_optional():
    plain = messages.validate(messages.SyncRequest, SYNC)
    assert (plain.api_cursor, plain.api_limit) == (None, None)
    paging = {**SYNC, "api_cursor": "", "api_limit": 500}
    paged = messages.validate(messages.SyncRequest, paging)
    assert (paged.api_cursor, paged.api_limit) == ("", 500)
    nulls = {**SYNC, "api_cursor": None, "api_limit": None}
    assert messages.validate(messages.SyncRequest, nulls) == plain


def test_number_of_collected_records_is_bounded():
    """E-COLLECT: 5,000 records a request."""
    messages.validate(messages.CollectRequest, {**COLLECT, "records": [{}] * 5000})
    error = refusal(
        messages.validate,
        messages.CollectRequest,
        {**COLLECT, "records": [{}] * 5001},
    )
    assert error.message == "The member records holds more than 5000 entries."


def test_plan_takes_all_optional_members():
    """M-PLAN: lines, parts, dealers, vehicles and what a recall extends."""
    plan = {
        **PLAN,
        "announced": "2025-09-19",
        "productionStart": "2024-02-06",
        "productionEnd": "2025-08-30",
        "overTheAir": True,
        "doNotDrive": True,
        "parkOutside": False,
        "partsState": "awaited",
        "partsFrom": "2025-11-01",
        "parts": [{"partNumber": "P-1", "partName": "controller"}],
        "lines": [
            {
                "brand": "小米",
                "series": "SU7",
                "model": "XMA7000MBEVR5",
                "productionStart": "2024-02-06",
                "productionEnd": "2025-08-30",
                "numRecall": 98462,
                "vinRange": "LNB…",
            },
            {},
        ],
        "dealers": [{"dealerCode": "D1", "dealerName": "店", "region": "310000"}],
        "vins": [{"vin": "LSVAA4182E2123456", "line": 0}, {"vin": "x"}],
        "extends": "S2024M0001V",
        "source": "https://example.org/",
    }
    made = messages.validate(plan_messages.PlanMessage, plan)
    assert made.model_dump(exclude_unset=True) == plan


@pytest.mark.parametrize(
    "member, value, path",
    [
        ("numRecall", 0, "numRecall"),
        ("numRecall", -1, "numRecall"),
        ("recallStartTime", "2025-13-01", "recallStartTime"),
        ("overTheAir", 1, "overTheAir"),
        ("doNotDrive", "yes", "doNotDrive"),
        ("partsState", "soon", "partsState"),
        ("partsFrom", "2025-11", "partsFrom"),
        ("lines", [{}, {"numRecall": "5"}], "lines[1].numRecall"),
        ("vins", [{"vin": "A"}, {"vin": 5}], "vins[1].vin"),
        ("dealers", {}, "dealers"),
    ],
)
def test_wrong_part_of_a_plan_is_named_by_its_path(member, value, path):
    error = refusal(
        messages.validate, plan_messages.PlanMessage, {**PLAN, member: value}
    )
    assert (error.status, error.member) == (ApiStatus.PARAMETER_FORMAT, path)


# === RECORDS === #


@pytest.mark.parametrize(
    "text",
    [
        *("2025-02-29", "2025-04-31", "2025-00-10", "2025-13-01", "0000-01-01"),
        *("2025-1-1", "20250101", "2025-W01-1", "2025/01/01", "2025-01-01 "),
        *("2025-01-01\n", "2025-01-01T00:00:00", "２０２５-01-01", "٢٠٢٥-01-01"),
        *("-025-01-01", "+2025-01-01", "01-01-2025"),
    ],
)
def test_date_that_is_none_is_refused(text):
    """M-VERIFY: GB/T 7408 dates, CCYY-MM-DD, that the calendar has."""
    checked = messages.validate_records(
        messages.SyncRecord, [{**RECORD, "recallTime": text}]
    )
    (finding,) = checked.refused[0].findings
    assert (finding["code"], finding["member"]) == (messages.FORMAT, "recallTime")
    assert "CCYY-MM-DD" in finding["message"]


@pytest.mark.parametrize(
    "text",
    [
        *("2025-02-29 10:00:00", "2025-10-09 24:00:00", "2025-10-09 10:60:00"),
        *("2025-10-09 10:00:60", "2025-10-09T10:00:00", "2025-10-09 10:00"),
        *("2025-10-09 10:00:00.5", "2025-10-09 10:00:00Z", "2025-10-09 10:00:00+08"),
        *("2025-10-09  1:00:00", "2025-10-09 10:00:0٣", "2025-10-09"),
    ],
)
def test_time_that_is_none_is_refused(text):
    """M-VERIFY: CCYY-MM-DD HH24:MM:SS."""
    checked = messages.validate_records(
        messages.SyncRecord, [{**RECORD, "collectTime": text}]
    )
    assert checked.refused[0].findings[0]["member"] == "collectTime"


@pytest.mark.parametrize("text", ["2024-02-29", "0001-01-01", "9999-12-31"])
def test_date_stays_the_text_it_was(text):
    made = messages.validate(messages.SyncRecord, {**RECORD, "recallTime": text})
    assert made.recallTime == text


@pytest.mark.parametrize(
    "member, length",
    [
        *(("vehicleVin", 64), ("repairNum", 64), ("recallNum", 64)),
        *(("telNum", 32), ("dealerName", 200)),
    ],
)
def test_texts_are_bounded(member, length):
    """A wrong VIN arrives and is judged by rules; an endless one does not."""
    fits = messages.validate(messages.SyncRecord, {**RECORD, member: "召" * length})
    assert getattr(fits, member) == "召" * length
    long = {**RECORD, member: "召" * (length + 1)}
    error = refusal(messages.validate, messages.SyncRecord, long)
    assert error.message == f"The member {member} is longer than {length} characters."


def test_repair_method_and_defect_are_bounded_at_4000():
    long = {**REPORT, "repairMethod": "x" * 4001}
    refusal(messages.validate, messages.CollectRecord, long)
    refusal(
        messages.validate, plan_messages.PlanMessage, {**PLAN, "defectDesc": "x" * 4001}
    )


def test_kind_and_version_of_a_record_are_optional():
    """E-SYNC: a record is a completion unless it is marked as something else."""
    plain = messages.validate(messages.SyncRecord, RECORD)
    assert (plain.recordKind, plain.recordVersion) == ("completion", 1)
    marked = {**RECORD, "recordKind": "withdrawal", "recordVersion": 3}
    made = messages.validate(messages.SyncRecord, marked)
    assert (made.recordKind, made.recordVersion) == ("withdrawal", 3)
    for wrong in ({"recordKind": "deleted"}, {"recordVersion": 0}):
        refusal(messages.validate, messages.SyncRecord, {**RECORD, **wrong})


def test_one_bad_record_spoils_no_good_one():
    """X-FAULT: records are judged one by one, each refusal with position and reason."""
    bad = {**RECORD, "vehicleVin": 5, "telNum": ""}
    del bad["repairNum"]
    items = [RECORD, bad, RECORD, "text", None, [], RECORD]
    checked = messages.validate_records(messages.SyncRecord, items)
    assert [index for index, _record in checked.good] == [0, 2, 6]
    assert {record.vehicleVin for _, record in checked.good} == {RECORD["vehicleVin"]}
    assert [refused.index for refused in checked.refused] == [1, 3, 4, 5]
    first, second = checked.refused[:2]
    assert first.record is bad
    assert {(f["code"], f["member"]) for f in first.findings} == {
        ("format", "vehicleVin"),
        ("missing", "telNum"),
        ("missing", "repairNum"),
    }
    assert second.findings == [
        {
            "code": "format",
            "member": "",
            "message": "The record must be an object, not a string.",
        }
    ]


def test_records_without_fault_need_no_second_look():
    checked = messages.validate_records(messages.CollectRecord, [REPORT] * 3)
    assert [index for index, _record in checked.good] == [0, 1, 2]
    assert checked.refused == []
    assert checked.good[0][1].parts == []


def test_parts_of_a_report_are_a_list_of_texts():
    """E-AUDIT: the parts that were fitted, to compare with the plan."""
    made = messages.validate(messages.CollectRecord, {**REPORT, "parts": ["P-1"]})
    assert made.parts == ["P-1"]
    error = refusal(
        messages.validate, messages.CollectRecord, {**REPORT, "parts": ["P-1", 2]}
    )
    assert error.member == "parts[1]"


# === SYNC ANSWER === #


def test_plain_answer_is_parsed():
    """M-PULL: an answer with the standard's members only."""
    parsed = messages.parse_sync_answer(sync_body([RECORD, RECORD]))
    assert parsed.status is ApiStatus.SUCCESS
    assert [record.repairNum for record in parsed.records] == ["R-1", "R-1"]
    assert (parsed.refused, parsed.next_cursor, parsed.has_more) == ([], None, False)


def test_paging_answer_is_parsed():
    body = sync_body([], next_cursor="c1", has_more=True, request_id="r", message="m")
    parsed = messages.parse_sync_answer(body)
    assert (parsed.next_cursor, parsed.has_more) == ("c1", True)
    assert (parsed.request_id, parsed.message) == ("r", "m")


def test_more_without_a_cursor_is_no_more():
    """Nobody could ask for it: a foreign peer means something else by the name."""
    assert not messages.parse_sync_answer(sync_body([], has_more=True)).has_more


def test_remarks_of_another_type_spoil_nothing():
    body = sync_body([RECORD], message={"level": 1}, request_id=17)
    parsed = messages.parse_sync_answer(body)
    assert len(parsed.records) == 1
    assert (parsed.message, parsed.request_id) == (None, None)


def test_bad_records_are_kept_apart_in_an_answer():
    """M-VERIFY: what fails is kept aside with its reason, never dropped."""
    bad = {**RECORD, "recallTime": "yesterday"}
    parsed = messages.parse_sync_answer(sync_body([bad, RECORD]))
    assert len(parsed.records) == 1
    ((index, record, findings),) = parsed.refused
    assert (index, record, findings[0]["member"]) == (0, bad, "recallTime")


@pytest.mark.parametrize(
    "count", [0, 2, -1, True, 1.0, 1.5, "1", [], 10**17, b"1e400", b"1" * 5000]
)
def test_count_must_be_the_number_of_records(count):
    """X-FAULT: a count that does not fit is a sign of a cut or wrong answer."""
    body = sync_body([RECORD], count="#" if isinstance(count, bytes) else count)
    if isinstance(count, bytes):
        body = body.replace(b'"#"', count)
    error = refusal(messages.parse_sync_answer, body)
    assert error.status is ApiStatus.PARAMETER_FORMAT


@pytest.mark.parametrize("name", ["records", "count", "api_status"])
def test_answer_without_a_standard_member_is_refused(name):
    answer = json.loads(sync_body([RECORD]))
    for value in (None, ...):
        answer.pop(name, None)
        if value is None:
            answer[name] = None
        error = refusal(messages.parse_sync_answer, json.dumps(answer).encode())
        assert (error.status, error.member) == (ApiStatus.PARAMETER_MISSING, name)


@pytest.mark.parametrize("status", ["200", 200.0, True, 299, [200]])
def test_status_must_be_a_code_of_the_standard(status):
    error = refusal(messages.parse_sync_answer, sync_body([], api_status=status))
    assert (error.status, error.member) == (ApiStatus.PARAMETER_FORMAT, "api_status")


@pytest.mark.parametrize("status", [s for s in ApiStatus if s != 200])
def test_refusal_of_the_peer_is_handed_over(status):
    """M-MONITOR: the peer's own status and sentence, also without its records."""
    short = json.dumps({"api_status": status, "message": "why"}).encode()
    parsed = messages.parse_sync_answer(short)
    assert (parsed.status, parsed.message, parsed.records) == (status, "why", [])
    full = sync_body([RECORD], api_status=status)
    assert messages.parse_sync_answer(full).records == []


def test_records_of_an_answer_are_bounded():
    error = refusal(messages.parse_sync_answer, sync_body([0] * 100_001))
    assert error.member == "records"


def page(size):
    return [
        {
            **RECORD,
            "vehicleVin": f"LSVAA{number:012d}",
            "repairNum": f"R2025{number:010d}",
            "recallTime": f"2025-{number % 12 + 1:02d}-{number % 28 + 1:02d}",
            "collectTime": f"2025-11-20 {number % 24:02d}:{number % 60:02d}:00",
        }
        for number in range(size)
    ]


def cpu_seconds(call, *arguments):
    """Best of five: what the machine does besides does not count."""
    seconds = []
    for _ in range(5):
        start = time.process_time()
        call(*arguments)
        seconds.append(time.process_time() - start)
    return min(seconds)


@pytest.mark.parametrize("ascii_only", [True, False])
def test_page_of_5000_records_is_read_in_150_ms(ascii_only):
    """M-PERF: decoding and checking do not hold up the intake."""
    body = json.dumps(
        {"records": page(5000), "count": 5000, "api_status": 200},
        ensure_ascii=ascii_only,
    ).encode()
    assert len(messages.parse_sync_answer(body).records) == 5000
    assert cpu_seconds(messages.parse_sync_answer, body) < 0.15


# === ANSWERS === #


def test_answers_hold_only_the_standard_members_by_default():
    """E-SYNC, S-SHARE: a plain peer sees annexes B and C and nothing else."""
    assert answers.sync_answer([RECORD]) == {
        "records": [RECORD],
        "count": 1,
        "api_status": 200,
    }
    assert answers.share_answer([]) == {
        "exchange_records": [],
        "count": 0,
        "api_status": 200,
    }


def test_optional_members_are_there_when_given():
    made = answers.sync_answer([], next_cursor="", has_more=False, request_id="r")
    assert made == {
        "records": [],
        "count": 0,
        "api_status": 200,
        "next_cursor": "",
        "has_more": False,
        "request_id": "r",
    }


def test_collect_answer_counts_repeated_records_as_accepted():
    """E-COLLECT: a report that is sent again is no error."""
    statuses = ["accepted", "repeated", "rejected", "accepted"]
    results = [
        {"recordId": str(index), "index": index, "status": status, "findings": []}
        for index, status in enumerate(statuses)
    ]
    made = answers.collect_answer(results, request_id="r", message="m")
    assert (made["count"], made["accepted"], made["rejected"]) == (4, 3, 1)
    assert messages.validate(messages.CollectAnswer, made).results[3].index == 3


@pytest.mark.parametrize("kind", answers.LISTS)
@pytest.mark.parametrize("status", ApiStatus)
def test_error_answer_has_the_shape_of_its_interface(kind, status):
    made = answers.error_answer(kind, status)
    assert made.pop(answers.LISTS[kind]) == []
    assert made.pop("api_status") == int(status)
    assert set(made.values()) == {0}
    told = answers.error_answer(kind, status, "why", "r")
    assert (told["message"], told["request_id"]) == ("why", "r")
    assert json.loads(json.dumps(told))["api_status"] == status


def test_own_answers_are_understood_by_the_own_parser():
    body = json.dumps(answers.sync_answer([RECORD], next_cursor="c", has_more=True))
    parsed = messages.parse_sync_answer(body.encode())
    assert (len(parsed.records), parsed.has_more) == (1, True)
    made = answers.share_answer([SHARED])
    assert messages.validate(messages.ShareAnswer, made).count == 1


def test_every_status_of_the_standard_has_its_sentence():
    codes = {-1, 200, *range(401, 411), 429, *range(500, 504)}
    assert {int(status) for status in messages.STATUS_TEXT} == codes
    texts = set(messages.STATUS_TEXT.values())
    assert len(texts) == len(codes)
    assert all(text.endswith(".") for text in texts)
    assert ApiStatus(405) == 405 and ApiStatus.KEY_EXPIRED.text in texts


# === SCHEMA === #


def test_json_schema_describes_all_messages():
    schema = messages.json_schema(plan_messages.PlansRequest, plan_messages.PlanMessage)
    models = schema["$defs"]
    for model, data in EXAMPLES:
        described = models[model.__name__]
        assert set(data) <= set(described["properties"])
        assert set(described["required"]) <= set(data)
    items = models["CollectRequest"]["properties"]["records"]["items"]
    assert items == {"$ref": "#/$defs/CollectRecord"}
    assert json.loads(json.dumps(schema)) == schema


def test_references_of_the_json_schema_lead_somewhere():
    schema = messages.json_schema(plan_messages.PlansRequest, plan_messages.PlanMessage)
    names = json.dumps(schema).split('"#/$defs/')[1:]
    assert {name.partition('"')[0] for name in names} <= set(schema["$defs"])
