# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models
from odoo.tools import SQL


class RecallFleetVehicle(models.Model):
    """A vehicle that a partner watches: its webhooks are told of its recalls.

    Any VIN may be here, known or not: what is known of it is looked up by the index on
    vehicles when it is asked for, and nothing is kept twice.
    """

    _name = "recall.fleet.vehicle"
    _description = "Vehicle of a partner's fleet"
    _order = "vin"
    _rec_name = "vin"
    _log_access = False

    data_user_id = fields.Many2one(
        "recall.data.user",
        string="Data user",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    vin = fields.Char(string="VIN", size=17, required=True, readonly=True)
    added_at = fields.Datetime(
        string="Added on", default=fields.Datetime.now, required=True, readonly=True
    )
    state = fields.Selection(
        [
            ("open", "Open recall"),
            ("done", "All recalls done"),
            ("none", "No recall known"),
        ],
        string="Recalls",
        compute="_compute_state",
        search="_search_state",
    )
    open_recalls = fields.Char(string="Open recalls", compute="_compute_state")

    _vin_uniq = models.UniqueIndex(
        "(data_user_id, vin)", "The vehicle is in this fleet already."
    )

    @api.depends("vin")
    def _compute_state(self):
        source = SQL(
            "SELECT id, vin FROM recall_fleet_vehicle WHERE id = ANY(%s)", self.ids
        )
        rows = {row["id"]: row for row in self.env["recall.fleet"]._look_up(source)}
        for vehicle in self:
            row = rows.get(vehicle.id, {})
            vehicle.state = row.get("state")
            vehicle.open_recalls = row.get("recalls")

    def _search_state(self, operator, value):
        if operator != "in":
            return NotImplemented
        looked_up = self.env["recall.fleet"]._look_up_sql(
            SQL("SELECT id, vin FROM recall_fleet_vehicle")
        )
        found = SQL(
            "(SELECT id FROM (%s) looked_up WHERE state = ANY(%s))",
            looked_up,
            list(value),
        )
        return [("id", "in", found)]
