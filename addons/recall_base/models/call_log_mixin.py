# SPDX-License-Identifier: LGPL-3.0-only
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

#: Rows that are deleted in one statement.
GC_BATCH = 50_000
#: What is counted in the memory of the servers has been handed over by then.
GRACE = timedelta(minutes=10)
HOUR = timedelta(hours=1)


class RecallCallLogMixin(models.AbstractModel):
    """``recall.call.log.mixin``: a model that keeps the calls of interfaces.

    Each has its own row, or its count, there. The operation log tells once an hour how
    many calls each interface answered, by ``api_status``, so that these rows can be
    held against what nobody can alter. One event for all interfaces of a kind::

        class RecallExampleLog(models.Model):
            _name = "recall.example.log"
            _inherit = ["recall.call.log.mixin"]

            _call_time = "hour"
            _call_count = SQL("request_count")
            _call_days = 90
    """

    _name = "recall.call.log.mixin"
    _description = "Calls of interfaces"

    _audited = frozenset()
    #: Column of the time, and how many calls a row stands for.
    _call_time = "time"
    _call_count = SQL("1")
    #: Days after which rows are deleted; None: never.
    _call_days = None

    @api.model
    def _cron_log_calls(self):
        """Log the calls of the hours that are over, for every kind of interface."""
        for name in sorted(self._inherit_children):
            self.env[name]._log_calls(fields.Datetime.now() - GRACE)

    def _log_calls(self, now):
        """Log the calls since the last event of it until the last full hour."""
        until = now.replace(minute=0, second=0, microsecond=0)
        interfaces = self.env[self._fields["interface_id"].comodel_name]
        last = self.env["recall.audit.event"].search(
            [("action", "=", "interface.calls"), ("res_model", "=", interfaces._name)],
            limit=1,
        )
        known = last and fields.Datetime.to_datetime(last.detail["until"])
        since = known or until - HOUR
        if since < until and (calls := self._count_calls(since, until)):
            self.env["recall.audit.event"]._record(
                "interface.calls",
                interfaces,
                since=str(since),
                until=str(until),
                count=sum(count for _interface, _status, count in calls),
                calls=calls,
            )

    def _count_calls(self, since, until):
        """``[interface id, api_status, calls]`` of a time; None for no right token."""
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                """SELECT interface_id, api_status, sum(%(count)s)::bigint
                     FROM %(table)s WHERE %(time)s >= %(since)s AND %(time)s < %(until)s
                    GROUP BY 1, 2 ORDER BY 1, 2""",
                count=self._call_count,
                table=SQL.identifier(self._table),
                time=SQL.identifier(self._call_time),
                since=since,
                until=until,
            )
        )
        return [list(row) for row in rows]

    @api.autovacuum
    def _gc_calls(self):
        """Delete the rows that are older than ``_call_days``."""
        if not self._call_days:
            return 0, 0
        self.env.cr.execute(
            SQL(
                """DELETE FROM %(table)s WHERE id IN (
                       SELECT id FROM %(table)s WHERE %(time)s < %(until)s
                        ORDER BY %(time)s LIMIT %(limit)s)""",
                table=SQL.identifier(self._table),
                time=SQL.identifier(self._call_time),
                until=fields.Datetime.now() - timedelta(days=self._call_days),
                limit=GC_BATCH,
            )
        )
        done = self.env.cr.rowcount
        return done, int(done == GC_BATCH)
