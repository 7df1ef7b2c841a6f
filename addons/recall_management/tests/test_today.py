# SPDX-License-Identifier: LGPL-3.0-only
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from odoo.addons.recall_base.tests.menus import MenuCase

from ..models.recall_enterprise_watch_state import ATTENTION
from .common import PullCommon


@tagged("post_install", "-at_install")
class TestToday(MenuCase, PullCommon):
    """The board: what it counts is what its lists hold."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["recall.producer"].search(
            [("id", "!=", cls.producer.id)]
        ).active = False
        cls.foreign_producer = cls.make_producer()
        cls.foreign = cls.make_enterprise(cls.foreign_producer)
        cls.officer = cls.make_user("today_officer", "recall_management.group_officer")
        cls.engineer = cls.make_user(
            "today_engineer", "recall_management.group_engineer"
        )
        cls.account = cls.make_user(
            "today_producer",
            "recall_management.group_producer",
            recall_producer_ids=cls.producer.ids,
        )

    def figures(self, user, producer=None):
        board = self.env["recall.today"].with_user(user)
        return board.get_figures(producer and producer.id)

    def tiles(self, user, producer=None):
        return {tile["key"]: tile for tile in self.figures(user, producer)["tiles"]}

    def find(self, tile, user):
        action = tile["action"]
        return self.env[action["res_model"]].with_user(user).search(action["domain"])

    def test_tile_counts_other_records_than_its_list(self):
        """M-MONITOR: each figure is the length of the list that it leads to."""
        self.take_in(self.make_record(recallTime="2020-01-01"))
        soon = fields.Datetime.now() + timedelta(days=3)
        self.enterprise.certificate_expires_at = soon
        self.enterprise.state = "failing"
        self.make_incident()
        self.plan.state = "filed"
        for user in (self.officer, self.engineer, self.account):
            for producer in (None, self.producer, self.foreign_producer):
                for key, tile in self.tiles(user, producer).items():
                    if key == "late":  # reports, and the list is of their plans
                        continue
                    with self.subTest(user=user.login, tile=key):
                        self.assertEqual(tile["value"], len(self.find(tile, user)))

    def test_state_of_a_terminal_is_on_no_tile(self):
        """M-MONITOR: whatever is wrong with a terminal is counted, and named below."""
        for state in ATTENTION:
            self.enterprise.state = "working"
            before = self.tiles(self.officer)
            self.enterprise.state = state
            after = self.tiles(self.officer)
            with self.subTest(state=state):
                grown = [
                    key
                    for key in ("down", "slow", "expiring")
                    if after[key]["value"] == before[key]["value"] + 1
                ]
                self.assertEqual(len(grown), 1)
                self.assertTrue(after[grown[0]]["level"])
                [table] = self.figures(self.officer)["tables"]
                names = [row["cells"][0] for row in table["rows"]]
                self.assertIn(self.producer.name, names)

    def test_work_that_waits_is_on_no_tile(self):
        """M-VERIFY, M-PLAN, M-STAT: quarantine, plans to publish, late reports."""
        before = self.tiles(self.officer)
        day = fields.Date.today() - timedelta(days=10)
        late = self.make_record(
            recallTime=str(day), collectTime=f"{day + timedelta(days=5)} 08:00:00"
        )
        self.take_in(late, self.make_record(recallTime="2020-01-01"))
        self.plan.state = "filed"
        self.make_incident()
        after = self.tiles(self.officer)
        for key in ("quarantine", "filed", "late", "incidents"):
            with self.subTest(tile=key):
                self.assertEqual(after[key]["value"], before[key]["value"] + 1)
                self.assertTrue(after[key]["level"])
        self.assertIn(self.plan, self.find(after["late"], self.officer))

    def make_incident(self):
        now = fields.Datetime.now()
        vals = {"kind": "failure", "opened_at": now, "last_seen_at": now}
        self.env["recall.incident"].create(
            {**vals, "enterprise_id": self.enterprise.id}
        )

    def test_account_of_a_producer_sees_figures_of_another(self):
        """M-ACCESS: the board of a producer's account has its own figures only."""
        self.foreign.state = "failing"
        figures = self.figures(self.account)
        self.assertEqual(
            [item["id"] for item in figures["producers"]], self.producer.ids
        )
        self.assertEqual(self.tiles(self.account)["down"]["value"], 0)
        self.assertNotIn(self.foreign_producer.name, str(figures))
        self.assertNotIn("imports", self.tiles(self.account))
        self.assertFalse(figures["checklist"])

    def test_board_opens_for_whoever_asks(self):
        """M-ACCESS: it is no page of the auditor or of any other account."""
        for groups in ("recall_base.group_auditor", "base.group_user"):
            user = self.make_user(f"today_{groups[-4:]}", groups)
            with self.assertRaises(AccessError):
                self.figures(user)
            with self.assertRaises(AccessError):
                self.env["recall.search"].with_user(user).find("x")

    def test_first_steps_do_not_say_what_is_missing(self):
        """Use: the administrator's checklist follows the records."""
        user = self.make_user("today_admin", "recall_management.group_administrator")
        self.env["ir.mail_server"].search([]).active = False
        self.env["ir.config_parameter"].set_param(
            "recall_management.alarm_addresses", False
        )
        steps = self.steps(user)
        self.assertFalse(steps["mail"]["done"])
        self.assertFalse(steps["operator"]["done"])
        self.assertFalse(steps["asked"]["done"])
        self.assertFalse(steps["filing"]["done"])
        for key in ("keys", "producer", "plan", "terminal"):
            self.assertTrue(steps[key]["done"], key)
        self.env["ir.mail_server"].create({"name": "Out", "smtp_host": "localhost"})
        self.env["ir.config_parameter"].set_param(
            "recall_management.alarm_addresses", "operator@regulator.example"
        )
        self.take_in(self.make_record())
        system = self.env["recall.filing.system"].create({"name": "Filing"})
        self.env["recall.plan.interface"].create(
            {"name": "Plans", "filing_system_id": system.id}
        )
        steps = self.steps(user)
        self.assertTrue(all(step["done"] for step in steps.values()), steps)

    def steps(self, user):
        checklist = self.figures(user)["checklist"]
        return {step["key"]: step for step in checklist["steps"]}

    def test_button_of_a_step_opens_nothing(self):
        """Use: what a step leads to is there."""
        user = self.make_user("today_admin", "recall_management.group_administrator")
        user.group_ids += self.env.ref("base.group_system")
        for step in self.steps(user).values():
            action = step["action"] or {}
            if action.get("xml_id"):
                self.assertTrue(self.env.ref(action["xml_id"], False), step["key"])
