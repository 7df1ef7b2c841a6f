# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models


class RecallVehicleReportLine(models.Model):
    """What became of one VIN of a report, in one plan."""

    _name = "recall.vehicle.report.line"
    _description = "Vehicle of a report on its state"
    _audited = frozenset()
    _order = "id"
    _rec_name = "vin"
    _log_access = False

    report_id = fields.Many2one(
        "recall.vehicle.report",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    vin = fields.Char(string="VIN", required=True, readonly=True)
    vehicle_id = fields.Many2one(
        "recall.vehicle", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    plan_id = fields.Many2one("recall.plan", readonly=True)
    state_before = fields.Selection(
        selection=lambda self: (
            self.env["recall.vehicle"]._fields["state"]._description_selection(self.env)
        ),
        readonly=True,
    )
    date_before = fields.Date(readonly=True)
    outcome = fields.Selection(
        [
            ("moved", "Changed"),
            ("same", "Was so already"),
            ("done", "Repaired: stays done"),
            ("not_in_scope", "Not in the scope of a plan"),
            ("no_vin", "No VIN of GB 16735"),
        ],
        required=True,
        readonly=True,
    )
