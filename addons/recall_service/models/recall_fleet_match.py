# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models
from odoo.tools import SQL

from .recall_push import OPEN_VEHICLE, TOLD_STATES


class RecallFleetMatch(models.Model):
    """A fleet's vehicle was found in the scope of a recall, open, for the first time.

    What each address of the fleet is told are ranges of these rows: their number grows
    with the vehicles found, not with the addresses. Only the expansion writes them, of
    which one runs at a time: ids come in the order of the commits. A vehicle that
    leaves the fleet takes its rows along; in the fleet once more, it is told once more.
    """

    _name = "recall.fleet.match"
    _description = "Fleet vehicle in the scope of a recall"
    _audited = frozenset()  # found by the expansion; what is told of it are pushes
    _order = "id desc"
    _rec_name = "fleet_vehicle_id"
    _log_access = False

    data_user_id = fields.Many2one(
        "recall.data.user",
        string="Data user",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    fleet_vehicle_id = fields.Many2one(
        "recall.fleet.vehicle",
        string="Vehicle",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    plan_id = fields.Many2one(
        "recall.plan",
        string="Recall plan",
        required=True,
        readonly=True,
        ondelete="cascade",
    )

    _once = models.UniqueIndex(
        "(fleet_vehicle_id, plan_id)", "The vehicle was found already."
    )
    _new_idx = models.Index("(data_user_id, id)")

    @api.model
    def _find(self):
        """Note open vehicles of the fleets whose addresses are told by mail."""
        self.env.cr.execute(
            SQL(
                """INSERT INTO recall_fleet_match
                          (data_user_id, fleet_vehicle_id, plan_id)
                   SELECT fleet.data_user_id, fleet.id, vehicle.plan_id
                     FROM recall_fleet_vehicle fleet
                     JOIN recall_vehicle vehicle ON vehicle.vin = fleet.vin
                      AND %(open)s
                     JOIN recall_plan plan ON plan.id = vehicle.plan_id
                      AND plan.state IN %(states)s
                    WHERE fleet.data_user_id IN (
                              SELECT told.data_user_id
                                FROM recall_subscription told
                                JOIN recall_data_user data_user
                                  ON data_user.id = told.data_user_id
                                 AND data_user.active
                               WHERE told.state = 'active')
                      AND NOT EXISTS (
                              SELECT FROM recall_fleet_match known
                               WHERE known.fleet_vehicle_id = fleet.id
                                 AND known.plan_id = vehicle.plan_id)
                    -- Rows of one recall lie side by side.
                    ORDER BY fleet.data_user_id, vehicle.plan_id, fleet.id
                   ON CONFLICT DO NOTHING""",
                open=OPEN_VEHICLE,
                states=TOLD_STATES,
            )
        )
        self.invalidate_model()
