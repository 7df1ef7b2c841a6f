# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.recall_base.tools import credit_code

KINDS = [
    ("police", "Traffic police"),
    ("insurer", "Insurer"),
    ("inspection", "Inspection station"),
    ("used_car", "Used-car dealer"),
    ("repair", "Repair shop"),
    ("department", "Government department"),
    ("other", "Other"),
]


class RecallDataUser(models.Model):
    """A partner with whom recall information is shared (clauses 8.1 and 8.2).

    It is disabled by archiving: whoever asks with a token of a disabled data user is
    answered 406. Data users are never deleted, so that the log stays readable.
    """

    _name = "recall.data.user"
    _description = "Data user"
    _inherit = [
        "mail.thread",
        "recall.kept.fields.mixin",
        "recall.remembered.mixin",
    ]
    _audit_plain = {"suspended_reason", "purpose", "legal_basis"}
    _order = "name"
    _remembered_fields = frozenset({"active"})
    # Suspending has its dialogue, which asks for the reason.
    _kept_fields = {"active", "suspended_reason", "suspended_at"}

    name = fields.Char(required=True, tracking=True)
    kind = fields.Selection(
        KINDS,
        required=True,
        default="other",
        tracking=True,
    )
    active = fields.Boolean(
        string="Enabled", default=True, tracking=True, help="Disabled: answered 406."
    )
    suspended_reason = fields.Text(
        copy=False, help="Why it was suspended; the data user reads it on its page."
    )
    suspended_at = fields.Datetime(string="Suspended on", copy=False)
    credit_code = fields.Char(
        string="Unified social credit code",
        size=credit_code.LENGTH,
        tracking=True,
        index="btree_not_null",
        help="18 characters with a check character (GB 32100).",
    )
    phone = fields.Char(help="Of the contact person.")
    account_ids = fields.Many2many(
        "res.users",
        "recall_data_user_account",
        "data_user_id",
        "user_id",
        string="Portal accounts",
        groups="recall_service.group_operator",
        help="Accounts that keep the tokens of this data user on their own page.",
    )
    application_ids = fields.One2many(
        "recall.data.application", "data_user_id", string="Applications"
    )
    partner_id = fields.Many2one(
        "res.partner", string="Contact", index="btree_not_null", ondelete="restrict"
    )
    purpose = fields.Text(
        required=True, tracking=True, help="What the information is used for."
    )
    legal_basis = fields.Text(
        tracking=True, help="Law, regulation or agreement that the sharing rests on."
    )
    interface_ids = fields.One2many(
        "recall.share.interface", "data_user_id", string="Sharing interfaces"
    )
    token_ids = fields.One2many(
        "recall.token",
        "data_user_id",
        string="Tokens",
        groups="recall_base.group_keeper",
    )

    _name_uniq = models.Constraint(
        "UNIQUE(name)", "Another data user has this name already."
    )

    @api.constrains("credit_code")
    def _check_credit_code(self):
        for user in self:
            if user.credit_code and credit_code.find_fault(user.credit_code):
                raise ValidationError(
                    self.env._("This is not a unified social credit code of GB 32100.")
                )

    # === Suspension === #

    def action_archive(self):
        """Ask why before a data user is suspended."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Suspend the data user"),
            "res_model": "recall.data.user.suspend",
            "view_mode": "form",
            "target": "new",
            "context": {"default_data_user_ids": self.ids},
        }

    def action_unarchive(self):
        """Answer these data users again."""
        self.check_access("write")
        # sudo: whether a data user is answered is written by these two deeds only.
        self.sudo().write(
            {"active": True, "suspended_reason": False, "suspended_at": False}
        )
        self._go_on_telling()

    def _go_on_telling(self):
        """What waited while these data users were suspended leaves now."""
        for name in ("expand", "deliver", "digest"):
            # sudo: the scheduled actions belong to nobody.
            self.env.ref(f"recall_service.ir_cron_{name}").sudo()._trigger()

    def _suspend(self, reason):
        """Answer these data users 406 from now on."""
        self.check_access("write")
        # sudo: as above.
        self.sudo().write(
            {
                "active": False,
                "suspended_reason": reason,
                "suspended_at": fields.Datetime.now(),
            }
        )
