# SPDX-License-Identifier: LGPL-3.0-only
import threading
import time
from collections import Counter

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

COLUMNS = (
    *("time", "kind", "interface_id", "producer_id", "key_id", "self_test"),
    *("address", "api_status", "duration_ms", "request_bytes", "answer_bytes"),
    *("record_count", "request_id", "request_count"),
)


class UnknownCallers:
    """Bounds what callers without a right token can write: they may be attackers.

    Each server process gives them some rows an hour of their own; what comes more is
    counted by interface and answer, and written as one row for each of these every
    ten minutes. In memory, since a counter in the database would be a hot row: a
    process that is killed takes up to ten minutes of such counts with it.
    """

    SINGLE_ROWS = 30
    HOUR, PERIOD = 3600, 600  # seconds

    def __init__(self):
        self._lock = threading.Lock()
        self.reset()

    def reset(self):
        """Forget what was counted."""
        self._hour = self._hour_rows = 0
        self._counts = Counter()
        self._counted_since = None

    def admits(self, kind, api_status):
        """Whether an unknown caller's request gets a row of its own; else count it."""
        with self._lock:
            hour = time.monotonic() // self.HOUR
            if hour != self._hour:
                self._hour, self._hour_rows = hour, 0
            self._hour_rows += 1
            if self._hour_rows <= self.SINGLE_ROWS:
                return True
            self._counts[kind, api_status] += 1
            self._counted_since = self._counted_since or time.monotonic()
            return False

    def take_due(self):
        """Return and forget ``{(kind, api_status): requests}`` if their time is up."""
        since = self._counted_since
        if since is None or time.monotonic() - since < self.PERIOD:
            return {}
        with self._lock:
            due, self._counts = self._counts, Counter()
            self._counted_since = None
        return due


unknown_callers = UnknownCallers()


class RecallInterfaceLog(models.Model):
    """One request to a data interface and how it was answered; no secret, no body.

    Written by the dispatcher in a transaction of its own when that of the request has
    ended, so that refused and failed requests are here too. Plain inserts only:
    nothing that two requests could both wish to change.
    """

    _name = "recall.interface.log"
    _description = "Interface log"
    _inherit = ["recall.call.log.mixin"]
    _call_days = 90
    _order = "id desc"
    _rec_name = "request_id"
    _log_access = False

    time = fields.Datetime(readonly=True, required=True)
    kind = fields.Selection(
        [("sync", "Synchronisation"), ("collect", "Collection")],
        string="Interface kind",
        readonly=True,
        required=True,
    )
    interface_id = fields.Many2one(
        "recall.interface", readonly=True, index=False, ondelete="set null"
    )
    producer_id = fields.Many2one(
        "recall.producer",
        readonly=True,
        index=True,
        ondelete="cascade",
        help="Empty: the caller showed no right token.",
    )
    key_id = fields.Char(
        string="Token", readonly=True, help="Key id of the token that was shown."
    )
    self_test = fields.Boolean(readonly=True)
    address = fields.Char(readonly=True, help="Where the request came from.")
    api_status = fields.Integer(
        string="Status", readonly=True, aggregator=None, help="api_status of annex B"
    )
    duration_ms = fields.Integer(
        string="Duration (ms)",
        readonly=True,
        aggregator="avg",
        help="From the arrival of the request to the first byte of the answer.",
    )
    request_bytes = fields.Integer(string="Request (bytes)", readonly=True)
    answer_bytes = fields.Integer(string="Answer (bytes)", readonly=True)
    record_count = fields.Integer(string="Records", readonly=True)
    request_id = fields.Char(readonly=True)
    request_count = fields.Integer(
        string="Requests",
        readonly=True,
        help="More than one: requests of unknown callers that were only counted.",
    )

    _call_count = SQL("coalesce(request_count, 1)")

    _interface_idx = models.Index("(interface_id, id)")
    _key_idx = models.Index("(key_id, id) WHERE api_status = 200")
    _time_idx = models.Index("(time)")

    def write(self, vals):  # pylint: disable=method-required-super
        raise UserError(self.env._("Entries of the interface log cannot be changed."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("Entries of the interface log cannot be deleted."))

    @api.model
    def _log_exchange(self, *, kind, caller, **facts):
        """Write the row of a request; called by the dispatcher (see there).

        :param str kind: ``sync`` or ``collect``
        :param dict caller: who proved to ask (``_note_caller``), empty for unknown
        :param facts: values of the fields of the same names
        """
        rows = [
            self._prepare_row(kind=kind, api_status=status, request_count=count)
            for (kind, status), count in unknown_callers.take_due().items()
        ]
        if caller or unknown_callers.admits(kind, facts["api_status"]):
            rows.append(
                self._prepare_row(
                    kind=kind,
                    interface_id=caller.get("interface_id"),
                    producer_id=caller.get("owner_id"),
                    key_id=caller.get("key_id"),
                    self_test=bool(caller.get("probe")),
                    **facts,
                )
            )
        if rows:
            self._insert(rows)

    def _prepare_row(self, **vals):
        """Values of ``COLUMNS``: those given, and what a row has without them."""
        row = {
            "time": fields.Datetime.now(),
            "request_count": 1,
            "self_test": False,
            **vals,
        }
        return tuple(row.get(column) for column in COLUMNS)

    def _insert(self, rows):
        # The answer waits for it: no flush to disk. A crash of the database server may
        # lose the last half second of this log, never of deliveries or of their events.
        self.env.cr.execute(
            SQL(
                "SET LOCAL synchronous_commit = off;"
                " INSERT INTO recall_interface_log (%s) VALUES %s",
                SQL(", ").join(map(SQL.identifier, COLUMNS)),
                SQL(", ").join(SQL("%s", row) for row in rows),
            )
        )
