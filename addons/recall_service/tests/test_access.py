# SPDX-License-Identifier: LGPL-3.0-only
from odoo.exceptions import AccessError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common import RecallServiceCommon

MODELS = (
    "recall.data.user",
    "recall.share.interface",
    "recall.share.usage",
    "recall.plan",
    "recall.vehicle",
    "recall.completion",
    "recall.token",
    "recall.producer",
)


@tagged("post_install", "-at_install")
class TestAccess(RecallServiceCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.operator = cls.make_user("svc_operator", "recall_service.group_operator")
        cls.administrator = cls.make_user(
            "svc_administrator", "recall_service.group_administrator"
        )
        cls.reader = cls.make_user("svc_reader", "recall_base.group_reader")

    def test_public_reads_no_model(self):
        """X-ACCESS: the page needs no right on any model, so the public has none."""
        public = self.env.ref("base.public_user")
        for model in MODELS:
            with self.subTest(model=model):
                self.assertFalse(self.env[model].with_user(public).has_access("read"))

    def test_operator_sees_every_producer(self):
        """M-ACCESS: the regulator's service works for all producers."""
        self.make_completion(self.plan, self.vins[0])
        for model in ("recall.plan", "recall.vehicle", "recall.completion"):
            with self.subTest(model=model):
                domain = [("producer_id", "=", self.producer.id)]
                if model == "recall.vehicle":
                    domain = [("plan_id", "=", self.plan.id)]
                Model = self.env[model]
                self.assertTrue(Model.with_user(self.operator).search_count(domain))
                self.assertFalse(Model.with_user(self.reader).search_count(domain))

    def test_operator_keeps_data_users_but_no_tokens(self):
        """X-ACCESS: tokens are issued by administrators alone."""
        data_user = self.data_user.with_user(self.operator)
        data_user.purpose = "Inspection and registration"
        interface = self.interface.with_user(self.operator).create(
            {"name": "Second", "data_user_id": self.data_user.id}
        )
        with self.assertRaises(AccessError):
            self.env["recall.token"].with_user(self.operator).search([])
        with self.assertRaises(AccessError):
            self.env["recall.token.issue"].with_user(self.operator).create({})
        with self.assertRaises(AccessError):
            interface.unlink()
        self.env["recall.token"].with_user(self.administrator).search([])

    def test_operator_cannot_grant_phone_numbers(self):
        """X-ACCESS: who may have phone numbers is for administrators to decide."""
        grant = {"share_phone": True, "phone_basis": "Article 12"}
        with self.assertRaises(AccessError):
            self.interface.with_user(self.operator).write(grant)
        with self.assertRaises(AccessError):
            self.interface.with_user(self.operator).create(
                {"name": "Second", "data_user_id": self.data_user.id, **grant}
            )
        self.interface.with_user(self.administrator).write(grant)
        self.interface.with_user(self.operator).share_phone = False

    def test_usage_is_written_by_nobody(self):
        """X-ACCESS: what was counted cannot be changed, not even by administrators."""
        Usage = self.env["recall.share.usage"]
        self.assertTrue(Usage.with_user(self.operator).has_access("read"))
        for operation in ("create", "write", "unlink"):
            self.assertFalse(Usage.with_user(self.administrator).has_access(operation))

    def test_forms_open_for_their_roles(self):
        """X-ACCESS: no form asks for a field that its reader may not see."""
        for user in (self.operator, self.administrator):
            for record in (self.data_user, self.interface):
                with self.subTest(user=user.login, model=record._name):
                    form = Form(record.with_user(user))
                    self.assertEqual(form.name, record.name)

    @mute_logger("odoo.addons.base.models.ir_rule")
    def test_reader_of_base_sees_no_data_user(self):
        """X-ACCESS: a role of another terminal learns nothing of the partners."""
        with self.assertRaises(AccessError):
            self.data_user.with_user(self.reader).read(["name"])
