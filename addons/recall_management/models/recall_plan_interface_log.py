# SPDX-License-Identifier: LGPL-3.0-only
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

#: Rows an hour that callers without a right token can write: they may be attackers.
UNKNOWN_AN_HOUR = 60
COLUMNS = (
    *("time", "filing_system_id", "interface_id", "key_id", "address", "api_status"),
    *("duration_ms", "request_bytes", "answer_bytes", "record_count", "request_id"),
)


class RecallPlanInterfaceLog(models.Model):
    """One request of a filing system and how it was answered; no secret, no body.

    Written by the dispatcher in a transaction of its own when that of the request has
    ended, so that refused and failed requests are here too.
    """

    _name = "recall.plan.interface.log"
    _description = "Log of the filing interface"
    _inherit = ["recall.call.log.mixin"]
    _call_days = 365
    _order = "id desc"
    _rec_name = "request_id"
    _log_access = False

    time = fields.Datetime(readonly=True, required=True, index=True)
    filing_system_id = fields.Many2one(
        "recall.filing.system",
        readonly=True,
        index="btree_not_null",
        ondelete="cascade",
        help="Empty: the caller showed no right token.",
    )
    interface_id = fields.Many2one(
        "recall.plan.interface", readonly=True, ondelete="set null"
    )
    key_id = fields.Char(string="Token", readonly=True)
    address = fields.Char(readonly=True, help="Where the request came from.")
    api_status = fields.Integer(string="Status", readonly=True, aggregator=None)
    duration_ms = fields.Integer(
        string="Duration (ms)", readonly=True, aggregator="avg"
    )
    request_bytes = fields.Integer(string="Request (bytes)", readonly=True)
    answer_bytes = fields.Integer(string="Answer (bytes)", readonly=True)
    record_count = fields.Integer(string="Plans", readonly=True)
    request_id = fields.Char(readonly=True)

    _unknown_idx = models.Index("(time) WHERE filing_system_id IS NULL")

    def write(self, vals):  # pylint: disable=method-required-super
        raise UserError(self.env._("Entries of the interface log cannot be changed."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("Entries of the interface log cannot be deleted."))

    @api.model
    def _log_exchange(self, *, kind, caller, **facts):
        """Write the row of a request; called by the dispatcher (see there).

        :param str kind: name of the envelope, always ``plans``
        :param dict caller: who proved to ask (``_note_caller``), empty for unknown
        :param facts: values of the fields of the same names
        """
        if not caller and not self._admits_unknown():
            return
        row = {
            **facts,
            "time": fields.Datetime.now(),
            "filing_system_id": caller.get("owner_id"),
            "interface_id": caller.get("interface_id"),
            "key_id": caller.get("key_id"),
        }
        self.env.cr.execute(
            SQL(
                "INSERT INTO recall_plan_interface_log (%s) VALUES %s",
                SQL(", ").join(map(SQL.identifier, COLUMNS)),
                tuple(row.get(column) for column in COLUMNS),
            )
        )

    def _admits_unknown(self):
        rows = self.env.execute_query(
            SQL(
                """SELECT count(*) FROM (
                       SELECT FROM recall_plan_interface_log
                        WHERE filing_system_id IS NULL AND time > %s
                        LIMIT %s) recent""",
                fields.Datetime.now() - timedelta(hours=1),
                UNKNOWN_AN_HOUR,
            )
        )
        return rows[0][0] < UNKNOWN_AN_HOUR
