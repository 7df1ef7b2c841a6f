# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import groupby

from .recall_import_kind import Column, Fault, Outcome, vin_column


class RecallImport(models.Model):
    _inherit = "recall.import"

    kind = fields.Selection(
        selection_add=[("removals", "VINs to take out of scope")],
        ondelete={"removals": "cascade"},
    )


class RecallImportKindRemovals(models.AbstractModel):
    """Vehicles that an amendment takes out of a plan's scope, each with the reason."""

    _name = "recall.import.kind.removals"
    _inherit = "recall.import.kind"
    _description = "Import of VINs to take out of scope"

    _groups = "recall_base.group_keeper"
    _needs_plan = True
    _fills = None

    @api.model
    def _columns(self):
        return [
            vin_column(self.env),
            Column(
                "reason",
                self.env._("Reason"),
                required=True,
                aliases=("Reason", "Why", "原因", "移出原因", "理由"),
                example=self.env._("Built with another part"),
            ),
        ]

    @api.model
    def _check_job(self, job):
        if not job.plan_id:
            raise UserError(
                self.env._("Choose the plan that these vehicles are taken out of.")
            )

    @api.model
    def _take_in(self, job, prepared):
        # What the file says is said by the account that brought it.
        plan = job.plan_id.with_user(job.create_uid)
        plan = plan.with_context(recall_origin="file")
        taken, faults = 0, []
        for reason, group in groupby(prepared, lambda item: item.values[1]):
            rows = {}
            for item in group:
                rows.setdefault(item.values[0], item.number)
            result = plan._take_out(rows, reason)
            taken += result["removed"]
            for code, vins in (
                ("vehicle_repaired", result["staying"]),
                ("vehicle_not_in_scope", result["unknown"]),
            ):
                faults += (Fault(rows[vin], code, "vin", vin) for vin in vins)
        return Outcome(taken, len(prepared) - taken - len(faults), faults)
