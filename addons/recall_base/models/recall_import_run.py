# SPDX-License-Identifier: LGPL-3.0-only
import contextlib
import gc
import itertools
import json
import logging
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import psycopg2

from odoo import fields, models
from odoo.exceptions import ConcurrencyError
from odoo.tools import SQL

from .recall_import_kind import BATCH, FILE_ERRORS, Fault

_logger = logging.getLogger(__name__)

#: Seconds a job has before others have their turn; alone it has more.
SLICE, SLICE_ALONE = 5, 30
#: How often a job may fail at one place before it has failed.
ATTEMPTS = 3
#: What happens when others change the same records at the same moment.
CONFLICTS = (
    ConcurrencyError,
    psycopg2.errors.SerializationFailure,
    psycopg2.errors.DeadlockDetected,
    psycopg2.errors.UniqueViolation,
)
#: Seconds before a batch that met a conflict is tried again.
WAITS = (0.05, 0.2, 0.8, 2)
#: Seconds that a thread may keep the interpreter from another one: as usual, and while
#: a job runs. Each answer of the database would wait that long for the thread that
#: prepares the next batch.
SWITCH, SWITCH_AT_WORK = sys.getswitchinterval(), 0.0005
# Class of the advisory locks: one worker for each job.
_LOCKS = 41047


class Batch(NamedTuple):
    """Rows of a file, ready to be taken in."""

    start: int  # number of the row before the first one
    end: int  # number of the last row
    offset: int  # where the next row begins in a CSV file
    read: int  # rows, without blank ones
    faults: list[Fault]  # of rows whose cells have the wrong form
    prepared: Any  # the others, as the kind takes them in


class _Undo(Exception):
    """Ends a test run's batch."""


