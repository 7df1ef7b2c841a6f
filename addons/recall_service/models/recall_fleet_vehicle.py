# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models
from odoo.tools import SQL

#: Vehicles that a fleet, and a file for it, may hold.
MOST_VEHICLES = 200_000


class RecallFleetVehicle(models.Model):
    """A vehicle that a partner watches: it is told of the vehicle's recalls.

    Any VIN may be here, known or not: what is known of it is looked up by the index on
    vehicles when it is asked for, and nothing is kept twice.
    """

    _name = "recall.fleet.vehicle"
    _description = "Vehicle of a partner's fleet"
    _audit_personal = {"vin"}
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
    # Not a relation: it outlives the import, and only its order counts.
    last_file = fields.Integer(
        string="Last file",
        default=0,
        required=True,
        readonly=True,
        help="Number of the last import that named the vehicle.",
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

    # === Lists, by one statement each === #

    @api.model
    def _put_in(self, data_user, vins, file_number=0):
        """Put VINs of GB 16735 into a fleet; those that are in it stay.

        :param list vins: each once
        :param int file_number: import that names them
        :returns: ``(number added, VINs for which the fleet has no room)``
        """
        known = set(self._get_known(data_user, vins))
        fresh = [text for text in vins if text not in known]
        size = self.search_count([("data_user_id", "=", data_user.id)])
        over = fresh[max(MOST_VEHICLES - size, 0) :]
        refused = set(over)
        self.env.cr.execute(
            SQL(
                """INSERT INTO recall_fleet_vehicle AS known
                          (data_user_id, vin, added_at, last_file)
                   SELECT %(data_user)s, vin, %(now)s, %(file)s
                     FROM unnest(%(vins)s::varchar[]) AS listed(vin)
                   ON CONFLICT (data_user_id, vin)
                   DO UPDATE SET last_file = excluded.last_file
                       WHERE known.last_file < excluded.last_file""",
                data_user=data_user.id,
                now=fields.Datetime.now(),
                file=file_number,
                vins=[text for text in vins if text not in refused],
            )
        )
        self.invalidate_model()
        return len(fresh) - len(over), over

    def _get_known(self, data_user, vins):
        rows = self.env.execute_query(
            SQL(
                """SELECT vin FROM recall_fleet_vehicle
                    WHERE data_user_id = %s AND vin = ANY(%s)""",
                data_user.id,
                vins,
            )
        )
        return [text for (text,) in rows]

    @api.model
    def _take_out(self, data_user, vins):
        """Take VINs out of a fleet; returns how many were in it."""
        return self._delete(data_user, SQL("vin = ANY(%s)", vins))

    @api.model
    def _keep_only(self, data_user, file_number):
        """Take out what neither this import nor a later one named."""
        return self._delete(data_user, SQL("last_file < %s", file_number))

    @api.model
    def _clear(self, data_user):
        """Take all vehicles out of a fleet."""
        return self._delete(data_user, SQL("true"))

    def _delete(self, data_user, condition):
        self.env.cr.execute(
            SQL(
                "DELETE FROM recall_fleet_vehicle WHERE data_user_id = %s AND %s",
                data_user.id,
                condition,
            )
        )
        removed = self.env.cr.rowcount
        self.invalidate_model()
        return removed
