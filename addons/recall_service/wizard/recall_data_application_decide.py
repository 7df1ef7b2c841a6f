# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.recall_base.tools.notification import RELOAD, notify


class RecallDataApplicationDecide(models.TransientModel):
    """Dialogue in which an operator approves or refuses an application, or asks."""

    _name = "recall.data.application.decide"
    _description = "Decide on an application"
    _inherit = ["recall.share.terms.mixin"]

    application_id = fields.Many2one(
        "recall.data.application", required=True, ondelete="cascade"
    )
    decision = fields.Selection(
        [("approve", "Approve"), ("refuse", "Refuse"), ("more", "Ask")], required=True
    )
    interface_id = fields.Many2one(related="application_id.interface_id")
    data_user_id = fields.Many2one(
        "recall.data.user",
        string="Belongs to",
        help="A data user that the applicant belongs to. Empty: a new one.",
    )
    purpose = fields.Text()
    legal_basis = fields.Text()
    wishes_phones = fields.Boolean(
        string="Phone numbers wished", related="application_id.share_phone"
    )
    words = fields.Text(string="In your words", help="The applicant reads it.")

    @api.model
    def default_get(self, fields_list):
        """Propose what was wished, and the data user with the same code."""
        values = super().default_get(fields_list)
        application = self.env["recall.data.application"].browse(
            values.get("application_id")
        )
        if not application:
            return values
        values |= application._get_terms()
        values |= {name: application[name] for name in ("purpose", "legal_basis")}
        values["data_user_id"] = self._find_data_user(application).id
        if application.interface_id:
            values["quota_burst"] = application.interface_id.quota_burst
            values["phone_basis"] = application.interface_id.phone_basis
        return values

    def _may_grant_phones(self):
        return self.env.user.has_group("recall_service.group_administrator")

    def _find_data_user(self, application):
        return application.data_user_id or self.env["recall.data.user"].search(
            [("credit_code", "=", application.credit_code)], limit=1
        )

    def action_apply(self):
        """Decide; the applicant is told by mail."""
        self.ensure_one()
        application = self.application_id
        if self.decision == "approve":
            return self._approve()
        if not (self.words or "").strip():
            raise UserError(self.env._("Please write what the applicant has to know."))
        if self.decision == "refuse":
            application._refuse(self.words.strip())
            return notify(self.env._("The application is refused."), then=RELOAD)
        application._ask_applicant(self.words.strip())
        return notify(self.env._("The applicant is asked by mail."), then=RELOAD)

    def _approve(self):
        if not all((text or "").strip() for text in (self.purpose, self.legal_basis)):
            raise UserError(
                self.env._("Nothing is shared without a purpose and a legal basis.")
            )
        terms = self._get_terms()
        if self._may_grant_phones():
            terms["phone_basis"] = self.share_phone and self.phone_basis
        else:
            del terms["share_phone"]  # stays as it is
        data_user = self.application_id._approve(
            terms, self.purpose.strip(), self.legal_basis.strip(), self.data_user_id
        )
        return notify(
            self.env._(
                "%(name)s may use the interface; the applicant is told by mail.",
                name=data_user.name,
            ),
            then=RELOAD,
        )
