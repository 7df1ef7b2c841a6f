# SPDX-License-Identifier: LGPL-3.0-only
import re
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models import recall_data_user_fleet, recall_fleet_vehicle
from .fleet_common import FleetCommon

RUN = "odoo.addons.recall_base.models.recall_import_run"


class Killed(BaseException):
    """Ends the process in the middle of its work, as kill -9 does."""


@tagged("post_install", "-at_install")
class TestFleetImport(FleetCommon):
    """A partner's file of VINs on its way through the import job."""

    def cut_batches(self, size):
        kind = type(self.env["recall.import.kind.fleet"])
        self.startPatcher(patch.object(kind, "_batch", size))

    def test_list_is_not_added_replaced_or_reduced(self):
        """S-PUSH: what each file is for is done, and told in figures."""
        vins = self.new_vins(5)
        job = self.take_fleet_in([*vins[:3], vins[0].lower()])
        self.assertEqual(self.counts(job), ("done", 4, 3, 1, 0))
        self.assertEqual(self.get_fleet(), set(vins[:3]))
        job = self.take_fleet_in(vins[2:], "replace")
        self.assertEqual(self.counts(job), ("done", 3, 2, 1, 0))
        self.assertEqual(job.removed_count, 2)
        self.assertEqual(self.get_fleet(), set(vins[2:]))
        job = self.take_fleet_in([vins[0], vins[4]], "remove")
        self.assertEqual(self.counts(job), ("done", 2, 1, 1, 0))
        self.assertEqual(self.get_fleet(), set(vins[2:4]))
        self.assertFalse(self.get_fleet(self.other))

    def test_bad_row_is_dropped_or_stops_the_good_ones(self):
        """S-PUSH: a row without a VIN is told of with its number and the reason."""
        good = self.new_vins(2)
        job = self.take_fleet_in([good[0], "SHORT", good[1], good[1][:16] + "O"])
        self.assertEqual(self.counts(job), ("done", 4, 2, 0, 2))
        self.assertEqual({row for row, *_rest in self.reasons(job)}, {3, 5})

    def test_file_without_a_vin_ends_the_fleet(self):
        """S-PUSH: a wrong file that is meant to replace the fleet takes nothing out."""
        vins = self.new_vins(2)
        self.take_fleet_in(vins)
        job = self.take_fleet_in(["nothing", "of", "that kind"], "replace")
        self.assertEqual(job.refused_count, 3)
        self.assertEqual(self.get_fleet(), set(vins))

    def test_vehicles_have_wrong_recalls(self):
        """S-PUSH: open, done and unknown vehicles are told apart, open ones first."""
        vins = [*self.vins[:2], self.make_vin()]
        self.take_fleet_in(vins)
        self.make_completion(self.plan, vins[1])
        Fleet = self.env["recall.fleet"]
        source = Fleet._data_user_sql(self.own)
        self.assertEqual(Fleet._count(source), {"open": 1, "done": 1, "none": 1})
        rows = Fleet._look_up(source)
        self.assertEqual([row["vin"] for row in rows], vins)
        self.assertEqual(rows[0]["recalls"], self.plan.recall_number)
        self.assertEqual(self.Vehicle.search([("state", "=", "done")]).vin, vins[1])

    # === Faults, and others at the same time === #

    def test_kill_loses_or_doubles_a_vehicle(self):
        """X-FAULT: killed at any border of a batch, a file goes on where it was."""
        self.cut_batches(2)
        for mode in ("add", "replace", "remove"):
            for border in range(4):
                with self.subTest(mode=mode, border=border):
                    vins = self.new_vins(7)
                    self.Vehicle._clear(self.own)
                    self.Vehicle._put_in(self.own, vins[:3])
                    stale = self.make_vin()
                    self.Vehicle._put_in(self.own, [stale])
                    job = self.upload(vins, mode)
                    job.action_start()
                    self.kill_at(border)
                    self.run_imports(2)
                    self.assertEqual(job.state, "done")
                    self.assertEqual(job.read_count, 7)
                    left = {"add": {*vins, stale}, "remove": {stale}}
                    self.assertEqual(self.get_fleet(), left.get(mode, set(vins)))
                    added = 3 if mode == "remove" else 4
                    self.assertEqual(job.taken_count, added)

    def kill_at(self, border):
        Import = self.env.registry["recall.import"]
        real, count = Import._advance, iter(range(border + 1))

        def advance(job, batch, outcome):
            if next(count) == border:
                real(job, batch, outcome)
                raise Killed
            return real(job, batch, outcome)

        with (
            patch.object(Import, "_advance", advance),
            self.assertRaises(Killed),
        ):
            self.run_imports()

    def run_first_batch(self):
        """Let the server end its work after one batch."""
        Import = self.env.registry["recall.import"]
        real = Import._take_batch

        def take_batch(job, batch):
            return batch.start == job.header_row and real(job, batch)

        with patch.object(Import, "_take_batch", take_batch):
            self.run_imports()

    def test_two_files_at_once_undo_each_other(self):
        """X-FAULT: two files of a fleet in turn, batch by batch: both are taken in."""
        self.cut_batches(2)
        first, second, shared = (self.new_vins(6) for _ in range(3))
        self.startPatcher(patch(f"{RUN}.SLICE", 0))
        jobs = [self.upload([*first, *shared]), self.upload([*shared, *second])]
        for job in jobs:
            job.action_start()
        self.run_imports(20)
        self.assertEqual({job.state for job in jobs}, {"done"})
        self.assertEqual(self.get_fleet(), {*first, *shared, *second})
        self.assertEqual(sum(job.taken_count for job in jobs), 18)
        self.assertEqual(sum(job.repeated_count for job in jobs), 6)

    def test_later_file_is_undone_by_an_earlier_one(self):
        """S-PUSH: a file that replaces the fleet takes nothing of a later file out."""
        old, first, later = (self.new_vins(4) for _ in range(3))
        self.take_fleet_in([*old, *later[:2]])
        self.cut_batches(2)
        replacing = self.upload(first, "replace")
        replacing.action_start()
        self.run_first_batch()
        replacing.action_pause()
        self.take_fleet_in(later)
        replacing.action_resume()
        self.run_imports(5)
        self.assertEqual(replacing.state, "done")
        self.assertEqual(self.get_fleet(), {*first, *later})
        self.assertEqual(replacing.removed_count, 4)

    def test_stop_takes_back_or_goes_on(self):
        """S-PUSH: stopped for good, what came in stays and nothing more comes."""
        self.cut_batches(2)
        vins = self.new_vins(6)
        job = self.upload(vins, "replace")
        self.take_fleet_in(self.new_vins(1))
        job.action_start()
        self.run_first_batch()
        job.action_stop()
        self.run_imports(2)
        self.assertEqual(job.state, "stopped")
        self.assertEqual(len(self.get_fleet()), 3)
        self.assertFalse(job.chunk_ids, "the file is deleted")

    def test_test_run_changes_the_fleet(self):
        """S-PUSH: a test run tells what would happen and changes nothing."""
        vins = self.new_vins(3)
        self.take_fleet_in(vins)
        for mode, figures in (
            ("replace", ("tested", 2, 1, 0, 1)),
            ("remove", ("tested", 2, 0, 1, 1)),
        ):
            job = self.upload([self.make_vin(), "X"], mode)
            job._test_whole()
            self.assertEqual(self.counts(job), figures)
            self.assertEqual(self.get_fleet(), set(vins))

    # === Limits === #

    def test_too_large_file_is_kept(self):
        """X-ATTACK: more rows, bytes or waiting files than allowed are refused."""
        kind = type(self.env["recall.import.kind.fleet"])
        vins = self.new_vins(4)
        with (
            patch.object(kind, "_most_rows", 3),
            self.assertRaisesRegex(UserError, "more than 3 rows"),
            self.env.cr.savepoint(),
        ):
            self.upload(vins)
        with (
            patch.object(kind, "_most_bytes", 1 << 20),
            self.assertRaisesRegex(UserError, "more than 1 MB"),
            self.env.cr.savepoint(),
        ):
            self.upload(["x" * 100] * 11_000)
        self.assertFalse(self.own._get_fleet_files())
        self.upload(vins)
        with (
            patch.object(recall_data_user_fleet, "MOST_FILES", 1),
            self.assertRaisesRegex(UserError, "wait already"),
        ):
            self.upload(vins)

    def test_fleet_grows_without_limit(self):
        """X-ATTACK: what a full fleet has no room for is told, row by row."""
        vins = self.new_vins(5)
        with patch.object(recall_fleet_vehicle, "MOST_VEHICLES", 3):
            self.take_fleet_in(vins[:2])
            job = self.take_fleet_in(vins)
        self.assertEqual(self.counts(job), ("done", 5, 1, 2, 2))
        self.assertEqual(set(job.error_ids.mapped("code")), {"fleet_full"})
        self.assertIn("200,000", job.error_ids[0].reason)
        self.assertEqual(len(self.get_fleet()), 3)

    # === Columns === #

    def test_column_of_vins_is_not_found(self):
        """S-PUSH: a lone column needs no name; of several one can be chosen."""
        vins = self.new_vins(2)
        self.take_fleet_in(vins[:1], header=("Our cars",))
        self.assertEqual(self.get_fleet(), {vins[0]})
        file = self.make_csv([["7", vins[1]]], ("No.", "Chassis"))
        job = self.own.with_user(self.account)._upload_fleet(file, "x.csv", "add")
        job = job.sudo()
        self.assertEqual(job.state, "draft")
        job._choose_vin_column(1)
        self.assertEqual(job.state, "mapped")
        job.action_start()
        self.run_imports()
        self.assertEqual(self.get_fleet(), set(vins))

    # === Rights === #

    def test_partner_reads_or_writes_what_is_not_its_own(self):
        """X-ACCESS: fleets, files and refused rows are the partner's own alone."""
        job = self.take_fleet_in([*self.new_vins(1), "X"])
        for record in (job, job.column_ids, job.error_ids, self.Vehicle.search([])):
            name = record._name
            with self.subTest(model=name):
                own = record.with_user(self.account)
                own.check_access("read")
                with self.assertRaises(AccessError):
                    record.with_user(self.other_account).check_access("read")
                found = self.env[name].with_user(self.other_account).search([])
                self.assertFalse(found & record)
                for operation in ("write", "create", "unlink"):
                    self.assertFalse(own.has_access(operation), operation)
        with self.assertRaises(AccessError):
            self.upload(self.new_vins(1), account=self.other_account)
        with self.assertRaises(AccessError):
            self.own.with_user(self.other_account)._delete_fleet()
        with self.assertRaises(AccessError):
            job.with_user(self.account).action_stop()

    def test_operator_does_not_see_the_files(self):
        """X-ACCESS: an operator has the files of all fleets, and no other import."""
        job = self.upload(self.new_vins(1))
        vin_list = self.make_job(self.make_csv([[self.make_vin()]]))
        Import = self.env["recall.import"].with_user(self.operator)
        self.assertIn(job, Import.search([]))
        self.assertNotIn(vin_list, Import.search([]))
        job.with_user(self.operator).action_start()
        self.assertEqual(job.state, "running")
        with self.assertRaises(AccessError):
            Import.create({"kind": "vins", "plan_id": self.plan.id})
        self.operator.recall_producer_ids = self.producer
        own = Import.create({"kind": "fleet", "data_user_id": self.own.id})
        self.assertFalse(own.producer_id, "a fleet is no producer's")
        with self.assertRaisesRegex(UserError, "Choose the data user"):
            missing = Import.create({"kind": "fleet"})
            missing._upload(self.make_csv([[self.make_vin()]]), "x.csv")
            missing.action_start()

    def test_suspended_partner_changes_its_fleet(self):
        """X-ACCESS: of a suspended data user nothing is taken in or deleted."""
        job = self.upload(self.new_vins(1))
        self.own.with_user(self.operator)._suspend("The agreement has ended.")
        for deed in (
            job.action_start,
            self.own.with_user(self.account)._delete_fleet,
            lambda: self.upload(self.new_vins(1)),
        ):
            with self.assertRaisesRegex(UserError, "suspended"):
                deed()

    def test_deleted_list_comes_back(self):
        """S-PUSH: with the list the files that wait are ended, and the log tells it."""
        self.take_fleet_in(self.new_vins(2))
        mapped, running = (self.upload(self.new_vins(1)) for _ in range(2))
        running.action_start()
        self.assertEqual(self.own.with_user(self.account)._delete_fleet(), 2)
        self.run_imports()
        self.assertFalse(self.get_fleet())
        self.assertFalse(mapped.exists())
        self.assertEqual(running.state, "stopped")
        event = self.env["recall.audit.event"].search(
            [("action", "=", "fleet.delete")], limit=1
        )
        self.assertEqual(event.user_id, self.account)

    # === Scale === #

    @mute_logger("odoo.sql_db")
    def test_large_fleet_takes_a_statement_per_vehicle(self):
        """S-PUSH: the number of statements grows with batches, not with vehicles."""
        counts = []
        for size in (500, 5000):
            vins = self.new_vins(size)
            job = self.upload(vins)
            job.action_start()
            before = self.env.cr.sql_log_count
            self.run_imports()
            counts.append(self.env.cr.sql_log_count - before)
            self.assertEqual(job.taken_count, size)
        self.assertLess(counts[1], counts[0] + 20)

    def test_template_breaks_its_own_rules(self):
        """S-PUSH: the column names of the template are understood."""
        [column] = self.env["recall.import.kind.fleet"]._columns()
        self.assertTrue(re.fullmatch(r"[A-Z0-9]{17}", column.example))
