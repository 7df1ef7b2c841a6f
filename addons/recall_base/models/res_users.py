# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models
from odoo.exceptions import AccessDenied

from .base import hide


class ResUsers(models.Model):
    _inherit = "res.users"
    _audit_unread = {"password"}

    recall_producer_ids = fields.Many2many(
        "recall.producer",
        string="Recall producers",
        help="Producers whose records this account may see. It limits the roles of "
        "the enterprise terminal; the regulator's roles see every producer.",
    )
    recall_dealer_id = fields.Many2one(
        "recall.dealer",
        index="btree_not_null",
        help="Dealer whose records this account enters and sees.",
    )
    recall_checklist_hidden = fields.Boolean(
        string="Recall: first steps hidden",
        help="The account has hidden the checklist of its dashboard.",
    )

    def _mfa_type(self):
        """Ask staff for a second factor: the code of their app, else one by mail."""
        return super()._mfa_type() or (
            "totp_mail"
            if self._has_group("recall_base.group_staff") and self._can_mail_codes()
            else None
        )

    def _can_mail_codes(self):
        """Whether a code by mail can arrive.

        Without a mail server nobody could ever log in to enter one, and a neutralised
        copy has only one that leads nowhere.
        """
        # sudo: asked before anybody is logged in; tells two facts and no secret.
        parameters = self.env["ir.config_parameter"].sudo()
        # sudo: as the parameters.
        servers = self.env["ir.mail_server"].sudo()
        return not parameters.get_param("database.is_neutralized") and bool(
            servers.search_count([], limit=1)
        )

    def _login(self, credential, user_agent_env):
        """Override of `base` to log who logged in, and to count who could not."""
        try:
            auth_info = super()._login(credential, user_agent_env)
        except AccessDenied:
            login = credential.get("login") or ""
            # sudo: nobody is logged in; the log alone is told which account it was.
            known = self.sudo().search(self._get_login_domain(login), limit=1)
            # What was typed may be anything, a password too.
            self.env["recall.audit.refusal"]._note(
                "login.failed", hide(login), known.id or None
            )
            raise
        user = self.with_user(auth_info["uid"]).env.user
        user.env["recall.audit.event"]._record(
            "user.login", user, method=auth_info.get("auth_method")
        )
        return auth_info
