# SPDX-License-Identifier: LGPL-3.0-only
import time

from odoo import SUPERUSER_ID, api, fields, models
from odoo.tools import SQL

#: What an event says, and the seal covers. A column that is added later must be empty
#: on older events: what is empty is left out of the entry.
COLUMNS = ("time", "user_id", "address", "action", "res_model", "res_id", "detail")
#: Seconds in which a process wakes the sealer once: less than it gathers entries.
WAKE_SECONDS = 0.8

# When this process woke the sealer of each database.
_woken = {}


class RecallAuditEvent(models.Model):
    """What the seals of the operation log say of an event, and what they cover."""

    _inherit = "recall.audit.event"

    sequence = fields.Integer(
        compute="_compute_seal", help="Number given by the sealer; 0: not sealed yet."
    )
    chain_hash = fields.Char(
        compute="_compute_seal", help="Hash of all events up to this one."
    )

    def init(self):
        super().init()
        Seal = self.env["recall.audit.seal"]
        if not Seal._is_guarded(self._table):
            Seal._await_seals(self._table, "e")
            Seal._forbid_changes(self._table)

    def _compute_seal(self):
        self.env.cr.execute(
            SQL(
                """SELECT entry_id, sequence, encode(chain, 'hex')
                     FROM recall_audit_seal WHERE kind = 'e' AND entry_id = ANY(%s)""",
                self.ids,
            )
        )
        seals = {entry_id: seal for entry_id, *seal in self.env.cr.fetchall()}
        for event in self:
            event.sequence, event.chain_hash = seals.get(event.id, (0, False))

    @api.model_create_multi
    def create(self, vals_list):
        events = super().create(vals_list)
        if "recall_audit_wake" not in self.env.cr.postcommit.data:
            self.env.cr.postcommit.data["recall_audit_wake"] = True
            self.env.cr.postcommit.add(self._wake_sealer)
        return events

    def action_prove(self):
        """Save the proof that this event is in the log, for somebody outside."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "url": f"/recall/log/proof/{self._name}/{self.id}",
            "target": "download",
        }

    def _wake_sealer(self):
        """Have the scheduled action run now; each minute it runs anyhow.

        After the commit and in a transaction of its own: whoever logs something shall
        neither wait nor fail for it.
        """
        database, now = self.env.cr.dbname, time.monotonic()
        if _woken.get(database, 0.0) > now - WAKE_SECONDS:
            return
        with self.env.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            # Not there yet while the add-on is being installed.
            cron = env.ref("recall_base.ir_cron_seal", raise_if_not_found=False)
            if cron:
                cron._trigger()
        _woken[database] = now

    @api.model
    def _read_entries(self, ids):
        """Yield ``(id, entry)`` of events, as they are sealed and exported."""
        names = SQL(", ").join(
            SQL("%s::text", SQL.identifier(name)) for name in COLUMNS
        )
        self.env.cr.execute(
            SQL("SELECT id, %s FROM recall_audit_event WHERE id = ANY(%s)", names, ids)
        )
        for event_id, *values in self.env.cr.fetchall():
            pairs = zip(COLUMNS, values, strict=True)
            facts = {name: value for name, value in pairs if value is not None}
            yield event_id, {"kind": "event", "id": str(event_id), **facts}