class RecallImport(models.Model):
    """Taking in: a thread reads and prepares the next batch while one is stored."""

    _inherit = "recall.import"

    def _cron_run(self):
        """Give each job that is at work its turn, the one that waited longest first."""
        Cron = self.env["ir.cron"]
        at_work = [("state", "in", ("testing", "running"))]
        ids = self.search(at_work, order="sliced_at NULLS FIRST, id").ids
        Cron._commit_progress(remaining=len(ids))
        for job in map(self.browse, ids):
            job._run_slice(SLICE if len(ids) > 1 else SLICE_ALONE, len(ids))
        Cron._commit_progress(remaining=self.search_count(at_work))

    def _run_slice(self, seconds, waiting=1):
        """Work on a job for a while. Never raises: what goes wrong is the job's own.

        :param int waiting: number of jobs at work, as progress of the scheduled action
        """
        try:
            with _two_threads():
                self._run_batches(time.monotonic() + seconds, waiting)
        except FILE_ERRORS as error:
            self.env.cr.rollback()
            self._fail(error.code, error.facts)
        except Exception:
            _logger.exception("Import %s met something unexpected", self.id)
            self.env.cr.rollback()
            self._note_failure()
            # An attempt is progress: else the scheduled action would count as failing.
            self.env["ir.cron"]._commit_progress(1, remaining=waiting)
        self.env["ir.cron"]._commit_progress(remaining=waiting)

    def _run_batches(self, until, waiting):
        batches = self._batches()
        try:
            for batch in batches:
                if not self._take_again(batch, waiting):
                    return
                # A reading that begins in the middle of a workbook passes the rows
                # before: it may go on for as long as that took.
                if time.monotonic() > until + batches.delay:
                    return
        finally:
            batches.close()
        self._finish()

    def _batches(self, limit=None):
        """The batches that are still to come."""
        self.invalidate_recordset()
        layout, kind = self._layout(), self._kind()
        offset = self.byte_position
        rows = kind._read(self._file(offset), layout, self.row_position, offset)
        return _Batches(
            itertools.islice(rows, limit),
            self.row_position,
            kind._reader(self._mapping(), len(layout.header)),
            kind._prepare(self),
            kind._batch,
        )

    def _take_again(self, batch, waiting):
        """Take a batch in, again where others changed the same records meanwhile.

        :returns: whether to go on with the next one
        """
        for wait in (*WAITS, None):
            try:
                if not self._take_batch(batch):
                    self.env.cr.rollback()
                    return False
                self.env["ir.cron"]._commit_progress(batch.read, remaining=waiting)
                return True
            except CONFLICTS:
                self.env.cr.rollback()
                if wait is None:
                    raise
                time.sleep(wait)
        return False

    def _take_batch(self, batch):
        """Take a batch in and move the position behind it, in one transaction.

        :returns: False when the job was paused or stopped, or is worked on elsewhere
        """
        cr = self.env.cr
        cr.execute(SQL("SELECT pg_try_advisory_xact_lock(%s, %s)", _LOCKS, self.id))
        if not cr.fetchone()[0]:
            return False
        self.invalidate_recordset()
        if not self.exists() or self.row_position != batch.start:
            return False
        if self.state == "running":
            self._refresh_statistics()
            outcome = self._kind()._take_in(self, batch.prepared)
            # Which rows these are, the digest of the file tells (import.upload).
            self.env["recall.audit.event"]._record(
                "import.batch",
                self,
                rows=[batch.start + 1, batch.end],
                taken=outcome.taken,
                refused=batch.read - outcome.taken - outcome.repeated,
            )
        elif self.state == "testing":
            outcome = self._try_out(batch)
        else:
            return False
        return self._advance(batch, outcome)

    def _try_out(self, batch):
        """Take a batch in and undo it."""
        try:
            with self.env.cr.savepoint():
                outcome = self._kind()._take_in(self, batch.prepared)
                raise _Undo
        except _Undo:
            self.env.invalidate_all(flush=False)
        return outcome

    def _refresh_statistics(self):
        """Tell the planner how large the table has grown, each time it doubled.

        Autovacuum comes too late for a file: with the statistics of an almost empty
        table each batch would read all that the batches before have stored.
        """
        table = self._kind()._fills
        if not table or self.taken_count < BATCH:
            return
        size = SQL(
            """SELECT pg_relation_size(oid) > 2 * 8192::int8 * relpages
                 FROM pg_class WHERE oid = to_regclass(%s)""",
            table,
        )
        if self.env.execute_query(size)[0][0]:
            # A tenth of the usual sample; autovacuum takes the whole one.
            self.env.cr.execute(
                SQL(
                    """SET LOCAL default_statistics_target = 10;
                       ANALYZE %s;
                       SET LOCAL default_statistics_target TO DEFAULT""",
                    SQL.identifier(table),
                )
            )

    def _advance(self, batch, outcome):
        """Count a batch and move the position behind it."""
        faults = [*batch.faults, *outcome.faults]
        self.env["recall.import.error"]._add(self, faults)
        counts = Counter(self.finding_counts or {})
        counts.update(fault.code for fault in faults)
        counts.update(outcome.warnings)
        self.env.cr.execute(
            SQL(
                """UPDATE recall_import
                      SET row_position = %(row)s, byte_position = %(offset)s,
                          read_count = read_count + %(read)s,
                          taken_count = taken_count + %(taken)s,
                          repeated_count = repeated_count + %(repeated)s,
                          refused_count = refused_count + %(refused)s,
                          finding_counts = %(counts)s, attempts = 0,
                          sliced_at = now() AT TIME ZONE 'UTC',
                          write_date = now() AT TIME ZONE 'UTC'
                    WHERE id = %(id)s AND row_position = %(start)s""",
                row=batch.end,
                offset=batch.offset,
                read=batch.read,
                taken=outcome.taken,
                repeated=outcome.repeated,
                refused=batch.read - outcome.taken - outcome.repeated,
                counts=json.dumps(counts),
                id=self.id,
                start=batch.start,
            )
        )
        moved = self.env.cr.rowcount == 1
        self.invalidate_recordset()
        return moved

    def _run_test(self, limit):
        """Try the first rows at once, in the present transaction."""
        batches = self._batches(limit)
        try:
            for batch in batches:
                self._advance(batch, self._try_out(batch))
        except FILE_ERRORS as error:
            self._fail(error.code, error.facts)
        else:
            self._end("tested")
        finally:
            batches.close()

    def _finish(self):
        """End the run after the last row."""
        self.invalidate_recordset()
        if self.state == "testing":
            self._end("tested")
        elif self.state == "running":
            self._end("done")
            self._kind()._after_job(self)
            self._log("end")

    def _fail(self, code, facts):
        """End the run with a sentence; a test run can be begun again."""
        self.invalidate_recordset()
        self.failure_facts = {**facts, "code": code}
        self._end("mapped" if self.state == "testing" else "failed")
        self._log("fail", reason=code)

    def _note_failure(self):
        """Count what went wrong unexpectedly: the third time the job has failed."""
        self.invalidate_recordset()
        if not self.exists() or self.state not in ("testing", "running"):
            return
        self.write({"attempts": self.attempts + 1, "sliced_at": fields.Datetime.now()})
        if self.attempts >= ATTEMPTS:
            self._fail("unexpected", {"row": self.row_position})


@contextlib.contextmanager
def _two_threads():
    """Let the thread that stores and the one that prepares work side by side."""
    sys.setswitchinterval(SWITCH_AT_WORK)
    # What is there already need not be looked at for each batch's many new objects.
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        sys.setswitchinterval(SWITCH)


class _Batches:
    """Batches of rows, each one read and prepared while the last one is stored.

    The thread touches no database: it has the file, in sealed pieces, and functions.
    """

    def __init__(self, rows, position, read_row, prepare, size):
        self._rows = rows
        self._position = position
        self._read_row = read_row
        self._prepare = prepare
        self._size = size
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="recall_import")
        self._started = time.monotonic()
        #: Seconds until the first row was there.
        self.delay = 0

    def __iter__(self):
        future = self._pool.submit(self._next)
        while batch := future.result():
            future = self._pool.submit(self._next)
            yield batch

    def close(self):
        self._pool.shutdown(cancel_futures=True)

    def _next(self):
        rows = list(itertools.islice(self._rows, 1))
        self.delay = self.delay or time.monotonic() - self._started
        rows += itertools.islice(self._rows, self._size - len(rows))
        if not rows:
            return None
        items, faults = [], []
        for row in rows:
            item, found = self._read_row(row.number, row.cells)
            if item:
                items.append(item)
            else:
                faults += found
        start, self._position = self._position, rows[-1].number
        return Batch(
            start,
            rows[-1].number,
            rows[-1].offset,
            len(rows),
            faults,
            self._prepare(items),
        )
