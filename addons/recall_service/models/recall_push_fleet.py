# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .recall_push import OPEN_VEHICLE
from .recall_subscriber import NAMED


class RecallPush(models.Model):
    """What a fleet's address is told: one message for a recall, not for a vehicle.

    A message stands for the matches found since the message before. Which vehicles
    they are, and whether their recall is still open, is read when its mail is made.
    """

    _inherit = "recall.push"

    first_match = fields.Integer(readonly=True)
    last_match = fields.Integer(
        readonly=True, help="The message tells of matches up to this one."
    )

    _fleet_idx = models.Index("(subscription_id, last_match) WHERE event = 'fleet'")

    # === Expansion === #

    @api.model
    def _expand(self):
        """Extension: and for each address of a fleet."""
        made = super()._expand()
        self.env["recall.fleet.match"]._find()
        self.env.cr.execute(self._expand_fleets_sql())
        return made + self.env.cr.rowcount

    def _expand_fleets_sql(self):
        """One message for each address and recall with matches not told so far."""
        return SQL(
            """INSERT INTO recall_push
                      (subscription_id, subscriber_id, plan_id, event, channel, state,
                       attempts, digest, next_try_at, first_match, last_match)
               SELECT told.id, told.subscriber_id, found.plan_id, 'fleet', 'mail',
                      'waiting', 0, true,
                      CASE told.rhythm WHEN 'daily' THEN %(daily)s::timestamp
                           WHEN 'weekly' THEN %(weekly)s::timestamp
                           ELSE %(now)s::timestamp END,
                      min(found.id), max(found.id)
                 FROM recall_subscription told
                 JOIN recall_data_user data_user
                   ON data_user.id = told.data_user_id AND data_user.active
                CROSS JOIN LATERAL (
                      SELECT coalesce(max(push.last_match), 0) AS match
                        FROM recall_push push
                       WHERE push.subscription_id = told.id
                         AND push.event = 'fleet') last
                 JOIN recall_fleet_match found
                   ON found.data_user_id = told.data_user_id AND found.id > last.match
                WHERE told.state = 'active'
                GROUP BY told.id, found.plan_id
               ON CONFLICT DO NOTHING""",
            **self.env["recall.subscriber"]._next_digests(),
            now=fields.Datetime.now(),
        )

    # === Sending === #

    def _get_enabled_domain(self):
        """Extension: what is of a data user that is suspended waits."""
        is_enabled = Domain("subscription_id.data_user_id.active", "=", True)
        return super()._get_enabled_domain() & (
            Domain("event", "!=", "fleet") | is_enabled
        )

    def _is_wanted(self):
        """Extension: and whether a vehicle of the fleet is still to be repaired."""
        wanted = super()._is_wanted()
        return wanted and (self.event != "fleet" or bool(self._count_fleet()))

    def _count_fleet(self):
        """The vehicles that these messages are about, as far as they are open.

        :returns: dict of ``{plan: (number, first VINs)}``, both by these messages
        """
        self.flush_recordset()
        rows = self.env.execute_query(
            SQL(
                """SELECT push.plan_id, count(DISTINCT fleet.vin),
                          (array_agg(DISTINCT fleet.vin))[:%(named)s]
                     FROM recall_push push
                     JOIN recall_subscription told ON told.id = push.subscription_id
                     JOIN recall_fleet_match found
                       ON found.data_user_id = told.data_user_id
                      AND found.plan_id = push.plan_id
                      AND found.id BETWEEN push.first_match AND push.last_match
                     JOIN recall_fleet_vehicle fleet
                       ON fleet.id = found.fleet_vehicle_id
                     JOIN recall_vehicle vehicle
                       ON vehicle.vin = fleet.vin AND vehicle.plan_id = push.plan_id
                      AND %(open)s
                    WHERE push.id = ANY(%(ids)s)
                    GROUP BY push.plan_id ORDER BY push.plan_id""",
                ids=self.ids,
                named=NAMED,
                open=OPEN_VEHICLE,
            )
        )
        Plan = self.env["recall.plan"]
        return {Plan.browse(plan): (count, vins) for plan, count, vins in rows}
