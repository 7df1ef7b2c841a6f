# SPDX-License-Identifier: LGPL-3.0-only
from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from odoo.addons.base.tests.test_ir_cron import CronMixinCase

from .common import PullCommon

ROLES = ("viewer", "officer", "engineer", "administrator")
TOKEN = "key1.canary-token-0123456789"


@tagged("post_install", "-at_install")
class TestEnterprise(PullCommon, CronMixinCase):
    """Connecting terminals: token, address, roles."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users = {
            role: cls.make_user(f"terminal_{role}", f"recall_management.group_{role}")
            for role in ROLES
        }

    def as_role(self, role):
        return self.enterprise.with_user(self.users[role])

    # === Token === #

    def test_token_cannot_be_read_by_anyone(self):
        """X-CRYPTO X-ACCESS: once entered, a token is shown to nobody, by no way."""
        self.enterprise.api_token = TOKEN
        users = [*self.users.values(), self.env.ref("base.user_admin")]
        for user in users:
            enterprise = self.enterprise.with_user(user)
            for fresh in (False, True):
                with self.subTest(user=user.login, fresh=fresh):
                    if fresh:
                        self.env.invalidate_all()
                    shown = [
                        enterprise.read(["api_token", "has_token"]),
                        enterprise._export_rows([["name"], ["api_token"]]),
                        enterprise.web_read({"api_token": {}, "has_token": {}}),
                        enterprise.api_token,
                    ]
                    self.assertNotIn(TOKEN, str(shown))
                    self.assertTrue(enterprise.has_token)

    def test_token_is_not_in_the_answer_of_the_form(self):
        """X-CRYPTO: saving the form does not send the token back."""
        saved = self.as_role("engineer").web_save(
            {"api_token": TOKEN}, {"api_token": {}, "has_token": {}}
        )
        self.assertEqual(saved[0]["api_token"], False)
        self.assertEqual(saved[0]["has_token"], True)

    def test_token_cannot_be_searched_for(self):
        """X-CRYPTO: guessing by search finds nothing, sealed or not."""
        self.enterprise.api_token = TOKEN
        for role in ROLES:
            Enterprise = self.env["recall.enterprise"].with_user(self.users[role])
            with self.subTest(role=role):
                with self.assertRaises(AccessError):
                    Enterprise.search([("token_sealed", "!=", False)])
                with self.assertRaises(ValueError):
                    Enterprise.search([("api_token", "=like", "key1%")])
                with self.assertRaises(AccessError):
                    Enterprise.browse(self.enterprise.id).read(["token_sealed"])

    def test_token_is_sealed_for_its_terminal(self):
        """X-CRYPTO: the database holds the token sealed, bound to its terminal."""
        self.as_role("engineer").api_token = f" {TOKEN}\n"
        self.env.flush_all()
        self.env.cr.execute("SELECT recall_enterprise::text FROM recall_enterprise")
        self.assertNotIn(TOKEN, str(self.env.cr.fetchall()))
        self.assertEqual(
            self.enterprise._prepare_request()["payload"]["api_token"], TOKEN
        )
        other = self.make_enterprise(self.make_producer())
        other.token_sealed = self.enterprise.token_sealed
        with mute_logger("odoo.addons.recall_management.models.recall_enterprise_pull"):
            self.assertIn("error", other._prepare_guarded())

    def test_saving_the_form_keeps_the_token(self):
        """M-MONITOR: an empty field does not take the token away."""
        sealed = self.enterprise.token_sealed
        for empty in (False, "", "  "):
            self.enterprise.write({"api_cfg": "other", "api_token": empty})
            self.assertEqual(self.enterprise.token_sealed, sealed)

    def test_entering_a_token_is_logged_without_it(self):
        """X-LOG: who entered a token, and for which terminal."""
        self.as_role("engineer").api_token = TOKEN
        event = self.env["recall.audit.event"].search([], limit=1)
        self.assertRecordValues(
            event,
            [
                {
                    "action": "enterprise.set_token",
                    "user_id": self.users["engineer"].id,
                    "res_id": self.enterprise.id,
                }
            ],
        )
        self.assertNotIn(TOKEN, str(event.read()))

    def test_changing_the_address_is_logged(self):
        """X-LOG X-TAMPER: the token is sent there: who changed it, and to what."""
        url = "https://elsewhere.example/sync"
        self.as_role("engineer").write({"url": url, "interval_minutes": 5})
        event = self.env["recall.audit.event"].search([], limit=1)
        self.assertEqual(event.action, "enterprise.write")
        self.assertEqual(event.user_id, self.users["engineer"])
        changes = event.detail["changes"]
        self.assertEqual(changes["url"][1], url)
        self.assertEqual(changes["interval_minutes"][1], 5)

    # === Address === #

    def test_address_that_could_not_be_asked_is_refused(self):
        """M-PULL X-TLS X-ATTACK: only https to a host, without a user in it."""
        for url in (
            "http://terminal.example/sync",
            "ftp://terminal.example/",
            "terminal.example",
            "https://",
            "https:///sync",
            "https://user@terminal.example/",
            "https://:password@terminal.example/",
            "https://terminal.example:99999/",
            "https://terminal.example:0/",
            "https://[::1/",
            "https://terminal.example/ sync",
            "https://terminal.example/\n",
            "https://例子.example/",
            "javascript:alert(1)",
        ):
            with self.subTest(url=url), self.assertRaises(ValidationError):
                self.enterprise.url = url

    def test_usual_addresses_are_taken(self):
        """M-PULL: with a port, with an address instead of a name."""
        for url in (
            "https://terminal.example/recall/v1/sync",
            "https://terminal.example:8443/recall/v1/sync?x=1",
            "https://192.0.2.1/sync",
            "https://[2001:db8::1]/sync",
        ):
            self.enterprise.url = url

    @mute_logger("odoo.sql_db")
    def test_limits_of_a_terminal(self):
        """M-MONITOR: one terminal a producer, asked every 1 to 1440 minutes."""
        with self.assertRaises(IntegrityError):
            self.make_enterprise(self.producer)
        for minutes in (0, -1, 1441):
            with self.assertRaises(IntegrityError):
                self.enterprise.interval_minutes = minutes
                self.env.flush_all()

    # === Roles === #

    def test_officer_has_terminals_asked_but_does_not_change_them(self):
        """M-MONITOR X-ACCESS: whoever could change the address could have the token
        sent elsewhere."""
        self.enterprise.next_pull_at = "2100-01-01"
        with self.capture_triggers("recall_management.ir_cron_pull") as capture:
            self.as_role("officer").action_pull_now()
        self.assertEqual(len(capture.records), 1)
        self.assertLess(self.enterprise.next_pull_at, fields.Datetime.now())
        with self.assertRaises(AccessError):
            self.as_role("officer").url = "https://elsewhere.example/"

    def test_viewer_has_no_terminal_asked(self):
        """M-MONITOR X-ACCESS: viewers only look."""
        for action in (
            self.as_role("viewer").action_pull_now,
            lambda: self.as_role("viewer").write({"plain": True}),
        ):
            with self.assertRaises(AccessError):
                action()

    def test_terminal_without_a_token_is_not_asked_for(self):
        """M-MONITOR: the officer is told what is missing."""
        bare = self.make_enterprise(self.make_producer(), api_token=False)
        both = self.as_role("officer") | bare.with_user(self.users["officer"])
        with self.assertRaisesRegex(UserError, bare.name):
            both.action_pull_now()

    def test_engineer_connects_a_terminal(self):
        """M-MONITOR: the form asks for all that is needed."""
        producer = self.make_producer()
        with Form(
            self.env["recall.enterprise"].with_user(self.users["engineer"])
        ) as form:
            form.producer_id = producer
            form.url = "https://terminal.example/recall/v1/sync"
            form.api_cfg = "cfg"
            form.api_token = TOKEN
        enterprise = form.save()
        self.assertTrue(enterprise.has_token)
        self.assertEqual(enterprise.state, "new")

    def test_quarantine_of_a_terminal_is_counted_and_opened(self):
        """M-VERIFY M-MONITOR: the button shows the open entries of this terminal."""
        right = self.make_record()
        wrong = {**right, "vehicleVin": right["vehicleVin"][:16]}
        other = self.make_record(recallTime="2024-01-01")
        self.take_in(wrong, other)
        self.assertEqual(self.as_role("viewer").quarantine_count, 2)
        self.take_in(right)
        self.env.invalidate_all()
        self.assertEqual(self.as_role("viewer").quarantine_count, 1)
        action = self.as_role("viewer").action_open_quarantine()
        entries = self.env["recall.quarantine"].search(action["domain"])
        self.assertEqual(len(entries), 2)

    def test_copy_of_the_database_asks_nobody(self):
        """X-ACCESS: a neutralised copy has no tokens and asks no terminal."""
        from odoo.modules.neutralize import get_neutralization_queries

        for query in get_neutralization_queries(["recall_management"]):
            self.env.cr.execute(query)
        self.env.invalidate_all()
        self.assertFalse(self.enterprise.active or self.enterprise.token_sealed)
        self.assertFalse(self.env["recall.enterprise"]._lease_due())
