# SPDX-License-Identifier: LGPL-3.0-only
import base64

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .notice_common import NoticeCommon


@tagged("post_install", "-at_install")
class TestNoticeRound(NoticeCommon):
    def test_role_does_more_than_it_may(self):
        """E-NOTIFY X-ACCESS: clerks prepare, reviewers start, dealers do nothing."""
        self.make_contacts(self.vins[:2])
        Round = self.env["recall.notice.round"]
        with self.assertRaises(AccessError):
            Round.with_user(self.dealer_user).search([])
        notice_round = self.make_round("mail").with_user(self.clerk)
        notice_round.action_check()
        for deed in ("start", "stop", "resume", "close"):
            with self.subTest(deed=deed), self.assertRaises(AccessError):
                getattr(notice_round, f"action_{deed}")()
        for name in ("state", "started_at", "check_result"):
            with self.subTest(field=name), self.assertRaises(AccessError):
                notice_round.write({name: False})
        notice_round.with_user(self.reviewer).action_start()
        self.assertEqual(notice_round.started_by_id, self.reviewer)
        with self.assertRaises(AccessError):
            notice_round.notice_ids[0].with_user(self.reviewer).write({"state": "sent"})
        self.assertTrue(self.events("notice_round.start"))

    def test_round_starts_without_a_dry_run(self):
        notice_round = self.make_round("mail")
        with self.assertRaises(UserError):
            notice_round.action_start()

    def test_started_round_is_changed_or_deleted(self):
        """E-NOTIFY: what was said and to whom is kept as evidence."""
        self.make_contacts(self.vins[:2])
        notice_round = self.start(self.make_round("mail"))
        with self.assertRaises(UserError):
            notice_round.body_zh = "other"
        with self.assertRaises(UserError):
            notice_round.unlink()

    def test_round_without_anybody_starts(self):
        self.make_contacts(self.vins)
        self.make_done()
        notice_round = self.make_round("mail", told="never")
        notice_round.action_check()
        with self.assertRaisesRegex(UserError, "Nobody is left"):
            notice_round.action_start()

    def test_clerk_sees_rounds_of_another_producer(self):
        """E-NOTIFY X-ACCESS: rounds, notices and reports belong to their producer."""
        other = self.make_producer(public_url="https://x.example/r")
        plan = self.make_plan(other)
        self.add_vehicles(plan, 1)
        foreign = self.start(self.make_round("sms", plan_id=plan.id))
        for record in (foreign, foreign.notice_ids):
            with self.subTest(model=record._name), self.assertRaises(AccessError):
                record.with_user(self.clerk).read(["display_name"])
        self.assertTrue(
            foreign.notice_ids.with_user(self.env.ref("base.user_admin")).vin
        )

    def test_next_round_is_not_proposed(self):
        """E-NOTIFY: the next round tells those not reached, over another channel."""
        self.make_contacts(self.vins[:6])
        self.make_contact(self.vins[6], email=False, phone=False)
        first = self.make_done()
        self.get_notice(first, self.vins[0])._set_result("reached", "hand")
        self.assertEqual(first.state, "done")
        self.assertTrue(first.next_due)
        action = first.with_user(self.clerk).action_next_round()
        second = self.env["recall.notice.round"].browse(action["res_id"])
        self.assertEqual(second.previous_id, first)
        self.assertEqual((second.told, second.state), ("not_reached", "draft"))
        self.assertEqual(second.channel, "letter")
        self.assertEqual(
            second.template_id, self.env.ref("recall_enterprise.template_letter")
        )
        second.action_check()
        self.assertEqual(second.check_result["vehicles"], 9)

    def test_result_follows_where_it_cannot(self):
        """E-NOTIFY: results by hand and report; a later one undoes no better."""
        self.make_contacts(self.vins[:1])
        notice_round = self.start(self.make_round("mail"))
        notice = self.get_notice(notice_round, self.vins[0])
        cases = (
            ("sent", "delivered", True),
            ("sent", "undeliverable", True),
            ("delivered", "undeliverable", True),
            ("reached", "undeliverable", False),
            ("reached", "delivered", False),
            ("refused", "delivered", False),
            ("undeliverable", "reached", True),
            ("queued", "delivered", False),
            ("queued", "reached", True),
            ("skipped", "reached", False),
        )
        for before, result, follows in cases:
            with self.subTest(before=before, result=result):
                notice.state = before
                self.assertEqual(notice._set_result(result, "hand"), int(follows))
                self.assertEqual(notice.state, result if follows else before)

    def test_list_of_results_is_not_noted(self):
        """E-NOTIFY: results come by hand for chosen notices, or as a list of VINs."""
        self.make_contacts(self.vins[:4])
        notice_round = self.make_done()
        Wizard = self.env["recall.notice.result"].with_user(self.clerk)
        content = "VIN;结果\n" + "\n".join(f"{vin};退信" for vin in self.vins[:2])
        answer = Wizard.create(
            {
                "round_id": notice_round.id,
                "result": "undeliverable",
                "reason": "moved",
                "list_file": base64.b64encode(content.encode("gb18030")),
                "vins": self.make_vin(),
            }
        ).action_note()
        self.assertIn("1 VINs have no notice", answer["params"]["message"])
        chosen = self.get_notice(notice_round, self.vins[2])
        Wizard.with_context(active_model="recall.notice", active_ids=chosen.ids).create(
            {"result": "reached"}
        ).action_note()
        states = self.states(notice_round)
        self.assertEqual(
            [states[vin] for vin in self.vins[:4]],
            ["undeliverable", "undeliverable", "reached", "sent"],
        )
        self.assertEqual(chosen.source, "hand")
        self.assertEqual(len(self.events("notice.result")), 2)

    def test_history_of_a_vehicle_is_lost(self):
        """E-NOTIFY: the vehicle tells when, how and with what result it was told."""
        self.make_contacts(self.vins[:1])
        self.make_done()
        vehicle = self.get_vehicle(self.plan, self.vins[0]).with_user(self.clerk)
        [notice] = vehicle.notice_ids
        self.assertEqual((notice.channel, notice.state), ("mail", "sent"))
        self.assertTrue(notice.sent_at)
        action = vehicle.action_open_owner_contact()
        self.assertTrue(action["res_id"])

    def test_form_cannot_be_filled_in(self):
        form = Form(self.env["recall.notice.round"].with_user(self.clerk))
        form.plan_id = self.plan
        form.channel = "sms"
        self.assertIn("{vins}", form.body_zh)
        self.assertIn(self.plan.recall_number, form.preview_zh)
        notice_round = form.save()
        self.assertEqual(notice_round.number, 1)
        self.assertTrue(notice_round.display_name.startswith(self.plan.recall_number))
