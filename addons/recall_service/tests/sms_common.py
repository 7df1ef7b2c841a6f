# SPDX-License-Identifier: LGPL-3.0-only
import json
import re
import threading
from contextlib import nullcontext, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest.mock import patch

import requests

from odoo.tests import HttpCase

from odoo.addons.sms.tools.sms_api import SmsApiBase

from ..models.recall_phone_code import SWITCH
from .common import SubscriptionCommon


class WorkerKilled(BaseException):
    """Nothing in the product catches it, as nothing catches a kill."""


#: What a test's gateway does instead of answering.
BROKEN = "broken"


class SmsGateway:
    """A gateway of short messages: a server on the loopback that keeps what it takes.

    ``answers`` maps numbers to states other than success; ``fault`` breaks every call;
    ``kill`` ends the worker ``before`` or ``after`` the gateway took the messages.
    """

    def __init__(self):
        self.taken = []
        self.answers = {}
        self.fault = None
        self.kill = None
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                size = int(self.headers["Content-Length"])
                gateway._take(self, json.loads(self.rfile.read(size)))

            def log_message(self, *_args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_error):
        self.server.shutdown()
        self.server.server_close()

    def _take(self, handler, messages):
        self.taken += [
            (number["number"], message["content"])
            for message in messages
            for number in message["numbers"]
        ]
        handler.send_response(500 if self.fault == BROKEN else 200)
        handler.end_headers()
        results = [
            {
                "uuid": number["uuid"],
                "state": self.answers.get(number["number"], "success"),
            }
            for message in messages
            for number in message["numbers"]
        ]
        handler.wfile.write(json.dumps(results).encode())

    def make_provider(self):
        """Provider class of Odoo's ``sms`` module that talks to this server."""
        gateway = self

        class Provider(SmsApiBase):
            def _send_sms_batch(self, messages, delivery_reports_url=False):
                if gateway.kill == "before":
                    raise WorkerKilled
                url = f"http://127.0.0.1:{gateway.server.server_port}/"
                answer = requests.post(url, json=messages, timeout=10)
                if gateway.kill == "after":
                    raise WorkerKilled
                answer.raise_for_status()
                return answer.json()

        return Provider


class SmsCommon(SubscriptionCommon):
    """Subscribers who are told by short message, and a gateway that takes it."""

    NUMBER = "13800138000"

    def setUp(self):
        super().setUp()
        self.gateway = self.enterContext(SmsGateway())
        provider = self.gateway.make_provider()
        self.startPatcher(
            patch.object(
                type(self.env["res.company"]),
                "_get_sms_api_class",
                lambda company: provider,
            )
        )
        self.switch(True)
        self.Code = self.env["recall.phone.code"]
        self.Push = self.env["recall.push"]

    def switch(self, on):
        self.env["ir.config_parameter"].set_param(SWITCH, on)

    def subscribe_phone(self, number=NUMBER, lang="en_US", **about):
        """Make a subscriber whose number was proven; to the first vehicle by itself."""
        subscriber = self.env["recall.subscriber"]._make_phone(number, lang)
        about = about or {"vin": self.vins[0]}
        self.env["recall.subscription"]._subscribe_phone(subscriber, about)
        return subscriber

    def tell(self):
        """Find whom to tell and tell them, as the scheduled actions do."""
        self.run_cron("expand")
        self.run_cron("sms")

    def run_killed(self, model, method):
        """Run a scheduled action's method in a worker that is killed in it."""
        own = isinstance(self, HttpCase)
        with (
            nullcontext() if own else self.enter_registry_test_mode(),
            # Not by assertRaises: it takes back what was committed before.
            suppress(WorkerKilled),
            self.registry.cursor() as cursor,
        ):
            getattr(model.with_env(model.env(cr=cursor)), method)()
            self.fail("The worker was not killed.")
        self.env.invalidate_all()

    def ask_code(self, number=NUMBER, origin="192.0.2.1"):
        self.Code._ask(number, origin)
        return self.send_codes(number)

    def send_codes(self, number=NUMBER):
        """Send what is due; returns the codes the number ever got."""
        self.run_cron("phone_code")
        return [
            re.search(r"\b[0-9]{6}\b", text)[0]
            for to, text in self.gateway.taken
            if to == f"+86{number}"
        ]
