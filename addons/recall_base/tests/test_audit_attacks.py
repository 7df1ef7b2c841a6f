# SPDX-License-Identifier: LGPL-3.0-only
from odoo.tests import tagged

from ..tools import verify_log
from .audit_common import AuditCommon


@tagged("post_install", "-at_install")
class TestAuditAttacks(AuditCommon):
    """What a superuser with the triggers off does, and what verification says."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.events = cls.seal(3, 2)

    def attack(self, expected, *statements):
        with self.subTest(statements=statements), self.undone():
            for statement in statements:
                self.spoil(statement)
            self.assertEqual(self.found(), expected)

    def event(self, number):
        """Condition of an event of the test, by its number."""
        return f"WHERE id = {self.events[number - 1].id}"

    def test_changed_column_is_not_found(self):
        """X-TAMPER: a change of any column of a sealed event is found at its number."""
        for change in (
            "action = 'other.deed'",
            "time = time + interval '1 second'",
            "user_id = NULL",
            "address = '203.0.113.9'",
            "res_id = res_id + 1",
            "res_model = 'recall.vehicle'",
            "detail = '{}'",
            "detail = NULL",
        ):
            self.attack(
                ("changed", 2),
                f"UPDATE recall_audit_event SET {change} {self.event(2)}",
            )
        self.assertIsNone(self.found())

    def test_unknown_kind_or_hash_stops_the_verification(self):
        """X-TAMPER: what the server cannot read is a difference, and named."""
        seal = f"WHERE sequence = {self.base + 2}"
        last = f"WHERE size = {self.base + 5}"
        for expected, statement in (
            (("missing", 2), f"UPDATE recall_audit_seal SET kind = 'x' {seal}"),
            *(
                (("forged", 5), f"UPDATE recall_audit_checkpoint SET {change} {last}")
                for change in ("algorithm = 'md5'", "algorithm = 'sha256'")
            ),
        ):
            self.attack(expected, statement)
            with self.subTest(statement=statement, of="job"), self.undone():
                self.spoil(statement)
                job = self.env["recall.audit.verification"].create({})
                while job._step():
                    pass
                self.assertEqual(job.state, "broken")
                self.assertTrue(job.report)

    def test_deleted_event_is_not_found(self):
        """X-TAMPER: a missing event is found, with or without its seal."""
        self.attack(("missing", 3), f"DELETE FROM recall_audit_event {self.event(3)}")
        self.attack(
            ("missing", 3),
            f"DELETE FROM recall_audit_event {self.event(3)}",
            f"DELETE FROM recall_audit_seal WHERE sequence = {self.base + 3}",
        )

    def test_inserted_event_is_not_found(self):
        """X-TAMPER: an event that came past the triggers has no seal."""
        with self.undone():
            self.spoil(
                "INSERT INTO recall_audit_event (time, action) VALUES (now(), 'x')"
            )
            kind, table, _id = self.found()
            self.assertEqual((kind, table), ("inserted", "recall_audit_event"))

    def test_swapped_events_are_not_found(self):
        """X-TAMPER: two events that exchanged their places, at the first of them."""
        one, other = self.events[1].id, self.events[3].id
        self.attack(
            ("changed", 2),
            *(
                f"UPDATE recall_audit_seal SET entry_id = {new} "
                f"WHERE entry_id = {old} AND kind = 'e'"
                for old, new in ((one, -1), (other, one), (-1, other))
            ),
        )

    def test_cut_tail_is_not_found(self):
        """X-TAMPER: a log that ends before its last checkpoint was cut."""
        self.attack(
            ("cut", 4),
            f"DELETE FROM recall_audit_seal WHERE sequence > {self.base + 3}",
        )
        self.attack(("cut", 1 - self.base), "DELETE FROM recall_audit_seal")

    def test_log_written_anew_is_not_found(self):
        """X-TAMPER: a chain that was computed again does not fit its checkpoints."""
        with self.undone():
            self.spoil(f"UPDATE recall_audit_event SET action = 'x' {self.event(2)}")
            self.write_anew(self.base + 1)
            self.assertEqual(self.found(), ("rewritten", 1))

    def write_anew(self, first):
        """Compute the seals from an entry on again, as somebody who knows how would."""
        log_hash = self.Seal._get_hash()
        chain = self.Seal._read_sealed(first - 1, first - 1)
        chain = next(chain)[1]
        last = self.Seal._get_last()[0]
        for sequence, _chain, entry in [*self.Seal._read_sealed(first, last)]:
            leaf = log_hash.leaf(entry)
            chain = log_hash.chain(chain, leaf)
            self.spoil(
                "UPDATE recall_audit_seal SET leaf = %s, chain = %s"
                " WHERE sequence = %s",
                leaf,
                chain,
                sequence,
            )

    def test_forged_checkpoint_is_not_found(self):
        """X-TAMPER: a checkpoint for a log written anew needs the key to sign it."""
        last = self.Checkpoint.search([], limit=1)
        for change in ("root_hash = repeat('0', 64)", "note = replace(note, '5', '6')"):
            self.attack(
                ("forged", 5),
                f"UPDATE recall_audit_checkpoint SET {change} WHERE id = {last.id}",
            )

    def test_removed_checkpoints_are_not_found(self):
        """X-TAMPER: sealed entries that no checkpoint covers are a fault."""
        self.attack(
            ("uncovered", 4),
            f"DELETE FROM recall_audit_checkpoint WHERE size > {self.base + 3}",
            "UPDATE recall_audit_seal SET sealed_at = now() - interval '16 minutes'",
        )

    def test_changed_business_row_is_not_found(self):
        """X-TAMPER: rows changed past the application, with table, id and kind."""
        vehicle = self.env["recall.vehicle"].search([("plan_id", "=", self.plan.id)])[3]
        row = f"WHERE id = {vehicle.id}"
        for kind, statement in (
            ("changed", f"UPDATE recall_vehicle SET state = 'done' {row}"),
            ("changed", f"UPDATE recall_vehicle SET state_date = '2026-01-01' {row}"),
            ("missing", f"DELETE FROM recall_vehicle {row}"),
        ):
            self.attack((kind, "recall_vehicle", vehicle.id), statement)
        for column in ("defect", "measure", "vin_range"):
            self.attack(
                ("changed", "recall_plan", self.plan.id),
                f"UPDATE recall_plan SET {column} = 'x' WHERE id = {self.plan.id}",
            )
        with self.undone():
            self.spoil(
                "INSERT INTO recall_vehicle (plan_id, vin, state) VALUES (%s, %s, %s)",
                self.plan.id,
                self.make_vin(),
                "open",
            )
            self.assertEqual(self.found()[:2], ("inserted", "recall_vehicle"))

    def test_what_the_application_does_counts_as_tampering(self):
        """X-TAMPER: whatever goes through the triggers is in the log, bulk or not."""
        self.add_vehicles(self.plan, 5)
        self.plan.defect = "Another defect."
        vehicles = self.env["recall.vehicle"].search([("plan_id", "=", self.plan.id)])
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE recall_vehicle SET state = 'done' WHERE plan_id = %s",
            [self.plan.id],
        )
        self.env.cr.execute(
            "DELETE FROM recall_vehicle WHERE id = %s", [vehicles[0].id]
        )
        self.Seal._cron_seal()
        self.assertIsNone(self.found())

    def test_hash_of_a_row_was_changed_too(self):
        """X-TAMPER: the hashes of rows are entries of the log like events."""
        vehicle = self.env["recall.vehicle"].search([("plan_id", "=", self.plan.id)])[0]
        with self.undone():
            self.spoil(
                f"UPDATE recall_vehicle SET state = 'done' WHERE id = {vehicle.id}"
            )
            self.spoil(
                "DELETE FROM recall_audit_rows WHERE res_table = 'recall_vehicle'"
            )
            self.env["recall.audit.rows"]._log_present(
                "recall_vehicle", self.env["recall.vehicle"]._hashed
            )
            self.assertEqual(self.found()[0], "missing")

    def test_second_verifier_disagrees(self):
        """X-TAMPER: the file for outsiders says of an export what the server says."""
        keys = self.Checkpoint._parse_keys()

        def outside():
            points = verify_log.read_checkpoints(
                "".join(self.Seal._export_checkpoints())
            )
            lines = "".join(self.Seal._export()).splitlines()
            fault, size = verify_log.verify_log(lines, points, keys)
            return fault and (fault.kind, fault.sequence - self.base), size

        self.assertEqual(outside(), (None, self.base + 5))
        for change in (
            f"UPDATE recall_audit_event SET action = 'x' {self.event(4)}",
            f"DELETE FROM recall_audit_event {self.event(2)}",
            f"DELETE FROM recall_audit_seal WHERE sequence > {self.base + 3}",
            f"UPDATE recall_audit_seal SET kind = 'x' WHERE sequence = {self.base + 2}",
            *(
                f"UPDATE recall_audit_checkpoint SET algorithm = '{name}'"
                f" WHERE size = {self.base + 5}"
                for name in ("md5", "sha256")
            ),
        ):
            with self.subTest(change=change), self.undone():
                self.spoil(change)
                found = outside()[0]
                self.assertTrue(found)
                self.assertEqual(found, self.found())
