# SPDX-License-Identifier: LGPL-3.0-only
from email.utils import getaddresses
from urllib.parse import urlsplit

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import email_normalize

from odoo.addons.recall_base.tools.notification import notify

from .recall_enterprise_digest import HOUR, HOUR_PARAMETER

PUBLIC_ADDRESS = "web.base.url"


class ResConfigSettings(models.TransientModel):
    """What the regulator sets for the whole database; only administrators open it."""

    _inherit = "res.config.settings"

    recall_refusal_mail_hour = fields.Integer(
        string="Quarantine's digest from (hour)",
        config_parameter=HOUR_PARAMETER,
        default=HOUR,
        help="Hour of the day, where the producer is, from which it gets the mail on "
        "its refused records.",
    )
    recall_public_address = fields.Char(
        string="Public address",
        config_parameter=PUBLIC_ADDRESS,
        help="How others reach this server, e.g. https://recall.example.gov.cn. Links "
        "in mails begin with it.",
    )
    recall_test_enterprise_id = fields.Many2one(
        "recall.enterprise", string="Terminal to be tested"
    )

    @api.constrains("recall_refusal_mail_hour")
    def _check_recall_refusal_mail_hour(self):
        for settings in self:
            if not 1 <= settings.recall_refusal_mail_hour <= 23:
                raise ValidationError(self.env._("Choose an hour from 1 to 23."))

    @api.constrains("recall_public_address")
    def _check_recall_public_address(self):
        for settings in self:
            address = settings.recall_public_address or ""
            if address and not _is_web_address(address):
                raise ValidationError(
                    self.env._(
                        "The public address starts with https:// (or http://) and "
                        "names a host."
                    )
                )

    @api.constrains("recall_alarm_addresses")
    def _check_recall_alarm_addresses(self):
        for settings in self:
            wrong = _find_wrong_addresses(settings.recall_alarm_addresses or "")
            if wrong:
                raise ValidationError(
                    self.env._(
                        "These are no mail addresses: %(wrong)s.",
                        wrong=", ".join(wrong),
                    )
                )

    def set_values(self):
        """Keep the public address as entered: Odoo else replaces it at each log-in."""
        parameters = self.env["ir.config_parameter"]
        before = parameters.get_param(PUBLIC_ADDRESS)
        result = super().set_values()
        if self.recall_public_address and self.recall_public_address != before:
            parameters.set_param(f"{PUBLIC_ADDRESS}.freeze", "True")
        return result

    def action_recall_test_mail(self):
        """Send a mail to the operator's addresses now, and say what became of it."""
        self.ensure_one()
        addresses = self.recall_alarm_addresses or self.env.user.email
        if not addresses:
            raise UserError(
                self.env._("Enter an address for the alarms, or one in your profile.")
            )
        self.env["mail.mail"].create(
            {
                "subject": self.env._("Test mail of the recall management terminal"),
                "body_html": self.env._(
                    "Mail works: alarms of failing terminals will arrive here."
                ),
                "email_to": addresses,
                "auto_delete": True,
            }
        ).send(raise_exception=True)
        return notify(
            self.env._(
                "The mail server has taken the mail to %(addresses)s. See whether "
                "it arrives.",
                addresses=addresses,
            )
        )

    def action_recall_test_enterprise(self):
        """Ask the chosen terminal once; nothing is taken in."""
        self.ensure_one()
        if not self.recall_test_enterprise_id:
            raise UserError(self.env._("Choose the terminal to be tested."))
        return self.recall_test_enterprise_id.action_test_call()


def _is_web_address(text):
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _find_wrong_addresses(text):
    """The entries of a list with commas that are no mail addresses."""
    return [
        entry
        for entry in map(str.strip, text.split(","))
        if entry and not email_normalize(getaddresses([entry])[0][1])
    ]
