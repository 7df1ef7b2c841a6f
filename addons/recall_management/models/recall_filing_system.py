# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models


class RecallFilingSystem(models.Model):
    """A recall information management system: it hands over what producers filed."""

    _name = "recall.filing.system"
    _description = "Filing system"
    _order = "name"

    name = fields.Char(required=True)
    active = fields.Boolean(
        string="Enabled", default=True, help="A disabled system is answered 406."
    )
    operator = fields.Char(help="Who runs the system, and whom to call.")
    interface_ids = fields.One2many(
        "recall.plan.interface", "filing_system_id", string="Interfaces"
    )
    token_ids = fields.One2many(
        "recall.token",
        "filing_system_id",
        string="Tokens",
        groups="recall_base.group_keeper",
    )

    _name_uniq = models.Constraint(
        "UNIQUE(name)", "Another filing system has this name already."
    )

    @api.model_create_multi
    def create(self, vals_list):
        systems = super().create(vals_list)
        for system in systems:
            self.env["recall.audit.event"]._record("filing_system.create", system)
        return systems

    def write(self, vals):
        done = super().write(vals)
        for system in self:
            self.env["recall.audit.event"]._record(
                "filing_system.write",
                system,
                fields=sorted(vals),
                active=system.active,
            )
        return done

    def action_open_uploads(self):
        """Show the VIN lists that this system uploaded."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "recall_base.recall_import_action_vins"
        )
        domain = [("kind", "=", "vins"), ("filing_system_id", "=", self.id)]
        return action | {"domain": domain, "context": {"create": False}}

    def action_open_log(self):
        """Show the requests of this system."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "recall_management.recall_plan_interface_log_action"
        )
        return action | {"domain": [("filing_system_id", "=", self.id)]}
