# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models


class RecallDataUser(models.Model):
    """A partner with whom recall information is shared (clauses 8.1 and 8.2).

    It is disabled by archiving: whoever asks with a token of a disabled data user is
    answered 406. Data users are never deleted, so that the log stays readable.
    """

    _name = "recall.data.user"
    _description = "Data user"
    _inherit = ["mail.thread"]
    _order = "name"

    name = fields.Char(required=True, tracking=True)
    kind = fields.Selection(
        [
            ("police", "Traffic police"),
            ("insurer", "Insurer"),
            ("inspection", "Inspection station"),
            ("used_car", "Used-car dealer"),
            ("repair", "Repair shop"),
            ("department", "Government department"),
            ("other", "Other"),
        ],
        required=True,
        default="other",
        tracking=True,
    )
    active = fields.Boolean(
        string="Enabled", default=True, tracking=True, help="Disabled: answered 406."
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

    @api.model_create_multi
    def create(self, vals_list):
        users = super().create(vals_list)
        for user in users:
            self.env["recall.audit.event"]._record("data_user.create", user)
        return users

    def write(self, vals):
        done = super().write(vals)
        detail = {"fields": sorted(vals)}
        if "active" in vals:
            detail["active"] = vals["active"]
        for user in self:
            self.env["recall.audit.event"]._record("data_user.write", user, **detail)
        return done
