# SPDX-License-Identifier: LGPL-3.0-only
from datetime import date, timedelta

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..models.recall_plan_state import STEPS
from ..tools import deadline
from ..tools.messages import MessageError
from .test_plan_take_in import PlanMessages

REASON = "Decided on 1 March"


@tagged("post_install", "-at_install")
class TestPlanState(PlanMessages):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.keeper = cls.make_user("state_keeper", "recall_base.group_keeper")
        cls.reader = cls.make_user(
            "state_reader",
            "recall_base.group_reader",
            recall_producer_ids=cls.producer.ids,
        )

    def make(self, state, **vals):
        return self.make_plan(self.producer, state=state, **vals)

    def step(self, plan, action, reason=REASON):
        """Press a button, and answer its dialogue."""
        plan = plan.with_user(self.keeper)
        opened = getattr(plan, f"action_{action}")()
        if opened:
            Step = self.env["recall.plan.step"].with_user(self.keeper)
            wizard = Step.with_context(**opened["context"]).create({"reason": reason})
            wizard.action_confirm()

    def test_step_leads_elsewhere(self):
        """M-PLAN: publish, finish, withdraw and open again; days and reasons stay."""
        today = deadline.today()
        for state, action, target, day in (
            ("filed", "publish", "published", "published_on"),
            ("filed", "withdraw", "withdrawn", "withdrawn_on"),
            ("published", "finish", "finished", "finished_on"),
            ("running", "finish", "finished", "finished_on"),
            ("running", "withdraw", "withdrawn", "withdrawn_on"),
            ("finished", "reopen", "running", "started_on"),
            ("withdrawn", "reopen", "published", "published_on"),
        ):
            with self.subTest(state=state, action=action):
                plan = self.make(state)
                self.step(plan, action)
                self.assertEqual((plan.state, plan[day]), (target, today))
                reason = False if action == "publish" else REASON
                self.assertEqual(plan.state_reason, reason)

    def test_step_that_is_not_allowed_is_taken(self):
        """M-PLAN: no step but those of the life of a plan; an end has a reason."""
        for state in STEPS:
            plan = self.make(state)
            for target in STEPS:
                if target not in STEPS[state]:
                    with self.subTest(state=state, target=target):
                        with self.assertRaises(UserError):
                            plan._step_to(target, REASON)
                        self.assertEqual(plan.state, state)
        plan = self.make("running")
        for target in ("finished", "withdrawn"):
            with self.assertRaises(UserError):
                plan._step_to(target, "  ")

    def test_state_is_written_past_the_buttons(self):
        """X-ACCESS, X-TAMPER: no account writes the state itself."""
        plan = self.make("filed")
        for vals in (
            {"state": "finished"},
            {"state_reason": "x"},
            {"published_on": "2020-01-01"},
        ):
            with self.subTest(vals=vals), self.assertRaises(AccessError):
                plan.with_user(self.keeper).write(vals)
        with self.assertRaises(AccessError):
            plan.with_user(self.reader).action_publish()
        self.assertEqual(plan.state, "filed")

    def test_step_is_not_in_the_operation_log(self):
        """X-LOG: who moved a plan, from where to where, and why."""
        plan = self.make("running")
        self.step(plan, "withdraw")
        event = self.env["recall.audit.event"].search(
            [("action", "=", "plan.step"), ("res_id", "=", plan.id)]
        )
        self.assertEqual(event.user_id, self.keeper)
        self.assertEqual(
            (event.detail["before"], event.detail["after"], event.detail["reason"]),
            ("running", "withdrawn", REASON),
        )

    def test_published_plan_does_not_run_from_its_start(self):
        """M-PLAN: the clock has a plan run; one that starts later or is filed waits."""
        today = deadline.today()
        due = self.make("published", recall_start=today)
        later = self.make("published", recall_start=today + timedelta(1))
        filed = self.make("filed", recall_start=today)
        with self.enter_registry_test_mode():
            self.env.ref("recall_base.ir_cron_plan_start").method_direct_trigger()
        self.env.invalidate_all()
        plans = due | later | filed
        self.assertEqual(plans.mapped("state"), ["running", "published", "filed"])
        self.assertEqual(due.started_on, today)

    def test_published_plan_is_deleted(self):
        """M-PLAN: what was public is withdrawn, not deleted."""
        self.make("filed").unlink()
        for state in ("published", "running", "finished", "withdrawn"):
            with self.subTest(state=state), self.assertRaises(UserError):
                self.make(state).unlink()

    def test_filing_does_not_move_the_plan(self):
        """M-PLAN: a filing may hold a plan back, publish or withdraw it."""
        plan = self.take_in(planState="filed")["plan"]
        self.assertEqual(plan.state, "filed")
        result = self.take_in(planState="published")
        self.assertEqual((plan.state, result["status"]), ("published", "amended"))
        self.assertEqual(self.take_in(planState="published")["status"], "unchanged")
        self.assertEqual(self.take_in(planState="filed")["status"], "unchanged")
        self.take_in(planState="withdrawn", stateReason="Filed twice")
        self.assertEqual((plan.state, plan.state_reason), ("withdrawn", "Filed twice"))

    def test_withdrawn_plan_cannot_be_filed_as_published_again(self):
        """M-PLAN: with its reason a filing publishes a withdrawn plan again."""
        plan = self.take_in()["plan"]
        withdrawn = {"planState": "withdrawn", "stateReason": "Filed by mistake"}
        self.take_in(**withdrawn)
        result = self.take_in(planState="published", stateReason="It was right")
        self.assertEqual((plan.state, result["status"]), ("published", "amended"))
        self.assertEqual(plan.state_reason, "It was right")

    def test_withdrawn_plan_is_said_to_be_published(self):
        """M-PLAN: without its reason nothing is taken in, and it is said why."""
        plan = self.take_in()["plan"]
        self.take_in(planState="withdrawn", stateReason="Filed by mistake")
        with self.assertRaisesRegex(MessageError, "planState.*stateReason") as caught:
            self.take_in(planState="published")
        self.assertEqual(caught.exception.member, "stateReason")
        self.assertEqual(plan.state, "withdrawn")

    def test_day_of_a_step_is_yesterday_in_the_morning(self):
        """M-PLAN: at half past one in Beijing it is the new day, whoever acts."""
        morning = date(2026, 1, 1)
        with freeze_time("2025-12-31 17:30:00"):
            due = self.make("published", recall_start=morning)
            later = self.make("published", recall_start=morning + timedelta(1))
            filed = self.take_in()["plan"]
            [vehicle, _other] = filed.vehicle_ids
            filed._take_out([vehicle.vin], "Built with another part")
            with self.enter_registry_test_mode():
                self.env.ref("recall_base.ir_cron_plan_start").method_direct_trigger()
            self.env.invalidate_all()
        self.assertEqual((due.state, due.started_on), ("running", morning))
        self.assertEqual(later.state, "published")
        self.assertEqual(filed.published_on, morning)
        self.assertEqual(vehicle.state_date, morning)
