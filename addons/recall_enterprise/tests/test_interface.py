# SPDX-License-Identifier: LGPL-3.0-only
from datetime import timedelta

import psycopg2

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common import EnterpriseCommon


@tagged("post_install", "-at_install")
class TestInterface(EnterpriseCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.administrator = cls.make_user(
            "interface_administrator", "recall_enterprise.group_administrator"
        )

    def test_administrator_cannot_open_an_interface(self):
        """E-OPEN: an administrator opens an interface and issues a token for it."""
        producer = self.make_producer()
        with Form(self.env["recall.interface"].with_user(self.administrator)) as form:
            form.name = "Regulator"
            form.producer_id = producer
        interface = form.record
        self.assertEqual(interface.purpose, "sync")
        self.assertGreaterEqual(len(interface.api_cfg), 16)
        action = interface.action_issue_token()
        dialogue = Form(
            self.env[action["res_model"]]
            .with_user(self.administrator)
            .with_context(**action["context"])
        ).save()
        self.assertRecordValues(
            dialogue, [{"purpose": "sync", "producer_id": producer.id}]
        )
        shown = dialogue.action_issue()
        self.assertEqual(len(interface.token_ids), 1)
        self.assertIn(interface.token_ids.key_id, shown["context"]["default_secret"])

    def test_two_interfaces_have_one_name(self):
        """E-OPEN: api_cfg is made for each interface and cannot be guessed."""
        other = self.make_interface(self.make_producer(), "sync")
        self.assertNotEqual(other.api_cfg, self.sync_interface.api_cfg)
        copy = self.collect_interface.copy()
        self.assertNotEqual(copy.api_cfg, self.collect_interface.api_cfg)
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.IntegrityError),
        ):
            other.api_cfg = self.sync_interface.api_cfg
            other.flush_recordset()

    def test_administrator_chooses_the_name_of_an_interface(self):
        """X-ACCESS: api_cfg is changed by nobody, also past the form."""
        interface = self.sync_interface.with_user(self.administrator)
        with self.assertRaises(AccessError):
            interface.api_cfg = "chosen"
        with self.assertRaises(AccessError):
            interface.create(
                {
                    "name": "x",
                    "producer_id": self.producer.id,
                    "purpose": "collect",
                    "api_cfg": "chosen",
                }
            )

    def test_producer_has_two_open_sync_interfaces(self):
        """E-SYNC: one open interface a producer, so that deliveries have one reader."""
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.IntegrityError),
        ):
            self.make_interface(self.producer, "sync")
        self.sync_interface.active = False
        self.env.flush_all()
        self.make_interface(self.producer, "sync")
        self.make_interface(self.producer, "collect")

    def test_window_or_page_out_of_bounds_is_kept(self):
        for vals in (
            {"window_days": 0},
            {"window_days": 91},
            {"page_size": 0},
            {"page_size": 20001},
        ):
            with (
                self.subTest(vals=vals),
                mute_logger("odoo.sql_db"),
                self.assertRaises(psycopg2.IntegrityError),
            ):
                self.sync_interface.write(vals)
                self.sync_interface.flush_recordset()

    def test_opening_and_closing_leave_no_trace_in_the_log(self):
        """X-LOG: who opened, changed and closed an interface is in the log."""
        interface = self.collect_interface.with_user(self.administrator)
        interface.active = False
        interface.write({"name": "Renamed"})
        events = self.env["recall.audit.event"].search(
            [
                ("res_model", "=", "recall.interface"),
                ("res_id", "=", interface.id),
            ],
            order="id",
        )
        self.assertEqual(
            events.mapped("action"),
            ["interface.create", "interface.write", "interface.write"],
        )
        self.assertEqual(events[1].detail, {"changes": {"active": [True, False]}})
        self.assertEqual(events[1].user_id, self.administrator)

    def test_interface_or_delivery_can_be_deleted(self):
        """X-ACCESS: interfaces are closed, not deleted; deliveries stay."""
        with self.assertRaises(AccessError):
            self.sync_interface.with_user(self.administrator).unlink()
        delivery = self.env["recall.delivery"].create(
            {
                "producer_id": self.producer.id,
                "interface_id": self.sync_interface.id,
                "mode": "plain",
            }
        )
        for attempt in (
            delivery.with_user(self.administrator).unlink,
            lambda: delivery.with_user(self.administrator).write({"mode": "plain"}),
        ):
            with self.assertRaises(AccessError):
                attempt()

    def test_delivery_with_records_is_deleted(self):
        """E-SYNC: not even by the system itself: reports would point nowhere."""
        report = self.make_completion(self.plan, self.vins[0])
        delivery = self.env["recall.delivery"].create(
            {
                "producer_id": self.producer.id,
                "interface_id": self.sync_interface.id,
                "mode": "plain",
            }
        )
        report.delivery_id = delivery
        self.env.flush_all()
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.errors.ForeignKeyViolation),
        ):
            delivery.unlink()

    def issue_by_dialogue(self, interface, **vals):
        """Issue a token as a person does; returns what the dialogue shows."""
        action = interface.with_user(self.administrator).action_issue_token()
        dialogue = Form(
            self.env[action["res_model"]]
            .with_user(self.administrator)
            .with_context(**action["context"])
        )
        for name, value in vals.items():
            dialogue[name] = value
        shown = dialogue.save().action_issue()
        return {
            name.removeprefix("default_"): value
            for name, value in shown["context"].items()
        }

    def test_hand_over_sheet_lacks_something_or_is_stored(self):
        """E-OPEN: address, api_cfg and token on one sheet, which nobody keeps."""
        self.sync_interface.base_url = "https://recall.example.com/"
        shown = self.issue_by_dialogue(self.sync_interface, name="Fresh")
        for part in (
            "https://recall.example.com/recall/v1/sync",
            f"api_cfg: {self.sync_interface.api_cfg}",
            f"api_token: {shown['secret']}",
            self.producer.name,
            "until it is revoked",
        ):
            self.assertIn(part, shown["sheet"])
        secret = shown["secret"].split(".")[1]
        self.env.flush_all()
        for table in ("recall_token", "recall_token_issue", "recall_audit_event"):
            self.env.cr.execute(
                f"SELECT count(*) FROM {table} row WHERE row::text LIKE %s",
                [f"%{secret}%"],
            )
            self.assertEqual(self.env.cr.fetchone(), (0,), table)

    def test_third_token_is_issued(self):
        """E-OPEN: two tokens are live at most, each purpose by itself."""
        self.issue_by_dialogue(self.sync_interface)
        with self.assertRaisesRegex(UserError, self.sync_token.key_id):
            self.issue_by_dialogue(self.sync_interface)
        self.issue_by_dialogue(self.collect_interface)
        self.sync_token.expires_at = fields.Datetime.now() - timedelta(days=1)
        self.issue_by_dialogue(self.sync_interface)

    def test_token_that_is_about_to_expire_is_not_shown(self):
        """E-OPEN: 30 and 7 days before the last live token expires, and after it."""
        interface = self.sync_interface
        for days, expected in ((31, False), (29, "soon"), (6, "urgent"), (-1, "none")):
            self.sync_token.expires_at = fields.Datetime.now() + timedelta(days=days)
            interface.invalidate_recordset()
            self.assertEqual(interface.token_expiry, expected, days)
            found = interface.search([("token_expiry", "=", "none")])
            self.assertEqual(interface in found, expected == "none")
        self.assertEqual(interface.token_step, "issue")
        self.issue_token("sync", "producer_id", self.producer)
        self.sync_token.expires_at = fields.Datetime.now() + timedelta(days=6)
        interface.invalidate_recordset()
        self.assertFalse(interface.token_expiry, "another token lives longer")

    def test_wrong_address_or_list_is_taken(self):
        """E-OPEN: what is no address is refused in plain words."""
        for text in (
            "203.0.113",
            "203.0.113.7; 203.0.113.8",
            "host.example",
            "1.2.3.4/40",
        ):
            with self.subTest(text=text), self.assertRaises(ValidationError) as caught:
                self.sync_token.allowed_addresses = f"127.0.0.1, {text}"
            self.assertIn(text, str(caught.exception))
        for url in (
            "http://recall.example.com",
            "recall.example.com",
            "https://recall.example.com/odoo",
            "https://user:secret@recall.example.com",
            "https://",
        ):
            with self.subTest(url=url), self.assertRaises(ValidationError):
                self.sync_interface.base_url = url

    def test_buttons_of_the_form_lead_elsewhere(self):
        interface = self.sync_interface.with_user(self.administrator)
        for name, model in (
            ("action_open_log", "recall.interface.log"),
            ("action_open_deliveries", "recall.delivery"),
            ("action_open_undeliverable", "recall.completion"),
            ("action_preview", "recall.interface"),
        ):
            action = getattr(interface, name)()
            self.assertEqual(action["res_model"], model)
            self.env[model].search(action.get("domain") or [])
