# SPDX-License-Identifier: LGPL-3.0-only


class Gateway:
    """A gateway of short messages as Odoo's provider class; keeps what it gets."""

    PROVIDER_TO_SMS_FAILURE_TYPE = {}
    failure = None

    def __init_subclass__(cls):
        cls.batches, cls.answers = [], {}

    @classmethod
    def sent(cls):
        """Every short message handed over: dicts of number, uuid and content."""
        return [item for batch, _url in cls.batches for item in batch]

    def __init__(self, env, account=None):
        self.env = env

    def _send_sms_batch(self, messages, delivery_reports_url=False):
        sent = [
            {**number, "content": message["content"]}
            for message in messages
            for number in message["numbers"]
        ]
        self.batches.append((sent, delivery_reports_url))
        if self.failure:
            raise self.failure
        return [
            {
                "uuid": item["uuid"],
                "state": self.answers.get(item["number"], "success"),
            }
            for item in sent
        ]
