# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .partner_common import PartnerCommon

READABLE = (
    "recall.data.user",
    "recall.data.application",
    "recall.share.interface",
    "recall.share.usage",
    "recall.token",
)


@tagged("post_install", "-at_install")
class TestPartnerAccess(PartnerCommon):
    """What the account of a data user reaches by any call."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.issue_share_token(cls.other)
        cls.issue_token("sync", "producer_id", cls.producer)
        for interface in (cls.interface, cls.other_interface):
            cls.add_usage(interface, fields.Datetime.now())
            data_user = interface.data_user_id
            cls.make_application(interface_id=interface.id, data_user_id=data_user.id)
        cls.make_application(email="stranger@partner.example")

    def _of(self, model):
        if model == "recall.data.user":
            return self.own
        return self.env[model].search([("data_user_id", "=", self.own.id)])

    def test_account_sees_what_is_anothers(self):
        """X-ACCESS: search, read, name_search, groups and export: its own alone."""
        for name in READABLE:
            Model = self.env[name].with_user(self.account)
            own = self._of(name)
            everything = self.env[name].search([])
            with self.subTest(model=name):
                self.assertTrue(own and everything - own, "there is something to hide")
                self.assertEqual(Model.search([]), own)
                found = {key for key, _label in Model.name_search("", limit=None)}
                self.assertLessEqual(found, set(own.ids))
                [(count,)] = Model._read_group([], [], ["__count"])
                self.assertEqual(count, len(own))
                groups = Model.formatted_read_group([], ["id"], ["__count"])
                self.assertEqual(len(groups), len(own))
                stranger = (everything - own).with_user(self.account)
                with self.assertRaises(AccessError):
                    stranger.read(["display_name"])
                with self.assertRaises(UserError):
                    stranger.export_data(["display_name"])

    def test_account_writes_something(self):
        """X-ACCESS: what it does goes through its pages, nothing by a call."""
        for name in READABLE:
            record = self._of(name)[:1].with_user(self.account)
            with self.subTest(model=name):
                for operation in ("create", "write", "unlink"):
                    self.assertFalse(record.has_access(operation))
        for deed in (
            lambda: self.own.with_user(self.account).action_unarchive(),
            lambda: self.token.with_user(self.account).action_revoke(),
            lambda: self.interface.with_user(self.account).action_archive(),
            lambda: (
                self.env["recall.token"]
                .with_user(self.account)
                .issue({"name": "x", "purpose": "share", "data_user_id": self.own.id})
            ),
        ):
            with self.assertRaises(AccessError):
                deed()

    def test_account_reads_the_regulators_side(self):
        """X-ACCESS: neither other models nor who else has an account."""
        for name in (
            "recall.plan",
            "recall.vehicle",
            "recall.completion",
            "recall.subscription",
            "recall.push",
            "recall.audit.event",
            "recall.producer",
        ):
            with self.subTest(model=name):
                Model = self.env[name].with_user(self.account)
                self.assertFalse(Model.has_access("read"))
        own = self.own.with_user(self.account)
        for field in ("account_ids", "token_ids"):
            with self.subTest(field=field), self.assertRaises(AccessError):
                own.read([field])
        with self.assertRaises(AccessError):
            self.token.with_user(self.account).read(["digest"])

    def test_account_sees_more_after_it_was_taken_off(self):
        """X-ACCESS: taken off the data user, it sees nothing at once."""
        self.own.with_user(self.operator).account_ids = [
            fields.Command.unlink(self.account.id)
        ]
        for name in READABLE:
            with self.subTest(model=name):
                self.assertFalse(self.env[name].with_user(self.account).search([]))

    def test_portal_account_without_data_user_reads(self):
        """X-ACCESS: an account of the portal alone has no right on any model."""
        stranger = self.make_user("ptn_portal", "base.group_portal")
        for name in READABLE:
            with self.subTest(model=name):
                Model = self.env[name].with_user(stranger)
                self.assertFalse(Model.has_access("read"))
