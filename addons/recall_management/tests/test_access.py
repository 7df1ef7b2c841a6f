# SPDX-License-Identifier: LGPL-3.0-only
from odoo.exceptions import AccessError
from odoo.tests import tagged

from odoo.addons.recall_base.tests.menus import MenuCase

from .common import CANARY, PullCommon

ROLES = ("viewer", "officer", "engineer", "administrator")
OURS = ("recall_base", "recall_management")


@tagged("post_install", "-at_install")
class TestAccess(MenuCase, PullCommon):
    """What each role of the regulator may do."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.foreign = cls.make_plan(cls.make_producer())
        cls.users = {
            role: cls.make_user(f"access_{role}", f"recall_management.group_{role}")
            for role in ROLES
        }
        cls.users["auditor"] = cls.make_user(
            "access_auditor", "recall_base.group_auditor"
        )
        cls.users["producer"] = cls.make_user(
            "access_producer",
            "recall_management.group_producer",
            recall_producer_ids=cls.producer.ids,
        )

    def may(self, role, model, operation):
        return self.env[model].with_user(self.users[role]).has_access(operation)

    def test_role_of_the_regulator_does_not_see_a_producer(self):
        """M-ACCESS: viewer and above see every producer's records."""
        self.take_in(self.make_record(), self.make_record(recallTime="2020-01-01"))
        for role in ROLES:
            for model in ("plan", "vehicle", "completion", "exchange", "quarantine"):
                with self.subTest(role=role, model=model):
                    records = self.env[f"recall.{model}"].with_user(self.users[role])
                    self.assertTrue(records.search([], limit=1).read())
            self.assertEqual(
                self.foreign.with_user(self.users[role]).read(["recall_number"])[0][
                    "recall_number"
                ],
                self.foreign.recall_number,
            )

    def test_viewer_or_producer_changes_a_record(self):
        """M-ACCESS: viewer, auditor and a producer's account write nothing of ours."""
        for role in ("viewer", "auditor", "producer"):
            for model in self.our_models():
                for operation in ("write", "create", "unlink"):
                    with self.subTest(role=role, model=model, operation=operation):
                        self.assertFalse(self.may(role, model, operation))

    def our_models(self):
        return [
            name
            for name, model in self.env.registry.items()
            if model._original_module in OURS
            and name.startswith("recall.")
            and not model._transient
            and not model._abstract
        ]

    def test_officer_keeps_plans_or_terminals(self):
        """M-ACCESS: plans, producers and terminals are the engineer's to change."""
        for model in ("plan", "producer", "dealer", "enterprise"):
            for operation in ("write", "create"):
                self.assertFalse(self.may("officer", f"recall.{model}", operation))
                self.assertTrue(self.may("engineer", f"recall.{model}", operation))

    def test_role_changes_what_a_terminal_has_sent(self):
        """M-ACCESS: reports, exchanges and vehicles are nobody's to change."""
        for role in self.users:
            for model in ("completion", "exchange", "vehicle"):
                for operation in ("write", "create", "unlink"):
                    with self.subTest(role=role, model=model, operation=operation):
                        self.assertFalse(self.may(role, f"recall.{model}", operation))

    def test_operation_log_opens_for_others_than_the_auditor(self):
        """M-ACCESS: the log is the auditor's, the rest is not."""
        for role in self.users:
            self.assertEqual(
                self.may(role, "recall.audit.event", "read"), role == "auditor", role
            )
        for model in ("plan", "vehicle", "completion", "quarantine", "enterprise"):
            self.assertFalse(self.may("auditor", f"recall.{model}", "read"), model)

    def test_menu_does_not_open_for_a_role(self):
        """M-ACCESS: every menu that a role is shown opens, with its records."""
        self.take_in(self.make_record(), self.make_record(recallTime="2020-01-01"))
        expected = {
            "producer": 6,
            "auditor": 0,  # the log is under a menu of its own
            "viewer": 9,
            "officer": 9,
            "engineer": 10,
            "administrator": 10,
        }
        for role, user in self.users.items():
            with self.subTest(role=role):
                opened = self.open_menus(user, "recall_management")
                self.assertGreaterEqual(len(opened), expected[role], opened)
                self.assertEqual(bool(opened), bool(expected[role]), opened)

    # === Personal data === #

    def test_phone_number_is_shown_unmasked_or_revealed_without_a_trace(self):
        """M-ACCESS, X-LOG: masked for all; revealed to its readers, and logged."""
        record = self.make_record()
        self.take_in(record)
        report = self.get_completion(record)
        for role in ROLES:
            own = report.with_user(self.users[role])
            self.assertEqual(own.phone_masked, "139****5678")
            self.assertNotIn(CANARY, str(own.read()))
            with self.assertRaises(AccessError):
                own.action_reveal_phone()
        officer = self.users["officer"]
        officer.group_ids += self.env.ref("recall_base.group_personal_data")
        shown = report.with_user(officer).action_reveal_phone()
        self.assertEqual(shown["params"]["message"], CANARY)
        event = self.env["recall.audit.event"].search([], limit=1)
        self.assertEqual(event.action, "completion.reveal_phone")
        self.assertEqual((event.res_id, event.user_id), (report.id, officer))
        self.assertNotIn(CANARY, str(event.read()))

    def test_reader_of_personal_data_reveals_another_producers_phone(self):
        """M-ACCESS: the right to reveal does not widen what an account sees."""
        vins = self.add_vehicles(self.foreign)
        report = self.make_completion(self.foreign, vins[0])
        user = self.users["producer"]
        user.group_ids += self.env.ref("recall_base.group_personal_data")
        with self.assertRaises(AccessError):
            report.with_user(user).action_reveal_phone()
