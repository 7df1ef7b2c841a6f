# SPDX-License-Identifier: LGPL-3.0-only
import itertools

from odoo import api, models
from odoo.exceptions import UserError

from ..tools import vin
from .recall_import_kind import Column, Fault, Outcome, vin_column


class RecallImportKindVins(models.AbstractModel):
    """The VIN list of a plan: vehicles enter its scope, none ever leaves it."""

    _name = "recall.import.kind.vins"
    _inherit = "recall.import.kind"
    _description = "Import of a plan's VIN list"

    _groups = "recall_base.group_keeper"
    _needs_plan = True
    _fills = "recall_vehicle"

    @api.model
    def _columns(self):
        return [
            vin_column(self.env),
            Column(
                "model",
                self.env._("Model of the product line"),
                aliases=("Model", "Vehicle model", "车型", "车型名称", "产品型号"),
                example="TST7000A",
            ),
        ]

    @api.model
    def _check_job(self, job):
        if not job.plan_id:
            raise UserError(self.env._("Choose the plan whose VIN list this is."))

    @api.model
    def _prepare(self, job):
        lines = {}
        for line in job.plan_id.line_ids:
            lines.setdefault(line.model, line.id)
        only = job.plan_id.line_ids.id if len(job.plan_id.line_ids) == 1 else None

        def prepare(items):
            rows, faults = [], []
            for item in items:
                model = item.values[1]
                if model and model not in lines:
                    faults.append(Fault(item.number, "line_unknown", "model", model))
                else:
                    rows.append((item, lines[model] if model else only))
            return rows, faults

        return prepare

    @api.model
    def _take_in(self, job, prepared):
        rows, faults = prepared
        added, refused = self.env["recall.vehicle"]._add_to_scope(
            job.plan_id, ((item.values[0], line_id) for item, line_id in rows)
        )
        refused = set(refused)
        wrong = [item for item, _line in rows if item.values[0] in refused]
        faults = [*faults, *itertools.chain.from_iterable(map(vin_faults, wrong))]
        return Outcome(added, len(rows) - len(wrong) - added, faults)


def vin_faults(item):
    """One fault for each thing that is wrong with a VIN."""
    number, (text, *_rest) = item
    findings = vin.check_vin(text).findings
    codes = dict.fromkeys(f.code for f in findings if f.severity == "error")
    return [Fault(number, code, "vin", text) for code in codes]
