# SPDX-License-Identifier: LGPL-3.0-only
import psycopg2

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models.recall_audit_event_seal import COLUMNS
from ..tools import verify_log
from .audit_common import TABLES, AuditCommon


@tagged("post_install", "-at_install")
class TestAuditLog(AuditCommon):
    def test_event_lacks_who_what_and_where(self):
        """X-LOG: an event names the account, the deed, the record and the details."""
        user = self.make_user("logged", "recall_base.group_reader")
        event = self.Event.with_user(user)._record("test.deed", self.plan, count=2)
        self.assertRecordValues(
            event,
            [
                {
                    "user_id": user.id,
                    "action": "test.deed",
                    "res_model": "recall.plan",
                    "res_id": self.plan.id,
                    "detail": {"count": 2},
                    "sequence": 0,
                }
            ],
        )
        self.assertTrue(event.time)
        self.assertFalse(self.Event._record("test.alone").res_model)

    def test_column_of_an_event_is_not_sealed(self):
        """X-TAMPER: the seal covers whatever is stored of an event."""
        stored = {name for name, field in self.Event._fields.items() if field.store}
        self.assertEqual(stored, {"id", *COLUMNS})

    def test_entry_of_the_log_can_be_changed_or_deleted(self):
        """X-TAMPER: nobody changes or deletes an event, the superuser included."""
        auditor = self.make_user("log_auditor", "recall_base.group_auditor")
        [event] = self.seal(1)
        checkpoint = self.Checkpoint.search([], limit=1)
        for record in (event, checkpoint):
            for attempt in (
                lambda record=record: record.write({"time": "2020-01-01"}),
                lambda record=record: record.sudo().write({"time": "2020-01-01"}),
                record.unlink,
                record.sudo().unlink,
            ):
                with self.assertRaises(UserError):
                    attempt()
            with self.assertRaises(UserError):
                record.with_user(auditor).write({"time": "2020-01-01"})
            with self.assertRaises(AccessError):
                record.with_user(auditor).unlink()
        with self.assertRaises(AccessError):
            self.Event.with_user(auditor).create({"action": "made.up"})
        self.assertIn(event, self.Event.with_user(auditor).search([]))

    @mute_logger("odoo.sql_db")
    def test_statement_changes_the_log(self):
        """X-TAMPER: triggers refuse UPDATE, DELETE and TRUNCATE in SQL."""
        self.seal(2)
        for table in TABLES[1:]:
            column = "hash = hash" if table.endswith("node") else "*"
            changes = [f"DELETE FROM {table}", f"TRUNCATE {table}"]
            if column == "*":
                self.env.cr.execute(
                    """SELECT attname FROM pg_attribute
                        WHERE attrelid = %s::regclass AND attnum = 1""",
                    [table],
                )
                column = "{0} = {0}".format(*self.env.cr.fetchone())
            for statement in (*changes, f"UPDATE {table} SET {column}"):
                with (
                    self.subTest(statement=statement),
                    self.assertRaises(psycopg2.errors.RestrictViolation),
                    self.env.cr.savepoint(),
                ):
                    self.env.cr.execute(statement)

    def test_end_of_a_user_changes_events(self):
        """X-TAMPER: an account that did something is archived, not deleted."""
        user = self.make_user("logged", "recall_base.group_reader")
        self.Event.with_user(user)._record("test.deed", self.plan)
        self.env.flush_all()
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.IntegrityError),
            self.env.cr.savepoint(),
        ):
            user.unlink()

    def test_reader_sees_the_log(self):
        """X-ACCESS: only auditors read the operation log."""
        keeper = self.make_user("log_keeper", "recall_base.group_keeper")
        for model in (self.Event, self.Checkpoint):
            with self.assertRaises(AccessError):
                model.with_user(keeper).search([])
        with self.assertRaises(AccessError):
            self.Checkpoint.with_user(keeper).action_verify()

    # === Sealing === #

    def test_sealer_leaves_gaps_or_breaks_the_chain(self):
        """X-TAMPER: the sealer numbers entries, chains them and signs the tree."""
        events = self.seal(3, 2)
        numbers = [self.base + number for number in (1, 2, 3, 4, 5)]
        self.assertEqual(events.mapped("sequence"), numbers)
        points = self.Checkpoint.search([], limit=2)
        self.assertEqual(points.mapped("size"), [numbers[4], numbers[2]])
        self.assertEqual(points[0].chain_hash, events[-1].chain_hash)
        log_hash = verify_log.LogHash("sm3")
        tree = verify_log.Frontier(log_hash)
        for _sequence, _chain, entry in self.Seal._read_sealed(1, numbers[4]):
            tree.append(log_hash.leaf(entry))
        signed = verify_log.Checkpoint.parse(points[0].note)
        self.assertEqual((signed.root, signed.size), (tree.root(), numbers[4]))
        [key] = self.Checkpoint._get_keys()
        self.assertTrue(signed.is_signed_by([verify_log.Key.parse(key)]))
        self.assertIsNone(self.found())

    def test_sealing_nothing_makes_a_checkpoint(self):
        self.seal(1)
        count = self.Checkpoint.search_count([])
        self.Seal._cron_seal()
        self.assertEqual(self.Checkpoint.search_count([]), count)

    def test_unsealed_events_count_as_a_fault(self):
        self.seal(2)
        self.log(3)
        self.assertIsNone(self.found())

    def test_event_that_commits_late_is_left_unsealed(self):
        """X-TAMPER: an event with a smaller id that shows up later is sealed too."""
        self.log(2)
        late = self.Event.search([("action", "=", "test.deed")], order="id", limit=1)
        self.env.flush_all()
        gone = "DELETE FROM recall_audit_pending WHERE entry_id = %s AND kind = 'e'"
        self.env.cr.execute(gone, [late.id])
        self.Seal._cron_seal()
        self.assertEqual(late.sequence, 0)
        self.env.cr.execute(
            "INSERT INTO recall_audit_pending (kind, entry_id) VALUES ('e', %s)",
            [late.id],
        )
        self.Seal._cron_seal()
        late.invalidate_recordset()
        self.assertEqual(late.sequence, self.base + 2)
        self.assertIsNone(self.found())

    def test_hash_of_a_log_changes_in_its_middle(self):
        """X-CRYPTO: SM3 unless named otherwise, and the same from begin to end."""
        self.seal(1)
        self.env["ir.config_parameter"].set_param("recall_base.log_hash", "sha256")
        self.seal(1)
        self.assertEqual(set(self.Checkpoint.search([]).mapped("algorithm")), {"sm3"})
        self.assertIsNone(self.found())

    def test_log_without_a_signing_key_is_not_sealed(self):
        """X-TAMPER: an older key file signs nothing, says so, and seals on."""
        self.key_file.write_text(
            self.key_file.read_text().replace('"sign"', '"unused"')
        )
        self.addCleanup(
            self.key_file.write_text,
            self.key_file.read_text().replace('"unused"', '"sign"'),
        )
        count = self.Checkpoint.search_count([])
        with self.assertLogs(
            "odoo.addons.recall_base.models.recall_audit_checkpoint", "ERROR"
        ) as logs:
            [event] = self.seal(1)
        self.assertIn("rotate --sign", logs.output[0])
        self.assertEqual(event.sequence, self.base + 1)
        self.assertEqual(self.Checkpoint.search_count([]), count)
