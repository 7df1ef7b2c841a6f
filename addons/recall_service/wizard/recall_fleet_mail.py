# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models

from odoo.addons.recall_base.tools.notification import RELOAD, notify


class RecallFleetMail(models.TransientModel):
    """Dialogue that has a mail address told of a data user's fleet."""

    _name = "recall.fleet.mail"
    _description = "Mail address of a fleet"

    data_user_id = fields.Many2one(
        "recall.data.user", string="Data user", required=True, readonly=True
    )
    email = fields.Char(string="E-mail", required=True)
    rhythm = fields.Selection(
        lambda self: self.env["recall.subscriber"]._fields["rhythm"].selection,
        required=True,
        default="now",
    )

    def action_apply(self):
        """Ask the address by mail, or change how often it is written to."""
        self.ensure_one()
        mail = self.data_user_id._ask_fleet_mail(self.email, self.rhythm)
        told = (
            self.env._("The choice is kept.")
            if mail.state == "active"
            else self.env._("The address gets a mail with a link to confirm.")
        )
        return notify(told, then=RELOAD)
