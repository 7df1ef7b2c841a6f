# SPDX-License-Identifier: LGPL-3.0-only
import pytest
from tools import short_message as short


class Gateway:
    """A provider object that answers as told, and keeps what it got."""

    def __init__(self, results=(), failure=None):
        self.results, self.failure, self.batch = results, failure, None

    def _send_sms_batch(self, messages, delivery_reports_url=False):
        self.batch = messages
        if self.failure:
            raise self.failure
        return self.results


MESSAGES = [
    short.ShortMessage("a", "+8613800138000", "one"),
    short.ShortMessage("b", "+8613900139000", "two"),
]


def test_message_goes_to_another_number():
    gateway = Gateway()
    short.hand_over(gateway, MESSAGES)
    assert [(message["content"], message["numbers"]) for message in gateway.batch] == [
        ("one", [{"uuid": "a", "number": "+8613800138000"}]),
        ("two", [{"uuid": "b", "number": "+8613900139000"}]),
    ]


@pytest.mark.parametrize(
    ("code", "state"),
    [
        ("success", short.SENT),
        ("processing", short.SENT),
        ("insufficient_credit", short.CLOSED),
        ("unregistered", short.CLOSED),
        ("wrong_number_format", short.REFUSED),
        ("something_new", short.REFUSED),
        ("server_error", short.UNCLEAR),
        ("", short.UNCLEAR),
    ],
)
def test_answer_is_misread(code, state):
    """S-PUSH E-NOTIFY: nothing is sent again that may have gone out."""
    gateway = Gateway([{"uuid": "a", "state": code}])
    answers = short.hand_over(gateway, MESSAGES[:1])
    assert answers["a"].state == state


def test_silence_about_a_message_counts_as_sent():
    answers = short.hand_over(Gateway([{"uuid": "b", "state": "success"}]), MESSAGES)
    assert answers["a"] == (short.UNCLEAR, short.NO_ANSWER)
    assert answers["b"].state == short.SENT


@pytest.mark.parametrize("failure", [TimeoutError("13800138000"), KeyError("x")])
def test_gateway_that_breaks_off_leaves_a_message_without_answer(failure, caplog):
    """X-ATTACK: and no number in the log."""
    answers = short.hand_over(Gateway(failure=failure), MESSAGES)
    assert {answer.state for answer in answers.values()} == {short.UNCLEAR}
    assert type(failure).__name__ in caplog.text
    assert "138" not in caplog.text


@pytest.mark.parametrize("results", [None, [{"state": "success"}], "broken"])
def test_answer_of_another_form_stops_the_sender(results):
    answers = short.hand_over(Gateway(results), MESSAGES)
    assert {answer.state for answer in answers.values()} == {short.UNCLEAR}
