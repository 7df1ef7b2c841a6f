# SPDX-License-Identifier: LGPL-3.0-only
"""Messages of the sharing interface, and answers that are made while they are sent."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools import answers, share_messages
from tools.messages import ApiStatus, MessageError, validate

HEAD = {"api_exchange_token": "t", "api_exchange_cfg": "c"}


def refused(message):
    with pytest.raises(MessageError) as caught:
        share_messages.read_request(share_messages.choose_method(message), message)
    return caught.value


@pytest.mark.parametrize(
    ("member", "value", "method"),
    [
        ("api_exchange_vin", "x", "one"),
        ("api_exchange_vins", ["x"], "many"),
        ("api_exchange_cursor", "", "changes"),
        ("api_exchange_export", "csv", "export"),
    ],
)
def test_member_chooses_the_method(member, value, method):
    """S-SHARE: a plain request is annex C's; each other member asks for its method."""
    message = HEAD | {member: value}
    assert share_messages.choose_method(message) == method
    read = share_messages.read_request(method, message)
    assert getattr(read, member) == value


def test_request_without_any_is_told_what_annex_c_lacks():
    """S-SHARE: 402 names the VIN, as it did before there were other methods."""
    error = refused(HEAD)
    assert error.status is ApiStatus.PARAMETER_MISSING
    assert error.member == "api_exchange_vin"


def test_two_methods_at_once_are_refused():
    """S-SHARE: 407 names both; a null counts as not given."""
    error = refused(HEAD | {"api_exchange_vin": "x", "api_exchange_cursor": ""})
    assert error.status is ApiStatus.PARAMETER_FORMAT
    one = HEAD | {"api_exchange_vin": "x", "api_exchange_cursor": None}
    assert share_messages.choose_method(one) == "one"


@pytest.mark.parametrize("number", [0, 10_001])
def test_number_of_vins_is_bounded(number):
    """X-ATTACK: no more than 10,000, and not none."""
    assert refused(HEAD | {"api_exchange_vins": ["x"] * number}).member.startswith(
        "api_exchange_vins"
    )


def test_largest_request_fits_its_body():
    """S-SHARE: 10,000 VINs fit, also written with line breaks and indents."""
    message = HEAD | {"api_exchange_vins": ["L" * 17] * 10_000}
    assert len(json.dumps(message, indent=8)) < share_messages.MAX_SHARE_REQUEST


# === Streamed answers === #


def stream(records, tail=dict, fault=lambda error: (-1, str(error))):
    answer = answers.StreamedAnswer("share", records, tail, fault)
    blocks = list(answer)
    assert answer.size == sum(map(len, blocks))
    return answer, json.loads(b"".join(blocks)), blocks


@given(st.lists(st.dictionaries(st.text(), st.text()), max_size=20))
def test_streamed_answer_is_what_a_plain_one_is(records):
    """S-SHARE: the same members, whether it is streamed or not."""
    _answer, streamed, _blocks = stream(records, lambda: {"request_id": "r"})
    assert streamed == answers.share_answer(records, request_id="r")


def test_long_answer_comes_in_blocks():
    """S-PERF: what is sent is not collected first."""
    _answer, _value, blocks = stream({"x": "y" * 1000} for _ in range(200))
    assert len(blocks) > 5
    assert max(map(len, blocks)) < 2 * answers.BLOCK


def fail_after(number):
    for index in range(number):
        yield {"index": index}
    raise ValueError("gone")


@given(st.integers(0, 30))
def test_fault_at_any_record_is_told_in_whole_json(number):
    """X-FAULT: the answer ends with a code, and counts what came before."""
    answer, value, _blocks = stream(fail_after(number))
    assert (value["count"], value["api_status"]) == (number, -1)
    assert value["message"] == "gone"
    assert answer.api_status == -1


def test_what_is_no_json_is_told_as_a_fault():
    """X-FAULT: neither a record nor a member beside them breaks the answer."""
    for records, tail in (([{"x": object()}], dict), ([], lambda: {"x": object()})):
        _answer, value, _blocks = stream(records, tail)
        assert value["api_status"] == -1
        assert "x" not in value


def test_answer_of_changes_is_read_by_its_model():
    """S-SHARE: what is answered is what the document says."""
    result = {"index": 0, "vehicleVin": "x", "status": "none", "count": 0}
    tail = {"exchange_results": [result], "next_cursor": "since:1", "has_more": False}
    _answer, value, _blocks = stream([], lambda: tail)
    read = validate(share_messages.ShareChangesAnswer, value)
    assert read.exchange_results[0].status == "none"
