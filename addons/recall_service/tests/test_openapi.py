# SPDX-License-Identifier: LGPL-3.0-only
import json
import time

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from odoo.tests import tagged

from ..models.recall_openapi import OPERATIONS
from ..models.recall_share_interface import GRANTED_METHODS
from .share_common import ShareHttpCommon

CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)
BOUNDED = settings(
    max_examples=80,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@tagged("post_install", "-at_install")
class TestOpenapi(ShareHttpCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.interface.write({**dict.fromkeys(GRANTED_METHODS, True)})
        cls.interface.quota_burst = 100_000
        cls.document = json.loads(cls.env["recall.openapi"]._get_text())
        cls.schema = schemathesis.openapi.from_dict(cls.document)

    def send(self, case):
        """Send a case as it is; it is answered in time, and as the document says."""
        started = time.monotonic()
        body = case.body
        raw = None if body is schemathesis.core.NOT_SET else json.dumps(body).encode()
        response = self.url_open(
            case.formatted_path,
            data=raw,
            method=case.method,
            headers={"Content-Type": "application/json"},
        )
        self.assertLess(time.monotonic() - started, 3)
        case.validate_response(response, checks=CHECKS)
        return response

    def run_cases(self, path, method, change=None):
        """Cases made from the document; ``change`` makes some of them come further."""
        strategy = self.schema[path][method].as_strategy()

        @BOUNDED
        @given(strategy)
        def check(case):
            if change and isinstance(case.body, dict):
                case.body = change(case.body)
            self.send(case)

        check()

    def test_every_case_of_the_document_is_answered_by_it(self):
        """S-SHARE: whatever the document permits is answered as it says, in 3 s."""
        self.run_cases("/recall/v1/share", "POST")

    def test_cases_with_a_right_token_are_answered_by_it(self):
        """S-SHARE: behind the authorisation the document holds as well."""
        right = {
            "api_exchange_token": self.secret,
            "api_exchange_cfg": self.interface.api_cfg,
        }
        self.run_cases("/recall/v1/share", "POST", lambda body: {**body, **right})

    def test_addresses_of_files_are_answered_by_it(self):
        """S-SHARE: no made-up address brings the download to fall."""
        self.run_cases("/recall/v1/export/{signed}", "GET")

    def test_document_is_served_without_a_session(self):
        """S-SHARE: the document can be read by programs, and is kept by caches."""
        response = self.url_open("/recall/v1/openapi.json")
        self.assertEqual(response.status_code, 200)
        self.assertEqual(response.json(), self.document)
        self.assertEqual(
            response.headers["Content-Type"], "application/json; charset=utf-8"
        )
        self.assertIn("max-age", response.headers["Cache-Control"])
        self.assertNotIn("Set-Cookie", response.headers)

    def test_document_holds_what_is_installed(self):
        """S-SHARE: only interfaces that this server has are described."""
        there = {item.path for item in OPERATIONS if item.model in self.env}
        if "recall.plan.interface" in self.env:
            there.add("/recall/v1/plans/upload")
        told = {path for path in self.document["paths"] if "export" not in path}
        self.assertEqual(told, there)
        routes = {
            rule.rule
            for rule in self.env["ir.http"].routing_map().iter_rules()
            if rule.rule.startswith("/recall/v1/") and "<" not in rule.rule
        }
        self.assertEqual(told, routes - {"/recall/v1/openapi.json"})

    def test_no_reference_leads_nowhere(self):
        """S-SHARE: generators of clients find every schema they are referred to."""
        text = json.dumps(self.document)
        names = set(self.document["components"]["schemas"])
        found = set(text.split('"#/components/schemas/'))
        found = {part.partition('"')[0] for part in list(found)[0:] if part[:1] != "{"}
        self.assertEqual(found - names, set())
        self.assertNotIn("$defs", text)
