# SPDX-License-Identifier: LGPL-3.0-only
import secrets

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.recall_base.tools import cipher


class RecallTypedEmailMixin(models.AbstractModel):
    """Records made with a mail address, which is sealed and never read again.

    ``email`` takes an address and finds one that is written out; what is shown is
    ``email_masked``.
    """

    _name = "recall.typed.email.mixin"
    _description = "Records made with a mail address"
    _inherit = ["recall.mail.link.mixin", "recall.sealed.email.mixin"]
    _email_scope = "recall.subscription"
    _email_seed = "email_seed"

    email = fields.Char(
        string="E-mail address",
        compute="_compute_email",
        search="_search_email",
        readonly=False,
        help="It is sealed when you save; afterwards only its first letters are shown. "
        "Search for it in full.",
    )
    email_seed = fields.Char(
        groups="base.group_system", copy=False, help="What the address is bound to."
    )

    def _compute_email(self):
        self.email = False  # taken, never given

    def _search_email(self, operator, value):
        if operator != "in":
            return NotImplemented
        keys, found = cipher.KeyRing.from_environment(), []
        for text in value:
            address = self._normalise_email(text) if text else None
            found += keys.blinds(address or text) if text else [False]
        # sudo: digests are hidden from every role.
        return Domain("id", "in", self.sudo()._search([("email_digest", "in", found)]))

    @api.model_create_multi
    def create(self, vals_list):
        """Seal the addresses that came with the values."""
        self.browse().check_access("create")
        for name in set().union(*vals_list):
            if name in self._fields:
                self._check_field_access(self._fields[name], "write")
        # sudo: rights were checked; the sealed columns are hidden from every role.
        records = super(RecallTypedEmailMixin, self.sudo()).create(
            [self._seal_typed(vals) for vals in vals_list]
        )
        return records.sudo(self.env.su)

    @api.model
    def _seal_typed(self, vals):
        vals = dict(vals)
        address = self._normalise_email(vals.pop("email", None))
        return {**vals, **self._prepare_new_email(address)} if address else vals

    @api.model
    def _prepare_new_email(self, address):
        """The columns of an address in a new record."""
        seed = secrets.token_hex(16)
        self._unify_digests(address)
        return {"email_seed": seed, **self._prepare_email(address, seed)}

    @api.model
    def _unify_digests(self, address):
        """Give what is found by older keys the digest of the key in use, so that the
        unique indexes know an address again while the keys change."""
        digest, *older = cipher.KeyRing.from_environment().blinds(address)
        if older:
            self.flush_model()
            self.env.cr.execute(
                SQL(
                    "UPDATE %s SET email_digest = %s WHERE email_digest = ANY(%s)",
                    SQL.identifier(self._table),
                    digest,
                    older,
                )
            )
            self.invalidate_model(["email_digest"])

    def _get_link_proof(self):
        """Override: the address itself, so that links outlive a change of keys."""
        return self._open_email()
