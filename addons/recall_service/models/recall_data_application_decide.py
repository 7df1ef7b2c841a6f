# SPDX-License-Identifier: LGPL-3.0-only
from odoo import Command, fields, models
from odoo.exceptions import UserError

#: States in which an application may be decided on.
OPEN = ("waiting", "more")


class RecallDataApplication(models.Model):
    """What the operator does with an application."""

    _inherit = "recall.data.application"

    def _open_decision(self, decision, title):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": title,
            "res_model": "recall.data.application.decide",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_application_id": self.id,
                "default_decision": decision,
            },
        }

    def action_approve(self):
        """Open the dialogue that grants what is to be granted."""
        return self._open_decision("approve", self.env._("Approve the application"))

    def action_refuse(self):
        """Open the dialogue that asks for the reason."""
        return self._open_decision("refuse", self.env._("Refuse the application"))

    def action_ask_more(self):
        """Open the dialogue that asks the applicant something."""
        return self._open_decision("more", self.env._("Ask for more information"))

    def action_invite_again(self):
        """Send the invitation once more to an account that has never logged in."""
        self.check_access("read")
        for application in self:
            if application.state != "approved" or application.logged_in:
                raise UserError(
                    self.env._("Only an account that never logged in is invited again.")
                )
        # sudo: no role writes to an application but by its deeds.
        self.sudo().mail_due = "approved"
        self._trigger_mails()

    # === Deeds of the dialogue; sudo: they are the only way to write a decision === #

    def _decide(self, state, **vals):
        """Write a decision, log it, and have the applicant told."""
        self.ensure_one()
        # sudo: the state moves by decisions only.
        application_sudo = self.sudo()
        application_sudo.lock_for_update()
        if application_sudo.state not in OPEN:
            raise UserError(
                self.env._("This application was decided on already. Reload the page.")
            )
        application_sudo.write(
            {
                "state": state,
                "mail_due": state,
                "decided_at": fields.Datetime.now(),
                "decided_id": self.env.uid,
                **vals,
            }
        )
        self.env["recall.audit.event"]._record(f"application.{state}", self)
        self._trigger_mails()

    def _refuse(self, reason):
        self._decide("refused", reason=reason)

    def _ask_applicant(self, question):
        self._decide("more", question=question, answer=False)

    def _approve(self, terms, purpose, legal_basis, data_user=None):
        """Make the applicant a data user, or give a data user what it asked for.

        :param dict terms: what is granted, as of ``recall.share.terms.mixin``
        :param data_user: ``recall.data.user`` that the applicant belongs to already
        """
        self._decide("approved")
        if self.interface_id:
            self.interface_id.write(terms)
            data_user = self.interface_id.data_user_id
            data_user.write({"purpose": purpose, "legal_basis": legal_basis})
            return data_user
        data_user = data_user or self._create_data_user(purpose, legal_basis)
        account = self._provide_account(data_user)
        # sudo: an operator keeps data users, not accounts.
        data_user.sudo().account_ids = [Command.link(account.id)]
        self._open_interfaces(data_user, terms)
        # sudo: as the state.
        self.sudo().write({"data_user_id": data_user.id, "account_id": account.id})
        return data_user

    def _create_data_user(self, purpose, legal_basis):
        DataUser = self.env["recall.data.user"].with_context(active_test=False)
        if DataUser.search_count([("name", "=", self.name)], limit=1):
            raise UserError(
                self.env._(
                    "There is a data user of this name. Choose it in the dialogue, so "
                    "that the applicant becomes another account of it."
                )
            )
        return DataUser.create(
            {
                "name": self.name,
                "credit_code": self.credit_code,
                "kind": self.kind,
                "purpose": purpose,
                "legal_basis": legal_basis,
                "phone": self.phone,
                "partner_id": self._create_contact().id,
            }
        )

    def _create_contact(self):
        # sudo: the address book is no concern of operators; a known contact is never
        # taken over, it may be somebody else's.
        return (
            self.env["res.partner"]
            .sudo()
            .create({"name": self.name, "is_company": True, "lang": self.lang})
        )

    def _provide_account(self, data_user):
        """The portal account of the mail address that the applicant has confirmed."""
        # sudo: operators may not read or make accounts; this makes but this one.
        Users = self.env["res.users"].sudo().with_context(active_test=False)
        account = Users.search([("login", "=", self.email)], limit=1)
        if account and (account._is_internal() or not account.active):
            raise UserError(
                self.env._(
                    "There is an account with this address already that is not a "
                    "partner's. Ask the applicant for another address."
                )
            )
        account = account or self._create_account(Users, data_user)
        group = self.env.ref("recall_service.group_partner")
        account.group_ids = [Command.link(group.id)]
        return account

    def _create_account(self, Users, data_user):
        contact = Users.env["res.partner"].create(
            {
                "name": self.contact_name,
                "email": self.email,
                "phone": self.phone,
                "lang": self.lang,
                # sudo: operators read no partners.
                "parent_id": data_user.sudo().partner_id.id,
            }
        )
        # As the portal's own dialogue does, but the mail goes by the outbox.
        return Users._create_user_from_template(
            {"login": self.email, "email": self.email, "partner_id": contact.id}
        )

    def _open_interfaces(self, data_user, terms):
        """The productive interface with what was granted, and one to try things."""
        vals_list = [
            {"name": self.env._("Production"), "data_user_id": data_user.id, **terms}
        ]
        if not data_user.interface_ids.filtered("sandbox"):
            vals_list.append(data_user._prepare_sandbox_vals())
        return self.env["recall.share.interface"].create(vals_list)
