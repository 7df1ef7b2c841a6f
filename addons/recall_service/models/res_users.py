# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, models, modules

from odoo.addons.recall_base.tools import deadline

from .recall_objection import LIVE


class ResUsers(models.Model):
    _inherit = "res.users"

    @api.model
    def _get_activity_groups(self):
        """Count the overdue objections in the menu of what is to be done.

        The regulator's people see how many their producers owe, a producer's its own.
        """
        groups = super()._get_activity_groups()
        Objection = self.env["recall.objection"]
        if not Objection.has_access("read"):
            return groups
        domain = [
            ("state", "in", LIVE),
            ("due_on", "<=", deadline.today().isoformat()),
        ]
        overdue = Objection.search_count([("overdue", "=", True)])
        today = Objection.search_count(domain) - overdue
        if overdue or today:
            groups.append(
                {
                    "id": self.env["ir.model"]._get_id("recall.objection"),
                    "name": self.env._("Objections that are due"),
                    "model": "recall.objection",
                    "type": "activity",
                    "icon": modules.module.get_module_icon("recall_service"),
                    "domain": domain,
                    "total_count": overdue + today,
                    "today_count": today,
                    "overdue_count": overdue,
                    "planned_count": 0,
                    "view_type": "list",
                }
            )
        return groups
