# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models


class RecallWebhookSecret(models.TransientModel):
    """Dialogue that shows a signing secret once."""

    _name = "recall.webhook.secret"
    _description = "Signing secret"

    webhook_id = fields.Many2one("recall.webhook", readonly=True)
    old_secret_until = fields.Datetime(related="webhook_id.old_secret_until")
    # Not stored: in clear it exists on the screen and nowhere else.
    secret = fields.Char(string="Signing secret", store=False, readonly=True)
