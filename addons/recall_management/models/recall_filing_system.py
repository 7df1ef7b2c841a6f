# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models


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
