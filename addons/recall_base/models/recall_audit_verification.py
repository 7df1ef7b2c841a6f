# SPDX-License-Identifier: LGPL-3.0-only
import time

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..tools import cipher, verify_log
from .recall_audit_seal import BATCH

#: Seconds that the scheduled action works before others have their turn.
SLICE = 20
#: Ids that are searched for entries without a seal at a time.
SEARCHED = 500_000
#: Differences that are kept; more say nothing new.
SHOWN = 100
#: What is verified, in this order.
PHASES = ("log", "strays", "file", "rows")


class RecallAuditVerification(models.Model):
    """A verification of the whole operation log and of the business rows it covers.

    Asked for by an auditor and done by a scheduled action, a piece at a time. It reads
    the log from its first entry and computes every hash anew:

    - the sealed entries against their chain and each signed checkpoint
    - entries that came past the triggers, and so were never sealed
    - the checkpoints against the file outside the database
    - plans, vehicles, reports, dealers and producers against the hashes in the log
    """

    _name = "recall.audit.verification"
    _description = "Verification of the operation log"
    _order = "id desc"
    _log_access = False

    asked_at = fields.Datetime(
        string="Asked for at", readonly=True, default=fields.Datetime.now
    )
    user_id = fields.Many2one(
        "res.users",
        string="Asked for by",
        readonly=True,
        index=True,
        default=lambda self: self.env.uid,
    )
    state = fields.Selection(
        [
            ("waiting", "Waiting"),
            ("running", "Running"),
            ("unbroken", "Unbroken"),
            ("broken", "Differs"),
            ("stopped", "Stopped"),
        ],
        default="waiting",
        required=True,
        readonly=True,
    )
    phase = fields.Selection(
        [
            ("log", "Entries and checkpoints"),
            ("strays", "Entries without a seal"),
            ("file", "Checkpoint file"),
            ("rows", "Business records"),
        ],
        default="log",
        readonly=True,
    )
    position = fields.Integer(readonly=True, help="Where the next piece begins.")
    walk = fields.Json(readonly=True, help="Hashes up to that place.")
    size = fields.Integer(string="Entries", readonly=True, help="Entries to be read.")
    verified_count = fields.Integer(string="Entries verified", readonly=True)
    row_count = fields.Integer(string="Records compared", readonly=True)
    progress = fields.Float(compute="_compute_progress", help="Percent.")
    finished_at = fields.Datetime(readonly=True)
    differences = fields.Json(readonly=True, help="Place and kind of each difference.")
    report = fields.Text(string="Result", compute="_compute_report")

    @api.depends("asked_at")
    def _compute_display_name(self):
        for job in self:
            job.display_name = self.env._("Verification %s", job.id or "")

    @api.depends("state", "phase", "position", "size")
    def _compute_progress(self):
        share = 100 / len(PHASES)
        for job in self:
            done = PHASES.index(job.phase or "log") * share
            if job.phase == "log" and job.size:
                done += share * job.verified_count / job.size
            job.progress = 100 if job.state in ("unbroken", "broken") else done

    def action_stop(self):
        """Stop the verification; a new one begins from the start."""
        self.check_access("read")
        running = self.filtered(lambda job: job.state in ("waiting", "running"))
        # sudo: nobody writes verifications but for this and the scheduled action.
        running.sudo().write({"state": "stopped", "finished_at": fields.Datetime.now()})

    # === Working === #

    @api.model
    def _cron_verify(self):
        """Go on with the verifications that were asked for."""
        Cron = self.env["ir.cron"]
        end = time.monotonic() + SLICE
        open_states = [("state", "in", ("waiting", "running"))]
        while job := self.search(open_states, order="id", limit=1):
            job.state = "running"
            job._step()
            if not Cron._commit_progress(1, remaining=1) or time.monotonic() > end:
                return
        Cron._commit_progress(remaining=0)

    def _step(self):
        """Verify the next piece; returns whether there is more to do."""
        self.ensure_one()
        following, found = getattr(self, f"_verify_{self.phase}")(self.position)
        if found:
            self.differences = [*(self.differences or []), *found][:SHOWN]
        self.position = following or 0
        if following is None:
            done = PHASES.index(self.phase) + 1
            if done == len(PHASES):
                self._finish()
                return False
            self.phase = PHASES[done]
        return True

    def _finish(self):
        self.state = "broken" if self.differences else "unbroken"
        self.finished_at = fields.Datetime.now()
        if isinstance(self.id, int):
            self.env["recall.audit.event"]._record(
                "log.verify",
                self,
                result=self.state,
                size=self.verified_count,
                differences=(self.differences or [])[:10],
            )

    @api.model
    def _verify_now(self):
        """Verify all at once, without a record; returns the differences."""
        job = self.new({"phase": "log"})
        while job._step():
            pass
        return job.differences or []

    # === The pieces: each gives where the next begins (None: nowhere), and faults === #

    def _verify_log(self, position):
        """Walk through a piece of the sealed entries, to the next checkpoints."""
        Checkpoint, Seal = self.env["recall.audit.checkpoint"], self._seal()
        newest = Checkpoint.search([], limit=1)
        # It names the hash of all that follows.
        fault = newest._check_signed()[1]
        if fault:
            return None, [fault._asdict()]
        if not position:
            self.size = newest.size
        end = min(position + BATCH, max(self.size, 1))
        points = Checkpoint.search(
            [("size", ">", position), ("size", "<=", end)], order="size"
        )
        known, fault = points._check_signed()
        walk = verify_log.Walk(Seal._get_hash(), known)
        if self.walk:
            walk.resume(self.walk)
        for sealed in Seal._read_sealed(position + 1, end):
            fault = fault or walk.feed(*sealed)
            if fault:
                return None, [fault._asdict()]
        self.walk, self.verified_count = walk.state, walk.size
        if walk.size < end and self.size:
            return None, [verify_log.Fault(walk.size + 1, "cut", self.size)._asdict()]
        if fault:
            return None, [fault._asdict()]
        if end < self.size:
            return end, []
        return None, self._find_uncovered(walk.covered)

    def _find_uncovered(self, covered):
        """Entries that no checkpoint covers, though one was due long ago."""
        self.env.cr.execute(
            """SELECT min(sequence), max(sequence) FROM recall_audit_seal
                WHERE sequence > %s AND (sequence <= %s
                      OR sealed_at < now() - interval '15 minutes')""",
            [covered, self.size],
        )
        first, last = self.env.cr.fetchone()
        fault = first and verify_log.Fault(first, "uncovered", last)
        return [fault._asdict()] if fault else []

    def _verify_strays(self, position):
        """Search for entries that came past the triggers: nothing would seal them."""
        found, more = [], False
        for kind, table in (("e", "recall_audit_event"), ("r", "recall_audit_rows")):
            self.env.cr.execute(
                SQL(
                    """SELECT id FROM %(table)s entry
                        WHERE id > %(first)s AND id <= %(last)s AND NOT EXISTS (
                              SELECT FROM recall_audit_seal seal
                               WHERE (seal.entry_id, seal.kind) = (entry.id, %(kind)s))
                          AND NOT EXISTS (SELECT FROM recall_audit_pending seal
                               WHERE (seal.entry_id, seal.kind) = (entry.id, %(kind)s))
                        ORDER BY id LIMIT %(shown)s""",
                    table=SQL.identifier(table),
                    first=position,
                    last=position + SEARCHED,
                    kind=kind,
                    shown=SHOWN,
                )
            )
            found += [
                {"table": table, "id": entry_id, "kind": "inserted"}
                for (entry_id,) in self.env.cr.fetchall()
            ]
            self.env.cr.execute(SQL("SELECT max(id) FROM %s", SQL.identifier(table)))
            more |= (self.env.cr.fetchone()[0] or 0) > position + SEARCHED
        return position + SEARCHED if more else None, found

    def _verify_file(self, _position):
        """Compare the checkpoints that the file outside the database holds."""
        Checkpoint = self.env["recall.audit.checkpoint"]
        try:
            points = verify_log.read_checkpoints(Checkpoint._read_file())
            known, fault = verify_log.check_witnessed(points, Checkpoint._parse_keys())
        except (verify_log.LogError, UserError, cipher.KeyFileError) as error:
            return None, [{"kind": "unreadable", "reason": str(error)}]
        roots = {
            point.size: point.root_hash
            for point in Checkpoint.search([("size", "in", [*known])])
        }
        for size, point in known.items():
            if not fault and roots.get(size) != point.root.hex():
                kind = "split" if size in roots else "cut"
                fault = verify_log.Fault(size, kind, size)
        return None, [fault._asdict()] if fault else []

    def _verify_rows(self, position):
        """Compare a range of business rows with what the log says of them."""
        ranges = self.env["recall.audit.rows"]._get_ranges()
        if position >= len(ranges):
            return None, []
        table, first, last = ranges[position]
        found = self.env["recall.audit.rows"]._compare(table, first, last)
        self.row_count += last - first + 1
        following = position + 1 if position + 1 < len(ranges) else None
        return following, [
            {"table": table, "id": row_id, "kind": kind} for row_id, kind in found
        ]

    def _seal(self):
        return self.env["recall.audit.seal"]
