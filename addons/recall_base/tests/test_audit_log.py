# SPDX-License-Identifier: LGPL-3.0-only
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import SQL

from ..tools import audit_chain
from .common import RecallCommon


@tagged("post_install", "-at_install")
class TestAuditLog(RecallCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Event = cls.env["recall.audit.event"]
        cls.Checkpoint = cls.env["recall.audit.checkpoint"]
        # What the installation logged is not part of these chains.
        cls.env.flush_all()
        cls.env.cr.execute("DELETE FROM recall_audit_event")
        cls.env.cr.execute("DELETE FROM recall_audit_checkpoint")
        cls.env.invalidate_all()

    def _log(self, count=1):
        for number in range(count):
            self.Event._record("test.deed", self.plan, number=number, name="召回")

    def _sealed(self, *batches):
        """Log and seal batch by batch; returns the events in their order."""
        for count in batches:
            self._log(count)
            self.Checkpoint._cron_seal()
        return self.Event.search([], order="id")

    def _spoil(self, query, *values):
        self.env.flush_all()
        self.env.cr.execute(query, values)
        self.env.invalidate_all()

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

    def test_entry_of_the_log_can_be_changed_or_deleted(self):
        """X-TAMPER: nobody changes or deletes an event, the superuser included."""
        auditor = self.make_user("log_auditor", "recall_base.group_auditor")
        [event] = self._sealed(1)
        checkpoint = self.Checkpoint.search([])
        for record in (event, checkpoint):
            for attempt in (
                lambda record=record: record.write({"time": "2020-01-01"}),
                lambda record=record: record.sudo().write({"chain_hash": "x"}),
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
        self.assertEqual(len(self.Event.with_user(auditor).search([])), 1)

    def test_reader_sees_the_log(self):
        """X-ACCESS: only auditors read the operation log."""
        keeper = self.make_user("log_keeper", "recall_base.group_keeper")
        for model in (self.Event, self.Checkpoint):
            with self.assertRaises(AccessError):
                model.with_user(keeper).search([])
        with self.assertRaises(AccessError):
            self.Checkpoint.with_user(keeper).action_verify()

    def test_sealer_leaves_gaps_or_breaks_the_chain(self):
        """X-TAMPER: the sealer numbers events and chains them from the first on."""
        events = self._sealed(3, 2)
        self.assertEqual(events.mapped("sequence"), [1, 2, 3, 4, 5])
        self.assertEqual(self.Checkpoint.search([]).mapped("size"), [5, 3])
        self.assertEqual(
            self.Checkpoint.search([], limit=1).chain_hash, events[-1].chain_hash
        )
        chain = audit_chain.EMPTY
        for _id, fact in self.Checkpoint._read_facts(*self._in_order()):
            chain = audit_chain.link(chain, fact)
        self.assertEqual(chain, events[-1].chain_hash)
        self.assertIsNone(self.Checkpoint._verify())

    def _in_order(self):
        return SQL("sequence > 0"), SQL("sequence")

    def test_sealing_nothing_makes_a_checkpoint(self):
        self._sealed(1)
        self.Checkpoint._cron_seal()
        self.assertEqual(self.Checkpoint.search_count([]), 1)
        self.assertIsNone(self.Checkpoint._verify())

    def test_unsealed_events_count_as_a_fault(self):
        self._sealed(2)
        self._log(3)
        self.assertIsNone(self.Checkpoint._verify())

    def test_event_that_commits_late_is_left_unsealed(self):
        """X-TAMPER: an event with a smaller id that shows up later is sealed too."""
        self._log(2)
        late = self.Event.search([], order="id", limit=1)
        self._spoil(
            "UPDATE recall_audit_event SET sequence = -1 WHERE id = %s", late.id
        )
        self.Checkpoint._cron_seal()
        self._spoil(
            "UPDATE recall_audit_event SET sequence = NULL WHERE id = %s", late.id
        )
        self.Checkpoint._cron_seal()
        self.assertEqual(late.sequence, 2)
        self.assertIsNone(self.Checkpoint._verify())

    def test_changed_column_is_not_found(self):
        """X-TAMPER: a change of any column of a sealed event is found at its number."""
        events = self._sealed(3, 2)
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
            with self.subTest(change=change):
                savepoint = self.env.cr.savepoint(flush=True)
                self._spoil(
                    f"UPDATE recall_audit_event SET {change} WHERE id = %s",
                    events[1].id,
                )
                self.assertEqual(
                    self.Checkpoint._verify(), {"sequence": 2, "kind": "changed"}
                )
                savepoint.close(rollback=True)
                self.env.invalidate_all()
        self.assertIsNone(self.Checkpoint._verify())

    def test_deleted_event_is_not_found(self):
        """X-TAMPER: an event missing from the middle is found at its number."""
        events = self._sealed(3, 2)
        self._spoil("DELETE FROM recall_audit_event WHERE id = %s", events[2].id)
        self.assertEqual(self.Checkpoint._verify(), {"sequence": 3, "kind": "missing"})

    def test_cut_tail_is_not_found(self):
        """X-TAMPER: a log that ends before its last checkpoint was cut."""
        self._sealed(3, 2)
        self._spoil("DELETE FROM recall_audit_event WHERE sequence > 3")
        self.assertEqual(self.Checkpoint._verify(), {"sequence": 4, "kind": "cut"})

    def test_emptied_log_is_not_found(self):
        self._sealed(2)
        self._spoil("DELETE FROM recall_audit_event")
        self.assertEqual(self.Checkpoint._verify(), {"sequence": 1, "kind": "cut"})

    def test_log_written_anew_is_not_found(self):
        """X-TAMPER: a chain that was computed again does not fit its checkpoints."""
        self._sealed(3, 2)
        self._spoil("UPDATE recall_audit_event SET action = 'other' WHERE sequence = 2")
        chain = audit_chain.EMPTY
        for event_id, fact in list(self.Checkpoint._read_facts(*self._in_order())):
            chain = audit_chain.link(chain, fact)
            self._spoil(
                "UPDATE recall_audit_event SET chain_hash = %s WHERE id = %s",
                chain,
                event_id,
            )
        self.assertEqual(
            self.Checkpoint._verify(), {"sequence": 3, "kind": "rewritten"}
        )

    def test_removed_checkpoints_are_not_found(self):
        """X-TAMPER: sealed events that no checkpoint covers are a fault."""
        self._sealed(3, 2)
        self._spoil("DELETE FROM recall_audit_checkpoint WHERE size = 5")
        self.assertEqual(self.Checkpoint._verify(), {"sequence": 4, "kind": "unsealed"})
        self._spoil("DELETE FROM recall_audit_checkpoint")
        self.assertEqual(self.Checkpoint._verify(), {"sequence": 1, "kind": "unsealed"})

    def test_auditor_is_not_told_where_the_log_differs(self):
        auditor = self.make_user("log_auditor", "recall_base.group_auditor")
        Checkpoint = self.Checkpoint.with_user(auditor)
        self._sealed(2)
        self.assertEqual(Checkpoint.action_verify()["params"]["type"], "success")
        self._spoil("UPDATE recall_audit_event SET action = 'x' WHERE sequence = 2")
        params = Checkpoint.action_verify()["params"]
        self.assertEqual((params["type"], params["sticky"]), ("danger", True))
        self.assertIn("2", params["message"])
