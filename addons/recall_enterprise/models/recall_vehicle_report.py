# SPDX-License-Identifier: LGPL-3.0-only
import base64
import re

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from odoo.addons.recall_base.models.recall_vehicle import GONE
from odoo.addons.recall_base.tools import vin as vin_tools

#: States that a report may change; a repair stays a repair.
_LEAVES = ("open", "unreachable", *GONE)
_SEPARATORS = re.compile(r"[\s,;，；、\"']+")
#: Characters of a list of VINs: half a million of them.
MAX_LIST = 10_000_000


class RecallVehicleReport(models.Model):
    """The producer reports vehicles as exported, scrapped, stolen or unreachable.

    One document for one or many VINs. A clerk enters it, a reviewer applies it; it can
    be reversed with a reason. A vehicle that was repaired stays done.
    """

    _name = "recall.vehicle.report"
    _description = "Report on the state of vehicles"
    _inherit = ["recall.kept.fields.mixin"]
    _order = "id desc"
    # They move through the actions.
    _kept_fields = {
        "state",
        "applied_at",
        "applied_by_id",
        "reversed_at",
        "moved_count",
        "problem_count",
    }

    name = fields.Char(
        string="Reference", required=True, help="Number or title of the document."
    )
    producer_id = fields.Many2one(
        "recall.producer",
        required=True,
        index=True,
        ondelete="restrict",
        default=lambda self: self._default_producer(),
    )
    plan_id = fields.Many2one(
        "recall.plan",
        index="btree_not_null",
        ondelete="restrict",
        domain="[('producer_id', '=', producer_id)]",
        help="Empty: every plan of the producer that has the vehicle in its scope.",
    )
    vehicle_state = fields.Selection(
        [
            ("exported", "Exported"),
            ("scrapped", "Scrapped"),
            ("stolen", "Stolen"),
            ("unreachable", "Owner unreachable"),
        ],
        string="Vehicles are",
        required=True,
    )
    state_date = fields.Date(
        string="Since", required=True, default=fields.Date.context_today
    )
    note = fields.Text()
    document = fields.Binary(
        attachment=True,
        help="Proof: customs paper, certificate of scrapping, report to the police.",
    )
    document_name = fields.Char()
    vins = fields.Text(
        string="VINs",
        help="One or many: a line each, or separated by blanks or commas.",
    )
    list_file = fields.Binary(
        string="File of VINs",
        attachment=False,
        help="Text or CSV file; all VINs in it are taken.",
    )
    list_file_name = fields.Char()
    state = fields.Selection(
        [("draft", "Draft"), ("applied", "Applied"), ("reversed", "Reversed")],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
    )
    applied_at = fields.Datetime(readonly=True, copy=False)
    applied_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    reversed_at = fields.Datetime(readonly=True, copy=False)
    reversal_reason = fields.Char(
        copy=False, help="Why the report was wrong; needed to reverse it."
    )
    line_ids = fields.One2many("recall.vehicle.report.line", "report_id", copy=False)
    moved_count = fields.Integer(
        string="Vehicles changed", readonly=True, copy=False, default=0
    )
    problem_count = fields.Integer(
        string="Left as they were", readonly=True, copy=False, default=0
    )

    _document_given = models.Constraint(
        "CHECK(vehicle_state = 'unreachable' OR document_name IS NOT NULL"
        " OR state = 'draft')",
        "A document is needed to report vehicles as exported, scrapped or stolen.",
    )

    def _default_producer(self):
        producers = self.env.user.recall_producer_ids
        return producers if len(producers) == 1 else False

    def write(self, vals):
        kept = set(vals) - {"reversal_reason"}
        if kept and not self.env.su and any(one.state != "draft" for one in self):
            raise UserError(
                self.env._(
                    "The report was applied and is kept as it is. Reverse it, with a "
                    "reason, and enter another one."
                )
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_drafts_only(self):
        if any(report.state != "draft" for report in self):
            raise UserError(self.env._("An applied report is kept: reverse it."))

    # === Applying === #

    def action_apply(self):
        """Move the vehicles of the list; each line says what became of it."""
        self.ensure_one()
        self._check_reviewer()
        self._check_ready()
        vins = self._read_vins()
        self._make_lines(vins)
        moved = self.env["recall.vehicle"]._move(
            SQL(
                """SELECT vehicle_id, %s AS state, %s::date AS state_date
                     FROM recall_vehicle_report_line
                    WHERE report_id = %s AND outcome = 'moved'""",
                self.vehicle_state,
                self.state_date,
                self.id,
            ),
            allowed_from=_LEAVES,
        )
        # sudo: no role writes these; they move by actions.
        self.sudo().write(
            {
                "state": "applied",
                "applied_at": fields.Datetime.now(),
                "applied_by_id": self.env.uid,
                "moved_count": moved,
                "problem_count": len(self.line_ids) - moved,
                "list_file": False,
            }
        )
        self.env["recall.audit.event"]._record(
            "vehicle_report.apply",
            self,
            state=self.vehicle_state,
            vehicles=moved,
            left=self.problem_count,
        )

    def _check_reviewer(self):
        self.check_access("write")
        reviewer = "recall_enterprise.group_reviewer"
        if not (self.env.su or self.env.user.has_group(reviewer)):
            raise AccessError(
                self.env._("Only reviewers may apply or reverse a report.")
            )

    def _check_ready(self):
        if self.state != "draft":
            raise UserError(self.env._("The report was applied already."))
        if self.vehicle_state in GONE and not self.document:
            raise UserError(
                self.env._(
                    'Attach the document that shows it: without one only "Owner '
                    'unreachable" can be reported.'
                )
            )
        if self.state_date > fields.Date.context_today(self):
            raise UserError(self.env._("The date is in the future."))

    def _read_vins(self):
        """Return the VINs of text area and file, each once, in their order."""
        text = self.vins or ""
        if self.list_file:
            text += "\n" + self._decode(base64.b64decode(self.list_file))
        if len(text) > MAX_LIST:
            raise UserError(
                self.env._("The list is too long: split it at half a million VINs.")
            )
        words = dict.fromkeys(filter(None, _SEPARATORS.split(text.upper())))
        legacy = self.env["recall.vehicle"]._legacy_vins(
            [("producer_id", "=", self.producer_id.id)]
        )
        # Words that are no VIN at all (headers, other columns) are left out.
        vins = [
            word
            for word in words
            if (len(word) == 17 and word.isalnum()) or word in legacy
        ]
        if not vins:
            raise UserError(
                self.env._(
                    "No VIN was found: enter them, or choose a text or CSV file."
                )
            )
        return vins

    def _decode(self, content):
        for encoding in ("utf-8-sig", "gb18030"):
            try:
                text = content.decode(encoding)
            except UnicodeDecodeError:
                continue
            if "\0" not in text:
                return text
        raise UserError(
            self.env._("The file is no text. Save the list as CSV or text, try again.")
        )

    def _make_lines(self, vins):
        """Note for each VIN and plan what will become of it."""
        good = vin_tools.check_many(vins)
        staged = self.env["recall.staging"]._load(
            "recall_vehicle_report_staging",
            {"position": "int", "vin": "varchar", "good": "bool"},
            (
                (index, text, passed)
                for index, (text, passed) in enumerate(zip(vins, good, strict=True))
            ),
        )
        self.env["recall.vehicle"].flush_model()
        # Locked: what is noted as the state before must be the one that is left.
        self.env.cr.execute(
            SQL(
                """INSERT INTO recall_vehicle_report_line
                          (report_id, vin, vehicle_id, plan_id, state_before,
                           date_before, outcome)
                   SELECT %(report)s, staged.vin, vehicle.id, vehicle.plan_id,
                          vehicle.state, vehicle.state_date,
                          CASE WHEN vehicle.id IS NULL AND NOT staged.good THEN 'no_vin'
                               WHEN vehicle.id IS NULL THEN 'not_in_scope'
                               WHEN vehicle.state = 'done' THEN 'done'
                               WHEN vehicle.state = %(state)s THEN 'same'
                               ELSE 'moved' END
                     FROM %(staged)s staged
                     LEFT JOIN (SELECT vehicle.* FROM recall_vehicle vehicle
                                  JOIN recall_plan plan ON plan.id = vehicle.plan_id
                                 WHERE plan.producer_id = %(producer)s AND %(plan)s
                                   AND vehicle.state != 'removed'
                                   AND vehicle.vin IN (SELECT vin FROM %(staged)s)
                                   FOR UPDATE OF vehicle) vehicle
                            ON vehicle.vin = staged.vin
                    ORDER BY staged.position, vehicle.id""",
                report=self.id,
                state=self.vehicle_state,
                producer=self.producer_id.id,
                plan=SQL("plan.id = %s", self.plan_id.id)
                if self.plan_id
                else SQL("TRUE"),
                staged=staged,
            )
        )
        self.line_ids.invalidate_model()
        self.invalidate_recordset(["line_ids"])

    # === Reversing === #

    def action_reverse(self):
        """Give vehicles back the state they had, if it is still the reported one."""
        self.ensure_one()
        self._check_reviewer()
        if self.state != "applied":
            raise UserError(self.env._("Only an applied report can be reversed."))
        if not (self.reversal_reason or "").strip():
            raise UserError(
                self.env._("Enter why the report was wrong, then reverse it.")
            )
        # A repair that was confirmed meanwhile counts: the vehicle is done then.
        moved = self.env["recall.vehicle"]._move(
            SQL(
                """SELECT line.vehicle_id,
                          CASE WHEN repair.repair_date IS NULL THEN line.state_before
                               ELSE 'done' END AS state,
                          coalesce(repair.repair_date, line.date_before) AS state_date
                     FROM recall_vehicle_report_line line
                     JOIN recall_vehicle vehicle ON vehicle.id = line.vehicle_id
                     LEFT JOIN LATERAL (
                          SELECT completion.repair_date
                            FROM recall_completion completion
                           WHERE completion.vehicle_id = line.vehicle_id
                             AND completion.state = 'confirmed'
                           ORDER BY completion.repair_date, completion.id LIMIT 1
                          ) repair ON TRUE
                    WHERE line.report_id = %s AND line.outcome = 'moved'
                      AND vehicle.state = %s
                      AND NOT EXISTS (
                          SELECT FROM recall_vehicle_report_line later
                            JOIN recall_vehicle_report report
                              ON report.id = later.report_id
                           WHERE later.vehicle_id = line.vehicle_id
                             AND later.id > line.id
                             AND later.outcome IN ('moved', 'same')
                             AND report.state = 'applied')""",
                self.id,
                self.vehicle_state,
            ),
            allowed_from=(self.vehicle_state,),
        )
        # sudo: no role writes these; they move by actions.
        self.sudo().write({"state": "reversed", "reversed_at": fields.Datetime.now()})
        self.env["recall.audit.event"]._record(
            "vehicle_report.reverse", self, vehicles=moved, reason=self.reversal_reason
        )

    def action_open_lines(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Vehicles of the report"),
            "res_model": "recall.vehicle.report.line",
            "view_mode": "list",
            "domain": [("report_id", "in", self.ids)],
        }
