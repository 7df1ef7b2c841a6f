# SPDX-License-Identifier: LGPL-3.0-only
import base64
import json

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .test_plan_take_in import PlanMessages


@tagged("post_install", "-at_install")
class TestPlanImport(PlanMessages):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.keeper = cls.make_user("plan_keeper", "recall_base.group_keeper")

    def _wizard(self, content, user=None):
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()
        return (
            self.env["recall.plan.import"]
            .with_user(user or self.keeper)
            .create({"file": base64.b64encode(raw), "file_name": "plans.json"})
        )

    def _import(self, content):
        wizard = self._wizard(content)
        action = wizard.action_import()
        self.assertEqual(
            (action["res_model"], action["res_id"]), (wizard._name, wizard.id)
        )
        self.assertEqual(wizard.state, "done")
        return wizard

    def test_keeper_cannot_import_plans(self):
        """M-PLAN: a keeper imports filed plans from a file."""
        wizard = self._import({"plans": [self.filed]})
        self.assertRecordValues(wizard, [{"plan_count": 1, "vehicle_count": 2}])
        self.assertFalse(wizard.problems)

    def test_wrong_plan_stops_the_good_ones(self):
        """M-PLAN: bad plans are told with their place, good ones come in."""
        number = self.make_recall_number()
        without_defect = {**self.filed, "recallNum": number}
        del without_defect["defectDesc"]
        good = [self.filed, {**self.filed, "recallNum": self.make_recall_number()}]
        region = {"dealerName": "Other dealer", "region": "abc"}
        bad = [
            without_defect,
            {**self.filed, "recallNum": "S2025M0000V"},
            "no plan",
            {**self.filed, "recallNum": number, "dealers": [region]},
        ]
        wizard = self._import({"plans": [*bad[:2], good[0], *bad[2:], good[1]]})
        self.assertRecordValues(wizard, [{"plan_count": 2, "vehicle_count": 4}])
        problems = wizard.problems.splitlines()
        self.assertEqual(
            [problem.split(":")[0] for problem in problems],
            ["Plan 1", "Plan 2", "Plan 4", "Plan 5"],
        )
        self.assertIn("defectDesc", problems[0])
        self.assertIn("GB/T 39061", problems[1])
        self.assertIn("six digits", problems[3])
        self.assertFalse(
            self.env["recall.plan"].search([("recall_number", "=", number)])
        )
        self.assertFalse(
            self.env["recall.dealer"].search([("name", "=", "Other dealer")])
        )

    def test_refused_vin_is_not_told(self):
        """M-VERIFY: VINs left out of an imported plan are listed."""
        vins = [*self.filed["vins"], {"vin": "LTZ"}]
        wizard = self._import({"plans": [{**self.filed, "vins": vins}]})
        self.assertEqual(wizard.vehicle_count, 2)
        self.assertIn(f"{self.filed['recallNum']}: LTZ is not a VIN", wizard.problems)

    def test_file_that_is_no_list_of_plans_is_taken(self):
        for content, part in (
            (b" ", "empty"),
            (b"{", "JSON"),
            (b"\xef\xbb\xbf{}", "byte order mark"),
            ("{}".encode("utf-16"), "UTF-16"),
            (b'{"plans": [NaN]}', "NaN"),
            (b"[" * 100_000, "nested"),
            ([], "list of plans"),
            ("plans", "list of plans"),
            (7, "list of plans"),
            ({}, "list of plans"),
            ({"plans": None}, "list of plans"),
            ({"plans": {"recallNum": "S2025M0149I"}}, "list of plans"),
        ):
            wizard = self._wizard(content)
            with self.subTest(content=content), self.assertRaises(UserError) as caught:
                wizard.action_import()
            self.assertIn(part, str(caught.exception))

    def test_reader_imports_plans(self):
        """X-ACCESS: only keepers import plans."""
        reader = self.make_user("plan_reader", "recall_base.group_reader")
        with self.assertRaises(AccessError):
            self._wizard({"plans": [self.filed]}, reader)
