# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..tools import audit_chain
from ..tools.notification import notify

# Key of the advisory lock that keeps two sealers apart ("recall" in ASCII).
SEALER_LOCK = 0x726563616C6C


class RecallAuditCheckpoint(models.Model):
    """The state of the operation log up to one event: its size and chain hash.

    Whoever noted a checkpoint elsewhere can tell later whether the log was altered,
    cut or written anew.
    """

    _name = "recall.audit.checkpoint"
    _description = "Operation log checkpoint"
    _order = "size desc"
    _rec_name = "size"
    _log_access = False

    time = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)
    size = fields.Integer(required=True, readonly=True, help="Events sealed so far.")
    chain_hash = fields.Char(required=True, readonly=True)

    _size_uniq = models.Constraint("UNIQUE(size)", "This size is sealed already.")

    def write(self, vals):  # pylint: disable=method-required-super
        raise UserError(self.env._("Checkpoints of the log cannot be changed."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("Checkpoints of the log cannot be deleted."))

    @api.model
    def _cron_seal(self):
        """Number and chain the events that were committed since the last checkpoint."""
        cr = self.env.cr
        cr.execute(SQL("SELECT pg_try_advisory_xact_lock(%s)", SEALER_LOCK))
        if cr.fetchone()[0]:
            self._seal_pending()

    def _seal_pending(self):
        last = self.search([], limit=1)
        size, chain = last.size, last.chain_hash or audit_chain.EMPTY
        sealed = []
        for event_id, fact in self._read_facts(SQL("sequence IS NULL"), SQL("id")):
            size, chain = size + 1, audit_chain.link(chain, fact)
            sealed.append((event_id, size, chain))
        if not sealed:
            return
        self.env.cr.execute_values(
            "UPDATE recall_audit_event event "
            "SET sequence = v.size, chain_hash = v.hash "
            "FROM (VALUES %s) AS v(id, size, hash) WHERE event.id = v.id",
            sealed,
            page_size=10000,
        )
        self.env["recall.audit.event"].invalidate_model(["sequence", "chain_hash"])
        self.create({"size": size, "chain_hash": chain})

    def _read_facts(self, where, order):
        """Yield ``(id, fact)`` of events; a fact is what the hash covers."""
        self.env["recall.audit.event"].flush_model()
        self.env.cr.execute(
            SQL(
                """SELECT id, time::text, user_id, address, action, res_model, res_id,
                          detail::text
                     FROM recall_audit_event WHERE %s ORDER BY %s""",
                where,
                order,
            )
        )
        for event_id, *fact in self.env.cr.fetchall():
            yield event_id, fact

    @api.model
    def _verify(self):
        """Recompute the whole chain.

        :returns: None when every sealed event and checkpoint agree, else a dict with
            ``sequence`` of the first event that does not, and ``kind``: "changed",
            "missing", "cut" (the log ends before its last checkpoint), "rewritten"
            (it does not fit a checkpoint) or "unsealed" (no checkpoint covers it)
        """
        expected = dict(
            self.env["recall.audit.event"]
            .search([("sequence", ">", 0)], order="sequence")
            .mapped(lambda event: (event.sequence, event.chain_hash))
        )
        checkpoints = {point.size: point.chain_hash for point in self.search([])}
        covered = max(checkpoints, default=0)
        size, chain = 0, audit_chain.EMPTY
        for _id, fact in self._read_facts(SQL("sequence > 0"), SQL("sequence")):
            size, chain = size + 1, audit_chain.link(chain, fact)
            if size > covered:
                return {"sequence": size, "kind": "unsealed"}
            if size not in expected:
                return {"sequence": size, "kind": "missing"}
            if expected[size] != chain:
                return {"sequence": size, "kind": "changed"}
            if checkpoints.pop(size, chain) != chain:
                return {"sequence": size, "kind": "rewritten"}
        if checkpoints:
            return {"sequence": size + 1, "kind": "cut"}
        return None

    def action_verify(self):
        """Verify the whole log and show the result."""
        fault = self._verify()
        if not fault:
            return notify(self.env._("The log is unbroken: every sealed event agrees."))
        message = self.env._(
            "The log differs at event %(sequence)s (%(kind)s).", **fault
        )
        return notify(message, kind="danger")
