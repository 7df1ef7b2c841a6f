# SPDX-License-Identifier: LGPL-3.0-only
import json

from lxml import html

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .test_plan_take_in import PlanMessages


@tagged("post_install", "-at_install")
class TestPlanVersion(PlanMessages):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.keeper = cls.make_user("version_keeper", "recall_base.group_keeper")

    def read_changes(self, version):
        """Rows of the table that the form shows, as lists of texts."""
        rows = html.fromstring(str(version.changes)).xpath("//tbody/tr")
        return [[cell.text_content() for cell in row] for row in rows]

    def test_former_version_is_lost(self):
        """M-PLAN: each amendment keeps the version before, with what it said."""
        plan = self.take_in()["plan"]
        self.take_in(repairMethod="Dealers replace the whole belt.")
        newest, first = plan.version_ids
        self.assertEqual((newest.number, first.number), (2, 1))
        self.assertEqual(first.snapshot["measure"], "Dealers replace the buckle.")
        self.assertEqual(newest.snapshot["measure"], "Dealers replace the whole belt.")
        self.assertEqual(len(first.snapshot["line_ids"]), 2)
        self.assertEqual(first.snapshot["part_ids"], [["SB-1", "Buckle"]])
        self.assertIn("As first filed", first.changes)

    def test_changes_do_not_say_old_and_new(self):
        """M-PLAN: what an amendment changed is shown in words, old beside new."""
        plan = self.take_in()["plan"]
        self.take_in(
            repairMethod="Dealers replace the whole belt.",
            parts=[{"partNumber": "SB-2"}],
        )
        self.assertEqual(
            self.read_changes(plan.version_ids[0]),
            [
                [
                    "Repair measures",
                    "Dealers replace the buckle.",
                    "Dealers replace the whole belt.",
                ],
                ["Parts", "SB-1 · Buckle", "SB-2"],
            ],
        )

    def test_warning_to_owners_makes_no_version(self):
        """M-PLAN: when owners were warned, and when that ended, can be read later."""
        plan = self.take_in()["plan"]
        self.take_in(doNotDrive=True, partsState="awaited", partsFrom="2025-06-01")
        self.assertEqual(
            self.read_changes(plan.version_ids[0]),
            [
                ["Do not drive", "no", "yes"],
                ["Repair parts", "–", "Awaited"],
                ["Parts expected from", "–", "2025-06-01"],
            ],
        )

    def test_field_that_came_later_looks_like_a_change(self):
        """M-PLAN: a version from before a field existed differs by nothing in it."""
        plan = self.take_in()["plan"]
        version = plan.version_ids
        later = ("do_not_drive", "park_outside", "parts_state", "parts_from")
        old = {k: v for k, v in version.snapshot.items() if k not in later}
        self.env.cr.execute(
            "UPDATE recall_plan_version SET snapshot = %s WHERE id = %s",
            (json.dumps(old), version.id),
        )
        version.invalidate_recordset()
        self.assertNotIn("do_not_drive", version.snapshot)
        plan.do_not_drive = False
        self.assertEqual(plan.version, 1)
        plan.park_outside = True
        self.assertEqual(
            self.read_changes(plan.version_ids[0]), [["Park outside", "no", "yes"]]
        )

    def test_text_of_a_filing_is_run_as_markup(self):
        """X-ATTACK: a filed text is shown as text."""
        plan = self.take_in()["plan"]
        evil = "<script>alert(1)</script><b>x</b>"
        self.take_in(defectDesc=evil)
        changes = plan.version_ids[0].changes
        self.assertNotIn("<script", changes)
        self.assertIn("&lt;script&gt;", changes)

    def test_form_edit_makes_no_version(self):
        """M-PLAN: an edit by hand is a version too, with who made it."""
        plan = self.take_in()["plan"].with_user(self.keeper)
        line = plan.line_ids[0]
        plan.write(
            {
                "defect": "The belt may tear.",
                "line_ids": [Command.update(line.id, {"announced_count": 3})],
            }
        )
        newest = plan.version_ids[0]
        self.assertEqual(
            (newest.number, newest.origin, newest.user_id, plan.version),
            (2, "form", self.keeper, 2),
        )
        self.assertEqual(len(self.read_changes(newest)), 2)

    def test_edit_of_a_line_alone_is_not_noticed(self):
        plan = self.take_in()["plan"]
        plan.line_ids[0].with_user(self.keeper).model = "F9"
        plan.part_ids.with_user(self.keeper).unlink()
        self.assertEqual(plan.version, 3)

    def test_save_without_a_change_makes_a_version(self):
        plan = self.take_in()["plan"]
        plan.write({"defect": plan.defect, "listed_count": 7})
        self.assertEqual(plan.version, 1)

    def test_vehicles_that_came_are_not_counted(self):
        """M-PLAN: a version tells how many vehicles came while it was the newest."""
        plan = self.take_in()["plan"]
        self.take_in(vins=[{"vin": self.make_vin()}])
        self.assertEqual(plan.version_ids.added_count, 3)
        self.take_in(defectDesc="Other.", vins=[{"vin": self.make_vin()}])
        self.assertEqual(plan.version_ids.mapped("added_count"), [1, 3])

    def test_version_is_written_over_or_deleted(self):
        """X-TAMPER: nobody changes what a plan said before."""
        version = self.take_in()["plan"].version_ids
        for user in (self.keeper, self.env.user):
            theirs = version.with_user(user)
            with self.assertRaises(UserError):
                theirs.write({"reason": "x"})
            with self.assertRaises(UserError):
                theirs.unlink()
        with self.assertRaises(AccessError):
            self.env["recall.plan.version"].with_user(self.keeper).create(
                {"plan_id": version.plan_id.id, "number": 9, "origin": "form"}
            )

    def test_account_claims_that_the_filing_system_made_its_edit(self):
        """X-TAMPER: only the interface itself writes that a change came by it."""
        plan = self.take_in()["plan"].with_user(self.keeper)
        plan.with_context(recall_origin="filing").defect = "Other."
        self.assertEqual(plan.version_ids[0].origin, "form")

    def test_announcement_holds_one_recall_only(self):
        """M-PLAN: several recall numbers stand under one announcement."""
        announcement = {"number": "2025 no. 12", "title": "Belts", "date": "2025-01-20"}
        plan = self.take_in(announcement=announcement)["plan"]
        other = self.take_in(
            recallNum=self.make_recall_number(),
            announcement={**announcement, "title": "Seat belts"},
        )["plan"]
        self.assertEqual(plan.announcement_id.plan_ids, plan | other)
        self.assertEqual(plan.announcement_id.plan_count, 2)
        self.assertEqual(plan.announcement_id.title, "Seat belts")

    def test_extended_recall_is_not_seen_from_the_earlier_one(self):
        """M-PLAN: an extended recall and the earlier one point to each other."""
        earlier = self.take_in()["plan"]
        later = self.take_in(
            recallNum=self.make_recall_number(), extends=earlier.recall_number
        )["plan"]
        self.assertEqual(earlier.extended_by_ids, later)

    def test_printed_range_stops_a_plan(self):
        """M-PLAN: whatever is printed as VIN range is a label, with a hint."""
        for printed, hint in (
            ("LTZAA11B1SA000009 - LTZAA11B1SA000001", "Runs backwards"),
            ("LTZAA****SA000001", "any character"),
            ("See annex", "Free text"),
            ("LTZAA11B1SA000001 - LTZAA11B1SA000009", ""),
        ):
            with self.subTest(printed=printed):
                plan = self.take_in(vinRange=printed)["plan"]
                self.assertIn(hint, plan.vin_range_hint or "")
                self.assertEqual(bool(plan.vin_range_hint), bool(hint))
