# SPDX-License-Identifier: LGPL-3.0-only
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

LIVE_STATES = ("planned", "postponed")


class RecallAppointment(models.Model):
    """When a vehicle is expected at a dealer for its recall.

    Who comes is not kept: the workshop's own calendar knows its customers. An
    appointment is kept or cancelled by itself when the repair is recorded.
    """

    _name = "recall.appointment"
    _description = "Appointment"
    _audit_personal = {"vin"}
    _inherit = ["recall.desk.record.mixin"]
    _order = "planned_at, id"
    _rec_name = "vin"
    _rec_names_search = ["vin", "recall_number"]
    _written_fields = {"vin", "recall_number", "planned_at"}

    vin = fields.Char(string="VIN", required=True)
    recall_number = fields.Char(required=True)
    planned_at = fields.Datetime(string="Expected at", required=True, index=True)
    state = fields.Selection(
        [
            ("planned", "Planned"),
            ("postponed", "Postponed"),
            ("kept", "Kept"),
            ("missed", "Missed"),
            ("cancelled", "Cancelled"),
        ],
        default="planned",
        required=True,
        readonly=True,
        group_expand=True,
    )
    producer_id = fields.Many2one(
        "recall.producer", required=True, readonly=True, index=True, ondelete="cascade"
    )
    dealer_id = fields.Many2one(
        "recall.dealer", required=True, readonly=True, index=True, ondelete="cascade"
    )
    plan_id = fields.Many2one(
        "recall.plan", required=True, readonly=True, index=True, ondelete="cascade"
    )
    vehicle_id = fields.Many2one(
        "recall.vehicle", required=True, readonly=True, index=True, ondelete="cascade"
    )
    postponement_ids = fields.One2many(
        "recall.appointment.postponement", "appointment_id", string="Postponements"
    )
    postponement_count = fields.Integer(
        string="Times postponed", readonly=True, default=0
    )
    is_own = fields.Boolean(compute="_compute_is_own")

    _live_uniq = models.UniqueIndex(
        "(vehicle_id, dealer_id) WHERE state IN ('planned', 'postponed')",
        "The vehicle has an appointment for this recall already. Open it under "
        '"My appointments".',
    )

    @api.depends("vin")
    @api.depends_context("uid")
    def _compute_display_name(self):
        """Override to hide the VINs of other dealers' appointments, as for vehicles."""
        super()._compute_display_name()
        if self.env["recall.desk"]._is_at_desk():
            others = self.filtered(lambda appointment: not appointment.is_own)
            others.display_name = False

    @api.depends_context("uid")
    @api.depends("dealer_id")
    def _compute_is_own(self):
        for appointment in self:
            appointment.is_own = appointment.dealer_id == self.env.user.recall_dealer_id

    @api.model
    def default_get(self, fields_list):
        defaults = super().default_get(fields_list)
        if "planned_at" in fields_list:
            defaults.setdefault("planned_at", self._tomorrow_morning())
        return defaults

    def _tomorrow_morning(self):
        """Nine o'clock of the next day where the reader is, as UTC."""
        zone = ZoneInfo(self.env.user.tz or "Asia/Shanghai")
        day = datetime.now(zone).date() + timedelta(days=1)
        local = datetime.combine(day, time(9), zone)
        return local.astimezone(ZoneInfo("UTC")).replace(tzinfo=None)

    # === Booking === #

    def _prepare_desk_record(self, vals, dealer):
        """Override to look vehicle and plan up, and to refuse a day that is full."""
        vehicle = self.env["recall.desk"]._get_vehicle(
            vals.get("vin"), vals.get("recall_number"), dealer
        )
        if vehicle.state == "done":
            raise UserError(
                self.env._("The recall of this vehicle is done: it need not come.")
            )
        planned_at = fields.Datetime.to_datetime(vals.get("planned_at"))
        planned_at = planned_at or self._tomorrow_morning()
        self._check_time(planned_at, vehicle.plan_id, dealer)
        return {
            "planned_at": planned_at,
            "recall_number": vehicle.plan_id.recall_number,
            "vin": vehicle.vin,
            "producer_id": dealer.producer_id.id,
            "dealer_id": dealer.id,
            "plan_id": vehicle.plan_id.id,
            "vehicle_id": vehicle.id,
        }

    def _check_time(self, planned_at, plan, dealer):
        """Refuse a time that is over, and a day on which the workshop is full.

        ``self`` is the appointment that moves; there is none yet when one is booked.
        """
        if planned_at < fields.Datetime.now():
            raise UserError(self.env._("This time is over. Choose a later one."))
        # sudo: time zone of the producer; the dealer was checked to be the account's.
        stock = (
            self.env["recall.plan.dealer"]
            .sudo()
            .search([("plan_id", "=", plan.id), ("dealer_id", "=", dealer.id)])
        )
        if not stock.capacity:
            return
        start, end = self._day_around(planned_at, stock.producer_id.timezone)
        # sudo: all dealers' appointments use the stock up.
        taken = self.sudo().search_count(
            [
                ("dealer_id", "=", stock.dealer_id.id),
                ("plan_id", "=", stock.plan_id.id),
                ("state", "in", LIVE_STATES),
                ("planned_at", ">=", start),
                ("planned_at", "<", end),
                ("id", "!=", self.id),
            ]
        )
        if taken >= stock.capacity:
            raise UserError(
                self.env._(
                    "The day is full: %(taken)s of %(capacity)s vehicles of this "
                    'recall. Choose another day, or allow more under "My parts".',
                    taken=taken,
                    capacity=stock.capacity,
                )
            )

    def _day_around(self, moment, timezone):
        """Begin and end of the local day of ``moment``; all of them UTC."""
        zone, utc = ZoneInfo(timezone), ZoneInfo("UTC")
        day = moment.replace(tzinfo=utc).astimezone(zone).date()
        return tuple(
            datetime.combine(day + timedelta(days=days), time(), zone)
            .astimezone(utc)
            .replace(tzinfo=None)
            for days in (0, 1)
        )

    # === What becomes of it === #

    def action_postpone(self):
        """Ask for another time and the reason."""
        self.ensure_one()
        self._check_own_live()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Postpone the appointment"),
            "res_model": "recall.appointment.postpone",
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_appointment_id": self.id},
        }

    def action_miss(self):
        """Note that the vehicle did not come."""
        self._end("missed")

    def action_cancel(self):
        """Call the appointment off."""
        self._end("cancelled")

    def action_record_repair(self):
        """Open the report of the repair that the vehicle came for."""
        self.ensure_one()
        self._check_own_live()
        return self.env["recall.desk"].record_repair(self.vin, self.recall_number)

    def _check_own_live(self):
        """Refuse appointments of other dealers, and those that are over."""
        self.check_access("read")
        dealer = self.env["recall.desk"]._get_own_dealer()
        if self.dealer_id != dealer:
            raise AccessError(
                self.env._("You may change the appointments of your own dealer only.")
            )
        if any(appointment.state not in LIVE_STATES for appointment in self):
            raise UserError(
                self.env._(
                    "The appointment is over. Look the vehicle up to book another one."
                )
            )

    def _postpone(self, planned_at, reason):
        """Move the appointment to another time; what was planned before is kept."""
        self.ensure_one()
        self._check_own_live()
        # sudo: dealers change an appointment through its actions only.
        sudo = self.sudo()
        self._check_time(planned_at, sudo.plan_id, sudo.dealer_id)
        # sudo: made by this action only.
        self.env["recall.appointment.postponement"].sudo().create(
            {
                "appointment_id": self.id,
                "planned_from": sudo.planned_at,
                "planned_to": planned_at,
                "reason": reason,
            }
        )
        sudo.write(
            {
                "planned_at": planned_at,
                "state": "postponed",
                "postponement_count": sudo.postponement_count + 1,
            }
        )
        self.env["recall.audit.event"]._record(
            "appointment.postpone", self, reason=reason
        )

    def _end(self, state):
        self._check_own_live()
        # sudo: dealers change an appointment through its actions only.
        self.sudo().write({"state": state})
        # At once: another appointment of the vehicle may follow.
        self.flush_recordset(["state"])
        for appointment in self:
            self.env["recall.audit.event"]._record(f"appointment.{state}", appointment)

    @api.model
    def _settle(self, where):
        """End the appointments of vehicles whose repair is recorded, however it came.

        Kept is the one at the dealer that did the work; elsewhere it is cancelled.

        :param SQL where: condition on ``recall_completion completion``
        """
        self.env["recall.completion"].flush_model()
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """UPDATE recall_appointment appointment
                      SET state = CASE WHEN appointment.dealer_id = completion.dealer_id
                                       THEN 'kept' ELSE 'cancelled' END,
                          write_date = now() AT TIME ZONE 'UTC'
                     FROM recall_completion completion
                    WHERE completion.vehicle_id = appointment.vehicle_id
                      AND completion.state IN ('checked', 'confirmed')
                      AND appointment.state IN %s AND %s
                RETURNING appointment.id""",
                LIVE_STATES,
                where,
            )
        )
        ended = self.browse(sorted(row[0] for row in self.env.cr.fetchall()))
        self.invalidate_model(["state"], flush=False)
        if ended:
            self.env["recall.audit.event"]._record(
                "appointment.settle", ended, count=len(ended), ids=ended.ids[:100]
            )
