# SPDX-License-Identifier: LGPL-3.0-only
from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

from odoo.tools import SQL

from ..models import recall_audit_checkpoint
from .common import RecallCommon

#: Tables of the log, in an order in which they can be emptied.
TABLES = (
    *("recall_audit_pending", "recall_audit_seal", "recall_audit_node"),
    *("recall_audit_checkpoint", "recall_audit_rows", "recall_audit_event"),
)


class AuditCommon(RecallCommon):
    """An operation log of its own, and somebody who gets past its triggers."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Event = cls.env["recall.audit.event"]
        cls.Checkpoint = cls.env["recall.audit.checkpoint"]
        cls.Seal = cls.env["recall.audit.seal"]
        cls.startClassPatcher(
            patch.object(recall_audit_checkpoint, "INTERVAL", timedelta(0))
        )
        # What was logged before is not part of these logs.
        cls.env.flush_all()
        for table in TABLES:
            with cls.triggers_off(table):
                cls.env.cr.execute(SQL("DELETE FROM %s", SQL.identifier(table)))
        for table, columns in cls.env["recall.audit.rows"]._get_tables().items():
            cls.env["recall.audit.rows"]._log_present(table, columns)
        cls.env.invalidate_all()
        cls.Seal._cron_seal()
        cls.base = cls.Checkpoint.search([], limit=1).size

    @classmethod
    def log(cls, count=1):
        for number in range(count):
            cls.Event._record("test.deed", cls.plan, number=number, name="召回")

    @classmethod
    def seal(cls, *batches):
        """Log and seal batch by batch; returns the events in their order."""
        for count in batches:
            cls.log(count)
            cls.Seal._cron_seal()
        return cls.Event.search([("action", "=", "test.deed")], order="id")

    @classmethod
    def spoil(cls, query, *values):
        """Run a statement on tables whose triggers are off."""
        cls.env.flush_all()
        tables = [
            table
            for table in (*TABLES, *cls.env["recall.audit.rows"]._get_tables())
            if table in query
        ]
        with cls.triggers_off(*tables):
            cls.env.cr.execute(query, values)
        cls.env.invalidate_all()

    @contextmanager
    def undone(self):
        """Whatever happens in the block has not happened after it."""
        savepoint = self.env.cr.savepoint(flush=True)
        yield
        savepoint.close(rollback=True)
        self.env.invalidate_all()

    def found(self):
        """First difference, its numbers counted from the beginning of the test."""
        fault = self.Checkpoint._verify()
        if fault and "sequence" in fault:
            return fault["kind"], fault["sequence"] - self.base
        return fault and (fault["kind"], fault["table"], fault["id"])
