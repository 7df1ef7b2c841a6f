# SPDX-License-Identifier: LGPL-3.0-only
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import RecallCommon


@tagged("post_install", "-at_install")
class TestKeptFields(RecallCommon):
    def setUp(self):
        super().setUp()
        self.admin = self.env.ref("base.user_admin")
        mixin = type(self.env["recall.kept.fields.mixin"])
        self.models = [
            model
            for model in self.env.values()
            if isinstance(model, mixin) and not model._abstract
        ]

    def kept(self, model):
        """Field names that the mixin keeps, by its own two sets."""
        written = model._collect("_written_fields")
        kept = model._collect("_kept_fields")
        return kept | (set(model._fields) - written if written else set())

    def test_administrator_writes_a_kept_field(self):
        cases = [(m, name) for m in self.models for name in sorted(self.kept(m))]
        self.assertIn(("recall.plan", "done_count"), [(m._name, n) for m, n in cases])
        for model, name in cases:
            with self.subTest(model=model._name, field=name):
                field = model._fields[name]
                as_admin = model.with_user(self.admin)
                self.assertFalse(as_admin._has_field_access(field, "write"))
                self.assertTrue(model.sudo()._has_field_access(field, "write"))

    def test_kept_field_is_offered_for_editing(self):
        plan = self.env["recall.plan"].with_user(self.admin)
        described = plan.fields_get(["done_count", "brand"], ["readonly"])
        self.assertTrue(described["done_count"]["readonly"])
        self.assertFalse(described["brand"]["readonly"])

    def test_write_over_rpc_moves_a_counter(self):
        plan = self.plan.with_user(self.admin)
        group = self.env.ref("recall_base.group_reader")
        self.assertIn(group, self.admin.all_group_ids)
        with self.assertRaises(AccessError):
            plan.write({"done_count": 7})

    def test_list_of_an_extension_replaces_that_of_the_model(self):
        model = self.env["recall.plan"]
        cls = type(model)
        self.addCleanup(setattr, cls, "_kept_fields", cls._kept_fields)
        cls._kept_fields = {"defect"}
        as_admin = model.with_user(self.admin)
        for name in ("defect", "done_count"):
            self.assertFalse(as_admin._has_field_access(model._fields[name], "write"))
        self.assertTrue(as_admin._has_field_access(model._fields["brand"], "write"))
