# SPDX-License-Identifier: LGPL-3.0-only
import io
import json
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from ..models.recall_import_filings import EXAMPLE
from .import_common import ImportCommon
from .test_plan_take_in import PlanMessages

RUN_LOG = "odoo.addons.recall_base.models.recall_import_run"


class FilingsCommon(ImportCommon, PlanMessages):
    def make_file(self, plans):
        return io.BytesIO(json.dumps({"plans": plans}, ensure_ascii=False).encode())

    def make_filings(self, file, **vals):
        vals = {"kind": "filings", "plan_id": False, **vals}
        return self.make_job(file, name="plans.json", **vals)

    def take_in_filings(self, *plans):
        job = self.make_filings(self.make_file(list(plans)))
        job.action_start()
        self.run_imports()
        return job

    def renumber(self, **members):
        """The plan to file under another recall number."""
        return {**self.filed, "recallNum": self.make_recall_number(), **members}

    def find(self, filed):
        number = filed["recallNum"]
        return self.env["recall.plan"].search([("recall_number", "=", number)])


@tagged("post_install", "-at_install")
class TestImportFilings(FilingsCommon):
    """Plans of any producer with their VIN lists, as JSON."""

    def test_keeper_cannot_import_plans(self):
        """M-PLAN: a keeper imports filed plans from a file, of several producers."""
        other = self.renumber(producerName="Another producer", vins=[])
        job = self.take_in_filings(self.filed, other)
        self.assertEqual(self.counts(job), ("done", 2, 2, 0, 0))
        self.assertFalse(job.has_errors)
        plan = self.find(self.filed)
        self.assertEqual((plan.vehicle_count, plan.version), (2, 1))
        self.assertEqual(plan.version_ids.origin, "file")
        self.assertEqual(plan.version_ids.user_id, self.keeper)
        self.assertEqual(self.find(other).producer_id.name, "Another producer")

    def test_same_file_again_changes_something(self):
        """M-PLAN: the same plans are repeats; what is new amends, as a version."""
        self.take_in_filings(self.filed)
        again = self.take_in_filings(self.filed, self.renumber(vins=[]))
        self.assertEqual(self.counts(again), ("done", 2, 1, 1, 0))
        self.take_in_filings({**self.filed, "defectDesc": "Another defect"})
        self.assertEqual(self.find(self.filed).version, 2)

    def test_wrong_plan_stops_the_good_ones(self):
        """M-PLAN: bad plans are told with their place and member, good ones come in."""
        without_defect = self.renumber()
        del without_defect["defectDesc"]
        region = {"dealerName": "Other dealer", "region": "abc"}
        bad = [
            without_defect,
            {**self.filed, "recallNum": "S2025M0000V"},
            "no plan",
            self.renumber(dealers=[region]),
        ]
        good = [self.filed, self.renumber(vins=[])]
        job = self.take_in_filings(*bad[:2], good[0], *bad[2:], good[1])
        self.assertEqual(self.counts(job), ("done", 6, 2, 0, 4))
        errors = job.error_ids.sorted("row")
        self.assertEqual(errors.mapped("row"), [1, 2, 4, 5])
        self.assertEqual(errors.mapped("code"), ["missing", *["plan_row"] * 3])
        self.assertEqual(errors[0].column, "defectDesc")
        self.assertIn("GB/T 39061", errors[1].note)
        self.assertIn("six digits", errors[3].note)
        self.assertFalse(self.find(bad[0]) or self.find(bad[3]))
        dealers = self.env["recall.dealer"].search([("name", "=", "Other dealer")])
        self.assertFalse(dealers)

    def test_refused_vin_is_not_told(self):
        """M-VERIFY: VINs left out of an imported plan are listed, the others come."""
        vins = [*self.filed["vins"], {"vin": "LTZ"}]
        job = self.take_in_filings({**self.filed, "vins": vins})
        self.assertEqual(self.counts(job), ("done", 1, 1, 0, 0))
        self.assertTrue(job.has_errors)
        self.assertEqual(self.reasons(job), [(1, "vin", "L***", "vin_length")])
        self.assertEqual(self.find(self.filed).vehicle_count, 2)

    def test_line_kept_for_its_vehicles_is_not_told(self):
        """M-PLAN: a plan that lists a line no more comes in, and its row says so."""
        self.take_in_filings(self.filed)
        job = self.take_in_filings({**self.filed, "lines": self.filed["lines"][1:]})
        self.assertEqual(self.counts(job), ("done", 1, 0, 1, 0))
        self.assertEqual(self.reasons(job), [(1, False, False, "line_kept")])
        self.assertEqual(job.error_ids.note, "Filed F F1")

    def test_not_even_json_stops_the_good_ones(self):
        """M-PLAN: what strict reading refuses is one plan's; broken JSON ends the run
        with its place, and what stands before it is in."""
        plan = json.dumps(self.filed)
        twice = plan.replace('"brand"', '"brand": "x", "brand"')
        text = f'{{"plans": [{twice}, {{"numRecall": NaN}}, {plan}, {{"a" 1}}, 7 8]}}'
        job = self.make_filings(io.BytesIO(text.encode()))
        job.action_start()
        self.run_imports()
        self.assertEqual((job.state, job.row_position), ("failed", 5))
        self.assertEqual(job.error_ids.sorted("row").mapped("row"), [1, 2, 4, 5])
        self.assertIn("plan 6", job.failure)
        self.assertTrue(self.find(self.filed))

    def test_killed_import_begins_anew(self):
        """X-FAULT: each plan is a transaction; after a kill it goes on behind the last
        one, and none comes twice."""
        plans = [self.filed, self.renumber(vins=[]), self.renumber(vins=[])]
        job = self.make_filings(self.make_file(plans))
        job.action_start()
        Plan = type(self.env["recall.plan"])
        take_in, calls = Plan._take_in, []

        def die_at_second(plan, message):
            calls.append(message.recallNum)
            if len(calls) == 2:
                raise RuntimeError("killed")
            return take_in(plan, message)

        with patch.object(Plan, "_take_in", die_at_second), mute_logger(RUN_LOG):
            self.run_imports(2)
        self.assertEqual(self.counts(job), ("done", 3, 3, 0, 0))
        numbers = [plan["recallNum"] for plan in plans]
        self.assertEqual(calls, [numbers[0], numbers[1], numbers[1], numbers[2]])
        self.assertEqual(set(self.find(plans[1]).mapped("version")), {1})

    def test_test_run_keeps_something(self):
        """M-PLAN: a test run says what would happen and keeps nothing."""
        job = self.make_filings(self.make_file([self.filed, self.renumber()]))
        job.action_test()
        self.assertEqual(self.counts(job)[:3], ("tested", 2, 2))
        self.assertFalse(self.find(self.filed))

    def test_file_that_is_no_list_of_plans_is_taken(self):
        """M-PLAN: the sentence says what to do, and no job has the file."""
        for content, part in (
            (b" ", "empty"),
            (b"{", "list of plans"),
            (b"\xef\xbb\xbf{}", "UTF-8"),
            ("{}".encode("utf-16"), "UTF-8"),
            (b"[" * 100_000, "list of plans"),
            (b'{"plans": null}', "list of plans"),
            (b'{"plans": [{"recallNum"', "breaks off"),
            (b"VIN\nLTZAA11B1SA000001", "list of plans"),
        ):
            job = self.make_filings(None)
            with self.subTest(content=content[:20]):
                with self.assertRaises(UserError) as caught:
                    job._upload(io.BytesIO(content), "plans.json")
                self.assertIn(part, str(caught.exception))
                self.assertFalse(job.sha256)

    def test_table_of_rows_needs_no_producer(self):
        """M-PLAN: only plans in JSON say themselves whose they are."""
        job = self.make_job(self.make_csv([["LTZAA11B1SA000001"]]), plan_id=False)
        self.assertFalse(job.producer_id)
        with self.assertRaises(UserError):
            job.action_start()

    def test_reader_imports_plans(self):
        """X-ACCESS: only keepers import plans."""
        reader = self.make_user("plan_reader", "recall_base.group_reader")
        with self.assertRaises(AccessError):
            self.make_filings(self.make_file([self.filed]), user=reader)


@tagged("post_install", "-at_install")
class TestImportFilingsTemplate(HttpCase, FilingsCommon):
    def test_template_is_refused(self):
        """M-PLAN: what the template shows is taken in as it is."""
        self.authenticate("import_keeper", "import_keeper")
        answer = self.url_open("/recall/import/template/filings.json")
        self.assertEqual(answer.status_code, 200)
        self.assertEqual(answer.json(), {"plans": [EXAMPLE]})
        self.assertEqual(
            self.url_open("/recall/import/template/filings.xlsx").status_code, 404
        )
        job = self.take_in_filings(*answer.json()["plans"])
        self.assertEqual(self.counts(job), ("done", 1, 1, 0, 0))
        self.assertFalse(job.has_errors)
