# SPDX-License-Identifier: LGPL-3.0-only
import io

from odoo.tests import tagged

from odoo.addons.recall_base.tests.import_common import ImportCommon

#: In the order in which one needs the other.
KINDS = ("filings", "plans", "vins", "legacy", "owners", "reports", "fleet")
DEALER = "上海示例汽车销售服务有限公司"


@tagged("post_install", "-at_install")
class TestImportExamples(ImportCommon):
    """The templates of all imports, each sent back as it was downloaded."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.producer.name = "示例汽车有限公司"
        cls.env["recall.dealer"].create(
            {"name": DEALER, "code": "EX-1", "producer_id": cls.producer.id}
        )
        groups = (
            "recall_base.group_keeper,recall_enterprise.group_clerk,"
            "recall_service.group_operator"
        )
        cls.keeper = cls.make_user("example_keeper", groups)
        partner = cls.env["recall.data.user"].create(
            {"name": "Partner", "kind": "insurer", "purpose": "Fleet"}
        )
        #: What some kinds ask for beside a plan and its producer.
        cls.asked = {
            "legacy": {"reason": "Built before 1996", "document": b"UERG"},
            "fleet": {"data_user_id": partner.id, "plan_id": False},
        }

    def read_template(self, kind):
        """The file that the button "Template" downloads."""
        model = self.env[f"recall.import.kind.{kind}"]
        if model._template_form == "json":
            return io.BytesIO(model._example())
        columns = model._columns()
        return self.make_csv(
            [[column.example for column in columns]],
            [column.label for column in columns],
        )

    def get_plan(self):
        [number] = {
            column.example
            for column in self.env["recall.import.kind.plans"]._columns()
            if column.name == "recall_number"
        }
        return self.env["recall.plan"].search([("recall_number", "=", number)])

    def import_examples(self, *kinds):
        for kind in kinds:
            with self.subTest(kind=kind):
                plan = self.get_plan()
                if plan.state == "filed":
                    plan.action_publish()
                vals = {"plan_id": plan.id, "producer_id": self.producer.id}
                vals |= {"kind": kind, **self.asked.get(kind, {})}
                job = self.take_in(self.read_template(kind), name=f"{kind}.csv", **vals)
                self.assertEqual(self.reasons(job), [])
                self.assertEqual((job.state, job.read_count), ("done", 1))

    def test_example_of_a_template_is_refused(self):
        """E-COLLECT M-PLAN: whoever imports a template unchanged sees no error."""
        kinds = set(self.env["recall.import"]._fields["kind"].get_values(self.env))
        self.assertEqual(kinds, {*KINDS, "removals"}, "each kind has its example here")
        self.import_examples(*KINDS)

    def test_example_of_a_removal_is_refused(self):
        """M-PLAN: a vehicle of the example can be taken out again."""
        self.import_examples("filings", "removals")
