# SPDX-License-Identifier: LGPL-3.0-only
import re
from unittest.mock import patch

import psycopg2

from odoo import SUPERUSER_ID
from odoo.exceptions import UserError
from odoo.modules import neutralize
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models import recall_import_run
from ..tools import tabular
from .import_common import ImportCommon

RUN = "odoo.addons.recall_base.models.recall_import_run"


class Killed(BaseException):
    """Ends the process in the middle of its work, as kill -9 does."""


@tagged("post_install", "-at_install")
class TestImport(ImportCommon):
    """A VIN list on its way in, with everything that may happen to it."""

    def new_vins(self, count):
        return [[self.make_vin()] for _ in range(count)]

    def stored(self, rows):
        return self.env["recall.vehicle"].search_count(
            [("plan_id", "=", self.plan.id), ("vin", "in", [row[0] for row in rows])]
        )

    def cut_batches(self, size):
        self.startPatcher(patch.object(recall_import_run, "BATCH", size))
        kind = type(self.env["recall.import.kind.vins"])
        self.startPatcher(patch.object(kind, "_batch", size))

    def test_list_is_not_taken_in(self):
        """E-COLLECT: CSV in both encodings and XLSX come in, blanks taken off."""
        for form in ("utf-8", "utf-8-sig", "gb18030", "xlsx"):
            with self.subTest(form=form):
                rows = self.new_vins(3)
                header = ("车架号",)
                dirty = [*rows[:2], [f" {rows[2][0]}\u3000"], [""], ["  "]]
                if form == "xlsx":
                    file = self.make_xlsx(dirty, header)
                else:
                    file = self.make_csv(dirty, header, form)
                job = self.take_in(file)
                self.assertEqual(self.counts(job), ("done", 3, 3, 0, 0))
                self.assertEqual(self.stored(rows), 3)
                self.assertEqual(job.progress, 100)

    def test_same_list_again_changes_something(self):
        """E-COLLECT: the same file again adds nothing; all its rows are repeats."""
        rows = self.new_vins(5)
        self.take_in(self.make_csv(rows))
        before = self.plan.vehicle_count
        job = self.take_in(self.make_csv([*rows, rows[0]]))
        self.assertEqual(self.counts(job), ("done", 6, 0, 6, 0))
        self.assertEqual(self.plan.vehicle_count, before)

    def test_bad_row_is_dropped_or_stops_the_good_ones(self):
        """E-COLLECT: a bad row is told of with number, column, value and reason."""
        good = self.new_vins(2)
        wrong = (
            f"{good[0][0][:8]}{'1' if good[0][0][8] != '1' else '2'}{good[0][0][9:]}"
        )
        rows = [good[0], [wrong], ["SHORT"], good[1], ["=1+1"]]
        job = self.take_in(self.make_csv(rows))
        self.assertEqual(self.counts(job), ("done", 5, 2, 0, 3))
        found = self.reasons(job)
        self.assertEqual(found[0], (3, "VIN", wrong, "vin_check_digit"))
        self.assertEqual(found[1][:3], (4, "VIN", "SHORT"))
        self.assertTrue({row for row, *_rest in found} == {3, 4, 6})
        self.assertEqual(job.finding_counts["vin_check_digit"], 1)
        self.assertIn("VIN check digit is wrong", job.finding_summary)
        self.assertIn("check digit", job.error_ids[:1].reason)

    def test_row_fault_passes_or_is_mended(self):
        """E-COLLECT: what a cell or row cannot tell is a finding of its own."""
        vin = self.make_vin()
        for row, code in (
            (["", "TST7000A"], "cell_missing"),
            (["1.23E+16", ""], "cell_rounded"),
            ([vin, "TST7000A", "too much"], "row_ragged"),
            ([vin, "Unknown"], "line_unknown"),
            (["x" * 65, ""], "cell_too_long"),
            (["L\ufffdZ", ""], "cell_damaged"),
        ):
            with self.subTest(code=code):
                job = self.take_in(self.make_csv([row], ("VIN", "车型")))
                self.assertEqual(self.counts(job), ("done", 1, 0, 0, 1))
                self.assertEqual(job.error_ids.code, code)
                self.assertNotEqual(job.error_ids.reason, code)
        self.assertFalse(self.stored([[vin]]))

    def test_short_row_is_refused_though_the_rest_is_optional(self):
        """E-COLLECT: spreadsheets leave out the empty cells at the end of a row."""
        vins = self.new_vins(2)
        file = self.make_csv([[*vins[0], "TST7000A"], vins[1]], ("VIN", "车型"))
        self.assertEqual(self.counts(self.take_in(file)), ("done", 2, 2, 0, 0))

    def test_bad_file_is_kept(self):
        """E-COLLECT: a file that is no table is refused with what to do."""
        for content, words in (
            (b"", "empty"),
            (b"VIN\r\n", "no row"),
            (b"VIN,VIN\r\nx,y\r\n", "Two columns"),
            (b"LTZAA11B1SA000001\r\nLTZAA11B1SA000002\r\n", "column names"),
            ("VIN\r\nx".encode("utf-16"), "CSV UTF-8"),
            (b"\xd0\xcf\x11\xe0", "XLSX"),
            (b"VIN\r\n\xff\xff", "CSV UTF-8"),
            (b'VIN,x\r\n"a,b\r\nc,d\r\n', "quotation mark"),
        ):
            with self.subTest(words=words):
                job = self.make_job()
                file = self.make_csv([])
                file.seek(0), file.truncate(), file.write(content), file.seek(0)
                with self.assertRaisesRegex(UserError, words):
                    job._upload(file, "bad.csv")
                self.assertFalse(job.sudo().chunk_ids)
                self.assertEqual(job.state, "draft")

    def test_every_code_has_a_sentence(self):
        """E-COLLECT: each reason for which a file is refused is a sentence."""
        with open(tabular.__file__, encoding="utf-8") as source:
            codes = set(re.findall(r'TableError\(\s*"(\w+)"', source.read()))
        self.assertGreater(len(codes), 12)
        job = self.make_job()
        for code in codes | {"too_large", "unexpected"}:
            self.assertGreater(len(job._explain(code, {})), 20, code)

    # === Kill, resume, stop === #

    def test_kill_at_a_batch_border_loses_or_doubles_rows(self):
        """X-FAULT: killed at any border of a batch, it goes on where it was."""
        self.cut_batches(2)
        Import = type(self.env["recall.import"])
        for spot in ("_take_batch", "_advance"):
            original = getattr(Import, spot)
            for kill_at in range(1, 5):
                with self.subTest(spot=spot, kill_at=kill_at):
                    rows = self.new_vins(7)
                    job = self.make_job(self.make_csv(rows))
                    job.action_start()
                    calls = []

                    def kill(job, *args, _at=kill_at, _calls=calls, _do=original):  # pylint: disable=dangerous-default-value
                        _calls.append(1)
                        done = _do(job, *args)
                        if len(_calls) == _at:
                            raise Killed
                        return done

                    with patch.object(Import, spot, kill):
                        self.kill_while_running()
                    self.assertEqual(job.state, "running")
                    self.assertEqual(self.stored(rows), 2 * (kill_at - 1))
                    self.assertEqual(job.read_count, 2 * (kill_at - 1))
                    self.run_imports()
                    self.assertEqual(self.counts(job), ("done", 7, 7, 0, 0))
                    self.assertEqual(self.stored(rows), 7)

    def kill_while_running(self):
        """Run the scheduled action until it is killed; what is open is undone."""
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            # Not assertRaises: it would undo what was committed before.
            try:
                self.env(cr=cr, user=SUPERUSER_ID)["recall.import"]._cron_run()
            except Killed:
                cr.rollback()
            else:
                self.fail("It was not killed.")
        self.env.invalidate_all()

    def test_stop_comes_late_or_loses_rows(self):
        """E-COLLECT: paused after the batch at work, resumed, and taken in whole."""
        self.cut_batches(2)
        rows = self.new_vins(9)
        job = self.make_job(self.make_csv(rows))
        job.action_start()
        Import = type(self.env["recall.import"])
        original = Import._take_batch

        def pause_at_second(job, batch):
            if batch.start == 3:
                job.action_pause()
            return original(job, batch)

        with patch.object(Import, "_take_batch", pause_at_second):
            self.run_imports()
        # The pause is of the transaction that was given up: ask from outside.
        job.action_pause()
        self.assertEqual(self.counts(job), ("paused", 2, 2, 0, 0))
        self.run_imports()
        self.assertEqual(job.read_count, 2)
        job.action_resume()
        self.run_imports()
        self.assertEqual(self.counts(job), ("done", 9, 9, 0, 0))

    def test_stopped_import_keeps_its_file_or_goes_on(self):
        """E-COLLECT: what was taken in stays, the file is deleted, nothing follows."""
        rows = self.new_vins(4)
        job = self.make_job(self.make_csv(rows))
        self.assertTrue(job.sudo().chunk_ids)
        job.action_start()
        job.action_stop()
        self.run_imports()
        self.assertEqual(self.counts(job), ("stopped", 0, 0, 0, 0))
        self.assertFalse(job.sudo().chunk_ids)
        for deed in (job.action_resume, job.action_start, job.action_pause):
            with self.assertRaises(UserError):
                deed()

    @mute_logger(RUN)
    def test_bad_job_stops_the_others(self):
        """E-COLLECT, X-FAULT: a job that fails has failed alone, with a sentence."""
        bad = self.make_job(self.make_csv(self.new_vins(2)), name="bad.csv")
        rows = self.new_vins(2)
        good = self.make_job(self.make_csv(rows), name="good.csv")
        bad.action_start()
        good.action_start()
        Kind = type(self.env["recall.import.kind.vins"])
        original = Kind._take_in

        def fail(kind, job, prepared):
            if job.name == "bad.csv":
                raise ZeroDivisionError
            return original(kind, job, prepared)

        with patch.object(Kind, "_take_in", fail):
            self.run_imports(3)
        self.assertEqual(self.counts(good), ("done", 2, 2, 0, 0))
        self.assertEqual(bad.state, "failed")
        self.assertIn("server's log", bad.failure)
        bad.action_resume()
        self.run_imports()
        self.assertEqual(self.counts(bad), ("done", 2, 2, 0, 0))

    def test_conflict_with_others_fails_the_job(self):
        """X-FAULT: a batch that meets a conflict is tried again."""
        rows = self.new_vins(3)
        job = self.make_job(self.make_csv(rows))
        job.action_start()
        Kind = type(self.env["recall.import.kind.vins"])
        original, tries = Kind._take_in, []

        def conflict(kind, job, prepared):
            tries.append(1)
            if len(tries) < 3:
                raise psycopg2.errors.SerializationFailure
            return original(kind, job, prepared)

        with (
            patch.object(Kind, "_take_in", conflict),
            patch.object(recall_import_run, "WAITS", (0, 0, 0)),
        ):
            self.run_imports()
        self.assertEqual(self.counts(job), ("done", 3, 3, 0, 0))
        self.assertEqual(len(tries), 3)

    def test_two_jobs_side_by_side_take_each_others_rows(self):
        """E-COLLECT: jobs have their turns; rows that both hold come in once."""
        self.cut_batches(2)
        self.startPatcher(patch.object(recall_import_run, "SLICE", 0))
        rows = self.new_vins(8)
        jobs = [self.make_job(self.make_csv(part)) for part in (rows[:6], rows[3:])]
        for job in jobs:
            job.action_start()
        self.run_imports()
        self.assertEqual([job.state for job in jobs], ["done", "done"])
        self.assertEqual([job.read_count for job in jobs], [6, 5])
        self.assertEqual(sum(job.taken_count for job in jobs), 8)
        self.assertEqual(self.stored(rows), 8)

    # === Test run, mapping, memory of the mapping === #

    def test_test_run_keeps_something(self):
        """E-COLLECT: a test shows what would happen and leaves nothing behind."""
        rows = [*self.new_vins(3), ["WRONG"]]
        for size in ("1000", "all"):
            with self.subTest(size=size):
                job = self.make_job(self.make_csv(rows), test_rows=size)
                before = self.plan.vehicle_count
                job.action_test()
                self.run_imports()
                self.assertEqual(self.counts(job), ("tested", 4, 3, 0, 1))
                self.assertEqual(job.error_ids[:1].row, 5)
                self.assertFalse(self.stored(rows[:3]))
                self.assertEqual(self.plan.vehicle_count, before)
        job.action_start()
        self.assertEqual(self.counts(job), ("running", 0, 0, 0, 0))
        self.assertFalse(job.error_ids)
        self.run_imports()
        self.assertEqual(self.counts(job), ("done", 4, 3, 0, 1))

    def test_columns_are_guessed_wrong_or_forgotten(self):
        """E-COLLECT: what was chosen for a header is chosen again the next time."""
        header = ("编号 No.", "Vehicle-VIN", "车型名称")
        rows = [["1", *vin, "TST7000A"] for vin in self.new_vins(2)]
        job = self.make_job(self.make_csv(rows, header))
        self.assertEqual(
            job.column_ids.mapped("target"), [False, "vins.vin", "vins.model"]
        )
        self.assertEqual(job.state, "mapped")
        other = self.make_csv([["1", *self.new_vins(1)[0]]], ("Nr", "Fahrgestell"))
        job = self.make_job(other)
        self.assertEqual(job.state, "draft")
        with self.assertRaisesRegex(UserError, "VIN"):
            job.action_start()
        job.column_ids[1].target = "vins.vin"
        self.assertEqual(job.state, "mapped")
        job.action_start()
        again = self.make_csv([["1", *self.new_vins(1)[0]]], ("Nr", "Fahrgestell"))
        self.assertEqual(
            self.make_job(again).column_ids.mapped("target"), [False, "vins.vin"]
        )

    def test_two_columns_are_read_as_one(self):
        """E-COLLECT: two columns for one thing are a mistake that is told."""
        job = self.make_job(self.make_csv([["x", "y"]], ("VIN", "Other")))
        job.column_ids[1].target = "vins.vin"
        self.assertEqual(job.state, "draft")
        with self.assertRaisesRegex(UserError, "Two columns"):
            job.action_start()

    def test_started_import_is_changed(self):
        """X-TAMPER: file, mapping and choices of a started import stand."""
        job = self.make_job(self.make_csv(self.new_vins(1)))
        job.action_start()
        for change in (
            lambda: job.write({"plan_id": False}),
            lambda: job.column_ids[0].write({"target": False}),
            lambda: job._upload(self.make_csv([["x"]]), "other.csv"),
            job.action_discard,
        ):
            with self.assertRaises(UserError):
                change()

    # === Personal data, log, ends === #

    def test_file_lies_in_the_database_in_clear(self):
        """X-CRYPTO: no piece of an uploaded file can be read without the keys."""
        vin = self.make_vin()
        job = self.make_job(self.make_csv([[vin, "13800138000"]], ("VIN", "Phone")))
        self.assertEqual(job.column_ids[1].sample, "1***")
        self.env.flush_all()
        for table in ("recall_import", "recall_import_chunk", "recall_import_column"):
            self.env.cr.execute(
                f"SELECT coalesce(string_agg(t::text, ''), '') FROM {table} t"
            )
            text = self.env.cr.fetchone()[0]
            self.assertNotIn("13800138000", text)
        self.assertFalse(
            self.env["ir.attachment"].search_count([("res_model", "=", job._name)])
        )
        job.action_start()
        self.run_imports()
        self.assertFalse(job.sudo().chunk_ids)

    def test_piece_of_one_file_opens_in_another(self):
        """X-CRYPTO: a sealed piece belongs to its import and place."""
        rows = self.new_vins(1)
        first, second = (self.make_job(self.make_csv(rows)) for _ in range(2))
        self.env.cr.execute(
            """UPDATE recall_import_chunk SET sealed = (
                   SELECT sealed FROM recall_import_chunk WHERE import_id = %s)
                WHERE import_id = %s""",
            [first.id, second.id],
        )
        second.action_start()
        with mute_logger(RUN):
            self.run_imports(3)
        self.assertEqual(self.counts(second), ("failed", 0, 0, 0, 0))

    def test_import_leaves_no_trace_in_the_log(self):
        """X-LOG: upload, start, pause, end and stop are events with the figures."""
        job = self.take_in(self.make_csv([*self.new_vins(2), ["BAD"]]))
        other = self.make_job(self.make_csv(self.new_vins(1)))
        other.action_start()
        other.action_stop()
        events = self.env["recall.audit.event"].search(
            [("res_model", "=", "recall.import")], order="id"
        )
        mine = events.filtered(lambda event: event.res_id == job.id)
        deeds = ["upload", "start", "batch", "end"]
        kept = mine.filtered(lambda event: event.action != "import.write")
        self.assertEqual(kept.mapped("action"), [f"import.{deed}" for deed in deeds])
        batch = kept[2].detail
        self.assertEqual(batch, {"rows": [2, 4], "taken": 2, "refused": 1})
        end = mine[-1].detail
        self.assertEqual((end["read"], end["taken"], end["refused"]), (3, 2, 1))
        self.assertEqual((events - mine)[-1].action, "import.stop")

    def test_forgotten_file_stays(self):
        """X-CRYPTO: the file of an import that nobody goes on with is deleted."""
        job = self.make_job(self.make_csv(self.new_vins(1)))
        self.env["recall.import"]._gc_files()
        self.assertTrue(job.sudo().chunk_ids)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE recall_import SET write_date = now() - interval '8 days'"
            " WHERE id = %s",
            [job.id],
        )
        self.env.invalidate_all()
        self.env["recall.import"]._gc_files()
        self.assertFalse(job.sudo().chunk_ids)
        self.assertEqual(job.state, "stopped")

    def test_discarded_import_stays(self):
        job = self.make_job(self.make_csv(self.new_vins(1)))
        chunks = job.sudo().chunk_ids
        job.action_discard()
        self.assertFalse(job.exists() or chunks.exists())

    def test_neutralised_copy_goes_on_with_an_import(self):
        """X-CRYPTO: a copy of the database takes nothing in and has no files."""
        jobs = [self.make_job(self.make_csv(self.new_vins(1))) for _ in range(2)]
        jobs[0].action_start()
        self.env.flush_all()
        for query in neutralize.get_neutralization_queries(["recall_base"]):
            self.env.cr.execute(query)
        self.env.invalidate_all()
        self.assertEqual([job.state for job in jobs], ["stopped", "stopped"])
        self.assertFalse(jobs[0].sudo().chunk_ids)
