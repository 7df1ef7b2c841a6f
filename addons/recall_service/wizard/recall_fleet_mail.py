# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models

from odoo.addons.recall_base.models.sealed_mixin import PASSING
from odoo.addons.recall_base.tools import cipher
from odoo.addons.recall_base.tools.notification import RELOAD, notify


class RecallFleetMail(models.TransientModel):
    """Dialogue that has a mail address told of a data user's fleet.

    What was typed is sealed: a dialogue stays for hours.
    """

    _name = "recall.fleet.mail"
    _description = "Mail address of a fleet"
    _inherit = ["recall.sealed.mixin"]
    _sealed = {"email_sealed": PASSING}

    data_user_id = fields.Many2one(
        "recall.data.user", string="Data user", required=True, readonly=True
    )
    email = fields.Char(
        string="E-mail", compute="_compute_email", inverse="_inverse_email"
    )
    email_sealed = fields.Char(groups="base.group_system")
    rhythm = fields.Selection(
        lambda self: self.env["recall.subscriber"]._fields["rhythm"].selection,
        required=True,
        default="now",
    )

    def _compute_email(self):
        self.email = False  # taken, never given

    def _inverse_email(self):
        keys = cipher.KeyRing.from_environment()
        for dialogue in self:
            context = dialogue._get_seal_context("email_sealed")
            # sudo: the sealed column is hidden from every role.
            dialogue.sudo().email_sealed = keys.seal(dialogue.email or "", context)

    def _get_seal_context(self, column):
        return f"recall.fleet.mail:email:{self.id}"

    def action_apply(self):
        """Ask the address by mail, or change how often it is written to."""
        self.ensure_one()
        keys = cipher.KeyRing.from_environment()
        # sudo: as above.
        sealed = self.sudo().email_sealed
        typed = sealed and keys.open(sealed, self._get_seal_context("email_sealed"))
        mail = self.data_user_id._ask_fleet_mail(typed, self.rhythm)
        told = (
            self.env._("The choice is kept.")
            if mail.state == "active"
            else self.env._("The address gets a mail with a link to confirm.")
        )
        return notify(told, then=RELOAD)
