# SPDX-License-Identifier: LGPL-3.0-only
import datetime

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

#: States in which the scheduled action works on a job.
AT_WORK = ("testing", "running")
#: States in which file and mapping may still be changed.
OPEN = ("draft", "mapped", "tested")
#: Days after which the file of a job that nobody goes on with is deleted.
KEEP_DAYS = 7
#: Set to these whenever a run or a test run starts.
FRESH = {
    "row_position": 0,
    "byte_position": 0,
    "read_count": 0,
    "taken_count": 0,
    "repeated_count": 0,
    "refused_count": 0,
    "attempts": 0,
    "finding_counts": {},
    "failure_facts": False,
    "ended_at": False,
}


class RecallImport(models.Model):
    """A file that is taken in, batch by batch, by a scheduled action.

    **Life.** *draft* until a file is there and its columns are known, then *mapped*;
    *tested* after a test run, which keeps nothing; *running*; *paused* on request, to
    be resumed; at last *done*, *stopped* for good, or *failed* with a sentence that
    says what to do (it can be resumed too). Position, counters and a batch's records
    are one transaction: after a kill it goes on behind the last batch committed.

    **Personal data.** A file may hold phone numbers. It is never stored in clear,
    neither as an attachment nor in a table: the upload is cut into pieces, each packed
    and sealed (``recall.import.chunk``), and read from these, in memory, one by one. It
    is not staged as a whole: a batch goes from the sealed file through a temporary
    table into its records, already sealed when it reaches the database. With the last
    batch, a stop or a discard the pieces are deleted, also ``KEEP_DAYS`` after the last
    use of a job that was forgotten. Error rows and samples hold masked values. (While a
    large upload is received, the web server spools it to a file without a name, which
    goes with the request.)
    """

    _name = "recall.import"
    _description = "Import"
    _audited = {"write", "unlink"}  # a file is uploaded
    _audit_readonly = False
    _inherit = ["recall.kept.fields.mixin"]
    _order = "id desc"
    # What the account that makes a job sets; all else the job finds out itself.
    _written_fields = {
        "kind",
        "producer_id",
        "plan_id",
        "sheet",
        "test_rows",
        "column_ids",
    }

    name = fields.Char(string="File", readonly=True, copy=False)
    kind = fields.Selection(
        [("vins", "VIN list of a plan")],
        string="What",
        required=True,
        default=lambda self: self.env.context.get("default_kind"),
    )
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("mapped", "Mapped"),
            ("testing", "Being tested"),
            ("tested", "Tested"),
            ("running", "Importing"),
            ("paused", "Paused"),
            ("done", "Done"),
            ("stopped", "Stopped"),
            ("failed", "Failed"),
        ],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
    )
    producer_id = fields.Many2one(
        "recall.producer",
        compute="_compute_producer_id",
        precompute=True,
        store=True,
        readonly=False,
        index=True,
        ondelete="restrict",
        help="Whose the rows are; none where each row says it itself.",
    )
    plan_id = fields.Many2one(
        "recall.plan",
        string="Recall plan",
        index="btree_not_null",
        domain="[('producer_id', '=?', producer_id)]",
        help="The plan whose scope the vehicles enter.",
    )
    needs_plan = fields.Boolean(compute="_compute_needs")
    needs_producer = fields.Boolean(compute="_compute_needs")

    # === The file === #
    sha256 = fields.Char(string="SHA-256", readonly=True, copy=False)
    size = fields.Integer(string="Bytes", readonly=True, copy=False)
    format = fields.Selection(
        [("csv", "CSV"), ("xlsx", "XLSX"), ("json", "JSON")],
        readonly=True,
        copy=False,
    )
    encoding = fields.Char(readonly=True, copy=False)
    delimiter = fields.Char(readonly=True, copy=False, trim=False)
    sheet = fields.Char(copy=False, help="Sheet of the workbook that is read.")
    sheet_names = fields.Char(string="Sheets", readonly=True, copy=False)
    header_row = fields.Integer(readonly=True, copy=False)
    data_offset = fields.Integer(readonly=True, copy=False)
    row_estimate = fields.Integer(readonly=True, copy=False)
    chunk_ids = fields.One2many(
        "recall.import.chunk", "import_id", groups="base.group_system"
    )
    column_ids = fields.One2many("recall.import.column", "import_id", string="Columns")

    # === The run === #
    test_rows = fields.Selection(
        [
            ("1000", "First 1,000 rows"),
            ("10000", "First 10,000 rows"),
            ("all", "All rows"),
        ],
        string="Test with",
        default="1000",
        required=True,
    )
    row_position = fields.Integer(string="Last row", readonly=True, copy=False)
    byte_position = fields.Integer(readonly=True, copy=False)
    read_count = fields.Integer(string="Rows read", readonly=True, copy=False)
    taken_count = fields.Integer(string="Taken in", readonly=True, copy=False)
    repeated_count = fields.Integer(
        string="Repeated",
        readonly=True,
        copy=False,
        help="Rows whose content was here already: they changed nothing.",
    )
    refused_count = fields.Integer(string="Refused", readonly=True, copy=False)
    progress = fields.Float(compute="_compute_progress")
    started_at = fields.Datetime(readonly=True, copy=False)
    ended_at = fields.Datetime(readonly=True, copy=False)
    sliced_at = fields.Datetime(readonly=True, copy=False)
    attempts = fields.Integer(
        readonly=True, copy=False, help="Failures since the last batch."
    )
    finding_counts = fields.Json(readonly=True, copy=False)
    finding_summary = fields.Html(compute="_compute_finding_summary")
    failure_facts = fields.Json(readonly=True, copy=False)
    failure = fields.Char(string="What is wrong", compute="_compute_failure")

    _at_work_idx = models.Index("(sliced_at, id) WHERE state IN ('testing', 'running')")
    _positions = models.Constraint(
        "CHECK(row_position >= 0 AND byte_position >= 0)",
        "A position in a file is not negative.",
    )

    @api.depends("name", "kind")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for job in self:
            job.display_name = job.name or kinds.get(job.kind) or ""

    @api.depends("kind", "plan_id")
    def _compute_producer_id(self):
        own = self.env.user.recall_producer_ids
        for job in self:
            if job.kind and not job._kind()._needs_producer:
                job.producer_id = False
                continue
            job.producer_id = (
                job.plan_id.producer_id or job.producer_id or own[: len(own) == 1]
            )

    @api.depends("kind")
    def _compute_needs(self):
        for job in self:
            job.needs_plan = bool(job.kind) and job._kind()._needs_plan
            job.needs_producer = bool(job.kind) and job._kind()._needs_producer

    @api.depends("state", "row_position", "byte_position", "size", "row_estimate")
    def _compute_progress(self):
        for job in self:
            if job.format == "xlsx":
                done, total = job.row_position, job.row_estimate
            else:
                done, total = job.byte_position, job.size
            share = 100 * done / total if total else 0
            ended = job.state in ("done", "tested")
            job.progress = 100 if ended else min(share, 100)

    @api.depends("finding_counts")
    def _compute_finding_summary(self):
        for job in self:
            job.finding_summary = self.env["ir.qweb"]._render(
                "recall_base.recall_import_summary",
                {"rows": job._count_findings()},
            )

    def _count_findings(self):
        """Findings of this run, the most frequent first: ``(finding, count)``."""
        counts = self.finding_counts or {}
        # sudo: the catalogue of findings holds nothing but their names.
        findings = self.env["recall.finding"].sudo()
        found = findings.search([("code", "in", list(counts))])
        rows = [(finding, counts[finding.code]) for finding in found]
        return sorted(rows, key=lambda row: -row[1])

    @api.depends("failure_facts")
    def _compute_failure(self):
        for job in self:
            facts = dict(job.failure_facts or {})
            code = facts.pop("code", False)
            job.failure = code and self._explain(code, facts)

    @api.model_create_multi
    def create(self, vals_list):
        jobs = super().create(vals_list)
        jobs._check_rights()
        return jobs

    def write(self, vals):
        if not self.env.su:
            self._check_rights()
            self._check_open()
        done = super().write(vals)
        if not self.env.su:
            self._check_rights()
            self.check_access("write")  # of the producer it has now
            if "sheet" in vals:
                self._read_layout()
            self._after_mapping()
        return done

    def _check_rights(self):
        """Refuse what the account's role may not import."""
        for job in self:
            if not self.env.su and not self.env.user.has_groups(job._kind()._groups):
                raise AccessError(self.env._("Your role does not import this."))

    def _check_open(self):
        if any(job.state not in OPEN for job in self):
            raise UserError(
                self.env._("The import has started. Make a new one for other choices.")
            )

    def _kind(self):
        """The model that says what this kind reads and how it is taken in."""
        return self.env[f"recall.import.kind.{self.kind}"]

    # === Buttons === #

    def action_test(self):
        """Try the file and show what would happen; nothing of it is kept."""
        job = self._open_for_run()
        job._restart("testing")
        if job.test_rows == "all":
            job._wake()
        else:
            job._run_test(int(job.test_rows))

    def action_start(self):
        """Take the file in, in the background."""
        job = self._open_for_run()
        job.env["recall.import.template"]._remember(job)
        job._restart("running")
        job._log("start", size=job.size, sha256=job.sha256)
        job._wake()

    def action_pause(self):
        """Stop after the batch that is being worked on; it can be resumed."""
        self._move(("running",), "paused", "pause")

    def action_resume(self):
        """Go on behind the last batch that was taken in."""
        job = self._move(("paused", "failed"), "running", "resume")
        job.write({"failure_facts": False, "attempts": 0, "ended_at": False})
        job._wake()

    def action_stop(self):
        """End the import; what was taken in stays, the file is deleted."""
        job = self._move((*AT_WORK, "paused", "failed"), "stopped", "stop")
        job._end("stopped")

    def action_discard(self):
        """Delete an import that has not started, with its file."""
        job = self._as_account()
        if job.state not in OPEN:
            raise UserError(self.env._("The import has started: stop it instead."))
        kind = job.kind
        job.unlink()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Imports"),
            "res_model": "recall.import",
            "views": [(False, "list"), (False, "form")],
            "domain": [("kind", "=", kind)],
            "context": {"default_kind": kind},
            "target": "main",
        }

    def action_download_errors(self):
        """Download the rows that were refused, with the reasons."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "url": f"/recall/import/{self.id}/errors",
            "target": "download",
        }

    def action_download_template(self):
        """Download an empty file of this kind, to be filled in."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "url": f"/recall/import/template/{self.kind}.{self._kind()._template_form}",
            "target": "download",
        }

    # === Steps === #

    def _as_account(self):
        """This job with all rights, after checking those of the account."""
        self.ensure_one()
        self.check_access("write")
        self._check_rights()
        # sudo: state and counters are the job's own; the account may run it.
        return self.sudo()

    def _open_for_run(self):
        """Check that everything is there for a run; returns the job with all rights."""
        job = self._as_account()
        job._check_open()
        if not job.sha256:
            raise UserError(self.env._("Upload a file first."))
        job._check_mapping()
        kind = job._kind()
        if kind._needs_producer and not job.producer_id:
            raise UserError(self.env._("Choose the producer of the rows."))
        kind._check_job(job)
        return job

    def _restart(self, state):
        self.error_ids._delete_of(self)
        now = fields.Datetime.now()
        self.write({**FRESH, "state": state, "started_at": now, "sliced_at": False})
        self.write({"row_position": self.header_row, "byte_position": self.data_offset})

    def _move(self, allowed, state, verb):
        job = self._as_account()
        if job.state not in allowed:
            raise UserError(
                self.env._("This cannot be done any more: the import has gone on.")
            )
        job.state = state
        job._log(verb)
        return job

    def _end(self, state):
        """Bring the job to its end: the file is deleted, the log told."""
        self.write({"state": state, "ended_at": fields.Datetime.now()})
        if state in ("done", "stopped"):
            self.env["recall.import.chunk"]._delete_of(self)

    def _log(self, verb, **facts):
        counts = {
            "read": self.read_count,
            "taken": self.taken_count,
            "repeated": self.repeated_count,
            "refused": self.refused_count,
        }
        self.env["recall.audit.event"]._record(
            f"import.{verb}", self, kind=self.kind, **counts, **facts
        )

    def _wake(self):
        self.env.ref("recall_base.ir_cron_import")._trigger()

    @api.autovacuum
    def _gc_files(self):
        """Delete the files of jobs that nobody went on with."""
        limit = fields.Datetime.now() - datetime.timedelta(days=KEEP_DAYS)
        forgotten = self.search(
            [
                ("state", "in", (*OPEN, "paused", "failed")),
                ("write_date", "<", limit),
                ("sha256", "!=", False),
            ]
        )
        for job in forgotten:
            job._end("stopped")
            job._log("stop", forgotten_days=KEEP_DAYS)
