# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models


class RecallTokenIssue(models.TransientModel):
    """Dialogue that issues a token and shows its secret once."""

    _name = "recall.token.issue"
    _description = "Issue a token"

    name = fields.Char(required=True)
    purpose = fields.Selection(
        selection=lambda self: (
            self.env["recall.token"]._fields["purpose"]._description_selection(self.env)
        ),
        required=True,
    )
    producer_id = fields.Many2one("recall.producer")
    expires_at = fields.Datetime()
    allowed_addresses = fields.Char()
    address = fields.Char(string="Address of the interface", readonly=True)
    api_cfg = fields.Char(string="Interface name (api_cfg)", readonly=True)
    # Not stored: the secret exists on the screen and nowhere else.
    secret = fields.Char(string="Token (api_token)", store=False, readonly=True)
    sheet = fields.Text(string="Hand-over sheet", store=False, readonly=True)

    def _prepare_token_vals(self):
        """Values of the token that the dialogue describes."""
        return {
            "name": self.name,
            "purpose": self.purpose,
            "producer_id": self.producer_id.id,
            "expires_at": self.expires_at,
            "allowed_addresses": self.allowed_addresses,
        }

    def action_issue(self):
        """Issue the token and show it, with the sheet that goes to the peer."""
        self.ensure_one()
        token, secret = self.env["recall.token"].issue(self._prepare_token_vals())
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Token issued"),
            "res_model": "recall.token.issue",
            "view_mode": "form",
            "views": [
                (
                    self.env.ref("recall_base.recall_token_issue_view_form_secret").id,
                    "form",
                )
            ],
            "target": "new",
            "context": {
                "default_name": self.name,
                "default_purpose": self.purpose,
                "default_address": self.address,
                "default_api_cfg": self.api_cfg,
                "default_secret": secret,
                "default_sheet": self._prepare_sheet(token, secret),
            },
        }

    def _get_owner_name(self):
        """Whose data interface the token is for."""
        return self.producer_id.name or ""

    def _prepare_sheet(self, token, secret):
        """What the peer's operator needs, as text to copy or print.

        It names the standard's members as the peer has to enter them.
        """
        if not self.address:
            return False
        until = fields.Datetime.context_timestamp(
            self, token.expires_at or token.create_date
        )
        lines = [
            self.env._("Data interface of %(owner)s", owner=self._get_owner_name()),
            self.env._("Address: %(address)s", address=self.address),
            f"api_cfg: {self.api_cfg}",
            f"api_token: {secret}",
            self.env._("Valid until: %(day)s", day=f"{until:%Y-%m-%d %H:%M}")
            if token.expires_at
            else self.env._("Valid until it is revoked."),
            self.env._(
                "Requests are sent by POST over HTTPS, as application/json in UTF-8 "
                "(GB/T 41047-2021, 7.5)."
            ),
            self.env._("Keep this sheet secret and destroy it once it was entered."),
        ]
        return "\n".join(lines)
