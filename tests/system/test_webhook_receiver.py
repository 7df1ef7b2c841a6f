# SPDX-License-Identifier: LGPL-3.0-only
"""The receiver that the demo starts for the regulator's webhooks."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import requests
from simulation.certificates import Authority
from simulation.webhook_receiver import WebhookReceiver
from standardwebhooks import Webhook

SECRET = "whsec_" + "QUJD" * 8
BODY = json.dumps({"type": "test", "data": {"sequence": 1}})


@pytest.fixture
def receiver(tmp_path):
    authority = Authority(tmp_path)
    authority.context()
    with WebhookReceiver(tmp_path / "server1.pem") as server:
        server.secret = SECRET
        yield server


def post(receiver, folder, secret=SECRET, age=timedelta(0)):
    moment = datetime.now(UTC) - age
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(secret).sign("msg_1", moment, BODY),
    }
    answer = requests.post(
        receiver.url,
        data=BODY,
        headers=headers,
        verify=str(folder / "ca.pem"),
        timeout=5,
    )
    return answer.status_code


def test_signed_message_is_refused_or_counted_twice(receiver, tmp_path):
    assert [post(receiver, tmp_path) for _try in range(2)] == [200, 200]
    assert list(receiver.taken.values()) == [json.loads(BODY)]
    assert receiver.wait("test")


def test_message_of_another_or_an_old_one_is_taken(receiver, tmp_path):
    assert post(receiver, tmp_path, "whsec_" + "QUJE" * 8) == 401
    assert post(receiver, tmp_path, age=timedelta(hours=1)) == 401
    assert not receiver.taken
