# SPDX-License-Identifier: LGPL-3.0-only
import base64

import psycopg2

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import HttpCase, JsonRpcException, tagged
from odoo.tools import mute_logger

from .rule_cases import RuleCase

DOCUMENT = base64.b64encode(b"%PDF vehicle licence")
LEGACY = "LZW-1994-00017"


class ExceptionCase(RuleCase):
    """Two keepers, and exceptions that one of them asks for."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.asking, cls.deciding = (
            cls.make_user(f"exception_{name}", "recall_base.group_keeper")
            for name in ("asking", "deciding")
        )

    @classmethod
    def ask(cls, vin=LEGACY, user=None, **vals):
        return (
            cls.env["recall.vin.exception"]
            .with_user(user or cls.asking)
            .create(
                {
                    "vin": vin,
                    "producer_id": cls.producer.id,
                    "reason": "Built in 1994, before GB 16735.",
                    "document": DOCUMENT,
                    "document_name": "licence.pdf",
                    **vals,
                }
            )
        )

    @classmethod
    def approve(cls, vin=LEGACY, **vals):
        exception = cls.ask(vin, **vals)
        exception.with_user(cls.deciding).action_approve()
        return exception

    def put_legacy_in_scope(self, vin=LEGACY):
        return self.env["recall.vehicle"]._add_to_scope(
            self.plan, [(vin, self.plan.line_ids.id)]
        )


@tagged("post_install", "-at_install")
class TestVinException(ExceptionCase):
    """Legacy VINs pass by an exception of two persons, and by nothing else."""

    def test_legacy_vin_passes_without_an_approved_exception(self):
        """E-AUDIT, M-LEGACY: asked for, refused or revoked is not approved."""
        self.assertEqual(self.put_legacy_in_scope(), (0, [LEGACY]))
        asked = self.ask()
        self.assertEqual(self.put_legacy_in_scope(), (0, [LEGACY]))
        self.assertTrue(self.judge(self.report(vin=LEGACY))[0])
        asked.with_user(self.deciding).action_refuse()
        self.assertEqual(self.put_legacy_in_scope(), (0, [LEGACY]))
        self.approve()
        self.assertEqual(self.put_legacy_in_scope(), (1, []))
        self.assertEqual(self.put_legacy_in_scope(), (0, []))

    def test_approved_vehicle_stays_outside_the_scope(self):
        """M-LEGACY: asked for with a plan, the vehicle is in its scope once approved,
        marked, and its report passes the checks; not before, and not when refused."""
        refused, asked = (
            self.ask("OLD-1", plan_id=self.plan.id),
            self.ask(plan_id=self.plan.id),
        )
        refused.with_user(self.deciding).action_refuse()
        self.assertFalse(self.get_vehicle(self.plan, LEGACY))
        asked.with_user(self.deciding).action_approve()
        self.assertTrue(self.get_vehicle(self.plan, LEGACY).legacy_vin)
        self.assertFalse(self.get_vehicle(self.plan, "OLD-1"))
        self.assertEqual(self.judge(self.report(vin=LEGACY)), (False, set()))
        with self.assertRaises(ValidationError):
            self.ask("OLD-2", plan_id=self.make_plan(self.make_producer()).id)

    def test_exception_waives_more_than_the_form_of_its_vin(self):
        """E-AUDIT: all other rules judge a legacy vehicle as any other."""
        self.approve()
        refused, codes = self.judge(self.report(vin=LEGACY))
        self.assertEqual((refused, codes), (True, {"vin_scope"}))
        self.put_legacy_in_scope()
        self.assertEqual(self.judge(self.report(vin=LEGACY)), (False, set()))
        refused, codes = self.judge(self.report(vin=LEGACY, dealer_name="Nobody"))
        self.assertEqual((refused, codes), (True, {"dealer_unknown"}))

    def test_exception_holds_for_another_vin_or_producer(self):
        """E-AUDIT: an exception is for exactly one VIN of one producer."""
        self.approve(producer_id=self.make_producer().id)
        self.assertEqual(self.put_legacy_in_scope(), (0, [LEGACY]))
        self.approve()
        for other in (f"{LEGACY}8", LEGACY.lower(), f" {LEGACY}", LEGACY[:-1]):
            with self.subTest(vin=other):
                self.assertEqual(self.put_legacy_in_scope(other), (0, [other]))

    def test_mark_goes_when_the_exception_is_revoked(self):
        """E-AUDIT: vehicle and report stay marked for ever; nothing new passes."""
        exception = self.approve()
        self.put_legacy_in_scope()
        report = self.make_completion(self.plan, LEGACY)
        plain = self.make_completion(self.plan, self.vins[0])
        vehicle = self.get_vehicle(self.plan, LEGACY)
        exception.with_user(self.asking).action_revoke()
        self.assertEqual(exception.revoked_by_id, self.asking)
        self.assertEqual(exception.decided_by_id, self.deciding)
        self.env.invalidate_all()
        self.assertTrue(vehicle.legacy_vin)
        self.assertEqual((report | plain).mapped("legacy_vin"), [True, False])
        for model, marked in (
            ("recall.vehicle", vehicle),
            ("recall.completion", report),
        ):
            domain = [
                ("plan_id", "=", self.plan.id),
                ("vin", "in", [LEGACY, self.vins[0]]),
            ]
            found = self.env[model].search([*domain, ("legacy_vin", "=", True)])
            self.assertEqual(found, marked)
            others = self.env[model].search([*domain, ("legacy_vin", "=", False)])
            self.assertNotIn(marked, others)
            self.assertTrue(others)
        self.assertTrue(self.judge(self.report(vin=LEGACY))[0])

    def test_one_person_asks_and_approves(self):
        """X-ACCESS: the one who asked cannot decide, not even as superuser."""
        exception = self.ask()
        for action in ("action_approve", "action_refuse"):
            with self.assertRaises(UserError):
                getattr(exception, action)()
            with self.assertRaises(UserError):
                getattr(exception.sudo(), action)()
        with self.assertRaises(AccessError):
            exception.write({"state": "approved", "decided_by_id": self.asking.id})
        with self.assertRaises(AccessError):
            self.ask("LZW-1994-2", requested_by_id=self.deciding.id)
        with self.assertRaises(AccessError):
            self.ask("LZW-1994-3", state="approved")
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.IntegrityError),
        ):
            exception.sudo().write(
                {"state": "approved", "decided_by_id": self.asking.id}
            )
            exception.flush_recordset()
        self.assertEqual(exception.state, "requested")

    def test_approver_changes_what_was_asked_for(self):
        """X-ACCESS: who decides does not write the request, nor anyone afterwards."""
        exception = self.ask()
        for user in (self.deciding, self.env.user):
            with self.assertRaises(UserError):
                exception.with_user(user).write({"vin": "LZW-1994-OTHER"})
        exception.write({"reason": "Built in 1994: see the licence."})
        exception.with_user(self.deciding).action_approve()
        with self.assertRaises(UserError):
            exception.write({"document": base64.b64encode(b"other")})
        with self.assertRaises(UserError):
            exception.sudo().unlink()
        with self.assertRaises(UserError):
            exception.with_user(self.deciding).action_approve()

    def test_request_without_reason_document_or_need(self):
        """E-AUDIT: a reason, a document, and a VIN that needs the exception."""
        for vals in ({"document": False}, {"reason": "  "}, {"vin": self.vins[0]}):
            with self.subTest(vals=vals), self.assertRaises(ValidationError):
                self.ask(**vals)
        with mute_logger("odoo.sql_db"):
            for text in ("L" * 18, "LZW1", "LZW 1994 17", "ＬＺＷ１９９４"):
                with self.subTest(vin=text), self.assertRaises(psycopg2.IntegrityError):
                    self.ask(text)
        self.ask(" lzw-1994-17 ")
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.IntegrityError),
        ):
            self.ask("LZW-1994-17")

    def test_deeds_about_an_exception_are_not_logged(self):
        """X-LOG: who asked and who decided, on which document."""
        self.approve().with_user(self.asking).action_revoke()
        events = self.env["recall.audit.event"].search(
            [("res_model", "=", "recall.vin.exception")], limit=3
        )
        self.assertEqual(
            [(event.action, event.user_id) for event in events],
            [
                ("vin_exception.revoked", self.asking),
                ("vin_exception.approved", self.deciding),
                ("vin_exception.request", self.asking),
            ],
        )
        self.assertEqual(len({event.detail["document"] for event in events}), 1)
        self.assertTrue(events[0].detail["document"])


@tagged("post_install", "-at_install")
class TestVinExceptionOverRpc(ExceptionCase, HttpCase):
    def _call(self, method, args):
        return self.make_jsonrpc_request(
            f"/web/dataset/call_kw/recall.vin.exception/{method}",
            {
                "model": "recall.vin.exception",
                "method": method,
                "args": args,
                "kwargs": {},
            },
        )

    def test_one_person_does_both_over_rpc(self):
        """X-ACCESS: over RPC too, two persons are needed."""
        self.authenticate(self.asking.login, self.asking.login)
        [number] = self._call(
            "create",
            [
                [
                    {
                        "vin": LEGACY,
                        "producer_id": self.producer.id,
                        "reason": "Built in 1994.",
                        "document": DOCUMENT.decode(),
                    }
                ]
            ],
        )
        exception = self.env["recall.vin.exception"].browse(number)
        with mute_logger("odoo.http"):
            for method, args in (
                ("action_approve", [[number]]),
                ("write", [[number], {"state": "approved"}]),
                ("write", [[number], {"requested_by_id": self.deciding.id}]),
                ("_decide", [[number], "approved"]),
                ("unlink", [[number]]),
            ):
                with self.subTest(method=method, args=args):
                    with self.assertRaises(JsonRpcException):
                        self._call(method, args)
        self.env.invalidate_all()
        self.assertEqual(exception.state, "requested")
        self.authenticate(self.deciding.login, self.deciding.login)
        self._call("action_approve", [[number]])
        self.env.invalidate_all()
        self.assertEqual(
            (exception.state, exception.requested_by_id, exception.decided_by_id),
            ("approved", self.asking, self.deciding),
        )
