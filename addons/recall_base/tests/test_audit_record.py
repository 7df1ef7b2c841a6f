# SPDX-License-Identifier: LGPL-3.0-only
import json
from datetime import datetime
from unittest.mock import patch

from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from ..models import recall_audit_event, recall_audit_refusal
from .common import RecallCommon


class LogCommon(RecallCommon):
    """Reads what the operation log gained since ``mark``."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.keeper = cls.make_user("log_writer", "recall_base.group_keeper")
        cls.mark = cls.env["recall.audit.event"].search([], limit=1).id

    def logged(self, action):
        self.env.flush_all()
        return self.env["recall.audit.event"].search(
            [("id", ">", self.mark), ("action", "=", action)], order="id"
        )


@tagged("post_install", "-at_install")
class TestAuditRecord(LogCommon):
    """What a change of a record leaves in the operation log."""

    def test_change_lacks_what_was_and_what_is(self):
        """X-LOG: who changed which record, from what to what; nothing for a write that
        changes nothing."""
        plan = self.plan.with_user(self.keeper)
        was = plan.brand
        plan.write({"brand": "Other", "series": plan.series})
        plan.write({"brand": "Other"})
        [event] = self.logged("plan.write")
        self.assertEqual(event.detail, {"changes": {"brand": [was, "Other"]}})
        self.assertEqual(event.user_id, self.keeper)
        self.assertEqual((event.res_model, event.res_id), ("recall.plan", plan.id))

    def test_creation_and_deletion_lack_the_content(self):
        """X-LOG: a new record is told with its values, a deleted one with its last."""
        wmi = self.env["recall.wmi"].create({"code": "Z9Z", "manufacturer": "Maker"})
        record_id = wmi.id
        [created] = self.logged("wmi.create")
        self.assertEqual(created.detail["changes"]["manufacturer"], [None, "Maker"])
        wmi.unlink()
        [gone] = self.logged("wmi.unlink")
        self.assertEqual(gone.detail["changes"]["code"], ["Z9Z", None])
        self.assertEqual(gone.res_id, record_id)

    def test_undone_change_stays_in_the_log(self):
        """X-LOG: deed and event are one transaction."""
        with self.assertRaises(ZeroDivisionError), self.env.cr.savepoint():
            self.plan.brand = "Never"
            self.env.flush_all()
            raise ZeroDivisionError
        self.assertFalse(self.logged("plan.write"))

    def test_personal_data_or_secret_is_in_the_log(self):
        """X-LOG, X-CRYPTO: passwords, addresses and free texts are not to be read."""
        user = self.make_user("log_private", "base.group_user")
        user.password = "Secret-12345"
        user.signature = "<p>Zhang San, 13912345678</p>"
        self.env["ir.config_parameter"].set_param("other.secret", "Secret-12345")
        self.plan.write({"source": "https://example.com/" + "x" * 300})
        events = self.logged("res_users.write") + self.logged("plan.write")
        events += self.logged("ir_config_parameter.create")
        texts = str(events.mapped("detail"))
        self.assertIn("password", texts)
        for secret in ("Secret-12345", "13912345678", "Zhang", "xxxxx"):
            self.assertNotIn(secret, texts)

    def test_contact_in_another_field_is_in_the_log(self):
        """X-LOG X-CRYPTO: whatever the field is for; whether it changed can be told."""
        for contact in ("zs@owner.example", "13912345678"):
            with self.subTest(contact=contact):
                self.mark = self.env["recall.audit.event"].search([], limit=1).id
                self.plan.with_user(self.keeper).series = f"Series {contact}"
                [event] = self.logged("plan.write")
                [was, now] = event.detail["changes"]["series"]
                self.assertNotIn(contact, json.dumps(event.detail))
                self.assertTrue(now)
                self.assertNotEqual(was, now)

    def test_settings_and_rights_change_without_a_trace(self):
        """X-LOG: groups, accounts, parameters of ours, rules and scheduled actions."""
        group = self.env.ref("recall_base.group_auditor")
        self.keeper.group_ids += group
        [event] = self.logged("res_users.write")
        self.assertEqual(event.detail["changes"]["group_ids"], [None, group.ids])
        self.env["ir.config_parameter"].set_param("recall.test_log", "1")
        [event] = self.logged("ir_config_parameter.create")
        self.assertEqual(event.detail["changes"]["value"], [None, "1"])
        cron = self.env.ref("recall_base.ir_cron_seal")
        cron.active = False
        [event] = self.logged("ir_cron.write")
        self.assertEqual(event.detail, {"changes": {"active": [True, False]}})
        rule = self.env["ir.rule"].search([], limit=1)
        rule.active = False
        self.assertEqual(self.logged("ir_rule.write").res_id, rule.id)

    def test_batch_of_records_fills_the_log(self):
        """X-LOG: a call on many records is one event, with number and digest."""
        with patch.object(recall_audit_event, "BATCH", 2):
            parts = self.env["recall.plan.part"].create(
                [
                    {"plan_id": self.plan.id, "number": f"P-{number}"}
                    for number in range(3)
                ]
            )
            parts.write({"name": "Airbag"})
        [created] = self.logged("plan_part.create")
        [written] = self.logged("plan_part.write")
        self.assertEqual(created.detail["count"], 3)
        self.assertEqual(written.detail["ids"], parts.ids)
        self.assertEqual(written.detail["fields"], ["name"])
        self.assertRegex(written.detail["digest"], r"^sm3:[0-9a-f]{64}$")

    def test_export_leaves_no_trace(self):
        """X-LOG: who takes records away as a file, which and what of them."""
        self.plan.with_user(self.env.ref("base.user_admin")).export_data(["brand"])
        [event] = self.logged("record.export")
        self.assertEqual(event.res_model, "recall.plan")
        self.assertEqual(event.detail["ids"], self.plan.ids)
        self.assertEqual(event.detail["fields"], ["brand"])

    def test_module_change_leaves_no_trace(self):
        """X-LOG: what is to be installed, upgraded or removed, and by whom."""
        module = self.env.ref("base.module_recall_base")
        module.write({"state": "to upgrade"})
        [event] = self.logged("module.state")
        self.assertEqual(event.detail["name"], "recall_base")
        self.assertEqual(event.detail["before"], "installed")
        self.assertEqual(event.detail["after"], "to upgrade")

    # === Reading === #

    def test_auditor_reads_codes_and_numbers(self):
        """X-LOG: fields, choices and records by name, and the way to the record; what
        the auditor may not see stays a number."""
        auditor = self.make_user(
            "log_reader", "recall_base.group_auditor,recall_base.group_reader"
        )
        other = self.make_producer()
        self.plan.write({"producer_id": other.id, "parts_state": "awaited"})
        event = self.logged("plan.write").with_user(auditor)
        self.assertEqual(event.deed, "Changed")
        self.assertIn(self.plan.recall_number, event.record_name)
        self.assertEqual(event.summary, "Producer, Repair parts")
        self.assertIn(other.name, event.changes)
        self.assertNotIn("awaited", event.changes)
        action = event.action_open_record()
        self.assertEqual(action["res_id"], self.plan.id)
        stranger = self.make_user("log_stranger", "recall_base.group_auditor")
        unknown = event.with_user(stranger)
        self.assertIn(f"#{self.plan.id}", unknown.record_name)
        self.assertIn(f"#{other.id}", unknown.changes)

    # === Refusals === #

    def _refuse(self, *rows):
        self.env.cr.execute("DELETE FROM recall_audit_refusal")
        self.env.cr.execute_values("INSERT INTO recall_audit_refusal VALUES %s", rows)
        return self.env["recall.audit.refusal"]._cron_sum_up()

    def test_flood_of_refusals_fills_the_log(self):
        """X-LOG, X-ATTACK: one event a minute and address, one for all others of a
        flood from everywhere, and each refusal counted once."""
        at = datetime(2025, 3, 1, 8, 30, 5)
        rows = [(at, "login.failed", "203.0.113.1", None, str(n)) for n in range(500)]
        rows += [
            (at, "login.failed", f"198.51.100.{number}", None, "x")
            for number in range(9)
        ]
        with patch.object(recall_audit_refusal, "ORIGINS", 4):
            events = self._refuse(*rows)
        self.assertEqual(len(events), 5)
        self.assertEqual(sum(event.detail["count"] for event in events), 509)
        self.assertEqual(events[0].address, "203.0.113.1")
        self.assertEqual(events[0].detail["count"], 500)
        self.assertEqual(len(events[0].detail["subjects"]), 10)
        self.assertEqual(events[-1].detail, {"count": 6, "origins": 6})
        self.assertEqual(str(events[0].time), "2025-03-01 08:31:00")
        self.assertFalse(self.env["recall.audit.refusal"]._cron_sum_up())

    def test_refused_account_that_is_gone_stops_the_count(self):
        """X-LOG: its number is told, and so is what others were refused."""
        gone = self.env["res.users"].search([], order="id desc", limit=1).id + 9
        at = datetime(2025, 3, 1, 8, 30, 5)
        rows = [(at, "login.failed", "x", user, "x") for user in (gone, self.env.uid)]
        events = self._refuse(*rows)
        self.assertEqual(
            {event.user_id.id: event.detail.get("account") for event in events},
            {False: gone, self.env.uid: None},
        )

    def test_minute_that_runs_is_told(self):
        """X-LOG: a minute is told once, when it is over."""
        now = datetime.utcnow()
        self.assertFalse(self._refuse((now, "login.failed", "x", None, "x")))


@tagged("post_install", "-at_install")
class TestAuditSession(LogCommon, HttpCase):
    """Log-ins, log-outs and what is refused, as a browser has them."""

    def _sum_up(self):
        return self.env["recall.audit.refusal"]._sum_up(datetime(2100, 1, 1))

    def _call(self, model, method, *arguments):
        params = {"model": model, "method": method, "args": arguments, "kwargs": {}}
        return self.url_open(
            "/web/dataset/call_kw",
            json.dumps({"params": params}),
            headers={"Content-Type": "application/json"},
        ).json()

    def test_log_in_and_log_out_leave_no_trace(self):
        """X-LOG: both are events of the account, with its address."""
        self.authenticate("log_writer", "log_writer")
        [event] = self.logged("user.login")
        self.assertEqual(event.user_id, self.keeper)
        self.url_open("/web/session/logout")
        [event] = self.logged("user.logout")
        self.assertEqual((event.user_id, event.address), (self.keeper, "127.0.0.1"))

    def test_failed_log_in_leaves_no_trace(self):
        """X-LOG, X-ATTACK: it is counted, without what was typed."""
        params = {"db": self.env.cr.dbname, "login": "log_writer", "password": "wrong"}
        with mute_logger("odoo.http", "odoo.addons.base.models.res_users"):
            self.url_open(
                "/web/session/authenticate",
                json.dumps({"params": params}),
                headers={"Content-Type": "application/json"},
            )
        [event] = self._sum_up()
        self.assertEqual(event.action, "login.failed")
        self.assertEqual(event.user_id, self.keeper)
        self.assertEqual(event.detail["count"], 1)
        self.assertNotIn("log_writer", str(event.detail))

    def test_refused_access_leaves_no_trace(self):
        """X-LOG, X-ACCESS: who called what it may not."""
        self.authenticate("log_writer", "log_writer")
        with mute_logger("odoo.http"):
            answer = self._call("recall.audit.event", "search_read", [])
        self.assertIn("error", answer)
        [event] = self._sum_up()
        self.assertEqual(event.action, "access.refused")
        self.assertEqual(event.user_id, self.keeper)
        self.assertEqual(event.detail["subjects"], ["recall.audit.event.search_read"])
