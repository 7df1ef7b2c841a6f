# SPDX-License-Identifier: LGPL-3.0-only
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged

from .import_common import ImportCommon

HEADER = (
    *("召回编号", "品牌", "车型系列", "车型名称", "召回开始时间", "召回数量"),
    *("VIN范围", "缺陷描述", "可能造成的后果", "召回维修措施", "零部件号"),
    *("生产开始日期", "生产结束日期", "公告编号", "OTA"),
    *("请勿驾驶", "室外停放", "零部件供应", "预计到货日期"),
)


@tagged("post_install", "-at_install")
class TestImportPlans(ImportCommon):
    """Plans from a file: a row for each product line."""

    def row(self, number, **cells):
        given = dict(
            zip(
                HEADER,
                (
                    *(number, "示例", "甲", "TST1", "2025-03-01", "1,200", "LTZ…"),
                    *("软管开裂", "制动变长", "更换软管", "BH-1、BH-2", "2024-01-01"),
                    *("2024-06-30", "2025年第9号", "否", "", "", "", ""),
                ),
                strict=True,
            )
        )
        assert not cells.keys() - given.keys()
        return tuple((given | cells).values())

    def take_in_plans(self, *rows, make=None, **vals):
        file = (make or self.make_csv)(rows, HEADER)
        name = "plans.xlsx" if make else "plans.csv"
        vals = {"producer_id": self.producer.id, "plan_id": False, **vals}
        return self.take_in(file, name=name, kind="plans", **vals)

    def find(self, number):
        return self.env["recall.plan"].search([("recall_number", "=", number)])

    def codes(self, job):
        return [(error.row, error.code) for error in job.error_ids.sorted("row")]

    def test_plan_of_two_lines_does_not_come_in(self):
        """M-PLAN: plans come from CSV and XLSX, rows of a number are its lines."""
        for make in (self.make_csv, self.make_xlsx):
            number = self.make_recall_number()
            with self.subTest(make=make.__name__):
                job = self.take_in_plans(
                    self.row(number),
                    self.row(number, 车型名称="TST2", 召回数量="300"),
                    make=make if make == self.make_xlsx else None,
                )
                self.assertEqual(self.counts(job), ("done", 2, 2, 0, 0))
                plan = self.find(number)
                self.assertRecordValues(
                    plan,
                    [
                        {
                            "producer_id": self.producer.id,
                            "announced_count": 1500,
                            "state": "published",
                            "version": 1,
                            "over_the_air": False,
                        }
                    ],
                )
                self.assertEqual(plan.line_ids.mapped("model"), ["TST1", "TST2"])
                self.assertEqual(plan.part_ids.mapped("number"), ["BH-1", "BH-2"])
                self.assertEqual(plan.announcement_id.number, "2025年第9号")
                self.assertEqual(plan.version_ids.origin, "file")
                self.assertEqual(plan.version_ids.user_id, self.keeper)

    def test_same_file_again_changes_something(self):
        """M-PLAN: the same rows are repeats; other ones amend, as a version."""
        number = self.make_recall_number()
        self.take_in_plans(self.row(number))
        again = self.take_in_plans(self.row(number))
        self.assertEqual(self.counts(again), ("done", 1, 0, 1, 0))
        amended = self.take_in_plans(self.row(number, 缺陷描述="软管断裂"))
        self.assertEqual(self.counts(amended), ("done", 1, 1, 0, 0))
        self.assertEqual(
            (self.find(number).defect, self.find(number).version), ("软管断裂", 2)
        )

    def test_warning_to_owners_does_not_come_in(self):
        """S-QUERY: a file tells when not to drive and whether parts are there."""
        number = self.make_recall_number()
        warned = {"请勿驾驶": "是", "室外停放": "否", "零部件供应": "待供"}
        self.take_in_plans(self.row(number, 预计到货日期="2025-06-01", **warned))
        plan = self.find(number)
        told = {"do_not_drive": True, "park_outside": False, "parts_state": "awaited"}
        self.assertRecordValues(plan, [told])
        self.assertEqual(str(plan.parts_from), "2025-06-01")
        again = self.take_in_plans(self.row(number))
        self.assertEqual(self.counts(again), ("done", 1, 0, 1, 0))
        self.assertRecordValues(plan, [told])

    def test_unclear_warning_is_guessed(self):
        """M-PLAN: a file that tells owners nothing clear is refused by its row."""
        job = self.take_in_plans(
            self.row(self.make_recall_number(), 请勿驾驶="maybe"),
            self.row(self.make_recall_number(), 零部件供应="soon"),
            self.row(self.make_recall_number(), 预计到货日期="2025-06-01"),
            self.row(
                self.make_recall_number(),
                零部件供应="available",
                预计到货日期="2025-06-01",
            ),
        )
        self.assertEqual(
            self.codes(job),
            [
                (2, "cell_yes_no"),
                (3, "cell_parts_state"),
                (4, "cell_parts_from"),
                (5, "cell_parts_from"),
            ],
        )

    def test_bad_row_stops_the_good_ones(self):
        """M-PLAN: each refused row is told with its reason, the others come in."""
        good, mixed = self.make_recall_number(), self.make_recall_number()
        other = self.make_plan(self.make_producer())
        job = self.take_in_plans(
            self.row("S2025M0000V"),
            self.row(good),
            self.row(self.make_recall_number(), 召回数量="many"),
            self.row(self.make_recall_number(), 召回数量="0"),
            self.row(self.make_recall_number(), OTA="maybe"),
            self.row(self.make_recall_number(), 缺陷描述=""),
            self.row(mixed),
            self.row(mixed, 缺陷描述="其他缺陷"),
            self.row(other.recall_number),
            self.row(self.make_recall_number(), 生产结束日期="2023-01-01"),
        )
        self.assertEqual(self.counts(job), ("done", 10, 1, 0, 9))
        self.assertEqual(
            self.codes(job),
            [
                (2, "plan_row"),
                (4, "cell_number"),
                (5, "cell_number"),
                (6, "cell_yes_no"),
                (7, "cell_missing"),
                (8, "plan_row_refused"),
                (9, "plan_rows_differ"),
                (10, "plan_of_other"),
                (11, "plan_row"),
            ],
        )
        self.assertTrue(self.find(good))
        self.assertFalse(self.find(mixed))
        self.assertEqual(other.brand, "Testbrand")

    #: Cells that are refused by their form, by the row, and against other rows.
    REFUSED = (
        {"生产开始日期": "soon"},
        {"品牌": ""},
        {"召回数量": "many"},
        {"缺陷描述": "其他缺陷"},
    )

    def test_half_of_a_recall_comes_in(self):
        """M-PLAN: the rows of a recall come in together or not at all."""
        number, good = self.make_recall_number(), self.make_recall_number()
        self.take_in_plans(self.row(number), self.row(number, 车型名称="TST2"))
        plan = self.find(number)
        for cells in self.REFUSED:
            with self.subTest(cells=cells):
                job = self.take_in_plans(
                    self.row(number, 召回维修措施="更换总成"),
                    self.row(good),
                    self.row(number, 车型名称="TST2", 召回维修措施="更换总成", **cells),
                )
                told = {error.row: error for error in job.error_ids}
                self.assertEqual(set(told), {2, 4})
                self.assertEqual(told[2].code, "plan_row_refused")
                self.assertIn("4", told[2].note)
                self.assertEqual((plan.version, plan.measure), (1, "更换软管"))
                self.assertEqual(plan.line_ids.mapped("model"), ["TST1", "TST2"])

    def test_line_that_a_file_lists_no_more_is_not_told(self):
        """M-PLAN: a line with vehicles stays, the file comes in, its row says so."""
        number = self.make_recall_number()
        second = self.row(number, 车型名称="TST2")
        self.take_in_plans(self.row(number), second)
        plan = self.find(number)
        [vin] = self.add_vehicles(plan)
        job = self.take_in_plans(second)
        self.assertEqual(self.counts(job), ("done", 1, 1, 0, 0))
        [told] = job.error_ids
        self.assertEqual(
            (told.row, told.code, told.note), (2, "line_kept", "示例 甲 TST1")
        )
        self.assertEqual(self.get_vehicle(plan, vin).line_id.model, "TST1")

    def test_recall_is_cut_in_two_by_the_length_of_the_file(self):
        """M-PLAN: a file of plans is one batch; a longer one is refused at once."""
        kind = self.env.registry["recall.import.kind.plans"]
        rows = [self.row(self.make_recall_number()) for _ in range(3)]
        self.assertEqual(kind._most_rows, kind._batch)
        with (
            patch.object(kind, "_most_rows", 2),
            self.assertRaisesRegex(UserError, "Split it"),
        ):
            self.take_in_plans(*rows)

    def test_test_run_keeps_something(self):
        """M-PLAN: a test run says what would happen and keeps nothing."""
        number = self.make_recall_number()
        file = self.make_csv([self.row(number)], HEADER)
        job = self.make_job(
            file, kind="plans", plan_id=False, producer_id=self.producer.id
        )
        job.action_test()
        self.assertEqual(self.counts(job), ("tested", 1, 1, 0, 0))
        self.assertFalse(self.find(number))

    def test_column_of_a_template_is_not_recognised(self):
        """M-PLAN: what a template is headed with, the import reads, in any language."""
        for kind in ("plans", "removals", "vins"):
            for lang in ("en_US", "zh_CN"):
                with self.subTest(kind=kind, lang=lang):
                    model = self.env[f"recall.import.kind.{kind}"]
                    model = model.with_context(lang=lang)
                    columns = model._columns()
                    names = [column.name for column in columns]
                    self.assertEqual(
                        model._guess([column.label for column in columns]), names
                    )
