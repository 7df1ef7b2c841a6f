# SPDX-License-Identifier: LGPL-3.0-only
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import format_date, format_datetime
from odoo.tools.misc import clean_context

from odoo.addons.recall_base.tools.vin import is_vin
from odoo.addons.recall_base.tools.vin_scan import find_vin

#: States of plans whose vehicles a dealer is told of.
TOLD_STATES = ("published", "running", "finished")
#: Look-ups of one account in an hour, where the parameter sets no other number.
LOOK_UP_LIMIT = 300
LOOK_UP_PARAMETER = "recall_enterprise.look_ups_per_hour"


class RecallDesk(models.AbstractModel):
    """What a dealer's service adviser asks about the vehicle before her.

    Dealers may read neither plans nor vehicles: a method that answers one exact VIN
    stands in for it. Each look-up is logged, and their number in an hour is bounded, so
    that nobody gets at the list by trying. Vehicles are named by their VIN here, never
    by the ids of records, which could be counted up.
    """

    _name = "recall.desk"
    _description = "Dealer's desk"

    @api.model
    def look_up(self, text):
        """Answer which recalls of the dealer's producer a vehicle is in.

        :param str text: a VIN as typed, or what a scanned code holds
        :returns: dict with ``case`` (invalid, none, open, gone, done), ``vin`` and
            either what ``recall.vin.check`` says, or ``recalls``
        """
        dealer = self._get_own_dealer()
        report = self.env["recall.vin"].check(text)
        if not report["valid"]:
            return {"case": "invalid", **report}
        vehicles = self._look_up(report["vin"], dealer)
        recalls = [self._describe(vehicle, dealer) for vehicle in vehicles]
        cases = {recall["case"] for recall in recalls}
        case = next(
            (name for name in ("open", "gone", "done") if name in cases), "none"
        )
        order = ("open", "gone", "done")
        return {
            "case": case,
            "vin": report["vin"],
            "producer": dealer.producer_id.name,
            "hotline": dealer.producer_id.hotline,
            "recalls": sorted(recalls, key=lambda item: order.index(item["case"])),
        }

    @api.model
    def record_repair(self, vin, recall_number):
        """Open the report of this repair: the one begun before, or a new one."""
        dealer = self._get_own_dealer()
        vehicle = self._get_vehicle(vin, recall_number, dealer)
        action = self._read_action("recall_completion_action_entry")
        report = self._find_own_report(vehicle, dealer)
        if report:
            return {**action, "res_id": report.id}
        plan = vehicle.plan_id
        return {
            **action,
            "context": {
                "default_vin": vehicle.vin,
                "default_recall_number": plan.recall_number,
                "default_reported_measure": plan.measure,
                "default_part_numbers": ", ".join(plan.part_ids.mapped("number")),
            },
        }

    @api.model
    def book_appointment(self, vin, recall_number):
        """Open the vehicle's appointment at this dealer, or the dialogue for one."""
        dealer = self._get_own_dealer()
        vehicle = self._get_vehicle(vin, recall_number, dealer)
        appointment = self._find_own_appointment(vehicle, dealer)
        if appointment:
            action = self._read_action("recall_appointment_action")
            action.update({"view_mode": "form", "views": [(False, "form")]})
            return {**action, "res_id": appointment.id}
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Book an appointment"),
            "res_model": "recall.appointment",
            "views": [
                (
                    self.env.ref(
                        "recall_enterprise.recall_appointment_view_form_book"
                    ).id,
                    "form",
                )
            ],
            "target": "new",
            "context": {
                "default_vin": vehicle.vin,
                "default_recall_number": vehicle.plan_id.recall_number,
            },
        }

    # === Who asks, and how often === #

    @api.model
    def _is_at_desk(self):
        """Whether the account is a dealer's and has no wider role."""
        user = self.env.user
        return user.has_group("recall_enterprise.group_dealer") and not user.has_group(
            "recall_base.group_reader"
        )

    def _get_own_dealer(self):
        """Return the dealer of the account, or say why there is none."""
        user = self.env.user
        if not user.has_group("recall_enterprise.group_dealer"):
            raise AccessError(self.env._("This is for the accounts of dealers only."))
        # sudo: dealers may not read the list of dealers; this one is their own.
        dealer = user.sudo().recall_dealer_id
        if not dealer.active:
            raise UserError(
                self.env._(
                    "Your account belongs to no dealer. Ask the producer's "
                    "administrator to set it in the form of your account."
                )
            )
        return dealer

    @api.model
    def _as_system(self, records):
        """``records`` with the system's rights, for what it adds to a dealer's words.

        Defaults of the caller's context would set fields that are not the caller's.
        """
        context = clean_context(self.env.context)
        # sudo: callers have checked the account's right to create or write.
        # pylint: disable-next=context-overridden
        return records.sudo().with_context(context)

    def _check_look_up_limit(self):
        """Refuse an account that asks for more vehicles than a workshop can see."""
        # sudo: neither the parameter nor the log is the dealer's to read.
        sudo = self.sudo()
        limit = int(
            sudo.env["ir.config_parameter"].get_param(LOOK_UP_PARAMETER, LOOK_UP_LIMIT)
        )
        since = fields.Datetime.now() - timedelta(hours=1)
        asked = sudo.env["recall.audit.event"].search_count(
            [
                ("action", "=", "vehicle.look_up"),
                ("user_id", "=", self.env.uid),
                ("time", ">", since),
            ],
            limit=limit,
        )
        if asked >= limit:
            raise UserError(
                self.env._(
                    "You have looked up %(count)s vehicles within an hour. Wait a "
                    "while, or ask the producer's administrator to allow more.",
                    count=limit,
                )
            )

    # === What is found === #

    def _look_up(self, vin, dealer):
        """Find a vehicle in the plans of a dealer's producer; logged and bounded."""
        self._check_look_up_limit()
        vehicles = self._find_vehicles(vin, dealer)
        self.env["recall.audit.event"]._record(
            "vehicle.look_up", vehicles or None, found=len(vehicles)
        )
        return vehicles

    def _find_vehicles(self, vin, dealer):
        # sudo: dealers may not read vehicles; they ask for one exact VIN.
        return (
            self.env["recall.vehicle"]
            .sudo()
            .search(
                [
                    ("vin", "=", vin),
                    ("state", "!=", "removed"),
                    ("plan_id.producer_id", "=", dealer.producer_id.id),
                    ("plan_id.state", "in", TOLD_STATES),
                ]
            )
        )

    def _get_vehicle(self, vin, recall_number, dealer):
        """Return a vehicle in the scope of one plan, or say that it is not."""
        text = find_vin(vin, is_vin)
        vehicle = self._look_up(text, dealer).filtered(
            lambda found: found.plan_id.recall_number == recall_number
        )
        if not vehicle:
            raise UserError(
                self.env._(
                    "The vehicle is not in the scope of this recall. Look it up again."
                )
            )
        return vehicle

    def _find_own_report(self, vehicle, dealer):
        """The dealer's report of a vehicle that is begun, handed in or confirmed."""
        return self.env["recall.completion"].search(
            [
                ("vehicle_id", "=", vehicle.id),
                ("dealer_id", "=", dealer.id),
                "|",
                ("state", "in", ("checked", "confirmed")),
                "&",
                ("state", "in", ("draft", "rejected")),
                ("interface_id", "=", False),
            ],
            order="id desc",
            limit=1,
        )

    def _find_own_appointment(self, vehicle, dealer):
        return self.env["recall.appointment"].search(
            [
                ("vehicle_id", "=", vehicle.id),
                ("dealer_id", "=", dealer.id),
                ("state", "in", ("planned", "postponed")),
            ],
            limit=1,
        )

    def _describe(self, vehicle, dealer):
        """One recall of a vehicle, as the screen shows it."""
        plan, line = vehicle.plan_id, vehicle.line_id
        product = line or plan
        case = {"open": "open", "unreachable": "open", "done": "done"}
        return {
            "case": case.get(vehicle.state, "gone"),
            "state": self._label(vehicle, "state"),
            "state_date": format_date(self.env, vehicle.state_date),
            "recall_number": plan.recall_number,
            "product": " ".join(
                filter(None, (product.brand, product.series, product.model))
            ),
            "defect": plan.defect,
            "measure": plan.measure,
            "over_the_air": plan.over_the_air,
            "parts": [
                {"number": part.number, "name": part.name or ""}
                for part in plan.part_ids
            ],
            "responsible": vehicle.responsible_dealer_id == dealer,
            "stock": self._describe_stock(plan, dealer),
            "appointment": self._describe_appointment(vehicle, dealer),
            "report": self._describe_report(vehicle, dealer),
            "reported": self._is_reported(vehicle),
        }

    def _describe_stock(self, plan, dealer):
        stock = self.env["recall.plan.dealer"].search(
            [("plan_id", "=", plan.id), ("dealer_id", "=", dealer.id)]
        )
        if not stock:
            return False
        return {
            "availability": stock.availability,
            "label": self._label(stock, "availability"),
            "quantity": stock.quantity,
            "expected": format_date(self.env, stock.expected_date),
            "as_of": format_date(self.env, stock.write_date),
        }

    def _describe_appointment(self, vehicle, dealer):
        appointment = self._find_own_appointment(vehicle, dealer)
        if not appointment:
            return False
        return {
            "id": appointment.id,
            "planned_at": format_datetime(
                self.env, appointment.planned_at, dt_format="short"
            ),
            "overdue": appointment.planned_at < fields.Datetime.now(),
        }

    def _describe_report(self, vehicle, dealer):
        report = self._find_own_report(vehicle, dealer)
        if not report:
            return False
        return {"state": report.state, "label": self._label(report, "state")}

    def _is_reported(self, vehicle):
        """Whether anyone's report of the repair waits: not whose, nor what it says."""
        # sudo: so that a vehicle is not repaired twice; only yes or no is told.
        Completion = self.env["recall.completion"].sudo()
        return bool(
            Completion.search_count(
                [("vehicle_id", "=", vehicle.id), ("state", "=", "checked")], limit=1
            )
        )

    def _label(self, record, name):
        return dict(record._fields[name]._description_selection(self.env))[record[name]]

    def _read_action(self, name):
        # sudo: everyone may run an action that a menu or a method hands out.
        return (
            self.env["ir.actions.act_window"]
            .sudo()
            ._for_xml_id(f"recall_enterprise.{name}")
        )
