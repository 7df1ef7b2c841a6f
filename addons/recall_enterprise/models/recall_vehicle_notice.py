# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models


class RecallVehicle(models.Model):
    _inherit = "recall.vehicle"

    notice_ids = fields.One2many(
        "recall.notice",
        "vehicle_id",
        string="Notices to the owner",
        groups="recall_enterprise.group_clerk",
    )
    report_line_ids = fields.One2many(
        "recall.vehicle.report.line",
        "vehicle_id",
        string="Reports on the state",
        groups="recall_enterprise.group_clerk",
    )

    def action_open_owner_contact(self):
        """Open the owner contact of the vehicle, or a new one for it."""
        self.ensure_one()
        Contact = self.env["recall.owner.contact"]
        producer = self.plan_id.producer_id
        contact = Contact.search(
            [("vin", "=", self.vin), ("producer_id", "=", producer.id)]
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Owner contact"),
            "res_model": Contact._name,
            "res_id": contact.id,
            "view_mode": "form",
            "context": {"default_vin": self.vin, "default_producer_id": producer.id},
        }

    def action_report_state(self):
        """Begin a report on the state of these vehicles."""
        producers = self.plan_id.producer_id
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Report vehicles"),
            "res_model": "recall.vehicle.report",
            "view_mode": "form",
            "context": {
                "default_vins": "\n".join(dict.fromkeys(self.mapped("vin"))),
                "default_producer_id": producers[:1].id,
            },
        }
