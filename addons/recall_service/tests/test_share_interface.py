# SPDX-License-Identifier: LGPL-3.0-only
import psycopg2

from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.recall_base.tools.messages import ApiStatus, MessageError

from ..models.recall_share_interface import GRANTED_CONTENTS, GRANTED_METHODS
from .common import RecallServiceCommon


@tagged("post_install", "-at_install")
class TestShareInterface(RecallServiceCommon):
    def authorise(self, secret=None, api_cfg=None, address="127.0.0.1"):
        self.env.flush_all()
        return self.interface._authorise(
            secret or self.secret, api_cfg or self.interface.api_cfg, "share", address
        )

    def refused(self, **asked):
        with self.assertRaises(MessageError) as caught:
            self.authorise(**asked)
        return caught.exception.status

    def test_grant_names_interface_and_data_user(self):
        """S-SHARE: token and interface name together open the interface."""
        grant = self.authorise()
        self.assertEqual(grant.interface_id, self.interface.id)
        self.assertEqual(grant.owner_id, self.data_user.id)
        self.assertEqual(grant.token_id, self.token.id)

    def test_two_live_tokens_serve_at_once(self):
        """S-SHARE: a token can be exchanged without an interruption."""
        _token, fresh = self.issue_share_token(self.data_user)
        for secret in (self.secret, fresh):
            self.assertEqual(self.authorise(secret=secret).owner_id, self.data_user.id)

    def test_token_lives_in_its_networks_only(self):
        """X-ATTACK: a token that was stolen is of no use from elsewhere."""
        self.token.allowed_addresses = "192.0.2.0/24, 2001:db8::1"
        self.authorise(address="192.0.2.7")
        self.authorise(address="2001:db8::1")
        status = self.refused(address="198.51.100.1")
        self.assertEqual(status, ApiStatus.UNAUTHORISED)

    def test_dialogue_issues_token_of_the_data_user(self):
        """S-SHARE: the button on the interface leads to a token that works."""
        action = self.interface.action_issue_token()
        Issue = self.env[action["res_model"]].with_context(**action["context"])
        shown = Issue.create({}).action_issue()["context"]["default_secret"]
        self.assertEqual(self.authorise(secret=shown).owner_id, self.data_user.id)
        stored = self.env["recall.token"].search([], limit=1)
        self.assertNotIn(shown.partition(".")[2], stored.digest)

    def test_interface_names_are_made_and_unique(self):
        """S-SHARE: api_cfg is made by the system; no two interfaces share one."""
        other = self.make_interface(self.data_user)
        self.assertNotEqual(other.api_cfg, self.interface.api_cfg)
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.errors.UniqueViolation),
        ):
            other.api_cfg = self.interface.api_cfg
            other.flush_recordset()

    def test_every_change_is_in_the_operation_log(self):
        """X-LOG: who opened, closed, enabled or disabled what."""
        Event = self.env["recall.audit.event"]
        last = Event.search([], limit=1).id
        data_user = self.make_data_user("Insurer")
        interface = self.make_interface(data_user)
        interface.active = False
        data_user.active = False
        actions = Event.search([("id", ">", last)], order="id").mapped("action")
        self.assertEqual(
            actions,
            [
                "data_user.create",
                "share_interface.create",
                "share_interface.write",
                "data_user.write",
            ],
        )

    def test_nothing_beyond_the_standard_is_granted_by_itself(self):
        """S-CONTENT: a new interface has clause 8.2's contents and one VIN."""
        for term in (*GRANTED_CONTENTS, *GRANTED_METHODS, "sandbox"):
            self.assertFalse(self.interface[term], term)

    def test_phone_needs_a_legal_basis(self):
        """S-CONTENT: no phone number is granted without saying what allows it."""
        for basis in (False, "  "):
            with self.assertRaises(ValidationError):
                self.interface.write({"share_phone": True, "phone_basis": basis})

    def test_grants_are_in_the_operation_log(self):
        """X-LOG: the log tells what an interface permits after each change."""
        self.interface.write(
            {"share_phone": True, "phone_basis": "Article 12", "quota_day": 5}
        )
        event = self.env["recall.audit.event"].search([], limit=1)
        self.assertEqual(event.action, "share_interface.write")
        changes = event.detail["changes"]
        self.assertEqual(changes["share_phone"], [False, True])
        self.assertEqual(changes["phone_basis"], [None, "Article 12"])
        self.assertEqual(changes["quota_day"][1], 5)

    def test_quota_of_nothing_is_refused(self):
        """S-SHARE: an interface that allows nothing is closed, not starved."""
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.errors.CheckViolation),
        ):
            self.interface.quota_day = 0
            self.interface.flush_recordset()
