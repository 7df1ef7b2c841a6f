# SPDX-License-Identifier: LGPL-3.0-only
from datetime import timedelta

from odoo import api, models
from odoo.tools import SQL

from odoo.addons.recall_base.tools import deadline

from .recall_appointment import LIVE_STATES
from .recall_notice import TOLD

#: Column of the owner contact by which messages of a channel are sent and compared.
ADDRESSES = {
    "mail": SQL("contact.email_digest"),
    "sms": SQL("contact.mobile_digest"),
    "letter": SQL("contact.letter_digest"),
}
#: Vehicles that one message names; an owner of more gets several. A fleet's list is
#: readable in a mail, fits a page of a letter, and keeps a short message short.
VEHICLES_PER_MESSAGE = {"mail": 50, "sms": 3, "letter": 20}


class RecallNoticeAudience(models.AbstractModel):
    """Who is told in a notice round, by set-based statements."""

    _name = "recall.notice.audience"
    _description = "Audience of a notice round"

    @api.model
    def _conditions(self, notice_round):
        """Conditions on ``vehicle``, one for each filter that is set; list of SQL."""
        conditions = [
            SQL("vehicle.plan_id = %s", notice_round.plan_id.id),
            SQL("vehicle.state = 'open'"),
        ]
        if notice_round.line_ids:
            conditions.append(
                SQL("vehicle.line_id IN %s", tuple(notice_round.line_ids.ids))
            )
        if notice_round.dealer_ids:
            conditions.append(
                SQL(
                    "vehicle.responsible_dealer_id IN %s",
                    tuple(notice_round.dealer_ids.ids),
                )
            )
        if notice_round.region:
            conditions.append(
                SQL(
                    """EXISTS (SELECT FROM recall_dealer dealer
                                WHERE dealer.id = vehicle.responsible_dealer_id
                                  AND starts_with(dealer.region, %s))""",
                    notice_round.region,
                )
            )
        if notice_round.without_appointment:
            self.env["recall.appointment"].flush_model()
            conditions.append(
                SQL(
                    """NOT EXISTS (SELECT FROM recall_appointment appointment
                                    WHERE appointment.vehicle_id = vehicle.id
                                      AND appointment.state IN %s
                                      AND appointment.planned_at >= %s)""",
                    LIVE_STATES,
                    self._day_start(notice_round, notice_round._today()),
                )
            )
        return conditions + self._told_conditions(notice_round)

    def _told_conditions(self, notice_round):
        """Conditions by what earlier rounds of the plan did."""
        earlier = SQL(
            "SELECT FROM recall_notice told"
            " WHERE told.vehicle_id = vehicle.id AND told.round_id != %s",
            notice_round.id or 0,
        )
        if notice_round.told == "all":
            return []
        if notice_round.told == "never":
            return [
                SQL("NOT EXISTS (%s AND told.state IN %s)", earlier, ("queued", *TOLD))
            ]
        # Whole days, as `_finish_done` counts them: who was told later is not yet due.
        last = notice_round._today() - timedelta(days=notice_round.wait_days)
        return [
            SQL(
                "NOT EXISTS (%s AND told.state IN ('queued', 'reached', 'refused'))",
                earlier,
            ),
            SQL(
                "NOT EXISTS (%s AND coalesce(told.sent_at, told.handed_at) >= %s)",
                earlier,
                self._day_start(notice_round, last + timedelta(days=1)),
            ),
        ]

    def _day_start(self, notice_round, day):
        """Return the first moment of a day where the producer is, in UTC."""
        return deadline.day_start(day, notice_round.producer_id.timezone)

    def _query(self, notice_round):
        """Query of ``(vehicle_id, vin, contact_id, lang, mail, sms, letter)``."""
        self.env["recall.vehicle"].flush_model()
        self.env["recall.owner.contact"].flush_model()
        self.env["recall.notice"].flush_model()
        # Compiling the statement takes longer than running it. Without statistics, as
        # after an import, 100,000 vehicles took minutes.
        self.env.cr.execute(
            "SET LOCAL jit = off; ANALYZE recall_owner_contact, recall_notice"
        )
        return SQL(
            """SELECT vehicle.id AS vehicle_id, vehicle.vin, contact.id AS contact_id,
                      contact.lang, %s
                 FROM recall_vehicle vehicle
                 LEFT JOIN recall_owner_contact contact
                        ON contact.vin = vehicle.vin AND contact.producer_id = %s
                WHERE %s""",
            SQL(", ").join(
                SQL("%s AS %s", column, SQL.identifier(channel))
                for channel, column in ADDRESSES.items()
            ),
            notice_round.plan_id.producer_id.id,
            SQL(" AND ").join(self._conditions(notice_round)),
        )

    @api.model
    def _count(self, notice_round):
        """Count who would be told, for every channel; changes nothing.

        :returns: dict with ``vehicles``, ``languages`` (language -> vehicles) and for
            each channel ``reachable`` vehicles, ``missing`` addresses and ``messages``
        """
        channels = SQL(", ").join(
            SQL(
                """count(%(key)s),
                   (SELECT sum(ceil(vehicles::numeric / %(size)s)) FROM (
                     SELECT count(*) AS vehicles FROM audience
                      WHERE %(key)s IS NOT NULL GROUP BY %(key)s) owner)""",
                key=SQL.identifier(channel),
                size=VEHICLES_PER_MESSAGE[channel],
            )
            for channel in ADDRESSES
        )
        self.env.cr.execute(
            SQL(
                """WITH audience AS MATERIALIZED (%s)
                   SELECT count(*), count(*) FILTER (WHERE lang = 'en_US'), %s
                     FROM audience""",
                self._query(notice_round),
                channels,
            )
        )
        vehicles, english, *counts = self.env.cr.fetchone()
        return {
            "vehicles": vehicles,
            "languages": {"zh_CN": vehicles - english, "en_US": english},
            **{
                channel: {
                    "reachable": counts[2 * index],
                    "missing": vehicles - counts[2 * index],
                    "messages": int(counts[2 * index + 1] or 0),
                }
                for index, channel in enumerate(ADDRESSES)
            },
        }

    @api.model
    def _expand(self, notice_round):
        """Queue a notice for each vehicle of the audience; returns their number.

        Vehicles with the same address get one lead: they are told by one message. Those
        without an address are kept too: they show whom nobody could write to.
        """
        self.env.cr.execute(
            SQL(
                """WITH audience AS MATERIALIZED (
                       SELECT nextval('recall_notice_id_seq') AS id, vehicles.*
                         FROM (SELECT * FROM (%(query)s) found
                                ORDER BY vehicle_id) vehicles),
                   numbered AS (
                       SELECT audience.*, %(key)s AS key,
                              (row_number() OVER (PARTITION BY %(key)s
                                   ORDER BY vehicle_id) - 1) / %(size)s AS part
                         FROM audience)
                   INSERT INTO recall_notice (id, round_id, plan_id, producer_id,
                               vehicle_id, vin, contact_id, channel, state, attempts,
                               lead_id)
                   SELECT id, %(round)s, %(plan)s, %(producer)s, vehicle_id, vin,
                          contact_id, %(channel)s,
                          CASE WHEN key IS NULL THEN 'no_address' ELSE 'queued' END, 0,
                          CASE WHEN key IS NULL THEN id
                               ELSE min(id) OVER (PARTITION BY key, part) END
                     FROM numbered
                   ON CONFLICT (round_id, vehicle_id) DO NOTHING""",
                query=self._query(notice_round),
                key=SQL.identifier(notice_round.channel),
                size=VEHICLES_PER_MESSAGE[notice_round.channel],
                round=notice_round.id,
                plan=notice_round.plan_id.id,
                producer=notice_round.plan_id.producer_id.id,
                channel=notice_round.channel,
            )
        )
        count = self.env.cr.rowcount
        self.env["recall.notice"].invalidate_model()
        return count

    @api.model
    def _find_sample(self, notice_round):
        """Return ``(vehicle, contact)`` of one of the audience, else empty records."""
        self.env.cr.execute(
            SQL(
                """SELECT vehicle_id, contact_id FROM (%s) audience
                    ORDER BY %s IS NULL, vehicle_id LIMIT 1""",
                self._query(notice_round),
                SQL.identifier(notice_round.channel),
            )
        )
        vehicle_id, contact_id = self.env.cr.fetchone() or (None, None)
        return (
            self.env["recall.vehicle"].browse(vehicle_id),
            self.env["recall.owner.contact"].browse(contact_id),
        )
